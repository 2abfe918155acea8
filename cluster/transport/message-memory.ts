/**
 * Frees the memory of messages while it is young.
 *
 * A message's bytes lie outside V8's heap until the Buffer over them is collected *and* its finalizer has run, which Node does in a turn of its event
 * loop after the collection. Until then they count as growth of the old generation (twice: V8 counts them, and zeromq.js does), and a full mark and
 * sweep begins at some 8 MB of that, however large the heap is. Whoever takes one waiting message after the other never comes to that turn. So:
 *
 * - a collection of the young generation after every few messages: a third of a millisecond, and those Buffers are dead by then;
 * - then a turn of the event loop before the next message is taken: the memory is free, and serves the messages to come while it is warm.
 */

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** More, and what is taken in between lies in no cache when it is used again; less costs more collections. */
const everyBytes = 2 * 1024 * 1024

type Collect = (options: { readonly type: "minor" }) => void

let collect: Collect | undefined
let bytesSince = 0

/**
 * To be told of what has been received and dealt with, or sent. Bytes that lie in shared memory are no message's own. True: messages are garbage now;
 * whoever receives should take `turn`s with their finalizers.
 */
export function passed(parts: readonly Uint8Array[]): boolean {
  for (const { buffer, byteLength } of parts) if (buffer instanceof ArrayBuffer) bytesSince += byteLength
  if (bytesSince < everyBytes) return false
  bytesSince = 0
  collect ??= open()
  collect({ type: "minor" })
  return true
}

/** Resolves in the next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function open(): Collect {
  // Node shows its collector only to those who ask by flag; a context made after the flag is set has it.
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
}
