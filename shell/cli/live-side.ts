/**
 * A live stream as one side of a comparison. It goes on and forgets, while the other side may take hours: so it is read at once, as fast as it is
 * given, into a file without a name, and compared from there. What was forgotten before it could be read is left out, and said.
 */

import { mkdtempSync, rmSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ClientSession } from "../../cluster/client/session.js"
import type { CatalogEntry } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import type { Interval } from "../../engine/time.js"
import type { Side } from "./interval-diff.js"
import { type IntervalLine, linesOf } from "./interval-lines.js"

/** Bytes of one stream that wait on disk for the other side. What is more stays with the cluster, as long as that keeps it. */
const spooledMost = 2 * 1024 ** 3
const noLongerThere = 5

export interface LiveSideOptions {
  readonly session: ClientSession
  /** Throws when the stream has been stopped. */
  readonly entry: () => Promise<CatalogEntry>
  /** Told once for each range that was forgotten before it was read. */
  readonly lost: (range: Interval) => void
  /** For tests; the stream's lines after the interval that begins then. */
  readonly read?: (after: number) => AsyncIterable<IntervalLine>
  readonly most?: number
}

/** Begins to read. What is compared ends where the stream is now. */
export async function liveSide(options: LiveSideOptions): Promise<Side> {
  const { definition, reachesMs, throughMs } = await options.entry()
  const { session, most = spooledMost } = options
  const handle = session.stream(`${definition.program}/${definition.name}`)
  const lost: Interval[] = []
  const lose = (range: Interval) => {
    if (range.to <= range.from) return
    lost.push(range)
    options.lost(range)
  }
  const read = options.read ?? (after => linesOf(session, definition.name, handle, after))
  const range = { from: reachesMs, to: throughMs, intervalMs: definition.intervalMs }
  const lines = spooled(retained({ ...range, read, lose, reaches: async () => (await options.entry()).reachesMs }), most)
  return { lines, from: reachesMs, to: throughMs, lost }
}

interface Retained extends Interval {
  readonly intervalMs: number
  readonly read: (after: number) => AsyncIterable<IntervalLine>
  readonly lose: (range: Interval) => void
  readonly reaches: () => Promise<number>
}

/** Line after line, over what is forgotten meanwhile. */
async function* retained({ from, to, intervalMs, read, lose, reaches }: Retained): AsyncGenerator<IntervalLine, undefined> {
  let next = from
  // A place where nothing was: nothing came, or it had been forgotten when it was asked for.
  const passTo = async (start: number) => {
    if (start > next) lose({ from: next, to: Math.min(start, await reaches()) })
    next = start
  }
  for (let skipped = 0; next < to; ) {
    try {
      for await (const line of read(next - intervalMs)) {
        if (line.from >= to) break
        await passTo(line.from)
        next = line.from + intervalMs
        skipped = 0
        yield line
      }
      return void (await passTo(to))
    } catch (error) {
      if (!(error instanceof RivuletError && error.code === noLongerThere)) throw error
      // Whoever begins just where it reaches comes too late again when it forgets fast.
      const again = Math.max((await reaches()) + skipped, next + intervalMs)
      skipped = Math.max(intervalMs, skipped * 2)
      lose({ from: next, to: Math.min(again, to) })
      next = again
    }
  }
  return undefined
}

/** What `lines` gives, read ahead of whoever takes it by at most so many bytes on disk. Rejects with what `lines` rejects with, after what came before. */
export function spooled(lines: AsyncIterable<IntervalLine>, most: number): AsyncIterable<IntervalLine> {
  const spool = new Spool(most)
  const filled = spool.fill(lines)
  // Who stops reading does not hear of its failure.
  filled.catch(() => {})
  return spool
}

const headBytes = 16

class Spool {
  #file: FileHandle | null = null
  #written = 0
  #taken = 0
  #ended = false
  #closed = false
  #failure: unknown = null
  #wake: (() => void)[] = []

  constructor(private readonly most: number) {}

  async fill(lines: AsyncIterable<IntervalLine>): Promise<void> {
    try {
      this.#file = await namelessFile()
      for await (const line of lines) {
        await this.#put(line)
        if (this.#closed) break
      }
    } catch (error) {
      this.#failure = error
    }
    this.#ended = true
    this.#moved()
    if (this.#closed) await this.#file?.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<IntervalLine, undefined> {
    const head = Buffer.alloc(headBytes)
    try {
      for (;;) {
        if (this.#taken < this.#written) {
          const at = this.#taken
          await readWhole(this.#file!, head, at)
          const text = Buffer.alloc(head.readUInt32LE(8))
          await readWhole(this.#file!, text, at + headBytes)
          this.#taken = at + headBytes + text.length
          this.#moved()
          yield { from: head.readDoubleLE(0), rows: head.readUInt32LE(12), line: text.toString() }
        } else if (!this.#ended) await new Promise<void>(resolve => this.#wake.push(resolve))
        else if (this.#failure !== null) throw this.#failure
        else return undefined
      }
    } finally {
      this.#closed = true
      this.#moved()
      if (this.#ended) await this.#file?.close()
    }
  }

  async #put({ from, rows, line }: IntervalLine): Promise<void> {
    const text = Buffer.from(line)
    const bytes = Buffer.alloc(headBytes + text.length)
    bytes.writeDoubleLE(from, 0)
    bytes.writeUInt32LE(text.length, 8)
    bytes.writeUInt32LE(rows, 12)
    text.copy(bytes, headBytes)
    while (!this.#closed) {
      if (this.#written > 0 && this.#taken === this.#written) {
        ;[this.#taken, this.#written] = [0, 0]
        await this.#file!.truncate(0)
      }
      if (this.#written === 0 || this.#written + bytes.length <= this.most) break
      await new Promise<void>(resolve => this.#wake.push(resolve))
    }
    if (this.#closed) return
    await writeWhole(this.#file!, bytes, this.#written)
    this.#written += bytes.length
    this.#moved()
  }

  #moved(): void {
    for (const resolve of this.#wake.splice(0)) resolve()
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}

async function readWhole(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, at + done)
    if (bytesRead === 0) throw new Error("what waits to be compared has been cut short")
    done += bytesRead
  }
}

/** It goes with the process, however that ends. */
async function namelessFile(): Promise<FileHandle> {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-compare-"))
  try {
    return await open(join(directory, "lines"), "wx+", 0o600)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
