/** Operators that make versions of records: states and windows. */

import { max, sum } from "../../../engine/builtins.js"
import type { Duration } from "../../../engine/fluent/types.js"
import { grouped, mapOf, memo, type Pair, type Plain, type Row, recent, reduced, step, stepped } from "./plain.js"
import { type Any, as, type Op, oldPairs, oldRdd, type Pairs, records, type Stream, seconds } from "./stream.js"

const pairs = { kinds: records, holds: "pairs" } as const
const inOrder = { ...pairs, ordered: true } as const

/** The clock's beginning. */
export const startMs = Date.UTC(2026, 0, 1)

/** A window's and a slide's intervals, and whether it is reduced with an inverse, of any number. */
const windowOf = (n: number) => ({ length: 1 + (n % 5), slide: 1 + (Math.floor(n / 5) % 3), invertible: n % 2 === 0 })
const sliding =
  (plain: Plain, length: number, slide: number): Plain =>
  i =>
    recent(plain, i * slide + slide - 1, length)

/** Of values with the interval in which each key was seen last: what its events make of a state, and what times out. */
function tracked(
  { plain, first }: Stream,
  intervals: number,
  next: (state: number | undefined, v: number) => number | null,
  initial: Pair[],
): Plain {
  const begin = initial.map(([k, n]) => [k, [n, first]])
  const states: Plain = memo(
    i => {
      const seen = mapOf<[state: number, at: number]>(states(i - 1))
      for (const [k, v] of plain(i) as Pair[]) {
        const state = next(seen.of(k)?.[0], v)
        if (state === null) seen.drop(k)
        else seen.put(k, [state, i])
      }
      return [...seen.values()].filter(([, [, at]]) => i - at < intervals)
    },
    first,
    begin,
  )
  return i => (states(i) as [unknown, [number, number]][]).map(([k, [state]]) => [k, state])
}

const states: readonly Op[] = [
  {
    name: "runningReduce",
    on: pairs,
    make: (a, _, n, s) => {
      const warm = n % 2 === 0
      const plain: Plain = memo(i => reduced([...plain(i - 1), ...a.plain(i)], sum), a.first, warm ? oldPairs(true) : [])
      const options = { partitions: 1 + (n % 7), ...(warm && { initial: oldRdd(s, n, true) }) }
      return { handle: as<Pairs>(a).runningReduce(sum, options), plain, kind: "state" }
    },
  },
  {
    name: "runningReduce of the greatest",
    on: pairs,
    make: a => {
      const plain: Plain = memo(i => reduced([...plain(i - 1), ...a.plain(i)], max), a.first)
      return { handle: as<Pairs>(a).runningReduce(max), plain, kind: "state" }
    },
  },
  {
    name: "runningReduce of text, in order",
    on: inOrder,
    make: a => {
      const plain: Plain = memo(i => reduced<string>([...plain(i - 1), ...textOf(a.plain(i))], text), a.first)
      return { handle: asText(a).runningReduce((x, y) => `${x} ${y}`), plain, kind: "state", holds: "values" }
    },
  },
  {
    name: "updateStateByKey",
    on: pairs,
    make: (a, _, n, s) => {
      const warm = n % 2 === 0
      const plain: Plain = memo(i => stepped(plain(i - 1), a.plain(i), step), a.first, warm ? oldPairs(true) : [])
      const options = { partitions: 1 + (n % 7), ...(warm && { initial: oldRdd(s, n, true) }) }
      return { handle: as<Pairs>(a).updateStateByKey(step, options), plain, kind: "state" }
    },
  },
  {
    name: "track",
    on: inOrder,
    make: (a, _, n, s) => {
      const timeoutMs = 1 + (n % 4500)
      const initial = n % 3 === 0 ? oldPairs(true) : []
      const ends = n % 2 === 0
      const plain = tracked(
        a,
        Math.ceil(timeoutMs / (1000 * a.every)),
        (state, v) => (state === undefined ? v : ends && state + v > 3 ? null : state + v),
        initial,
      )
      const handle = as<Pairs>(a).track(
        (_k, v) => v,
        (_k, state, v) => (ends && state + v > 3 ? null : state + v),
        `${timeoutMs}ms` as Duration,
        { partitions: 1 + (n % 7), ...(initial.length > 0 && { initial: oldRdd(s, n, true) }) },
      )
      return { handle, plain, kind: "state" }
    },
  },
  {
    name: "reduceByEventTime",
    on: pairs,
    make: (a, _, n) => {
      const [lengthMs, correctForMs] = [700 + (n % 3) * 800, ((n >> 2) % 4) * 600]
      const timeOf = (v: number) => (Number.isFinite(v) ? startMs + 800 * v : undefined)
      const plain: Plain = memo(i => {
        const from = startMs + i * a.every * 1000
        const placed = (a.plain(i) as Pair[]).flatMap(([k, v]): Pair[] => {
          const t = timeOf(v)
          if (t === undefined) return []
          const window = Math.floor(Math.floor(t) / lengthMs) * lengthMs
          return window + lengthMs + correctForMs <= from ? [] : [[[window, k], v]]
        })
        return reduced([...plain(i - 1), ...placed], sum)
      }, a.first)
      const handle = as<Pairs>(a)
        .reduceByEventTime(`${lengthMs}ms`, sum, {
          timestamp: ([, v]) => (Number.isFinite(v) ? startMs + 800 * v : undefined) as number,
          correctFor: `${correctForMs}ms`,
        })
        .map(([[window, k], v]) => [[window.getTime(), k], v])
      return { handle, plain, kind: "snapshot" }
    },
  },
]

const text = (x: string, y: string) => `${x} ${y}`
const textOf = (rows: Row[]) => (rows as Pair[]).map(([k, v]) => [k, String(v)])
const asText = (a: Parameters<Op["make"]>[0]) => as<Pairs>(a).mapValues(String)

const windows: readonly Op[] = [
  {
    name: "reduceByWindow",
    on: pairs,
    make: (a, _, n) => {
      const { length, slide, invertible } = windowOf(n)
      const inverse = invertible ? (x: number, y: number) => x - y : undefined
      const options = { partitions: 1 + (n % 7) }
      const handle = as<Pairs>(a).reduceByWindow(seconds(length * a.every), sum, inverse, seconds(slide * a.every), options)
      const whole = sliding(a.plain, length, slide)
      return { handle, plain: i => reduced(whole(i), sum), kind: "state", every: a.every * slide }
    },
  },
  {
    name: "reduceByWindow of text, in order",
    on: inOrder,
    make: (a, _, n) => {
      const { length, slide } = windowOf(n)
      const [long, by] = [seconds(length * a.every), seconds(slide * a.every)]
      const whole = sliding(a.plain, length, slide)
      return {
        handle: asText(a).reduceByWindow(long, (x, y) => `${x} ${y}`, undefined, by),
        plain: i => reduced(textOf(whole(i)), text),
        kind: "state",
        holds: "values",
        every: a.every * slide,
      }
    },
  },
  {
    name: "window",
    on: { kinds: records },
    make: (a, _, n) => {
      const { length, slide } = windowOf(n)
      const handle = as<Any>(a).window(seconds(length * a.every), seconds(slide * a.every))
      return { handle, plain: sliding(a.plain, length, slide), kind: "snapshot", every: a.every * slide, ordered: a.ordered }
    },
  },
  {
    name: "window, groupByKey, in order",
    on: inOrder,
    make: (a, _, n) => {
      const { length, slide } = windowOf(n)
      const handle = as<Pairs>(a)
        .window(seconds(length * a.every), seconds(slide * a.every))
        .groupByKey()
      const whole = sliding(a.plain, length, slide)
      return { handle, plain: i => grouped(whole(i)), kind: "state", holds: "values", every: a.every * slide }
    },
  },
  {
    name: "countByWindow",
    on: { kinds: records },
    make: (a, _, n) => {
      const { length, slide } = windowOf(n)
      const whole = sliding(a.plain, length, slide)
      return {
        handle: as<Any>(a).countByWindow(seconds(length * a.every), seconds(slide * a.every)),
        plain: i => [whole(i).length],
        kind: "snapshot",
        holds: "values",
        every: a.every * slide,
      }
    },
  },
]

export const stateOps: readonly Op[] = [...states, ...windows]
