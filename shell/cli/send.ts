/**
 * `rivulet send`: bytes of files, in order, or of stdin, into a stream. Ends when two workers hold all of it. Waits for the
 * stream to be defined and says which line defines it.
 */
import { accessSync, constants, createReadStream, statSync } from "node:fs"
import { openSender } from "../../cluster/client/send.js"
import { RivuletError } from "../../engine/errors.js"
import { formatNumber } from "../view/number.js"
import { withSession } from "./attach.js"
import { positiveInteger } from "./options.js"

export interface SendOptions {
  readonly master?: string
  readonly rate?: string
  readonly wait: boolean
  readonly o?: string
}

export async function send(stream: string, files: readonly string[], options: SendOptions): Promise<void> {
  const rate = options.rate === undefined ? undefined : positiveInteger(options.rate, "--rate", 1e9)
  for (const file of files) checkFile(file)
  await withSession(options, async session => {
    const waitingNote = () => process.stderr.write(`nobody has defined ${stream} yet; waiting. In a shell: readStream("${stream}", "1s")\n`)
    const sender = await openSender(session, stream, { wait: options.wait, onWaiting: waitingNote })
    const counting = setInterval(() => {
      const { sent, acked } = sender.counters()
      if (options.o === "ndjson") process.stderr.write(`${JSON.stringify({ stream, sent, acked })}\n`)
      else if (process.stderr.isTTY) process.stderr.write(`\r${formatNumber(acked)} acked of ${formatNumber(sent)} sent `)
    }, 1000)
    const sizes = new Map(files.map(file => [file, statSync(file).size]))
    /** Why not all of a file is sent. */
    const missing: string[] = []
    let read = 0
    const writing = () => {
      read = 0
      return async (chunk: Uint8Array) => {
        read += chunk.length
        await sender.write(chunk)
      }
    }
    try {
      if (files.length === 0) {
        if (process.stdin.isTTY) process.stderr.write(`reading lines from the terminal; Ctrl-D ends\n`)
        await pump(process.stdin, sender.write.bind(sender), rate)
      }
      for (const file of files) {
        let broken: string | null = null
        const onBroken = (why: string) => {
          broken = why
        }
        await pump(bytesOf(file, onBroken), writing(), rate)
        broken ??= cutWhileRead(file, sizes.get(file) ?? 0, read)
        await sender.endOfFile({ cut: broken !== null })
        if (broken !== null) missing.push(broken)
      }
      await sender.close()
    } finally {
      clearInterval(counting)
    }
    const { sent, acked, cut, repaired } = sender.counters()
    if (missing.length > 0) throw new RivuletError(`${missing.join("; ")}: ${formatNumber(acked)} lines are acked, the rest is not sent`)
    if (options.o === "ndjson") process.stderr.write(`${JSON.stringify({ stream, sent, acked, done: true })}\n`)
    else
      process.stderr.write(
        `${process.stderr.isTTY ? "\r" : ""}${formatNumber(acked)} lines acked of ${formatNumber(sent)} sent to ${stream}\n`,
      )
    if (cut > 0) process.stderr.write(`${formatNumber(cut)} lines were longer than 8 MiB and are set aside\n`)
    if (repaired > 0) process.stderr.write(`${formatNumber(repaired)} lines were not UTF-8: broken bytes became U+FFFD\n`)
  })
}

function checkFile(file: string): void {
  let isFile: boolean
  try {
    isFile = !statSync(file).isDirectory()
  } catch {
    throw new RivuletError(`no such file: ${file}`, { code: 2, try: "rivulet send <stream> <file>…" })
  }
  if (!isFile) throw new RivuletError(`${file} is a directory`, { code: 2, try: `rivulet send <stream> ${file}/*` })
  try {
    accessSync(file, constants.R_OK)
  } catch {
    throw new RivuletError(`${file} may not be read`, { code: 2 })
  }
}

/** The bytes of a file, as far as it can be read. */
async function* bytesOf(file: string, onBroken: (why: string) => void): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>
  } catch (error) {
    onBroken(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What is missing of a file that had this size when the sending began; null: nothing. Pipes have none. */
function cutWhileRead(file: string, sizeBytes: number, readBytes: number): string | null {
  if (readBytes >= sizeBytes) return null
  return `${file} was cut while it was read: it had ${formatNumber(sizeBytes)} bytes, ${formatNumber(readBytes)} were read`
}

/** Moves chunks at the reader's pace, or at `rate` lines a second. */
async function pump(
  source: AsyncIterable<Buffer | string>,
  write: (chunk: Uint8Array) => Promise<void>,
  rate: number | undefined,
): Promise<void> {
  const started = performance.now()
  let lines = 0
  for await (const piece of source) {
    const chunk = typeof piece === "string" ? Buffer.from(piece) : piece
    if (rate === undefined) {
      await write(chunk)
      continue
    }
    for (const part of parts(chunk, Math.max(1, Math.floor(rate / 10)))) {
      await write(part.bytes)
      lines += part.lines
      const aheadMs = (lines / rate) * 1000 - (performance.now() - started)
      if (aheadMs > 5) await new Promise(resolve => setTimeout(resolve, aheadMs))
    }
  }
}

/** Cuts a chunk after every `most` line ends. */
function* parts(chunk: Buffer, most: number): Generator<{ readonly bytes: Uint8Array; readonly lines: number }> {
  let from = 0
  let lines = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) {
    lines++
    if (lines < most) continue
    yield { bytes: chunk.subarray(from, at + 1), lines }
    from = at + 1
    lines = 0
  }
  if (from < chunk.length) yield { bytes: chunk.subarray(from), lines }
}
