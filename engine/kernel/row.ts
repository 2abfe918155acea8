/** What generated code takes a row for: bytes [start, end) of `data`. */

import type { FormatSpec } from "../rdd.js"
import type { Code } from "./code.js"
import { combinedRecord } from "./combined-record.js"
import { csvRecord } from "./csv-record.js"
import { jsonRecord } from "./json-record.js"
import type { Value } from "./values.js"

/** What a row is, of a stream of lines. `single`: `line`, the number of the row in a column, is not there. */
export function rowOf(code: Code, format: FormatSpec, single = false): Value {
  switch (format.kind) {
    case "combined":
      return combinedRecord(code, single)
    case "csv":
      return csvRecord(code, format.header)
    case "json":
      return jsonRecord(code)
    default:
      return { type: "text", data: "data", from: "start", to: "end" }
  }
}
