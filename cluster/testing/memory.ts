/**
 * Block memories for simulated workers, used again and again: a run must not depend on fresh memory being zero, and memory of
 * a dead worker must not be readable, so it is overwritten when it comes back.
 */

const poison = 0xdb

export class MemoryPool {
  readonly #free: SharedArrayBuffer[] = []
  readonly #bytes: number

  constructor(bytes = 2 * 1024 * 1024) {
    this.#bytes = bytes
  }

  take(): SharedArrayBuffer {
    return this.#free.pop() ?? poisoned(new SharedArrayBuffer(this.#bytes))
  }

  give(memory: SharedArrayBuffer): void {
    this.#free.push(poisonedAgain(memory))
  }
}

function poisoned(memory: SharedArrayBuffer): SharedArrayBuffer {
  new Uint8Array(memory).fill(poison)
  return memory
}

const piece = Buffer.alloc(64 * 1024, poison)

/** Most of it is as it was: to look is far cheaper than to write. */
function poisonedAgain(memory: SharedArrayBuffer): SharedArrayBuffer {
  const bytes = Buffer.from(memory)
  for (let at = 0; at < bytes.length; at += piece.length) {
    const end = Math.min(at + piece.length, bytes.length)
    if (piece.compare(bytes, at, end, 0, end - at) !== 0) bytes.fill(poison, at, end)
  }
  return memory
}
