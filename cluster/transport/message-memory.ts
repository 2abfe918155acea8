/**
 * Frees the memory of messages while it is young.
 *
 * A message's bytes lie outside V8's heap until the Buffer over them is collected, but count as growth of the old generation (twice:
 * V8 counts them, and zeromq.js does). In a worker whose heap is 8 MB, that means a full mark and sweep for every ten messages of 1 MB:
 * a quarter of its CPU at 100 MB/s. So:
 *
 * - a collection of the young generation after every few messages: a third of a millisecond, and those Buffers are dead by then;
 * - a heap that is not that small: what may be added before the next full collection is in proportion to it.
 */

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** About what is under way at once; half as much or twice as much costs the same. */
const everyBytes = 8 * 1024 * 1024
/** In pieces short enough to be on V8's heap, and without pointers: nothing to mark. */
const weightPieces = 32
const weightPieceBytes = 1_000_000

interface Collector {
  collect(options: { readonly type: "minor" }): void
  readonly weight: readonly string[]
}

let collector: Collector | undefined
let bytesSince = 0

/** To be told of what has been received and dealt with, or sent. Bytes that lie in shared memory are no message's own. */
export function passed(parts: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of parts) if (buffer instanceof ArrayBuffer) bytesSince += byteLength
  if (bytesSince < everyBytes) return
  bytesSince = 0
  collector ??= open()
  collector.collect({ type: "minor" })
}

function open(): Collector {
  // Node shows its collector only to those who ask by flag; a context made after the flag is set has it.
  setFlagsFromString("--expose-gc")
  const piece = Buffer.alloc(weightPieceBytes)
  return { collect: runInNewContext("gc"), weight: Array.from({ length: weightPieces }, () => piece.toString("latin1")) }
}
