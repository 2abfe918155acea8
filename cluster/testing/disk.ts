/** The simulated disk of a worker's machine: files in memory, written whole or not at all, each operation after a while. */

import { constants, crc32, gunzipSync } from "node:zlib"
import { changeOf, type ListedFile, packingOf, type Unpacked } from "../../engine/input/file-split.js"
import type { TableWrite } from "../../engine/output/table.js"
import type { Command, NodeEvent, NodeId } from "../ports.js"
import type { World } from "./world.js"

/** A file of other bytes is another, whenever it was written. */
function markOf(bytes: Uint8Array): Omit<ListedFile, "path"> {
  const sum = crc32(bytes)
  const packed = packingOf(bytes)
  return { sizeBytes: bytes.byteLength, modifiedMs: sum, ends: sum, ...(packed !== undefined && { packed }) }
}

/** What is before the end, or before the place where it is broken, as who reads piece by piece gets it. */
function unpack(bytes: Uint8Array): { readonly plain: Uint8Array; readonly broken: string | null } {
  try {
    return { plain: Uint8Array.from(gunzipSync(bytes)), broken: null }
  } catch (error) {
    // Cut off: with another end than the usual one that is no error.
    let plain = new Uint8Array()
    try {
      plain = Uint8Array.from(gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }))
    } catch {}
    return { plain, broken: (error as Error).message }
  }
}

/** Real files that a simulated worker may read. */
export interface OutsideFiles {
  /** Paths of the files that a path names: itself, what a directory holds, what a pattern matches. */
  find(path: string): readonly string[]
  read(path: string): Uint8Array
}

interface Unsynced {
  readonly owner: string
  readonly path: string
  readonly at: number
  readonly bytes: Buffer
}

export class SimulatedDisk {
  meanMs = 1
  /** No evicted block can be written. */
  full = false
  /** Files of evicted blocks written so far. */
  spills = 0
  readonly files = new Map<string, Uint8Array>()
  /** Tables that `save` wrote to: rows by key. */
  readonly tables = new Map<string, Map<string, { readonly atMs: number; readonly value: unknown }>>()
  readonly #unsynced = new Set<Unsynced>()
  /** Where files are looked for that are not there: read once, then they are. */
  outside: OutsideFiles | null = null
  /** Bytes that are read in memory which is to come back, by worker and request. */
  readonly #lent = new Map<string, Uint8Array>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** `done` is called unless the worker dies first: then a write may have happened, or not. */
  read(
    node: NodeId,
    { request, path, from, to, pinned, packed, lent }: Omit<Extract<Command, { kind: "readFile" }>, "kind">,
    done: (event: NodeEvent) => void,
  ): void {
    const give = (bytes: Uint8Array, unpacked?: Unpacked) => {
      if (lent === true) this.#lent.set(`${node} ${request}`, bytes)
      done({ kind: "fileRead", request, bytes, ...(unpacked !== undefined && { unpacked }) })
    }
    this.#later(() => {
      const failed = this.#bringIn([path])
      if (typeof failed === "string") return done({ kind: "fileFailed", request, error: failed })
      const bytes = this.files.get(path)
      if (bytes === undefined) return done({ kind: "fileFailed", request, error: this.#notThere(path) })
      const change = pinned === undefined ? null : changeOf(pinned, markOf(bytes), () => crc32(bytes.subarray(0, pinned.sizeBytes)))
      if (change !== null) return done({ kind: "fileFailed", request, error: `cannot read ${path}: ${change}` })
      // A copy: who was lent what a file holds may write over it, and the slice of a Buffer is the file itself.
      if (packed === undefined) return give(new Uint8Array(bytes.subarray(from, to)))
      const { plain, broken } = unpack(bytes)
      const ended = plain.length < to
      if (ended && broken !== null) return done({ kind: "fileFailed", request, error: `cannot read ${path}: ${broken}` })
      const unpacked = { packedBytes: ended ? bytes.length : 0, ...(ended && { plainBytes: plain.length }) }
      give(plain.slice(from, to), unpacked)
    })
  }

  /** Who still reads what was given back reads something else. */
  readOver(node: NodeId, request: string): void {
    this.#lent.get(`${node} ${request}`)?.fill(0xdb)
    this.#lent.delete(`${node} ${request}`)
  }

  list(request: string, paths: readonly string[], done: (event: NodeEvent) => void): void {
    this.#later(() => {
      const brought = this.#bringIn(paths)
      if (typeof brought === "string") return done({ kind: "fileFailed", request, error: brought })
      const found = [...this.files.keys()].filter(
        file =>
          brought.includes(file) ||
          paths.some(
            path =>
              file === path ||
              (path.endsWith("/**") && file.startsWith(path.slice(0, -2))) ||
              file.startsWith(path.endsWith("/") ? path : `${path}/`),
          ),
      )
      const files = found.sort().map(path => ({ path, ...markOf(this.files.get(path)!) }))
      if (files.length === 0 && !paths.every(path => path.endsWith("/")))
        done({ kind: "fileFailed", request, error: this.#notThere(paths.join(", ")) })
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

  /** Synced when it is done. Of a process that dies before, any part of it may be there. */
  append(
    owner: string,
    { request, path, at, parts }: Omit<Extract<Command, { kind: "appendFile" }>, "kind">,
    done: (event: NodeEvent) => void,
  ): void {
    const pending: Unsynced = { owner, path, at, bytes: Buffer.concat(parts) }
    this.#unsynced.add(pending)
    this.#later(() => {
      if (!this.#unsynced.delete(pending)) return
      if (this.full) return done({ kind: "fileFailed", request, error: `cannot write ${path}: the disk is full` })
      this.#put(path, at, Buffer.concat(parts))
      done({ kind: "fileWritten", request })
    })
  }

  /** The process is gone: what it was writing is there, or not, or some of it. */
  died(owner: string): void {
    const { random } = this.#world
    for (const pending of this.#unsynced) {
      if (pending.owner !== owner) continue
      this.#unsynced.delete(pending)
      const { path, at, bytes } = pending
      if (random.chance(0.7)) this.#put(path, at, bytes.subarray(0, random.integer(0, bytes.byteLength + 1)))
    }
  }

  #put(path: string, at: number, bytes: Uint8Array): void {
    const before = at === 0 ? new Uint8Array() : (this.files.get(path) ?? new Uint8Array()).subarray(0, at)
    this.files.set(path, Uint8Array.from(Buffer.concat([before, bytes])))
  }

  /** Rows by key, as a server of a database would have them. */
  upsert(request: string, { to, atMs, partition, keyed, bytes }: TableWrite, done: (event: NodeEvent) => void): void {
    const copy = Buffer.from(bytes)
    this.#later(() => {
      const table = this.tables.get(to) ?? new Map<string, { readonly atMs: number; readonly value: unknown }>()
      this.tables.set(to, table)
      for (const [n, line] of copy.toString("utf8").trimEnd().split("\n").entries()) {
        const row = JSON.parse(line) as unknown
        const [key, value] = keyed ? (row as [unknown, unknown]) : [[atMs, partition, n], row]
        const held = table.get(JSON.stringify(key))
        if (held === undefined || held.atMs <= atMs) table.set(JSON.stringify(key), { atMs, value })
      }
      done({ kind: "fileWritten", request })
    })
  }

  remove(path: string): void {
    this.files.delete(path)
  }

  #notThere(path: string): string {
    const own = "a simulated cluster has files of its own: files.set(path, bytes) of the session, or the option files"
    return `no such file: ${path}${this.outside === null ? `; ${own}` : ""}`
  }

  /** The paths that were found outside; a text says what went wrong there. */
  #bringIn(paths: readonly string[]): string[] | string {
    const { outside } = this
    if (outside === null) return []
    try {
      const found = paths.flatMap(path => (this.files.has(path) ? [] : outside.find(path)))
      for (const path of found) if (!this.files.has(path)) this.files.set(path, outside.read(path))
      return found
    } catch (error) {
      return (error as Error).message
    }
  }

  #later(run: () => void): void {
    this.#world.after(this.#world.random.exponential(this.meanMs), run)
  }
}
