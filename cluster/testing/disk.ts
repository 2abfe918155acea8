/** The simulated disk of a worker's machine: files in memory, written whole or not at all, each operation after a while. */

import type { NodeEvent } from "../ports.js"
import type { World } from "./world.js"

export class SimulatedDisk {
  meanMs = 1
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

  #later(run: () => void): void {
    this.#world.after(this.#world.random.exponential(this.meanMs), run)
  }
}
