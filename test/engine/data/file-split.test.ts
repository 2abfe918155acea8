/** Files read in splits, wherever they are cut: each line is in one split, and is the line that a sender would have sent. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Block } from "../../../engine/block/block.js"
import { longestLineBytes, longestOverhangBytes, needsMore, splitRange } from "../../../engine/input/file-split.js"
import type { FileSplit, RddNode } from "../../../engine/rdd.js"
import type { StageSpec, StageWrite, TaskResult } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { TextPacker } from "../../../engine/text-packer.js"
import { TinyCluster } from "../model/tiny-cluster.js"

type ReadWrite = Extract<StageWrite, { kind: "read" }>

const splitsOf = (file: Uint8Array, size: number): FileSplit[] =>
  Array.from({ length: Math.ceil(file.length / size) }, (_, i) => ({
    path: "log",
    from: i * size,
    to: Math.min(file.length, (i + 1) * size),
    sizeBytes: file.length,
    modifiedMs: 0,
  }))

/** Runs one task of a stage; it is given of the file what a worker reads for it. */
function run(runner: TaskRunner, file: Uint8Array, split: FileSplit, more: Pick<StageSpec, "root" | "write">): TaskResult {
  const stage: StageSpec = { output: "r", partitions: 1, interval: null, stream: "log", label: "read", ...more }
  const at = ({ from, to }: { readonly from: number; readonly to: number }) => new Uint8Array(file.subarray(from, to))
  let bytes = at(splitRange(split))
  if (needsMore(split, bytes)) bytes = at(splitRange(split, longestOverhangBytes))
  const inputs = [{ ref: { kind: "file", split }, parts: [{ offset: 0, length: bytes.length, bytes }] }] as const
  return runner.run({ stage, partition: 0, attempt: 0, inputs })
}

/** The outputs of reading a file as an input, in splits of a size. */
function read(file: Uint8Array, size: number, write: Partial<ReadWrite>, setup: (runner: TaskRunner) => void = () => {}): TaskResult[] {
  const runner = new TaskRunner(new SharedArrayBuffer(0))
  setup(runner)
  const plain = { kind: "read", format: { kind: "text" }, timestamp: null, intervalMs: 1000 } as const
  return splitsOf(file, size).map(split => run(runner, file, split, { root: { kind: "empty" }, write: { ...plain, split, ...write } }))
}

const linesIn = (results: readonly TaskResult[]) =>
  results.flatMap(({ outputs }) => outputs.flatMap(({ bytes, aside }) => (aside === undefined ? Block.of(bytes).toArray() : [])))

/** As `textFile` reads it, in splits of a size. */
function textFile(file: Uint8Array, size: number): unknown[] {
  const runner = new TaskRunner(new SharedArrayBuffer(0))
  return linesIn(
    splitsOf(file, size).map(split => {
      const root: RddNode = { kind: "textFile", id: "t", splits: [split] }
      return run(runner, file, split, { root, write: { kind: "store" } })
    }),
  )
}

/** As `rivulet send` packs it. */
function sent(file: Uint8Array): unknown[] {
  const packer = new TextPacker({ maxBytes: 2 ** 20 })
  return [...packer.push(file), packer.flush()].flatMap(block => (block === null ? [] : Block.of(block).toArray()))
}

const byTime = (cluster: TinyCluster): [Partial<ReadWrite>, (runner: TaskRunner) => void] => [
  { timestamp: cluster.fn(() => 5) },
  runner => {
    for (const [hash, bytes] of (cluster as unknown as { assets: Map<string, Uint8Array> }).assets) runner.addAsset(hash, bytes)
  },
]

/** Of long lines, which have one letter, the beginning and the length: what differs is to be read. */
const brief = (lines: readonly unknown[]) =>
  lines.map(line => (String(line).length > 100 ? `${String(line).slice(0, 10)}… ${String(line).length}` : line))

/** Read in whichever way, its lines are those that are sent. */
function same(file: Uint8Array, size: number): void {
  const expected = brief(sent(file))
  const shown = `in splits of ${size}`
  assert.equal(brief(textFile(file, size)), expected, `textFile, ${shown}`)
  assert.equal(brief(linesIn(read(file, size, {}))), expected, `an input, ${shown}`)
  assert.equal(brief(linesIn(read(file, size, ...byTime(new TinyCluster())))), expected, `an input by event time, ${shown}`)
}

test("a file's lines are each in one split, wherever it is cut", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "😀", " ", "x"), maxLength: 6 })
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), fc.boolean(), fc.integer({ min: 1, max: 20 }), (lines, ends, size) => {
      const file = Buffer.from(lines.join("\n") + (ends || lines.at(-1) === "" ? "\n" : ""))
      const outputs = read(file, size, {}).flatMap(result => result.outputs)
      assert.equal(
        outputs.flatMap(({ bytes }) => Block.of(bytes).toArray()),
        lines,
      )
    }),
    { numRuns: 300 },
  )
})

test("event times: a block an interval; a record without a time is set aside, a line that cannot be read stays with the one before it", () => {
  const cluster = new TinyCluster()
  const timestamp = cluster.fn((l: string) => Number(l.split(" ")[0]))
  const file = Buffer.from("100 a\n200 b\n1500 c\noops\n300 d\n2500 e\n")
  const format = { kind: "text" } as const
  const [result] = read(file, 1000, { format, timestamp }, runner => {
    for (const [hash, bytes] of (cluster as unknown as { assets: Map<string, Uint8Array> }).assets) runner.addAsset(hash, bytes)
  })
  assert.equal(
    result!.outputs.map(({ interval, newest, aside, bytes }) => [interval, newest ?? aside, Block.of(bytes).toArray()]),
    [
      [0, 2500, ["100 a", "200 b", "300 d"]],
      [1000, 2500, ["1500 c"]],
      [2000, 2500, ["2500 e"]],
      [undefined, "its timestamp gives no time", ["oops"]],
    ],
  )
  const field = cluster.fn((v: { t: number }) => v.t)
  const json = Buffer.from('oops\n{"t":1}\n{"t":2000}\n}{\n{"t":"21:05"}\n{"t":"2015-05-17 10:05"}\n')
  const [parsed] = read(json, 1000, { format: { kind: "json" }, timestamp: field }, runner => {
    for (const [hash, bytes] of (cluster as unknown as { assets: Map<string, Uint8Array> }).assets) runner.addAsset(hash, bytes)
  })
  assert.equal(
    parsed!.outputs.map(({ interval, bytes }) => [interval, Block.of(bytes).toArray()]),
    [
      [0, ["oops", '{"t":1}']],
      [2000, ['{"t":2000}', "}{"]],
      [Date.UTC(2015, 4, 17, 10, 5), ['{"t":"2015-05-17 10:05"}']],
      [undefined, ['{"t":"21:05"}']],
    ],
  )
})

test("any bytes are the lines that a sender would have sent: carriage returns, broken UTF-8, no final newline", () => {
  const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(10, 13, 97) }, { weight: 1, arbitrary: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (bytes, size) => same(Buffer.from(bytes), size)),
    { numRuns: 300, examples: [[[...Buffer.from("a\r\nb\r")], 100]] },
  )
})

const longest = "x".repeat(longestLineBytes)
for (const [what, text, lines] of [
  ["the longest line, with CRLF", `a\n${longest}\r\nb`, 3],
  ["one that is longer by a carriage return", `a\n${longest}\r\r\nb`, 2],
  ["one that is longer by a byte, in the last byte of its split", `${"a".repeat(4 * 2 ** 20 - 2)}\nx${longest}\r\nb\n`, 2],
  ["the longest line, begun in the last byte of its split", `${"a".repeat(4 * 2 ** 20 - 2)}\n${longest}\r\nb\n`, 3],
  ["the longest line, and the file ends", `a\n${longest}`, 2],
  ["the longest line and a carriage return, and the file ends", `a\n${longest}\r`, 1],
] as const)
  test(`${what}: as a sender has it`, () => {
    const file = Buffer.from(text)
    for (const size of [4 * 2 ** 20, file.length]) {
      same(file, size)
      assert.is(textFile(file, size).length, lines)
    }
  })

test("how long a line is is said of its bytes, not of what replaces broken ones", () => {
  const file = Buffer.alloc(3 * 2 ** 20, 0xff)
  assert.is(textFile(file, file.length).length, 1)
  same(file, file.length)
})

test.run()
