/**
 * Where memory is short, garbage goes before V8 would think of it: bytes outside its heap (what is unpacked, made and handed on) lie there until a full
 * collection once they have grown old, and with plenty of memory in the machine it takes its time. (A message's are collected young, everywhere: `transport/message-memory`.)
 * Only in processes that were given `--expose-gc`, as those of a frugal cluster are.
 */

const everyMs = 250
/** So much may have been added since the last collection, garbage or not. */
const addedBytes = 24 * 1024 * 1024

/** Of this thread. It does not keep the process alive. */
export function collectEarly(): void {
  const collect = globalThis.gc
  // The flag may also be set while the process runs (`transport/message-memory`): that is none of these.
  if (collect === undefined || !process.execArgv.includes("--expose-gc")) return
  let leftBytes = 0
  const look = () => {
    if (heldBytes() - leftBytes < addedBytes) return
    collect()
    leftBytes = heldBytes()
  }
  setInterval(look, everyMs).unref()
}

function heldBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}
