/**
 * Two runs of a stream side by side. Each side gives its intervals that have rows, ascending; an interval of one side alone
 * differs if the other side has come past it, and is left out if that side never came so far or did not begin so early.
 * The order of an interval's rows is that of a cluster's partitions, of which another may have more: it does not count.
 */

import type { Interval } from "../../engine/time.js"
import type { IntervalLine } from "./interval-lines.js"

export interface Side {
  readonly lines: AsyncIterable<IntervalLine>
  /** What this side can speak of: intervals that begin in [from, to). */
  readonly from: number
  readonly to: number
  /** Of which it can speak no more, though it could at the beginning: it grows while `lines` is read. */
  readonly lost?: readonly Interval[]
}

/** Whether the side can speak of what begins in the range. */
function speaksOf(side: Side, range: Interval): boolean {
  return range.from >= side.from && range.to <= side.to && !hasLost(side, range)
}

function hasLost({ lost = [] }: Pick<Side, "lost">, { from, to }: Interval): boolean {
  return lost.some(range => from < range.to && range.from < to)
}

export interface Difference {
  readonly same: number
  readonly differ: number
  readonly leftOut: number
  /** The first few intervals that differ. */
  readonly first: readonly RowsApart[]
}

export interface RowsApart {
  readonly from: number
  /** Rows that this side has and the other has not, as often as it has more of them; null: it has none at all. */
  readonly a: readonly unknown[] | null
  readonly b: readonly unknown[] | null
}

const shown = 3
/** Of what one side had before the other began so much is kept to be shown. */
const keptChars = 1 << 20

/** One side is told as it comes, the other is read as far as that. */
export class Comparison {
  readonly #other: Side
  readonly #right: AsyncIterator<IntervalLine>
  /** Read and not compared yet; null: there is none; undefined: nobody has looked. */
  #head: IntervalLine | null | undefined
  readonly #counts = { same: 0, differ: 0, leftOut: 0 }
  readonly #first: RowsApart[] = []
  /** Before the first interval that is told: whether the side that is told can speak of them is known at the end. */
  #begun = false
  readonly #before = new Map<number, string>()
  #beforeChars = 0

  /** `tolerance`: see `sameRows`; `told`: the side that is told, of which some may be lost. */
  constructor(
    other: Side,
    private readonly tolerance = 0,
    private readonly told: Pick<Side, "lost"> = {},
  ) {
    this.#other = other
    this.#right = other.lines[Symbol.asyncIterator]()
  }

  /** The first side's next interval with rows: it has come past all before it. */
  async next({ from, line }: IntervalLine): Promise<void> {
    let other = await this.#peek()
    for (; other !== null && other.from < from; other = await this.#peek()) {
      this.#head = undefined
      if (this.#begun) this.#count(other.from, null, other.line)
      else this.#early(other)
    }
    this.#begun = true
    const there = other?.from === from
    if (there) this.#head = undefined
    this.#count(from, line, there ? (other?.line ?? null) : null)
  }

  /** The first side has ended: it can speak of intervals that begin in [from, to). */
  async end({ from, to }: Pick<Side, "from" | "to">): Promise<Difference> {
    for (let other = await this.#peek(); other !== null; other = await this.#peek()) {
      this.#head = undefined
      if (!this.#begun && other.from < to) this.#early(other)
      else if (other.from < to) this.#count(other.from, null, other.line)
      else this.#counts.leftOut++
    }
    const told = this.#first.splice(0)
    for (const [start, line] of this.#before) {
      if (start >= from) this.#count(start, null, line)
      else this.#counts.leftOut++
    }
    this.#first.push(...told.slice(0, shown - this.#first.length))
    return { ...this.#counts, first: this.#first }
  }

  #early({ from, line }: IntervalLine): void {
    this.#beforeChars += line.length
    this.#before.set(from, this.#beforeChars <= keptChars ? line : "")
  }

  async #peek(): Promise<IntervalLine | null> {
    if (this.#head === undefined) {
      const { done, value } = await this.#right.next()
      this.#head = done === true ? null : value
    }
    return this.#head
  }

  #count(from: number, a: string | null, b: string | null): void {
    const range = { from, to: from + 1 }
    if (!speaksOf(this.#other, range) || (a === null && hasLost(this.told, range))) this.#counts.leftOut++
    else if (a === b || (a !== null && b !== null && sameRows(a, b, this.tolerance))) this.#counts.same++
    else {
      this.#counts.differ++
      if (this.#first.length < shown) this.#first.push({ from, ...rowsApart(a, b) })
    }
  }
}

export async function compareSides(a: Side, b: Side, tolerance = 0): Promise<Difference> {
  const comparison = new Comparison(b, tolerance, a)
  for await (const line of a.lines) await comparison.next(line)
  return comparison.end(a)
}

/** `tolerance`: numbers that differ by no more than this share of the greater one are the same. */
function sameRows(one: string, other: string, tolerance: number): boolean {
  if (one.length !== other.length && tolerance === 0) return false
  const a = rowsOf(one)
  const b = rowsOf(other)
  if (a.length !== b.length) return false
  const [left, right] = [textsOf(one).sort(), textsOf(other).sort()]
  if (left.every((row, i) => row === right[i])) return true
  return tolerance > 0 && nearly(numbersApart(a), numbersApart(b), tolerance)
}

function rowsApart(one: string | null, other: string | null): Pick<RowsApart, "a" | "b"> {
  const more = new Map<string, number>()
  for (const text of textsOf(one)) more.set(text, (more.get(text) ?? 0) + 1)
  const b = textsOf(other).filter(text => {
    const left = more.get(text) ?? 0
    if (left > 0) more.set(text, left - 1)
    return left === 0
  })
  const a = [...more].flatMap(([text, times]) => Array<string>(times).fill(text))
  const parsed = (line: string | null, texts: readonly string[]) => (line === null ? null : texts.map(text => JSON.parse(text) as unknown))
  return { a: parsed(one, a), b: parsed(other, b) }
}

function textsOf(line: string | null): string[] {
  return line === null ? [] : rowsOf(line).map(row => JSON.stringify(row))
}

interface Apart {
  /** The row with every number as 0, but of a pair's key: what is near is another key. */
  readonly shape: string
  readonly numbers: readonly number[]
}

/** Rows in an order that does not depend on what differs a little: by all that is no number, then by the numbers. */
function numbersApart(rows: readonly unknown[]): Apart[] {
  const apart = rows.map(row => {
    const numbers: number[] = []
    const [key, value] = Array.isArray(row) && row.length === 2 ? row : [undefined, row]
    const rest = JSON.stringify(value, (_name, part: unknown) => {
      if (typeof part !== "number") return part
      numbers.push(part)
      return 0
    })
    return { shape: `${JSON.stringify(key)} ${rest}`, numbers }
  })
  return apart.sort((a, b) => {
    if (a.shape !== b.shape) return a.shape < b.shape ? -1 : 1
    const at = a.numbers.findIndex((n, i) => n !== b.numbers[i])
    return at < 0 ? 0 : a.numbers[at]! - b.numbers[at]!
  })
}

function nearly(a: readonly Apart[], b: readonly Apart[], tolerance: number): boolean {
  const near = (x: number, y: number) => Math.abs(x - y) <= tolerance * Math.max(Math.abs(x), Math.abs(y))
  return a.every((one, i) => one.shape === b[i]!.shape && one.numbers.every((n, at) => near(n, b[i]!.numbers[at]!)))
}

function rowsOf(line: string): readonly unknown[] {
  return (JSON.parse(line) as { readonly rows: readonly unknown[] }).rows
}
