/** How `save` writes, checked. */

import { RivuletError } from "../errors.js"
import type { FileFormat } from "../output/file-format.js"
import { isTable, tableOf } from "../output/table.js"
import type { SaveOptions } from "./answer-types.js"
import type { UserFunction } from "./host.js"
import { checkOptions } from "./options.js"

const formats: readonly FileFormat[] = ["ndjson", "csv", "arrow", "parquet"]

export function savedAs(
  to: string,
  options: SaveOptions<never>,
): {
  readonly format: FileFormat
  readonly key: UserFunction | null
} {
  checkOptions(options, { of: "save", names: ["format", "key", "every", "from", "onError"] })
  const { format = "ndjson", key } = options
  if (!formats.includes(format)) throw new RivuletError(`save: ${String(format)} is no format`, { code: 2, try: formats.join(", ") })
  if (isTable(to)) {
    tableOf(to)
    if (format !== "ndjson")
      throw new RivuletError(`save: a table has rows of its own, not ${format}`, { code: 2, try: "leave format out" })
  }
  return { format, key: key ?? null }
}
