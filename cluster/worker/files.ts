/** Requests to the disk under way, and who waits for each. */

import type { ListedFile, PinnedFile, Unpacked } from "../../engine/input/file-split.js"
import type { TableWrite } from "../../engine/output/table.js"
import type { Packing } from "../../engine/rdd.js"
import type { Command } from "../ports.js"
import type { Outbox } from "./outbox.js"

type Done<T> = (value: T | null, error: string) => void
type OnRead = (bytes: Uint8Array | null, error: string, unpacked?: Unpacked) => void

export class Files {
  readonly #outbox: Outbox
  readonly #reads = new Map<string, OnRead>()
  readonly #writes = new Map<string, Done<true>>()
  readonly #lists = new Map<string, Done<readonly ListedFile[]>>()
  #made = 0

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  read(path: string, from: number, to: number, done: OnRead): void {
    this.#read({ path, from, to }, done)
  }

  /**
   * Reads what an executor is to have, into memory that whoever asked gives back when nobody reads it any more: by what this returns, once, after
   * `done` was called. `pinned`: what the file was when it was listed, with how it is compressed.
   */
  borrow(path: string, from: number, to: number, pinned: (PinnedFile & { readonly packed?: Packing }) | null, done: OnRead): () => void {
    const { packed, ...pin } = pinned ?? {}
    const more = { ...(pinned !== null && { pinned: pin as PinnedFile }), ...(packed !== undefined && { packed }) }
    const request = this.#read({ path, from, to, ...more, lent: true }, done)
    return () => this.#outbox.push({ kind: "readOver", request })
  }

  #read(what: Omit<Extract<Command, { kind: "readFile" }>, "kind" | "request">, done: OnRead): string {
    const request = `f${++this.#made}`
    this.#reads.set(request, done)
    this.#outbox.push({ kind: "readFile", request, ...what })
    return request
  }

  write(path: string, bytes: Uint8Array, done: Done<true>): void {
    const request = `f${++this.#made}`
    this.#writes.set(request, done)
    this.#outbox.push({ kind: "writeFile", request, path, bytes })
  }

  /**
   * Writes the parts, one after the other, into a new file that need not outlive the process. They are read until it is done. `direct`: they are whole pages,
   * and go past the system's memory where it can.
   */
  spill(path: string, parts: readonly Uint8Array[], direct: boolean, done: Done<true>): void {
    const request = `f${++this.#made}`
    this.#writes.set(request, done)
    this.#outbox.push({ kind: "spill", request, path, parts, direct })
  }

  /** Writes the parts, one after the other, into the file from `at` on (0: a new one), and syncs it. They are read until it is done. */
  append(path: string, at: number, parts: readonly Uint8Array[], done: Done<true>): void {
    const request = `f${++this.#made}`
    this.#writes.set(request, done)
    this.#outbox.push({ kind: "appendFile", request, path, at, parts })
  }

  /** Rows for a table of a database. */
  upsert(write: TableWrite, done: Done<true>): void {
    const request = `f${++this.#made}`
    this.#writes.set(request, done)
    this.#outbox.push({ kind: "upsert", request, write })
  }

  remove(path: string): void {
    this.#outbox.push({ kind: "removeFile", path })
  }

  list(paths: readonly string[], done: Done<readonly ListedFile[]>): void {
    const request = `f${++this.#made}`
    this.#lists.set(request, done)
    this.#outbox.push({ kind: "listFiles", request, paths })
  }

  onRead(request: string, bytes: Uint8Array, unpacked: Unpacked | undefined): void {
    take(this.#reads, request)?.(bytes, "", unpacked)
  }

  onWritten(request: string): void {
    take(this.#writes, request)?.(true, "")
  }

  onListed(request: string, files: readonly ListedFile[]): void {
    take(this.#lists, request)?.(files, "")
  }

  onFailed(request: string, error: string): void {
    const done = take(this.#reads, request) ?? take(this.#writes, request) ?? take(this.#lists, request)
    done?.(null, error)
  }
}

function take<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key)
  map.delete(key)
  return value
}
