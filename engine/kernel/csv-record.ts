/** Comma-separated values where they lie (`format/csv.ts`). */

import type { Code } from "./code.js"
import { same } from "./text.js"
import type { Value } from "./values.js"

const comma = 44
const quote = 34

/** Where the wanted columns of a line begin and end. */
export class CsvLine {
  /** By place among the wanted: from, to. */
  readonly places: Int32Array

  constructor(
    /** Numbers of columns. */
    private readonly wanted: readonly number[],
    /** -1: any number of columns. */
    private readonly columns: number,
    /** A line that begins with it may repeat the header. */
    private readonly first: Uint8Array | null,
  ) {
    this.places = new Int32Array(wanted.length * 2)
  }

  /** False: it is no record, a rare one, or has not all that is wanted. */
  read(data: Uint8Array, start: number, end: number): boolean {
    const { wanted, places } = this
    let found = 0
    let column = 0
    for (let at = start; ; at++, column++) {
      let from = at
      let to: number
      if (at < end && data[at] === quote) {
        from = ++at
        while (at < end && data[at] !== quote) at++
        to = at++
        // Not closed, or a quote in it, or something after it.
        if (at > end || (at < end && data[at] !== comma)) return false
      } else {
        while (at < end && data[at] !== comma) at++
        to = at
      }
      for (let i = 0; i < wanted.length; i++) {
        if (wanted[i] !== column) continue
        places[2 * i] = from
        places[2 * i + 1] = to
        found++
      }
      if (column === 0 && this.first !== null && same(data, from, to, this.first, 0, this.first.length)) return false
      if (at >= end) break
    }
    return found === wanted.length && (this.columns < 0 || this.columns === column + 1)
  }
}

/** The record of a row, of which the fields are read that are asked for. */
export function csvRecord(code: Code, header: readonly string[] | undefined): Value {
  const wanted: number[] = []
  const first = header?.[0] === undefined ? "null" : code.hold(new Uint8Array(Buffer.from(header[0], "utf8")))
  code.constants.push(`const csv = new text.CsvLine(${code.hold(wanted)}, ${header?.length ?? -1}, ${first}), places = csv.places`)
  code.guard("csv.read(data, start, end)")
  return {
    type: "object",
    field(name) {
      const column = header === undefined ? (/^_[1-9]\d{0,3}$/.test(name) ? Number(name.slice(1)) - 1 : -1) : header.indexOf(name)
      if (column < 0) return null
      return code.once(name, () => {
        let place = wanted.indexOf(column)
        if (place < 0) place = wanted.push(column) - 1
        const [from, to] = [code.fresh("p"), code.fresh("q")]
        code.line(`const ${from} = places[${2 * place}], ${to} = places[${2 * place + 1}]`)
        return { type: "text", data: "data", from, to }
      })
    },
  }
}
