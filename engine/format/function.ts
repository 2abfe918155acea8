/** A format that is the user's own function from a line to a record. */

import { aPromise, RivuletError } from "../errors.js"
import type { Format } from "./format.js"

export function functionFormat(fn: ((line: string) => unknown) | undefined): Format {
  if (fn === undefined) throw new RivuletError("the format is a function, but none was given")
  return {
    parse(line) {
      const record = fn(line)
      if (record instanceof Promise) throw aPromise()
      return record
    },
  }
}
