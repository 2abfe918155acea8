/**
 * Two runs of a stream side by side. Each side gives its intervals that have rows, ascending; an interval of one side alone
 * differs if the other side has come past it, and is left out if that side never came so far or did not begin so early.
 * The order of an interval's rows is that of a cluster's partitions, of which another may have more: it does not count.
 */

import type { IntervalLine } from "./interval-lines.js"

export interface Side {
  readonly lines: AsyncIterable<IntervalLine>
  /** What this side can speak of: intervals that begin in [from, to). */
  readonly from: number
  readonly to: number
}

export interface Difference {
  readonly same: number
  readonly differ: number
  readonly leftOut: number
  /** The first few intervals that differ. */
  readonly first: readonly { readonly from: number; readonly a: string | null; readonly b: string | null }[]
}

const shown = 3

/** One side is told as it comes, the other is read as far as that. */
export class Comparison {
  readonly #from: number
  readonly #other: Side
  readonly #right: AsyncIterator<IntervalLine>
  /** Read and not compared yet; null: there is none; undefined: nobody has looked. */
  #head: IntervalLine | null | undefined
  readonly #counts = { same: 0, differ: 0, leftOut: 0 }
  readonly #first: { readonly from: number; readonly a: string | null; readonly b: string | null }[] = []

  /** `from`: the first interval of which the side that is told can speak. */
  constructor(from: number, other: Side) {
    this.#from = from
    this.#other = other
    this.#right = other.lines[Symbol.asyncIterator]()
  }

  /** The first side's next interval with rows: it has come past all before it. */
  async next({ from, line }: IntervalLine): Promise<void> {
    let other = await this.#peek()
    for (; other !== null && other.from < from; other = await this.#peek()) {
      this.#head = undefined
      this.#count(other.from, null, other.line)
    }
    const there = other?.from === from
    if (there) this.#head = undefined
    this.#count(from, line, there ? (other?.line ?? null) : null)
  }

  /** The first side has ended: it can speak of intervals that begin before `to`. */
  async end(to: number): Promise<Difference> {
    for (let other = await this.#peek(); other !== null; other = await this.#peek()) {
      this.#head = undefined
      if (other.from < to) this.#count(other.from, null, other.line)
      else this.#counts.leftOut++
    }
    return { ...this.#counts, first: this.#first }
  }

  async #peek(): Promise<IntervalLine | null> {
    if (this.#head === undefined) {
      const { done, value } = await this.#right.next()
      this.#head = done === true ? null : value
    }
    return this.#head
  }

  #count(from: number, a: string | null, b: string | null): void {
    if (from < Math.max(this.#from, this.#other.from) || from >= this.#other.to) this.#counts.leftOut++
    else if (a === b || (a !== null && b !== null && sameRows(a, b))) this.#counts.same++
    else {
      this.#counts.differ++
      if (this.#first.length < shown) this.#first.push({ from, a, b })
    }
  }
}

export async function compareSides(a: Side, b: Side): Promise<Difference> {
  const comparison = new Comparison(a.from, b)
  for await (const line of a.lines) await comparison.next(line)
  return comparison.end(a.to)
}

function sameRows(one: string, other: string): boolean {
  if (one.length !== other.length) return false
  const a = rowsOf(one)
  const b = rowsOf(other)
  return a.length === b.length && a.every((row, i) => row === b[i])
}

function rowsOf(line: string): string[] {
  return (JSON.parse(line) as { readonly rows: readonly unknown[] }).rows.map(row => JSON.stringify(row)).sort()
}
