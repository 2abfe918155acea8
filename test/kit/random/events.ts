/** Records with a time of their own, which come late and out of order, and the streams of what they hold. */

import fc from "fast-check"
import type { Simulation } from "../../../cluster/testing/index.js"
import type { DStream, Duration } from "../../../engine/fluent/types.js"
import type { Row } from "./plain.js"

export const startMs = Date.UTC(2026, 0, 1)
export const intervals = 6
export const spanMs = intervals * 1000

export interface Event {
  readonly id: string
  readonly t: number
  readonly v: unknown
}

/** What JSON gives back as it was. */
export const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "", "é") },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, 1.5, [1, "a"], { x: 1 }) },
)
const arrival = fc.record({ v: value, atMs: fc.integer({ min: 0, max: 999 }), agoMs: fc.integer({ min: 0, max: 3500 }) })
export const arrivals = fc.array(fc.array(arrival, { maxLength: 5 }), { maxLength: intervals })
export const slack = fc.constantFrom(0, 1000, 2500)

/** By the interval in which each arrives. */
export function eventsOf(name: string, arrived: readonly (readonly { v: unknown; atMs: number; agoMs: number }[])[]): Event[][] {
  return arrived.map((list, i) =>
    list.map(({ v, atMs, agoMs }, n) => ({ id: `${name}${i}.${n}`, t: startMs + Math.max(0, i * 1000 + atMs - agoMs), v })),
  )
}

const intervalOf = ({ t }: Event) => Math.floor((t - startMs) / 1000)

/** Late is what is of an interval that was closed when its own arrival's began. */
export const isLate = (event: Event, arrivedIn: number, slackMs: number) =>
  intervalOf(event) < Math.floor((arrivedIn * 1000 - slackMs) / 1000)

export function byInterval(events: readonly Event[]): Row[][] {
  return Array.from({ length: intervals }, (_, i) => events.filter(event => intervalOf(event) === i).map(({ v }) => v))
}

export function values(s: Simulation, source: string, slackMs: number, name: string): [DStream<Event>, DStream<unknown>] {
  const events = s.readStream<Event>(source, "1s", { format: "json", timestamp: e => e.t, slack: `${slackMs}ms` as Duration })
  s.name(events, name)
  return [events, events.map(e => e.v as Row)]
}
