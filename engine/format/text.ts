/** The format of raw lines: each is its own record. */

import type { Format } from "./format.js"

export const text: Format = { parse: line => line }
