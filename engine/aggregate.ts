/**
 * Aggregation of pairs by key, on both sides of a shuffle. Keys keep the order of their first appearance, values are added in
 * the order in which they come, so float sums repeat.
 */

import { RivuletError } from "./errors.js"
import { SlotIndex } from "./keys/slot-index.js"
import { skipped } from "./operators/operator.js"
import type { Aggregate, Push, TaskContext } from "./rdd.js"
import { showValue } from "./values/values.js"

export interface Aggregation {
  /** Takes a pair. */
  readonly add: Push
  /** Pushes `[key, combined]`. */
  forEach(push: Push): void
  readonly keys: readonly unknown[]
  readonly values: readonly unknown[]
}

type Binary = (a: unknown, b: unknown) => unknown
type Context = Pick<TaskContext, "fn">

/** Whether a map task aggregates what it sends (the combiner of MapReduce). */
export const aggregatesEarly = (aggregate: Aggregate | undefined): aggregate is Aggregate =>
  aggregate?.kind === "combine" && aggregate.mapSide

/** Of values: what a map task makes of its records, or a reduce task of records that came as they were. */
export function aggregator(aggregate: Aggregate, context: Context): Aggregation {
  if (aggregate.kind === "group") return new Groups()
  const { create, merge } = aggregate
  const start =
    create.kind === "builtin" && create.name === "identity"
      ? null
      : (context.fn(create, "combineByKey", () => skipped) as (v: unknown) => unknown)
  return combiner(start, context.fn(merge, "reduceByKey", keepFirst) as Binary)
}

/** Of what the map tasks sent: combiners where they aggregate early, else values. */
export function merger(aggregate: Aggregate, context: Context): Aggregation {
  if (!aggregatesEarly(aggregate) || aggregate.kind === "group") return aggregator(aggregate, context)
  return combiner(null, context.fn(aggregate.combine, "reduceByKey", keepFirst) as Binary)
}

/** A value that cannot be merged is left out. */
const keepFirst = (a: unknown) => a

/**
 * The hot loop of word count: one probe a record, and for known keys one store. Text has a table of its own; whatever happens
 * once a key is out of line, so that the loop stays small enough to be compiled as one piece.
 */
function combiner(create: ((value: unknown) => unknown) | null, merge: Binary): Aggregation {
  const keys: unknown[] = []
  const values: unknown[] = []
  const texts = new Map<string, number>()
  const others = new SlotIndex()
  const insert = (record: readonly unknown[]): void => {
    if (!Array.isArray(record)) throw notPair(record)
    const [key, value] = record
    const first = create === null ? value : create(value)
    if (first === skipped) return
    if (typeof key === "string") texts.set(key, keys.length)
    else others.set(key, keys.length)
    keys.push(key === 0 ? 0 : key) // not -0
    values.push(first)
  }
  const add: Push = pair => {
    const record = pair as readonly unknown[]
    const key = record[0]
    const slot = typeof key === "string" ? texts.get(key) : others.find(key)
    if (slot === undefined) insert(record)
    else values[slot] = merge(values[slot], record[1])
  }
  return { add, keys, values, forEach: push => pushPairs(keys, values, push) }
}

class Groups implements Aggregation {
  readonly keys: unknown[] = []
  readonly values: unknown[][] = []
  private readonly slots = new SlotIndex()

  readonly add: Push = pair => {
    const record = pair as readonly unknown[]
    if (!Array.isArray(record)) throw notPair(pair)
    const key = record[0]
    const slot = this.slots.find(key)
    if (slot !== undefined) {
      this.values[slot]!.push(record[1])
      return
    }
    this.slots.set(key, this.keys.length)
    this.keys.push(key === 0 ? 0 : key)
    this.values.push([record[1]])
  }

  forEach(push: Push): void {
    pushPairs(this.keys, this.values, push)
  }
}

function pushPairs(keys: readonly unknown[], values: readonly unknown[], push: Push): void {
  for (let i = 0; i < keys.length; i++) push([keys[i], values[i]])
}

/** A record that is no `[key, value]` came to an operator of pairs: the program's fault, on any machine. */
export function notPair(value: unknown): RivuletError {
  return new RivuletError(`not a pair [key, value]: ${showValue(value)}`, { try: "map(v => [key, value]) first" })
}
