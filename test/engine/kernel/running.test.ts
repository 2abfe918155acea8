/** Steps of running reductions over columns write, bit for bit, what their functions give: one by one and in stretches. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeRows } from "../../../engine/block/block.js"
import { captureFunction } from "../../../engine/capture/capture.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import type { FunctionLink, FunctionRef } from "../../../engine/function-ref.js"
import { NumberSteps } from "../../../engine/kernel/number-steps.js"
import { stateStage, stretchStage, trimStage } from "../../../engine/plan.js"
import type { ShuffledNode, StateNode } from "../../../engine/rdd.js"
import { writeRegion } from "../../../engine/shuffle-region.js"
import type { InputPart, TaskInput, TaskResult } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"

type Pairs = readonly (readonly [unknown, unknown])[]
/** An interval: what each map task sent to the partition. */
type Sent = readonly Pairs[]
type F = (a: never, b: never) => unknown

const intervalMs = 10

/** Steps that were taken over columns. */
let byColumns = 0
const { step } = NumberSteps.prototype
NumberSteps.prototype.step = function (...args) {
  const output = step.apply(this, args)
  if (output !== null) byColumns++
  return output
}
const refs = new Map<string, FunctionRef>()
function link(f: F): FunctionLink {
  const ref = captureFunction(f, { operator: "test" })
  refs.set(ref.hash, ref)
  return { kind: "function", hash: ref.hash }
}

function runnerOf(compiled: boolean): TaskRunner {
  const runner = new TaskRunner(new SharedArrayBuffer(64), { compiled })
  for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
  return runner
}

function partOf(bytes: Uint8Array): InputPart {
  return { offset: 0, length: bytes.length, bytes }
}

/** One state partition, interval by interval, and the blocks that it leaves. */
class Run {
  readonly chain: (InputPart & { readonly interval: number; readonly base: boolean })[] = []

  constructor(
    private readonly f: F,
    private readonly intervals: readonly Sent[],
    private readonly partition: number,
  ) {}

  private node(k: number): StateNode {
    const f = link(this.f)
    const interval = k * intervalMs
    const input: ShuffledNode = {
      kind: "shuffled",
      id: `s@${interval}:in`,
      parent: { kind: "empty" },
      partitions: 2,
      aggregate: { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: f, combine: f, mapSide: true },
    }
    return {
      kind: "state",
      id: `s@${interval}`,
      stream: "s",
      interval,
      intervalMs,
      op: { kind: "runningReduce", f },
      partitions: 2,
      previous:
        k === 0 ? null : { kind: "stateAt", stream: "s", at: interval - intervalMs, intervalMs, partitions: 2, read: { kind: "rows" } },
      input,
      initial: null,
    }
  }

  private before(k: number): TaskInput[] {
    if (k === 0) return []
    const until = this.chain.filter(part => part.interval < k * intervalMs)
    const base = until.findLastIndex(part => part.base)
    const ref = { kind: "state", stream: "s", partition: this.partition, at: (k - 1) * intervalMs } as const
    return [{ ref, parts: until.slice(Math.max(0, base)) }]
  }

  /** The step of interval k, over what the chain then holds. */
  task(runner: TaskRunner, k: number): TaskResult | string {
    const { partition } = this
    const node = this.node(k)
    const parts = this.intervals[k]!.map(rows => partOf(encodeRows(rows)))
    const inputs: TaskInput[] = [
      { ref: { kind: "shuffle", output: node.input!.kind === "shuffled" ? node.input!.id! : "", partition }, parts },
    ]
    return ran(() =>
      runner.run({ stage: trimStage(stateStage(node, false)), partition, attempt: 0, inputs: [...inputs, ...this.before(k)] }),
    )
  }

  /** The steps of intervals [k, to) in one task. */
  stretch(runner: TaskRunner, k: number, to: number): TaskResult | string {
    const { partition } = this
    const first = this.node(k)
    const starts = Array.from({ length: to - k }, (_, i) => (k + i) * intervalMs)
    const tasks = Math.max(...this.intervals.slice(k, to).map(sent => sent.length))
    const parts = Array.from({ length: tasks }, (_, task) =>
      partOf(
        writeRegion(
          this.intervals
            .slice(k, to)
            .map(sent => (sent[task] === undefined || sent[task].length === 0 ? new Uint8Array(0) : encodeRows(sent[task]))),
        ),
      ),
    )
    const stage = stretchStage({ kind: "stretch", first, starts }, `${first.id}-${starts.at(-1)}`)
    const inputs: TaskInput[] = [{ ref: { kind: "shuffle", output: (first.input as ShuffledNode).id!, partition }, parts }]
    return ran(() => runner.run({ stage: trimStage(stage), partition, attempt: 0, inputs: [...inputs, ...this.before(k)] }))
  }

  keep(k: number, { outputs }: TaskResult): void {
    for (const { bytes, base = false, rows, interval = k * intervalMs } of outputs)
      if (rows > 0) this.chain.push({ ...partOf(bytes), interval, base })
  }
}

function ran(run: () => TaskResult): TaskResult | string {
  try {
    return run()
  } catch (error) {
    return String(error)
  }
}

function same(fast: TaskResult | string, slow: TaskResult | string): void {
  if (typeof fast === "string" || typeof slow === "string") {
    assert.is(fast, slow)
    return
  }
  assert.is(fast.outputs.length, slow.outputs.length)
  for (const [i, a] of fast.outputs.entries()) {
    const b = slow.outputs[i]!
    assert.equal({ ...a, bytes: 0 }, { ...b, bytes: 0 })
    assert.is(Buffer.compare(a.bytes, b.bytes), 0, "bytes")
  }
  assert.equal({ ...fast, outputs: [] }, { ...slow, outputs: [] })
}

const key = fc.constantFrom("", "a", "b", "c", "de", "fgh", "ijkl", "longer than eight", "longer, as eight ", "é", "日本", "😀", "\0")
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, Number.NaN, Infinity, -Infinity),
)
const unique = (pairs: fc.Arbitrary<readonly [unknown, unknown]>) => fc.uniqueArray(pairs, { selector: ([k]) => k, maxLength: 8 })
const odd = fc.constantFrom<Pairs>(
  [["a", "text"]],
  [
    [1, 1],
    ["a", 2],
  ],
  [["\ud83d", 1]],
  [
    ["a", null],
    ["b", 4],
  ],
)
const pairs = fc.oneof({ weight: 20, arbitrary: unique(fc.tuple(key, number)) as fc.Arbitrary<Pairs> }, { weight: 1, arbitrary: odd })
const intervals = fc.array(fc.array(pairs, { maxLength: 3 }), { minLength: 1, maxLength: 50 })
const smooth = fc.array(fc.array(unique(fc.tuple(key, number)) as fc.Arbitrary<Pairs>, { minLength: 1, maxLength: 2 }), {
  minLength: 20,
  maxLength: 60,
})
const functions: readonly F[] = [
  (a: number, b: number) => a + b,
  (a: number, b: number) => Math.max(a, b),
  (a: number, b: number) => a * 0.5 - b,
  (a: number) => a,
  (a: number, b: number) => (a as unknown as string) + (b as unknown as string),
]
for (const f of functions) link(f)

test("steps as their functions take them", () => {
  let bases = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...functions),
      fc.oneof(intervals, smooth),
      fc.constantFrom(0, 1),
      // After a step: an executor that knows nothing goes on; or the step, or an older one, is taken once more.
      fc.array(fc.constantFrom("", "", "", "fresh", "again", "older"), { maxLength: 60 }),
      (f, sent, partition, events) => {
        const run = new Run(f, sent, partition)
        let fast = runnerOf(true)
        const slow = runnerOf(false)
        for (let k = 0; k < sent.length; k++) {
          const [made, wanted] = [run.task(fast, k), run.task(slow, k)]
          same(made, wanted)
          if (typeof wanted === "string") return
          const event = events[k]
          if (event === "again") same(run.task(fast, k), wanted)
          run.keep(k, wanted)
          if (wanted.outputs[0]!.base) bases++
          if (event === "fresh") fast = runnerOf(true)
          if (event === "older") same(run.task(fast, k >> 1), run.task(slow, k >> 1))
        }
      },
    ),
    { numRuns: 80 },
  )
  assert.ok(bases > 5, `${bases} bases`)
  assert.ok(byColumns > 100, `${byColumns} steps over columns`)
})

test("stretches, and single steps between them", () => {
  byColumns = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...functions),
      fc.oneof(intervals, smooth),
      fc.constantFrom(0, 1),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }),
      (f, sent, partition, lengths) => {
        const run = new Run(f, sent, partition)
        const [fast, slow] = [runnerOf(true), runnerOf(false)]
        for (let k = 0, i = 0; k < sent.length; i++) {
          const to = Math.min(sent.length, k + (lengths[i] ?? 1))
          const [made, wanted] =
            to - k === 1 ? [run.task(fast, k), run.task(slow, k)] : [run.stretch(fast, k, to), run.stretch(slow, k, to)]
          same(made, wanted)
          if (typeof wanted === "string") return
          run.keep(k, wanted)
          k = to
        }
      },
    ),
    { numRuns: 80 },
  )
  assert.ok(byColumns > 100, `${byColumns} steps over columns`)
})

test("thousands of keys", () => {
  const run = new Run(
    functions[0]!,
    Array.from({ length: 30 }, (_, k) => [Array.from({ length: 700 }, (_, i) => [`key ${(i * 7 + k * 131) % 3000}`, i] as const)]),
    0,
  )
  const [fast, slow] = [runnerOf(true), runnerOf(false)]
  for (let k = 0; k < 30; k++) {
    const wanted = run.task(slow, k) as TaskResult
    same(run.task(fast, k), wanted)
    run.keep(k, wanted)
  }
})

test.run()
