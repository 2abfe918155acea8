/** Formats of inputs by their specification. Raw bytes stay the replayable truth; formats are applied where records are read. */

import { RivuletError } from "../errors.js"
import type { FormatSpec } from "../rdd.js"
import { combined } from "./combined.js"
import { csv } from "./csv.js"
import type { Format } from "./format.js"
import { functionFormat } from "./function.js"
import { json } from "./json.js"
import { text } from "./text.js"

export type { Format } from "./format.js"

/** The parser for a format; `fn` is the callable of a format that is a function. Throws RivuletError if it cannot be one. */
export function openFormat(spec: FormatSpec, fn?: (line: string) => unknown): Format {
  switch (spec.kind) {
    case "text":
      return text
    case "combined":
      return combined
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
