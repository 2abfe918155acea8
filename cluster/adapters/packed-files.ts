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
/** Memory for a piece has no more than so much room to spare. */
const mostAhead = 8 * 1024 * 1024

export interface UnpackedRange {
  readonly bytes: Uint8Array
  readonly unpacked: Unpacked
}

type Take = (bytes: number) => Uint8Array

interface ReadOptions {
  readonly pinned?: PinnedFile | undefined
  readonly take?: Take | undefined
}

const inShared: Take = bytes => new Uint8Array(new SharedArrayBuffer(bytes))

export class PackedFiles {
  /** Those that were read last come last. */
  readonly #open = new Map<string, OpenFile>()
  /** Requests for a file are served in their order. */
  readonly #turns = new Map<string, Promise<unknown>>()

  /**
   * The bytes `[from, to)` of what the file unpacks to; fewer where it ends sooner. `take`: the memory they are given in. Rejects as
   * `readRange` does.
   */
  read(path: string, packing: Packing, from: number, to: number, { pinned, take = inShared }: ReadOptions = {}): Promise<UnpackedRange> {
    const before = this.#turns.get(path) ?? Promise.resolve()
    const turn = before.then(() => named("read", path, () => this.#read(path, packing, from, to, pinned, take)))
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

  async #read(
    path: string,
    packing: Packing,
    from: number,
    to: number,
    pinned: PinnedFile | undefined,
    take: Take,
  ): Promise<UnpackedRange> {
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
      const piece = await file.range(from, to)
      if (pinned !== undefined) await checkPinned(file.handle, pinned)
      // The piece itself stays here, for the next one begins a little before its end, and its reader may be done with it before.
      const bytes = take(piece.length)
      bytes.set(piece)
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
  /** It lies at the beginning of memory that is used again for each. */
  #memory: Uint8Array = new Uint8Array(0)
  #length = 0
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

  /** `from` is not before `begin`. The bytes are the caller's until the next call. */
  async range(from: number, to: number): Promise<Uint8Array> {
    const want = to - from
    const end = this.begin + this.#length
    const first = Math.min(this.#length, from - this.begin)
    if (this.#length - first >= want) return this.#memory.subarray(first, first + want)
    this.#memory.copyWithin(0, first, this.#length)
    // Bytes between the last piece and this one are passed over.
    let at = end
    let begin = Math.max(from, at)
    let filled = this.#length - first
    this.begin = from
    this.#length = filled
    while (filled < want) {
      const chunk = await this.#next()
      if (chunk === null) break
      const skipped = Math.min(chunk.length, begin - at)
      at += skipped
      if (skipped === chunk.length) continue
      const part = chunk.subarray(skipped, skipped + want - filled)
      this.#reserve(filled, filled + part.length, want)
      this.#memory.set(part, filled)
      filled += part.length
      at += part.length
      begin = at
      if (skipped + part.length < chunk.length) this.#rest.unshift(chunk.subarray(skipped + part.length))
    }
    this.begin = filled > 0 ? from : at
    this.#length = filled
    if (this.plainBytes === null && filled < want) this.plainBytes = at
    return this.#memory.subarray(0, filled)
  }

  /** Room for so many bytes, of which the first `filled` stay; of no more than are wanted in all. */
  #reserve(filled: number, bytes: number, want: number): void {
    if (bytes <= this.#memory.length) return
    const larger = new Uint8Array(Math.max(bytes, Math.min(want, bytes + mostAhead)))
    larger.set(this.#memory.subarray(0, filled))
    this.#memory = larger
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
