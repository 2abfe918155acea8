/** Questions of a state over its columns give what its rows give: whatever the chain holds, whichever version was asked before. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Action } from "../../../engine/actions/action.js"
import { encodeRows } from "../../../engine/block/block.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import type { RddNode, StateAtNode } from "../../../engine/rdd.js"
import type { InputPart } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { type F, link, refs } from "./programs.js"

type Change = readonly [key: unknown, value: unknown]
type Link = InputPart & { readonly interval: number; readonly base: boolean }

/**
 * Changes of an interval each, undefined removes; now and then a base, which holds all. `beside`: what the operator keeps with each value: nothing, or
 * a number that means something to it alone.
 */
function chainOf(steps: readonly { readonly changes: readonly Change[]; readonly base: boolean }[], beside: number | null): Link[] {
  const alive = new Map<unknown, { value: unknown; at: number }>()
  return steps.map(({ changes, base }, interval) => {
    const last = new Map(changes)
    const gone = [...last].filter(([key, value]) => value === undefined && alive.has(key)).map(([key]) => key)
    for (const [key, value] of last) {
      // Keys stand in the order of their birth.
      if (value === undefined) alive.delete(key)
      else alive.set(key, { value, at: interval })
    }
    const removed = gone.map(key => [key, null, -1, null])
    const set = [...last].filter(([, value]) => value !== undefined)
    const rows = base
      ? [...[...alive].map(([key, { value, at }]) => [key, value, interval - at, beside]), ...removed]
      : removed.length > 0
        ? [...set.map(([key, value]) => [key, value, 0, beside]), ...removed]
        : set
    const bytes = encodeRows(rows)
    return { interval, base, offset: 0, length: bytes.length, bytes }
  })
}

/** `newest`: of what the task was given, which may be there for other versions that it reads. */
function asked(
  runner: TaskRunner,
  chain: readonly Link[],
  node: (of: StateAtNode) => RddNode,
  at: number,
  newest: number,
  read: StateAtNode["read"],
) {
  const until = chain.filter(({ interval }) => interval <= Math.max(at, newest))
  const base = until.findLastIndex(one => one.base && one.interval <= at)
  const of: StateAtNode = { kind: "stateAt", stream: "s", at, intervalMs: 1, partitions: 1, read }
  const stage = { output: "q", root: node(of), partitions: 1, write: { kind: "store" }, interval: null, stream: "s", label: "q" } as const
  const ref = { kind: "state", stream: "s", partition: 0, at } as const
  try {
    const { outputs } = runner.run({ stage, partition: 0, attempt: 0, inputs: [{ ref, parts: until.slice(Math.max(0, base)) }] })
    return Buffer.from(outputs[0]!.bytes).toString("hex")
  } catch (error) {
    return String(error)
  }
}

const filter =
  (f: F) =>
  (of: RddNode): RddNode => ({ kind: "filter", parent: of, f: link(f) })
const filters: readonly ((of: RddNode) => RddNode)[] = [
  of => of,
  filter(([, n]: [string, number]) => n > 1),
  filter(([k]: [string, number]) => k.startsWith("a") || k.length > 4),
  of =>
    filter(([k, n]: [string, number]) => `${k}${n}` !== "b2")({ kind: "within", stream: "s", interval: { from: 0, to: 1 }, parent: of }),
  filter(([k]: [string, number]) => k.normalize() !== "x"),
]
const top = (n: number, by: F | null, order: "asc" | "desc"): Action => ({ kind: "top", n, by: by && link(by), order })
const actions: readonly Action[] = [
  { kind: "count" },
  top(3, null, "desc"),
  top(2, ([k, n]: [string, number]) => k.length * n, "asc"),
  top(0, null, "asc"),
  top(4, ([, n]: [string, number]) => -n, "desc"),
  { kind: "collect", max: 100 },
]

const key = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom("a", "b", "ab", "longer than eight", "é", "😀", "\uffff", "", "x") },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(1, null, "\ud83d") },
)
const value = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom<unknown>(1, 2, 3, 0, -0, Number.NaN, Infinity, -Infinity, 2.5, undefined) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>("text", null) },
)
const plain = fc.record({
  changes: fc.array(fc.tuple(fc.constantFrom<unknown>("a", "b", "ab", "c", "longer"), fc.constantFrom<unknown>(1, 2, 3, undefined)), {
    maxLength: 6,
  }),
  base: fc.boolean(),
})
const odd = fc.record({ changes: fc.array(fc.tuple(key, value), { maxLength: 8 }), base: fc.boolean() })
const steps = fc.oneof(fc.array(plain, { minLength: 1, maxLength: 8 }), fc.array(odd, { minLength: 1, maxLength: 8 }))

test("count, top and single keys, of any version in any order", () => {
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom(null, 0, 5),
      fc.array(fc.tuple(fc.nat(7), fc.nat(7), fc.nat(filters.length - 1), fc.nat(actions.length)), { minLength: 3, maxLength: 8 }),
      (changes, beside, questions) => {
        const chain = chainOf(changes, beside)
        const runners = [true, false].map(compiled => {
          const runner = new TaskRunner(new SharedArrayBuffer(64), { compiled })
          for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
          return runner
        })
        for (const [at, newest, filtered, action] of questions) {
          const one = actions[action]
          const [fast, slow] = runners.map(runner =>
            one === undefined
              ? asked(runner, chain, of => of, at % chain.length, newest, { kind: "key", keys: ["a", "é", "\ud83d", "nobody"] })
              : asked(runner, chain, of => ({ kind: "partial", action: one, parent: filters[filtered]!(of) }), at % chain.length, newest, {
                  kind: "rows",
                }),
          )
          assert.is(fast, slow)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test.run()
