/**
 * Rows as an Arrow IPC file, in a task. Tasks are synchronous and few of them write Arrow, so the library is loaded by the first
 * that does, as CommonJS: 60 ms that no other executor pays.
 */

import { createRequire } from "node:module"
import { type ArrowTables, arrowTables } from "./arrow-tables.js"
import { encodeRows } from "./block.js"

let tables: ArrowTables | undefined

export function arrowFile(rows: readonly unknown[]): Uint8Array {
  tables ??= arrowTables(createRequire(import.meta.url)("apache-arrow") as typeof import("apache-arrow"))
  return tables.toIpc([encodeRows(rows)], "file")
}
