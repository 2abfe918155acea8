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
    this.#free.push(poisoned(memory))
  }
}

function poisoned(memory: SharedArrayBuffer): SharedArrayBuffer {
  new Uint8Array(memory).fill(poison)
  return memory
}
