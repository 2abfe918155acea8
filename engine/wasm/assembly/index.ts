// What the module exports. Memory is the caller's, imported: nothing here allocates.

export { packedBytes, packedLines, packLines, packSurelyAscii, packTakenBytes } from "./lines"

/** Where memory is free: before it lie constants. */
export function heapBase(): usize {
  return __heap_base
}
