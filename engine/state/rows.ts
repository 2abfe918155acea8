/**
 * The rows of a keyed state, column by column, in pages that never move: a state of millions of rows grows without copying what it
 * has, and what it drops goes page by page. Numbers lie unboxed; a page that holds another value keeps that column as an array.
 *
 * A page is one buffer of 200 KB, for systems give large pieces of memory back as they are freed; of thousands of small ones some stay, and hold all
 * that was freed around them. Room in it that no value needs is never touched.
 */

const pageBits = 13
const pageRows = 1 << pageBits
const inPage = pageRows - 1
/** What the only page of a small state begins with; it doubles until it is a page like the others. */
const fewestRows = 32

/** A column of any values: none yet (all null), numbers only, or whatever there is. */
type Column = Float64Array | unknown[] | null

interface Page {
  readonly from: Float64Array
  readonly slot: Int32Array
  readonly prev: Int32Array
  readonly gone: Uint8Array
  /** Room for values, while they are numbers. */
  readonly numbers: Float64Array
  /** Whether any row has a value: until then columns may begin as what comes first. */
  valued: boolean
  values: Column
  auxiliary: Column
}

export class Rows {
  #pages: Page[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Which key's life the row belongs to. */
  slot(row: number): number {
    return this.#pages[row >>> pageBits]!.slot[row & inPage]!
  }

  /** The row that was in force for the slot before this one, or -1. */
  prev(row: number): number {
    return this.#pages[row >>> pageBits]!.prev[row & inPage]!
  }

  /** The interval in which it was written. */
  from(row: number): number {
    return this.#pages[row >>> pageBits]!.from[row & inPage]!
  }

  /** Whether it says that the key went. Such a row has no value. */
  gone(row: number): boolean {
    return this.#pages[row >>> pageBits]!.gone[row & inPage] === 1
  }

  value(row: number): unknown {
    const { values } = this.#pages[row >>> pageBits]!
    return values === null ? null : values[row & inPage]
  }

  auxiliary(row: number): unknown {
    const { auxiliary } = this.#pages[row >>> pageBits]!
    return auxiliary === null ? null : auxiliary[row & inPage]
  }

  /** Adds a row in force from an interval on. Gives its number. */
  push(slot: number, value: unknown, auxiliary: unknown, from: number, prev: number): number {
    const page = this.#add(slot, from, prev)
    const at = (this.#length - 1) & inPage
    page.values = put(page.values, at, value, page, page.numbers)
    page.auxiliary = put(page.auxiliary, at, auxiliary, page, null)
    page.valued = true
    return this.#length - 1
  }

  /** Adds a row that says that the slot's key went. Gives its number. */
  pushGone(slot: number, from: number, prev: number): number {
    this.#add(slot, from, prev).gone[(this.#length - 1) & inPage] = 1
    return this.#length - 1
  }

  #add(slot: number, from: number, prev: number): Page {
    const row = this.#length++
    const at = row & inPage
    const number = row >>> pageBits
    let page = this.#pages[number]
    if (page === undefined) {
      page = newPage(number === 0 ? fewestRows : pageRows)
      this.#pages.push(page)
    } else if (at === page.slot.length) {
      page = doubled(page)
      this.#pages[number] = page
    }
    page.slot[at] = slot
    page.from[at] = from
    page.prev[at] = prev
    return page
  }
}

function newPage(rows: number): Page {
  const bytes = new ArrayBuffer(rows * 25)
  return {
    from: new Float64Array(bytes, 0, rows),
    numbers: new Float64Array(bytes, rows * 8, rows),
    slot: new Int32Array(bytes, rows * 16, rows),
    prev: new Int32Array(bytes, rows * 20, rows),
    gone: new Uint8Array(bytes, rows * 24, rows),
    valued: false,
    values: null,
    auxiliary: null,
  }
}

function doubled(page: Page): Page {
  const wider = newPage(page.slot.length * 2)
  wider.from.set(page.from)
  wider.slot.set(page.slot)
  wider.prev.set(page.prev)
  wider.gone.set(page.gone)
  wider.valued = page.valued
  wider.values = wide(page.values, wider.numbers, wider)
  wider.auxiliary = wide(page.auxiliary, null, wider)
  return wider
}

function wide(column: Column, room: Float64Array | null, { slot }: Page): Column {
  if (!(column instanceof Float64Array)) return column
  const wider = room ?? new Float64Array(slot.length)
  wider.set(column)
  return wider
}

/** The column with the value at a place, in the narrowest form that holds it and all that were put before. `room`: for numbers; null: none yet. */
function put(column: Column, at: number, value: unknown, page: Page, room: Float64Array | null): Column {
  if (column instanceof Float64Array) {
    if (typeof value !== "number") return put(Array.from(column), at, value, page, null)
    column[at] = value
    return column
  }
  if (column !== null) {
    column[at] = value
    return column
  }
  if (value === null) return null
  // Rows before it are without a value, or have null.
  const numbers = typeof value === "number" && !page.valued
  return put(numbers ? (room ?? new Float64Array(page.slot.length)) : new Array(at).fill(null), at, value, page, null)
}
