/** Written code as a function. */

import type { Generator } from "./generate.js"
import * as text from "./helpers.js"

/** Of these parameters, one of them `data`, the bytes; `before` comes before what was written, `after` after it. */
export function assembled(code: Generator, parameters: readonly string[], before = "", after = ""): (...args: never[]) => unknown {
  const { literals, held } = code
  const body = `"use strict"
const dataView = new DataView(data.buffer, data.byteOffset, data.byteLength)
${literals.map((_, i) => `const k${i} = literals[${i}], k${i}View = new DataView(k${i}.buffer)`).join("\n")}
${held.map((_, i) => `const h${i} = held[${i}]`).join("\n")}
${code.constants.join("\n")}
${before}
${code.lines.join("\n")}
${after}`
  const f = new Function("text", "literals", "held", ...parameters, body)
  return f.bind(null, text, literals, held) as (...args: never[]) => unknown
}
