/**
 * A moment of whatever interval is being computed: what stands for one where a definition is written (`transform`'s interval), and is the
 * moment itself, in epoch ms, in each task that a function with it in its captures runs in. It can be passed on, not reckoned with: it is no number yet.
 */

import { inspect } from "node:util"
import { RivuletError } from "../errors.js"

const brand: unique symbol = Symbol.for("rivulet.instant") as typeof brand

export class Instant {
  /** After the interval's start, in ms. */
  readonly [brand]: number
  readonly #refuse: () => never

  constructor(afterMs: number, refuse: () => never) {
    this[brand] = afterMs
    this.#refuse = refuse
  }

  [Symbol.toPrimitive](): never {
    return this.#refuse()
  }
  toJSON(): never {
    return this.#refuse()
  }
  [inspect.custom](): string {
    return this[brand] === 0 ? "the interval's start" : "the interval's end"
  }
}

/** Its ms after the interval's start; undefined: it is none. Runs no code of the value. */
export function instantOf(value: object): number | undefined {
  return value instanceof Instant ? value[brand] : undefined
}

/** What is said when one is used as if it were known. */
export function unknownInterval(operator: string): RivuletError {
  return new RivuletError(
    `${operator} calls its function once, where the stream is defined: the interval is known in the functions of operators alone`,
    {
      code: 2,
      try: `reckon in such a function: ${operator}((rdd, interval) => rdd.filter(v => new Date(interval.from).getUTCHours() < 12)); or ask each interval in foreachRDD`,
    },
  )
}
