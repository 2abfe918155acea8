/** Formats of inputs by their specification. Raw bytes stay the replayable truth; formats are applied where records are read. */

import { RivuletError } from "../errors.js"
import type { FormatSpec } from "../rdd.js"
import { combined, combinedOf } from "./combined.js"
import { csv } from "./csv.js"
import type { Format } from "./format.js"
import { functionFormat } from "./function.js"
import { json } from "./json.js"
import { text } from "./text.js"

export type { Format } from "./format.js"

/** The parser for a format; `fn` is the callable of a format that is a function, `fields` those that are asked for (others may be there). Throws RivuletError if it cannot be one. */
export function openFormat(spec: FormatSpec, fn?: (line: string) => unknown, fields?: ReadonlySet<string> | null): Format {
  switch (spec.kind) {
    case "text":
      return text
    case "combined":
      return fields ? combinedOf(fields) : combined
    case "json":
      return json
    case "csv":
      return csv(spec.header)
    case "function":
      return functionFormat(fn)
    case "values":
      throw new RivuletError("blocks of values have no lines to parse")
  }
}
