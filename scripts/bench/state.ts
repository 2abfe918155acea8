/**
 * `node --import ./scripts/register.mjs scripts/bench/state.ts [--keys 100000,1000000,10000000] [--changes 10000] [--intervals 60]`
 *
 * What a state's size costs who changes little of it: `runningReduce` of text to numbers, in one executor, four partitions. It is filled
 * with so many keys, then each interval changes so many of them, drawn at random. Prints, for each size, ms of CPU of an interval's steps
 * (mean and median: now and then a step writes a whole base), how much the executor's memory grew for a key, and bytes of a base, which is
 * what each copy of a version's chain begins with, beside those of the key and eight for the number.
 */

import { parseArgs } from "node:util"
import { TextPacker } from "../../engine/block/block.js"
import { captureFunction } from "../../engine/capture/capture.js"
import { encodeFunction } from "../../engine/capture/codec.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import { stageDependencies, stageOf, stateStage, trimStage } from "../../engine/plan.js"
import { random } from "../../engine/random.js"
import type { RddNode, StateNode } from "../../engine/rdd.js"
import { sectionOf } from "../../engine/shuffle-region.js"
import type { StageSpec, TaskInput, TaskOutput } from "../../engine/task.js"
import { TaskRunner } from "../../engine/task-runner.js"

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "100000,1000000,10000000" },
    changes: { type: "string", default: "10000" },
    intervals: { type: "string", default: "60" },
  },
})
const changes = Number(values.changes)
const second = 1_000
const partitions = 4
/** Lines of an interval while the state is filled. */
const filledAtOnce = 250_000
const arenaBytes = 2 ** 31

for (const keys of values.keys.split(",").map(Number)) measure(keys)

function measure(keys: number): void {
  const memory = new SharedArrayBuffer(arenaBytes)
  const arena = new Uint8Array(memory)
  let free = 0
  const keep = (bytes: Uint8Array) => {
    if (free + bytes.length > arena.length) free = 0
    const offset = free
    arena.set(bytes, offset)
    free += Math.ceil(bytes.length / 64) * 64
    return { offset, length: bytes.length }
  }
  const runner = new TaskRunner(memory)
  const fn = (f: (...args: never[]) => unknown): FunctionLink => {
    const ref = captureFunction(f, { operator: "bench" })
    runner.addAsset(ref.hash, encodeFunction(ref))
    return { kind: "function", hash: ref.hash }
  }
  const one = fn((line: string) => [line, 1])
  const add = fn((a: number, b: number) => a + b)
  const op = { kind: "runningReduce", f: add } as const
  const combine = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: add, combine: add, mapSide: true } as const

  const inputOf = (k: number, blocks: readonly { readonly length: number }[]): RddNode => {
    const input: RddNode = {
      ...{ kind: "input", stream: "lines", interval: k * second, format: { kind: "text" } },
      groups: [blocks.map(({ length }, i) => ({ block: `${k} ${i}`, rows: 1, bytes: length }))],
    }
    const interval = { from: k * second, to: (k + 1) * second }
    const within = (parent: RddNode): RddNode => ({ kind: "within", stream: "counts", interval, parent })
    return {
      ...{ kind: "shuffled", partitions, aggregate: combine, id: `in@${k}` },
      parent: within({ kind: "map", parent: input, f: one }),
    }
  }
  const stateNode = (k: number, input: RddNode): StateNode => {
    const previous = {
      kind: "stateAt",
      stream: "counts",
      at: (k - 1) * second,
      intervalMs: second,
      partitions,
      read: { kind: "rows" },
    } as const
    return {
      ...{ kind: "state", id: `counts@${k}`, stream: "counts", interval: k * second, intervalMs: second, op, partitions },
      ...{ previous: k === 0 ? null : previous, input, initial: null },
    }
  }
  const run = (stage: StageSpec, partition: number, inputs: readonly TaskInput[]): TaskOutput =>
    runner.run({ stage, partition, attempt: 0, inputs }).outputs[0]!

  const chains = Array.from({ length: partitions }, () => [] as { offset: number; length: number; interval: number; base: boolean }[])
  const bases = new Array<number>(partitions).fill(0)
  /** ms of CPU of the steps of an interval with these lines. */
  const interval = (k: number, lines: readonly string[]): number => {
    const packer = new TextPacker({ maxBytes: 1 << 20 })
    const blocks = [...packer.push(Buffer.from(`${lines.join("\n")}\n`)), packer.flush()].filter(block => block !== null).map(keep)
    const node = stateNode(k, inputOf(k, blocks))
    const [shuffle] = stageDependencies(node.input!)
    const inputs = blocks.map((block, i): TaskInput => ({ ref: { kind: "block", block: `${k} ${i}` }, parts: [block] }))
    const region = run(trimStage(stageOf(shuffle!)), 0, inputs).bytes
    const at = keep(region)
    const stage = trimStage(stateStage(node, false))
    const before = process.cpuUsage()
    for (let partition = 0; partition < partitions; partition++) {
      const { offset, length } = sectionOf(region, partition)
      const given: TaskInput[] = [
        { ref: { kind: "shuffle", output: shuffle!.output, partition }, parts: [{ offset: at.offset + offset, length }] },
        { ref: { kind: "state", stream: "counts", partition, at: (k - 1) * second }, parts: chains[partition]! },
      ]
      const { bytes, base = false } = run(stage, partition, k === 0 ? given.slice(0, 1) : given)
      if (base) {
        chains[partition] = []
        bases[partition] = bytes.length
      }
      chains[partition]!.push({ ...keep(bytes), interval: k * second, base })
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }

  const keyOf = (i: number) => `/blog/page-${i.toString(36).padStart(6, "0")}`
  const { rss: restBytes } = process.memoryUsage()
  let k = 0
  for (let from = 0; from < keys; from += filledAtOnce)
    interval(
      k++,
      Array.from({ length: Math.min(filledAtOnce, keys - from) }, (_, i) => keyOf(from + i)),
    )
  const { rss } = process.memoryUsage()
  const next = random(`state ${keys}`)
  const times = Array.from({ length: Number(values.intervals) }, () =>
    interval(
      k++,
      Array.from({ length: changes }, () => keyOf(Math.floor(keys * next()))),
    ),
  )
  const sorted = [...times].sort((a, b) => a - b)
  const mean = times.reduce((sum, ms) => sum + ms) / times.length
  const baseBytes = bases.reduce((sum, bytes) => sum + bytes)
  console.log(
    `${keys} keys, ${changes} changes: ${mean.toFixed(1)} ms of CPU an interval (median ${sorted[sorted.length >> 1]!.toFixed(1)}, worst ${sorted.at(-1)!.toFixed(1)}); ` +
      `base ${(baseBytes / keys).toFixed(1)} bytes a key, raw ${keyOf(0).length + 8}; executor ${((rss - restBytes) / keys).toFixed(0)} bytes a key`,
  )
}
