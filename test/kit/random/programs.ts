/** Random programs: steps as numbers, so that what fails shrinks to few small ones. */

import fc from "fast-check"
import type { Session } from "../../../engine/fluent/session-types.js"
import type { DStream } from "../../../engine/fluent/types.js"
import { nestedOps } from "./nested-ops.js"
import { memo, type Row } from "./plain.js"
import { recordOps } from "./record-ops.js"
import { severalOps } from "./several-ops.js"
import { stateOps } from "./state-ops.js"
import { fits, type Op, type Stream } from "./stream.js"
import { value } from "./values.js"
import { versionOps } from "./version-ops.js"

const ops = [...recordOps, ...nestedOps, ...severalOps, ...stateOps, ...versionOps]

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
  /** Of each input; 0 unless it is said. */
  first: Record<string, number> = {},
): Stream[] {
  const streams: Stream[] = Object.entries(inputs).map(([text, handle]) => ({
    text,
    handle,
    holds: "values",
    kind: "records",
    every: 1,
    first: first[text] ?? 0,
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
    // It begins when all that it is made of has begun.
    const begins = Math.max(a.first, chosen.other ? b.first : a.first)
    const every = made.every ?? a.every
    streams.push({
      ...a,
      ordered: false,
      ...made,
      first: Math.floor((begins * a.every) / every),
      plain: memo(made.plain, Math.floor((begins * a.every) / every)),
      text: `${chosen.name}(${a.text}${chosen.other ? `, ${b.text}` : ""}${chosen.make.length > 2 ? `; ${n}` : ""})`,
    })
  }
  return streams
}

export const input = fc.array(fc.array(value, { maxLength: 5 }), { maxLength: 5 })
export const steps = fc.array(fc.record({ op: fc.nat(500), on: fc.nat(12), other: fc.nat(12), n: fc.integer({ min: 1, max: 9999 }) }), {
  minLength: 1,
  maxLength: 7,
})
export const fault = fc.option(
  fc.record({ who: fc.integer({ min: 0, max: 4 }), atMs: fc.integer({ min: 1, max: 5500 }), forMs: fc.integer({ min: 1, max: 2000 }) }),
)
