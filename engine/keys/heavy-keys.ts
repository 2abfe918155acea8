/**
 * Which keys take a large part of what a task sends into a shuffle: all records of a key go to one reduce task, so a heavy key
 * is a slow partition, however many there are.
 *
 * Space-saving (Metwally, Agrawal and El Abbadi, ICDT 2005): a fixed number of counters; a key that has none takes that of the
 * least one, and owes it what was counted there. A key of more than 1/counters of the rows is always found. Large tasks are
 * looked at in even steps, so that looking costs the same whatever a task sends.
 */

import { showValue } from "../values/values.js"
import { canonicalKey } from "./key-text.js"

/** `rows` is a lower bound of how many of the task's records have the key; `partition` is where they go. */
export interface HeavyKey {
  readonly key: string
  readonly partition: number
  readonly rows: number
}

const counters = 32
const lookedAt = 4096
/** Fewer rows say nothing about the next interval's. */
const leastRows = 64
const leastShare = 0.05
const named = 4
const keyCharacters = 80

interface Counter {
  readonly key: unknown
  count: number
  owed: number
}

export class SpaceSaving {
  readonly #counters = new Map<unknown, Counter>()

  constructor(private readonly size: number) {}

  add(key: unknown): void {
    const id = idOf(key)
    const known = this.#counters.get(id)
    if (known !== undefined) known.count += 1
    else if (this.#counters.size < this.size) this.#counters.set(id, { key, count: 1, owed: 0 })
    else {
      let leastId: unknown
      let owed = Number.POSITIVE_INFINITY
      for (const [other, { count }] of this.#counters) {
        if (count >= owed) continue
        leastId = other
        owed = count
      }
      this.#counters.delete(leastId)
      this.#counters.set(id, { key, count: owed + 1, owed })
    }
  }

  /** Keys with at least how often each came, most frequent first. */
  keys(): { readonly key: unknown; readonly count: number }[] {
    return [...this.#counters.values()].map(({ key, count, owed }) => ({ key, count: count - owed })).sort((a, b) => b.count - a.count)
  }
}

/** Keys are compared by value; no text that is a key begins like this. */
function idOf(key: unknown): unknown {
  return typeof key === "object" && key !== null ? `\0key:${canonicalKey(key)}` : key
}

/** Of pairs, cut into sections by key: the keys that hold a twentieth of all or more, heaviest first. */
export function heavyKeys(sections: readonly (readonly unknown[])[]): HeavyKey[] {
  const rows = sections.reduce((sum, section) => sum + section.length, 0)
  if (rows < leastRows) return []
  const step = Math.max(1, Math.floor(rows / lookedAt))
  const least = Math.max(2, (rows / step) * leastShare)
  const found: HeavyKey[] = []
  for (const [partition, section] of sections.entries()) {
    // What is heavy among all is heavy in its own section: the others need no counters.
    if (section.length < rows * leastShare) continue
    const sketch = new SpaceSaving(counters)
    for (let i = 0; i < section.length; i += step) sketch.add((section[i] as readonly unknown[])[0])
    for (const { key, count } of sketch.keys())
      if (count >= least) found.push({ key: showValue(key, keyCharacters), partition, rows: count * step })
  }
  return found.sort((a, b) => b.rows - a.rows).slice(0, named)
}
