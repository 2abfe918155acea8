/** One value a version, in time order: what an action on snapshots gives. */

import type { Interval } from "../time.js"
import type { Plot, Series } from "./answer-types.js"
import { plotNumbers } from "./plot.js"

export class SeriesOf<T> implements Series<T> {
  readonly #entries: readonly { readonly interval: Interval; readonly value: T }[]

  constructor(entries: readonly { readonly interval: Interval; readonly value: T }[]) {
    this.#entries = entries
  }

  get length(): number {
    return this.#entries.length
  }

  /** Undefined when there is no version. */
  get first(): T {
    return this.#entries[0]?.value as T
  }

  get last(): T {
    return this.#entries.at(-1)?.value as T
  }

  values(): T[] {
    return this.#entries.map(entry => entry.value)
  }

  plot(): Plot {
    return plotNumbers(this.values())
  }

  /** The same intervals with other values. */
  map<U>(f: (value: T) => U): SeriesOf<U> {
    return new SeriesOf(this.#entries.map(({ interval, value }) => ({ interval, value: f(value) })))
  }

  *[Symbol.iterator](): Iterator<{ interval: Interval; value: T }> {
    for (const { interval, value } of this.#entries) yield { interval, value }
  }
}
