/** Steps of windows over columns write, bit for bit, what their functions give: whatever was cached, whatever comes between. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeRows } from "../../../engine/block/block.js"
import { captureFunction } from "../../../engine/capture/capture.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import type { FunctionLink, FunctionRef } from "../../../engine/function-ref.js"
import { stateStage, trimStage } from "../../../engine/plan.js"
import type { RddNode, StateNode } from "../../../engine/rdd.js"
import type { InputPart, TaskInput, TaskResult } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"

type Pairs = readonly (readonly [unknown, unknown])[]
type F = (a: never, b: never) => unknown

const refs = new Map<string, FunctionRef>()
function link(f: F): FunctionLink {
  const ref = captureFunction(f, { operator: "test" })
  refs.set(ref.hash, ref)
  return { kind: "function", hash: ref.hash }
}

interface Program {
  readonly f: F
  readonly inverse: F
  /** In panes. */
  readonly length: number
  readonly slide: number
}

function runnerOf(compiled: boolean): TaskRunner {
  const runner = new TaskRunner(new SharedArrayBuffer(64), { compiled })
  for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
  return runner
}

/** One state partition, interval by interval, and the blocks that it leaves. */
class Run {
  private readonly panes: Uint8Array[]
  readonly chain: (InputPart & { readonly interval: number; readonly base: boolean })[] = []

  constructor(
    private readonly program: Program,
    panes: readonly Pairs[],
    private readonly partition: number,
  ) {
    this.panes = panes.map(rows => encodeRows(rows))
  }

  get steps(): number {
    return Math.ceil(this.panes.length / this.program.slide)
  }

  private stored(from: number, to: number): RddNode[] {
    const nodes: RddNode[] = []
    for (let pane = Math.max(0, from); pane < Math.min(to, this.panes.length); pane++)
      nodes.push({ kind: "stored", id: `pane@${pane}`, stream: "s", interval: pane, partitions: 2, of: { kind: "empty" } })
    return nodes
  }

  /** The step of interval k, over what the chain then holds. */
  task(runner: TaskRunner, k: number): TaskResult | string {
    const { length, slide, f, inverse } = this.program
    const interval = k * slide
    const end = interval + slide
    const node: StateNode = {
      kind: "state",
      id: `s@${k}`,
      stream: "s",
      interval,
      intervalMs: slide,
      op: { kind: "reduceByWindow", f: link(f), inverse: link(inverse), lengthMs: length, slideMs: slide },
      partitions: 2,
      previous:
        k === 0 ? null : { kind: "stateAt", stream: "s", at: interval - slide, intervalMs: slide, partitions: 2, read: { kind: "rows" } },
      input: null,
      window: {
        added: this.stored(Math.max(interval, end - length), end),
        expired: this.stored(interval - length, Math.min(interval, end - length)),
        inside: [],
      },
      initial: null,
    }
    const { partition } = this
    const inputs: TaskInput[] = [...node.window!.added, ...node.window!.expired].map(pane => {
      const { id, interval } = pane as Extract<RddNode, { kind: "stored" }>
      const bytes = this.panes[interval]!
      return { ref: { kind: "output", output: id, partition }, parts: [{ offset: 0, length: bytes.length, bytes }] }
    })
    if (k > 0) {
      const until = this.chain.filter(part => part.interval < interval)
      const base = until.findLastIndex(part => part.base)
      inputs.push({ ref: { kind: "state", stream: "s", partition, at: interval - slide }, parts: until.slice(Math.max(0, base)) })
    }
    try {
      return runner.run({ stage: trimStage(stateStage(node, false)), partition, attempt: 0, inputs })
    } catch (error) {
      return String(error)
    }
  }

  keep(k: number, { outputs: [output] }: TaskResult): void {
    const { bytes, base = false, rows } = output!
    if (rows > 0) this.chain.push({ offset: 0, length: bytes.length, bytes, interval: k * this.program.slide, base })
  }
}

function same(fast: TaskResult | string, slow: TaskResult | string): void {
  if (typeof fast === "string" || typeof slow === "string") {
    assert.is(fast, slow)
    return
  }
  const [[a], [b]] = [fast.outputs, slow.outputs]
  assert.equal({ ...a!, bytes: 0 }, { ...b!, bytes: 0 })
  assert.is(Buffer.compare(a!.bytes, b!.bytes), 0, "bytes")
  assert.equal({ ...fast, outputs: [] }, { ...slow, outputs: [] })
}

const key = fc.constantFrom("", "a", "b", "c", "de", "fgh", "ijkl", "longer than eight", "longer, as eight ", "é", "日本", "😀", "\0")
const plain = fc.uniqueArray(
  fc.tuple(key, fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, noDefaultInfinity: true }))),
  {
    selector: ([k]) => k,
    maxLength: 8,
  },
)
const odd = fc.constantFrom<Pairs>(
  [["a", Number.NaN]],
  [
    ["a", Infinity],
    ["b", 1],
  ],
  [["a", -0]],
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
const panes = fc.array(fc.oneof({ weight: 12, arbitrary: plain as fc.Arbitrary<Pairs> }, { weight: 1, arbitrary: odd }), {
  minLength: 1,
  maxLength: 40,
})
const smooth = fc.array(plain as fc.Arbitrary<Pairs>, { minLength: 20, maxLength: 60 })
const functions: readonly (readonly [F, F])[] = [
  [(a: number, b: number) => a + b, (a: number, b: number) => a - b],
  [(a: number, b: number) => a + b * 1e300 * 1e10, (a: number, b: number) => a * 0.5 - b],
  [(a: number, b: number) => (a as unknown as string) + (b as unknown as string), (a: number, b: number) => Math.min(a, b)],
]
const programs = fc
  .record({ functions: fc.constantFrom(...functions), length: fc.integer({ min: 1, max: 7 }), slide: fc.constantFrom(1, 1, 1, 2, 3) })
  .map(({ functions: [f, inverse], length, slide }): Program => ({ f, inverse, length, slide }))
for (const pair of functions) for (const f of pair) link(f)

test("steps as their functions take them", () => {
  let bases = 0
  fc.assert(
    fc.property(
      programs,
      fc.oneof(panes, smooth),
      fc.constantFrom(0, 1),
      // After a step: an executor that knows nothing goes on; or the step, or an older one, is taken once more.
      fc.array(fc.constantFrom("", "", "", "fresh", "again", "older"), { maxLength: 60 }),
      (program, blocks, partition, events) => {
        const run = new Run(program, blocks, partition)
        let fast = runnerOf(true)
        const slow = runnerOf(false)
        for (let k = 0; k < run.steps; k++) {
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
    { numRuns: 60 },
  )
  assert.ok(bases > 5, `${bases} bases`)
})

const counted: Program = { f: functions[0]![0], inverse: functions[0]![1], length: 3, slide: 1 }

function stepByStep(run: Run): void {
  const [fast, slow] = [runnerOf(true), runnerOf(false)]
  for (let k = 0; k < run.steps; k++) {
    const wanted = run.task(slow, k) as TaskResult
    same(run.task(fast, k), wanted)
    run.keep(k, wanted)
  }
}

test("thousands of keys that come and go", () => {
  // Three keys of four never come back; of the others each fifth time.
  const keyOf = (pane: number, i: number) => (i % 4 === 0 ? `again ${i} ${pane % 5}` : `once ${pane} ${i}`)
  const blocks = Array.from({ length: 24 }, (_, pane) => Array.from({ length: 700 }, (_, i) => [keyOf(pane, i), i] as const))
  stepByStep(new Run(counted, blocks, 0))
})

test("what a block holds beside numbers is left to the functions until a base is without it", () => {
  const blocks: Pairs[] = [
    [
      ["a", null],
      ["b", 4],
    ],
    ...Array.from({ length: 20 }, (): Pairs => [["b", 1]]),
  ]
  stepByStep(new Run({ ...counted, length: 30 }, blocks, 0))
  stepByStep(new Run(counted, [...blocks, [["b", Infinity]], ...blocks], 0))
})

test.run()
