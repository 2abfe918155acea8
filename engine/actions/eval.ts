/**
 * Actions in two halves. `startAction` runs over a partition and gives a few rows; `finishAction` takes the rows of all
 * partitions, in their order, and gives the answer's. In a series every row carries its version's index and each version is
 * answered by itself.
 *
 * The answer's rows: the records for collect, take, takeSample, top, sort, lookup; `[value, n]` for countByValue and countByKey;
 * one row for count, countApproxDistinct, fold, aggregate, stats; one or none for first and reduce.
 */

import { notPair } from "../aggregate.js"
import { sameValue } from "../keys/key.js"
import { SlotIndex } from "../keys/slot-index.js"
import type { Push } from "../rdd.js"
import { copyValue } from "../values/copy-value.js"
import type { Action } from "./action.js"
import { collectHalves } from "./collect.js"
import { distinctHalves } from "./distinct.js"
import { type Context, enough, type Half, type Halves } from "./half.js"
import { sampleHalves } from "./sample.js"
import { sortHalves } from "./sort.js"
import { statsHalves } from "./stats.js"
import { isBefore, topOrder } from "./top.js"

type Binary = (a: unknown, b: unknown) => unknown

/** The half over one partition. `series`: records are `[version index, record]`. */
export function startAction(action: Action, context: Context, series: boolean): Half {
  const { start } = halvesOf(action)
  return series ? eachVersion(() => start(action, context), null) : start(action, context)
}

/** The half over all partial rows. `versions`: how many a series has, so that empty ones answer too; null: no series. */
export function finishAction(action: Action, context: Context, versions: number | null): Half {
  const { finish } = halvesOf(action)
  return versions === null ? finish(action, context) : eachVersion(() => finish(action, context), versions)
}

function eachVersion(make: () => Half, versions: number | null): Half {
  const halves: (Half | undefined)[] = Array.from({ length: versions ?? 0 }, make)
  return {
    add(row) {
      const [index, value] = row as readonly [number, unknown]
      let half = halves[index]
      if (half === undefined) halves[index] = half = make()
      try {
        half.add(value)
      } catch (error) {
        // Other versions may need more.
        if (error !== enough) throw error
      }
    },
    end(push) {
      for (let index = 0; index < halves.length; index++) halves[index]?.end(value => push([index, value]))
    },
  }
}

function halvesOf<A extends Action>(action: A): Halves<A> {
  return halves[action.kind] as unknown as Halves<A>
}

const rowsHalf = (end: (rows: unknown[], push: Push) => void): Half => {
  const rows: unknown[] = []
  return { add: row => void rows.push(row), end: push => end(rows, push) }
}

const all = (rows: unknown[], push: Push) => {
  for (const row of rows) push(row)
}

/** Takes the first n, or the last. */
function taking(n: number, newest: boolean): Half {
  let rows: unknown[] = []
  return {
    add(row) {
      if (newest) {
        rows.push(row)
        if (rows.length >= 2 * n + 64) rows = n === 0 ? [] : rows.slice(-n)
      } else if (rows.length < n) rows.push(row)
    },
    end: push => all(newest ? rows.slice(Math.max(0, rows.length - n)) : rows, push),
  }
}

/** Takes the first n, and then no more. */
function upTo(n: number): Half {
  const rows: unknown[] = []
  return {
    add(row) {
      if (rows.length < n) rows.push(row)
      if (rows.length >= n) throw enough
    },
    end: push => all(rows, push),
  }
}

/** So few are kept in order at once: most records then cost one comparison. */
const fewest = 128

/** Keeps the n first by the order; ties go to the smaller key, then to the earlier record. */
function topping(action: Extract<Action, { kind: "top" }>, context: Context): Half {
  const order = topOrder(action, context)
  let kept: { rank: unknown; row: unknown }[] = []
  if (action.n <= fewest) {
    return {
      add(row) {
        const one = { rank: order.rank(row), row }
        const { length } = kept
        if (length === action.n && (length === 0 || isBefore(order, kept[length - 1]!, one) <= 0)) return
        let at = length
        while (at > 0 && isBefore(order, one, kept[at - 1]!) < 0) at--
        kept.splice(at, 0, one)
        if (length === action.n) kept.pop()
      },
      end(push) {
        for (const { row } of kept) push(row)
      },
    }
  }
  const cut = () => {
    kept.sort((a, b) => isBefore(order, a, b))
    kept = kept.slice(0, action.n)
  }
  return {
    add(row) {
      kept.push({ rank: order.rank(row), row })
      if (kept.length > 2 * action.n + 1024) cut()
    },
    end(push) {
      cut()
      for (const { row } of kept) push(row)
    },
  }
}

function reducing(f: Binary): Half {
  let any = false
  let value: unknown
  return {
    add(row) {
      value = any ? f(value, row) : row
      any = true
    },
    end(push) {
      if (any) push(value)
    },
  }
}

function folding(zero: unknown, f: Binary, always: boolean): Half {
  let value = copyValue(zero)
  let any = always
  return {
    add(row) {
      any = true
      value = f(value, row)
    },
    end(push) {
      if (any) push(value)
    },
  }
}

/** How often each key comes: of records themselves, of pairs' keys, or of partial counts. */
function counting(keyOf: (row: unknown) => unknown, countOf: (row: unknown) => number): Half {
  const slots = new SlotIndex()
  const keys: unknown[] = []
  const counts: number[] = []
  return {
    add(row) {
      const key = keyOf(row)
      const slot = slots.find(key)
      if (slot !== undefined) counts[slot]! += countOf(row)
      else {
        slots.set(key, keys.push(key) - 1)
        counts.push(countOf(row))
      }
    },
    end(push) {
      for (const [slot, key] of keys.entries()) push([key, counts[slot]])
    },
  }
}

const one = () => 1
const first = (row: unknown) => (row as readonly unknown[])[0]
const second = (row: unknown) => (row as readonly unknown[])[1] as number
const keyOfPair = (row: unknown) => {
  if (!Array.isArray(row)) throw notPair(row)
  return (row as unknown[])[0]
}

const halves: { readonly [K in Action["kind"]]: Halves<Extract<Action, { kind: K }>> } = {
  collect: collectHalves,
  count: {
    start() {
      let n = 0
      return { add: () => void n++, end: push => push(n) }
    },
    finish: () => folding(0, (a, b) => (a as number) + (b as number), true),
  },
  take: {
    start: ({ n, newest }) => (newest ? taking(n, true) : upTo(n)),
    finish: ({ n, newest }) => taking(n, newest ?? false),
  },
  first: { start: () => upTo(1), finish: () => taking(1, false) },
  top: { start: topping, finish: topping },
  reduce: {
    start: ({ f }, context) => reducing(context.fn(f, "reduce") as Binary),
    finish: ({ f }, context) => reducing(context.fn(f, "reduce") as Binary),
  },
  // The zero goes in once, however many partitions there are.
  fold: {
    start: ({ f }, context) => reducing(context.fn(f, "fold") as Binary),
    finish: ({ zero, f }, context) => folding(zero, context.fn(f, "fold") as Binary, true),
  },
  aggregate: {
    start: ({ zero, add }, context) => folding(zero, context.fn(add, "aggregate") as Binary, false),
    finish({ zero, merge }, context) {
      const half = reducing(context.fn(merge, "aggregate") as Binary)
      let any = false
      return {
        add(row) {
          any = true
          half.add(row)
        },
        end: push => (any ? half.end(push) : push(copyValue(zero))),
      }
    },
  },
  countByValue: { start: () => counting(row => row, one), finish: () => counting(first, second) },
  countByKey: { start: () => counting(keyOfPair, one), finish: () => counting(first, second) },
  lookup: {
    start({ key }) {
      const values: unknown[] = []
      const add: Push = row => {
        if (sameValue(keyOfPair(row), key)) values.push((row as unknown[])[1])
      }
      return { add, end: push => all(values, push) }
    },
    finish: () => rowsHalf(all),
  },
  sort: sortHalves,
  takeSample: sampleHalves,
  countApproxDistinct: distinctHalves,
  stats: statsHalves,
}
