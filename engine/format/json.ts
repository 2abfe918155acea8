/** One JSON value a line. */

import { RivuletError } from "../errors.js"
import type { Format } from "./format.js"

export const json: Format = {
  parse(line) {
    try {
      return JSON.parse(line) as unknown
    } catch (cause) {
      throw new RivuletError(
        line.trim() === "" ? "an empty line is no JSON" : `not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      )
    }
  },
}
