/**
 * Comma-separated values (RFC 4180), one record a line: an object of texts by column name. Without a header columns are `_1`,
 * `_2` … as in tuples. A quoted field may hold commas and doubled quotes, not line breaks: records are lines.
 */

import { RivuletError } from "../errors.js"
import type { Format } from "./format.js"

/** A line that repeats the header is no record. Throws RivuletError on a header with a name twice. */
export function csv(header?: readonly string[]): Format {
  if (header) {
    const twice = header.find((name, i) => header.indexOf(name) !== i || name === "__proto__")
    if (twice !== undefined)
      throw new RivuletError(`the csv header cannot have a column ${JSON.stringify(twice)}${twice === "__proto__" ? "" : " twice"}`, {
        code: 2,
      })
  }
  return {
    parse(line) {
      const fields = splitCsv(line)
      const record: Record<string, string> = {}
      if (!header) {
        for (let i = 0; i < fields.length; i++) record[`_${i + 1}`] = fields[i]!
        return record
      }
      if (fields.length !== header.length) throw new RivuletError(wrongCount(fields, header))
      let same = true
      for (let i = 0; i < fields.length; i++) {
        same &&= fields[i] === header[i]
        record[header[i]!] = fields[i]!
      }
      if (same) throw new RivuletError("the header line")
      return record
    },
  }
}

function wrongCount(fields: readonly string[], header: readonly string[]): string {
  const counts = `${fields.length} fields, the header has ${header.length}`
  if (fields.length < header.length) return `${counts}: ${header.slice(fields.length).join(", ")} missing`
  return `${counts}: after ${header.at(-1)} comes ${JSON.stringify(fields[header.length]!.slice(0, 60))}`
}

/** The fields of one line. Throws RivuletError on a quote that is not closed, or closed too early. */
export function splitCsv(line: string): string[] {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (line.charCodeAt(at) !== quote) {
      const comma = line.indexOf(",", at)
      const field = comma < 0 ? line.slice(at) : line.slice(at, comma)
      fields.push(field)
      if (comma < 0) return fields
      at = comma + 1
      continue
    }
    let end = at + 1
    let doubled = false
    for (;;) {
      end = line.indexOf('"', end)
      if (end < 0) throw new RivuletError(`the quoted field ${fields.length + 1} is not closed on its line`)
      if (line.charCodeAt(end + 1) !== quote) break
      doubled = true
      end += 2
    }
    const field = line.slice(at + 1, end)
    fields.push(doubled ? field.replaceAll('""', '"') : field)
    if (end + 1 === line.length) return fields
    if (line[end + 1] !== ",") throw new RivuletError(`${JSON.stringify(line[end + 1])} follows the quoted field ${fields.length}`)
    at = end + 2
  }
}

const quote = 34
