/** The simulated disk of a worker's machine: files in memory, written whole or not at all, each operation after a while. */

import type { NodeEvent } from "../ports.js"
import type { World } from "./world.js"

export class SimulatedDisk {
  meanMs = 1
  /** No evicted block can be written. */
  full = false
  /** Files of evicted blocks written so far. */
  spills = 0
  readonly files = new Map<string, Uint8Array>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** `done` is called unless the worker dies first: then a write may have happened, or not. */
  read(request: string, path: string, from: number, to: number, done: (event: NodeEvent) => void): void {
    this.#later(() => {
      const bytes = this.files.get(path)
      if (bytes === undefined) done({ kind: "fileFailed", request, error: `no such file: ${path}` })
      else done({ kind: "fileRead", request, bytes: bytes.slice(from, to) })
    })
  }

  list(request: string, paths: readonly string[], done: (event: NodeEvent) => void): void {
    this.#later(() => {
      const found = [...this.files.keys()].filter(file =>
        paths.some(path => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`)),
      )
      const files = found.sort().map(path => ({ path, sizeBytes: this.files.get(path)!.byteLength, modifiedMs: 0 }))
      if (files.length === 0) done({ kind: "fileFailed", request, error: `no such file: ${paths.join(", ")}` })
      else done({ kind: "filesListed", request, files })
    })
  }

  write(request: string, path: string, bytes: Uint8Array, done: (event: NodeEvent) => void): void {
    const copy = bytes.slice()
    this.#later(() => {
      this.files.set(path, copy)
      done({ kind: "fileWritten", request })
    })
  }

  /** The parts are read when the disk comes to it, as a real one reads them while it writes. */
  spill(request: string, path: string, parts: readonly Uint8Array[], done: (event: NodeEvent) => void): void {
    this.#later(() => {
      if (this.full) return done({ kind: "fileFailed", request, error: `cannot write ${path}: the disk is full` })
      this.files.set(path, Uint8Array.from(Buffer.concat(parts)))
      this.spills += 1
      done({ kind: "fileWritten", request })
    })
  }

  remove(path: string): void {
    this.files.delete(path)
  }

  #later(run: () => void): void {
    this.#world.after(this.#world.random.exponential(this.meanMs), run)
  }
}
