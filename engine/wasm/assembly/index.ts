// What the module exports. Memory is the caller's, imported: nothing here allocates.

export { logBegin, logLine, logLines } from "./combined"
export { packedBytes, packedLines, packLines, packSurelyAscii, packTakenBytes } from "./lines"
export { findText } from "./search"
export { addKeys, countPieces, tableAt, tableClear, tableColumns, tableKeyBytes, tableKeys, tablePartitions, tableRehash } from "./words"

/** Where memory is free: before it lie constants. */
export function heapBase(): usize {
  return __heap_base
}
