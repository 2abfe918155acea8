/** All that generated code calls, as `text`. */

export { CombinedLines } from "./combined-record.js"
export { CsvLine } from "./csv-record.js"
export { JsonObject } from "./json-record.js"
export { Left } from "./packed-key.js"
export { Scratch } from "./scratch.js"
export * from "./text.js"
export * from "./text-numbers.js"
