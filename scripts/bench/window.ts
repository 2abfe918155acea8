/**
 * `node --import ./scripts/register.mjs scripts/bench/window.ts [--lines 200000] [--intervals 40] [--dist <build>]`
 *
 * What windowed word count costs an executor: each interval's map tasks, its panes, its step of the state, in one process and by
 * nobody else. Prints, of the intervals in which the window is full, the median of µs of CPU a line for each of them; and the
 * memory that is left. With `--dist` of another build, to compare two by turns.
 */

import { resolve } from "node:path"
import { parseArgs } from "node:util"
import { crc32 } from "node:zlib"
import type { FunctionLink } from "../../engine/function-ref.js"
import type { RddNode, StateNode, StoredNode } from "../../engine/rdd.js"
import type { StageSpec, TaskInput, TaskOutput } from "../../engine/task.js"
import { makeLines } from "./lines.js"

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "200000" },
    intervals: { type: "string", default: "40" },
    window: { type: "string", default: "30" },
    maps: { type: "string", default: "2" },
    partitions: { type: "string", default: "4" },
    dist: { type: "string" },
  },
})
const [lines, intervals, length, maps, partitions] = [values.lines, values.intervals, values.window, values.maps, values.partitions].map(
  Number,
) as [number, number, number, number, number]
const from = values.dist === undefined ? new URL("../../engine/", import.meta.url).href : `file://${resolve(values.dist)}/engine/`
const extension = values.dist === undefined ? "ts" : "js"
const load = (name: string) => import(`${from}${name}.${extension}`)
const { TextPacker }: typeof import("../../engine/block/block.js") = await load("block/block")
const { captureFunction }: typeof import("../../engine/capture/capture.js") = await load("capture/capture")
const { encodeFunction }: typeof import("../../engine/capture/codec.js") = await load("capture/codec")
const { sectionOf }: typeof import("../../engine/shuffle-region.js") = await load("shuffle-region")
const { stageOf, stateStage, storeStage, stageDependencies, trimStage }: typeof import("../../engine/plan.js") = await load("plan")
const { TaskRunner }: typeof import("../../engine/task-runner.js") = await load("task-runner")

const second = 1_000
const start = 1_700_000_000_000
const memory = new SharedArrayBuffer(1.5 * 2 ** 30)
const arena = new Uint8Array(memory)
let free = 0
interface Stored {
  readonly offset: number
  readonly length: number
}
/** Rings: what is overwritten was read for the last time long before. */
function keep(bytes: Uint8Array): Stored {
  if (free + bytes.length > arena.length) free = textEnd
  const offset = free
  arena.set(bytes, offset)
  free += Math.ceil(bytes.length / 64) * 64
  return { offset, length: bytes.length }
}

const runner = new TaskRunner(memory)
function fn(f: (...args: never[]) => unknown): FunctionLink {
  const ref = captureFunction(f, { operator: "bench" })
  runner.addAsset(ref.hash, encodeFunction(ref))
  return { kind: "function", hash: ref.hash }
}
const split = fn((line: string) => line.split(" "))
const one = fn((word: string) => [word, 1])
const add = fn((a: number, b: number) => a + b)
const subtract = fn((a: number, b: number) => a - b)

/** A few seconds' text, used again and again. */
const texts = Array.from({ length: 4 }, (_, seed) =>
  Array.from({ length: maps }, (_, map) => {
    const packer = new TextPacker({ maxBytes: 1 << 20 })
    const { bytes } = makeLines(Math.round(lines / maps), 1 + seed * maps + map)
    return [...packer.push(bytes), packer.flush()].filter(block => block !== null).map(keep)
  }),
)
const textEnd = free

const interval = (k: number) => ({ from: start + k * second, to: start + (k + 1) * second })

function pane(k: number): StoredNode {
  const text = texts[k % texts.length]!
  const input: RddNode = {
    kind: "input",
    stream: "lines",
    interval: start + k * second,
    groups: text.map((blocks, map) => blocks.map(({ length: bytes }, i) => ({ block: `${k} ${map} ${i}`, rows: 1, bytes }))),
    format: { kind: "text" },
  }
  const id = `pane@${k}`
  const within = (parent: RddNode): RddNode => ({ kind: "within", stream: "counts", interval: interval(k), parent })
  const words: RddNode = { kind: "map", parent: { kind: "flatMap", parent: input, f: split }, f: one }
  const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: add, combine: add, mapSide: true } as const
  const of = within({ kind: "shuffled", parent: within(words), partitions, aggregate, id: `${id}:in` })
  return { kind: "stored", id, stream: "counts", interval: start + k * second, partitions, of }
}

function stateNode(k: number): StateNode {
  const at = start + k * second
  return {
    kind: "state",
    id: `counts@${k}`,
    stream: "counts",
    interval: at,
    intervalMs: second,
    op: { kind: "reduceByWindow", f: add, inverse: subtract, lengthMs: length * second, slideMs: second },
    partitions,
    previous:
      k === 0 ? null : { kind: "stateAt", stream: "counts", at: at - second, intervalMs: second, partitions, read: { kind: "rows" } },
    input: null,
    window: { added: [pane(k)], expired: k < length ? [] : [pane(k - length)], inside: [] },
    initial: null,
  }
}

let rowsOut = 0
function run(stage: StageSpec, partition: number, inputs: readonly TaskInput[]): TaskOutput {
  const [output] = runner.run({ stage, partition, attempt: 0, inputs }).outputs
  rowsOut += output!.rows
  return output!
}

const panes = new Map<string, readonly Stored[]>()
const chains: { stored: Stored; at: number; base: boolean }[][] = Array.from({ length: partitions }, () => [])
const times = { map: [] as number[], pane: [] as number[], state: [] as number[] }
const sizes = { region: 0, pane: 0, delta: 0 }
let sum = 0
function timed<T>(what: keyof typeof times, f: () => T): T {
  const before = process.cpuUsage()
  const result = f()
  const { user, system } = process.cpuUsage(before)
  times[what].push((user + system) / lines)
  return result
}

const began = process.cpuUsage()
for (let k = 0; k < intervals; k++) {
  const stored = pane(k)
  const storing = trimStage(storeStage(stored))
  const [shuffle] = stageDependencies(stored.of)
  const mapping = trimStage(stageOf(shuffle!))
  const regions = timed("map", () =>
    texts[k % texts.length]!.map((blocks, map) =>
      run(
        mapping,
        map,
        blocks.map((block, i) => ({ ref: { kind: "block", block: `${k} ${map} ${i}` }, parts: [block] })),
      ),
    ),
  ).map(({ bytes }) => ({ bytes, at: keep(bytes) }))
  const made = timed("pane", () =>
    Array.from({ length: partitions }, (_, partition) =>
      run(storing, partition, [
        {
          ref: { kind: "shuffle", output: `pane@${k}:in`, partition },
          parts: regions.map(({ bytes, at }) => {
            const section = sectionOf(bytes, partition)
            return { offset: at.offset + section.offset, length: section.length }
          }),
        },
      ]),
    ),
  )
  panes.set(
    stored.id,
    made.map(({ bytes }) => keep(bytes)),
  )
  const node = stateNode(k)
  const state = trimStage(stateStage(node, false))
  const deltas = timed("state", () =>
    Array.from({ length: partitions }, (_, partition) => {
      const inputs: TaskInput[] = [...node.window!.expired, ...node.window!.added].map(one => {
        const { id } = one as StoredNode
        return { ref: { kind: "output", output: id, partition }, parts: [panes.get(id)![partition]!] }
      })
      const { previous } = node
      if (previous !== null) {
        const parts = chains[partition]!.map(({ stored: { offset, length }, at, base }) => ({ offset, length, interval: at, base }))
        inputs.push({ ref: { kind: "state", stream: "counts", partition, at: previous.at }, parts })
      }
      return run(state, partition, inputs)
    }),
  )
  for (const [partition, { bytes, base = false }] of deltas.entries()) {
    sum = crc32(bytes, sum)
    // Who reads a version begins with the newest base.
    if (base) chains[partition] = []
    chains[partition]!.push({ stored: keep(bytes), at: node.interval, base })
  }
  sizes.region = regions.reduce((n, { bytes }) => n + bytes.length, 0)
  sizes.pane = made.reduce((n, { bytes }) => n + bytes.length, 0)
  sizes.delta = deltas.reduce((n, { bytes }) => n + bytes.length, 0)
}
const { user, system } = process.cpuUsage(began)

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1]!
const late = (all: readonly number[]) => all.slice(Math.min(length + 1, all.length - 1))
for (const [what, all] of Object.entries(times))
  console.log(
    `${what.padEnd(6)} ${median(late(all)).toFixed(3)} µs a line (before the window is full ${median(all.slice(3, length)).toFixed(3)})`,
  )
const perLine = (n: number) => (n / lines).toFixed(1)
console.log(
  `all    ${((user + system) / lines / intervals).toFixed(3)} µs a line; bytes a line: regions ${perLine(sizes.region)}, pane ${perLine(sizes.pane)}, delta ${perLine(sizes.delta)}`,
)
const { heapUsed, external, rss } = process.memoryUsage()
const mb = (n: number) => Math.round(n / 2 ** 20)
console.log(`heap ${mb(heapUsed)} MB, external ${mb(external)}, resident ${mb(rss)}; ${rowsOut} rows, checksum ${sum.toString(16)}`)
