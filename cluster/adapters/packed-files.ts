/**
 * Ranges of what compressed files unpack to.
 *
 * The problem: gzip and zstd can be read from their beginning only, and tasks want pieces, one after the other, without the
 * whole in memory. The solution: a file stays open where the last piece ended, so that going through it in order unpacks it
 * once; the last piece is kept, for the next one begins a little before its end. Whoever asks for what lies further back is
 * served too, from the beginning anew.
 */

import { spawn } from "node:child_process"
import { type FileHandle, open } from "node:fs/promises"
import { pipeline, type Readable } from "node:stream"
import * as zlib from "node:zlib"
import type { PinnedFile, Unpacked } from "../../engine/input/file-split.js"
import type { Packing } from "../../engine/rdd.js"
import { checkPinned, named } from "./file-disk.js"

/** Files that stay open: each keeps its last piece. */
const openMost = 8
const chunkBytes = 256 * 1024

export interface UnpackedRange {
  readonly bytes: Uint8Array
  readonly unpacked: Unpacked
}

export class PackedFiles {
  /** Those that were read last come last. */
  readonly #open = new Map<string, OpenFile>()
  /** Requests for a file are served in their order. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /** The bytes `[from, to)` of what the file unpacks to, in shared memory; fewer where it ends sooner. Rejects as `readRange` does. */
  read(path: string, packing: Packing, from: number, to: number, pinned?: PinnedFile): Promise<UnpackedRange> {
    const before = this.#turns.get(path) ?? Promise.resolve()
    const turn = before.then(() => named("read", path, () => this.#read(path, packing, from, to, pinned)))
    const over = turn.catch(() => {})
    this.#turns.set(path, over)
    void over.then(() => {
      if (this.#turns.get(path) === over) this.#turns.delete(path)
    })
    return turn
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.#close(path)
  }

  async #read(path: string, packing: Packing, from: number, to: number, pinned: PinnedFile | undefined): Promise<UnpackedRange> {
    let file = this.#open.get(path)
    if (file !== undefined && file.begin > from) {
      this.#close(path)
      file = undefined
    }
    if (file === undefined) {
      file = new OpenFile(await open(path, "r"), packing)
      this.#open.set(path, file)
    } else {
      this.#open.delete(path)
      this.#open.set(path, file)
    }
    for (const other of [...this.#open.keys()].slice(0, -openMost)) if (!this.#turns.has(other)) this.#close(other)
    try {
      if (pinned !== undefined) await checkPinned(file.handle, pinned)
      const bytes = await file.range(from, to)
      if (pinned !== undefined) await checkPinned(file.handle, pinned)
      const { packedBytes, plainBytes } = file
      if (plainBytes !== null && plainBytes <= to) this.#close(path)
      return { bytes, unpacked: { packedBytes, ...(plainBytes !== null && { plainBytes }) } }
    } catch (error) {
      this.#close(path)
      throw error
    }
  }

  #close(path: string): void {
    this.#open.get(path)?.close()
    this.#open.delete(path)
  }
}

class OpenFile {
  /** The file as it is, for looks at what has become of it. */
  readonly handle: FileHandle
  /** Of the piece that was read last: what lies before it is gone. */
  begin = 0
  #piece: Uint8Array = new Uint8Array(0)
  /** Unpacked, and beyond the piece. */
  #rest: Uint8Array[] = []
  plainBytes: number | null = null
  readonly #chunks: Chunks
  #closed = false

  constructor(handle: FileHandle, packing: Packing) {
    this.handle = handle
    this.#chunks = packing === "gzip" ? gunzip(handle) : unzstd(handle)
  }

  get packedBytes(): number {
    return this.#chunks.packedBytes()
  }

  /** `from` is not before `begin`. */
  async range(from: number, to: number): Promise<Uint8Array> {
    const kept = this.#piece.subarray(Math.min(this.#piece.length, from - this.begin))
    if (kept.length >= to - from) return kept.subarray(0, to - from)
    // Bytes between the last piece and this one are passed over.
    let at = this.begin + this.#piece.length
    let begin = Math.max(from, at)
    const parts: Uint8Array[] = kept.length > 0 ? [kept] : []
    let filled = kept.length
    const want = to - from
    while (filled < want) {
      const chunk = await this.#next()
      if (chunk === null) break
      const skipped = Math.min(chunk.length, begin - at)
      at += skipped
      if (skipped === chunk.length) continue
      const part = chunk.subarray(skipped, skipped + want - filled)
      parts.push(part)
      filled += part.length
      at += part.length
      begin = at
      if (skipped + part.length < chunk.length) this.#rest.unshift(chunk.subarray(skipped + part.length))
    }
    const bytes = new Uint8Array(new SharedArrayBuffer(filled))
    let offset = 0
    for (const part of parts) {
      bytes.set(part, offset)
      offset += part.length
    }
    this.#piece = bytes
    this.begin = filled > 0 ? from : at
    if (this.plainBytes === null && filled < want) this.plainBytes = at
    return bytes
  }

  async #next(): Promise<Uint8Array | null> {
    const rest = this.#rest.shift()
    return rest ?? this.#chunks.next()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#chunks.close()
    void this.handle.close().catch(() => {})
  }
}

interface Chunks {
  /** Null at the end. Rejects when the file is not what it says it is. */
  next(): Promise<Uint8Array | null>
  packedBytes(): number
  close(): void
}

/** Members one after the other, as `cat a.gz b.gz` makes them, are one file. */
function gunzip(handle: FileHandle): Chunks {
  const unzip = zlib.createGunzip({ chunkSize: chunkBytes })
  return through(handle, unzip, unzip)
}

type ZstdMaker = (options: { chunkSize: number }) => zlib.Gunzip

/** Node has zstd from 22.15 on; before, the machine's own `zstd` does it. */
function unzstd(handle: FileHandle): Chunks {
  const make = (zlib as { createZstdDecompress?: ZstdMaker }).createZstdDecompress
  if (make !== undefined) {
    const unzip = make({ chunkSize: chunkBytes })
    return through(handle, unzip, unzip)
  }
  const child = spawn("zstd", ["-dcq"], { stdio: ["pipe", "pipe", "pipe"] })
  let words = ""
  child.stderr.on("data", text => {
    words = `${words}${String(text)}`.slice(-1_000)
  })
  const failed = new Promise<string | null>(resolve => {
    child.once("error", () => resolve(`Node ${process.versions.node} has no zstd (22.15 has), nor has this machine: install zstd`))
    child.once("close", code => resolve(code === 0 || code === null ? null : `it cannot be unpacked: ${words.trim()}`))
  })
  const chunks = through(handle, child.stdin, child.stdout)
  return {
    ...chunks,
    next: async () => {
      const chunk = await chunks.next()
      if (chunk !== null) return chunk
      const error = await failed
      if (error !== null) throw new Error(error)
      return null
    },
    close: () => {
      chunks.close()
      child.kill()
    },
  }
}

function through(handle: FileHandle, into: NodeJS.WritableStream, out: Readable): Chunks {
  const input = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 64 * 1024 })
  let packedBytes = 0
  input.on("data", chunk => {
    packedBytes += chunk.length
  })
  // What goes wrong shows where it comes out.
  pipeline(input, into, () => {})
  const iterator = out[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return {
    next: async () => {
      const { done, value } = await iterator.next()
      return done === true ? null : value
    },
    packedBytes: () => packedBytes,
    close: () => {
      input.destroy()
      out.destroy()
    },
  }
}
