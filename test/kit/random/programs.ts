/** Random programs: steps as numbers, so that what fails shrinks to few small ones. */

import fc from "fast-check"
import type { Session } from "../../../engine/fluent/session-types.js"
import type { DStream } from "../../../engine/fluent/types.js"
import { memo, type Row } from "./plain.js"
import { recordOps } from "./record-ops.js"
import { severalOps } from "./several-ops.js"
import { stateOps } from "./state-ops.js"
import { fits, type Op, type Stream } from "./stream.js"
import { versionOps } from "./version-ops.js"

const ops = [...recordOps, ...severalOps, ...stateOps, ...versionOps]

export interface Step {
  readonly op: number
  readonly on: number
  readonly other: number
  readonly n: number
}

/** Steps as numbers, so that what fails shrinks to few small ones: each picks among the operators and streams that fit. */
export function build(
  steps: readonly Step[],
  session: Session,
  inputs: Record<string, DStream<unknown>>,
  fed: Record<string, Row[][]>,
): Stream[] {
  const streams: Stream[] = Object.entries(inputs).map(([text, handle]) => ({
    text,
    handle,
    holds: "values",
    kind: "records",
    every: 1,
    ordered: true,
    plain: i => fed[text]?.[i] ?? [],
  }))
  for (const { op, on, other, n } of steps) {
    const a = streams[on % streams.length]!
    const others = (of: Op) => (of.other === undefined ? [a] : streams.filter(b => b.every === a.every && fits(b, of.other!)))
    const choices = ops.filter(of => fits(a, of.on) && others(of).length > 0)
    const chosen = choices[op % choices.length]!
    const b = others(chosen)[other % others(chosen).length]!
    const made = chosen.make(a, b, n, session)
    streams.push({
      ...a,
      ordered: false,
      ...made,
      plain: memo(made.plain),
      text: `${chosen.name}(${a.text}${chosen.other ? `, ${b.text}` : ""}${chosen.make.length > 2 ? `; ${n}` : ""})`,
    })
  }
  return streams
}

const scalar = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "", "é", "1", "\u{1f600}", "\ud800", "\udc00") },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, undefined, true, 1.5, -0, -2, Number.NaN, Infinity, 3n, 2n ** 70n, new Date(0)),
  },
)
/** Keys of every kind: those of one value are made anew each time. */
export const value = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 1, arbitrary: fc.tuple(scalar, fc.constantFrom("a", 1)) as fc.Arbitrary<unknown> },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>([1, "a"], [[1, "a"], Number.NaN], [], {}, { x: 1 }, { x: 1, y: undefined }, { y: undefined, x: 1 }),
  },
)
export const input = fc.array(fc.array(value, { maxLength: 5 }), { maxLength: 5 })
export const steps = fc.array(fc.record({ op: fc.nat(500), on: fc.nat(12), other: fc.nat(12), n: fc.integer({ min: 1, max: 9999 }) }), {
  minLength: 1,
  maxLength: 7,
})
export const fault = fc.option(
  fc.record({ who: fc.integer({ min: 0, max: 4 }), atMs: fc.integer({ min: 1, max: 5500 }), forMs: fc.integer({ min: 1, max: 2000 }) }),
)

/** RUNS=50 looks fifty times as long, and elsewhere each time: thousands of programs in half an hour. Without it they are always the same few. */
const more = Number(process.env.RUNS ?? 1)

/** The property holds for so many programs; what fails is told with why, and how to have it again. */
export async function holds<T>(property: fc.IAsyncPropertyWithHooks<T>, runs: number, seed: number): Promise<void> {
  const again = process.env.AGAIN?.split(" ")
  const where = again ? { seed: Number(again[0]), path: again[1]! } : process.env.RUNS === undefined ? { seed } : {}
  const found = await fc.check(property, { numRuns: Math.ceil(runs * more), ...where })
  if (!found.failed) return
  const { message, details } = found.errorInstance as { message: string; details?: string }
  throw new Error(
    `${message}\n${details ?? ""}\n${fc.stringify(found.counterexample)}\nAGAIN="${found.seed} ${found.counterexamplePath}" (${found.numRuns} programs)`,
  )
}
