/**
 * `rivulet send`: bytes of files, in order, or of stdin, into a stream. Ends when two workers hold all of it. Waits for the
 * stream to be defined and says which line defines it.
 */
import { accessSync, constants, createReadStream, statSync } from "node:fs"
import { openSender } from "../../cluster/client/send.js"
import { RivuletError } from "../../engine/errors.js"
import { formatNumber } from "../view/number.js"
import { withSession } from "./attach.js"
import { checkFollow, followInto } from "./follow.js"
import { positiveInteger } from "./options.js"
import { parseSpeed, pump, Replayed, type Write } from "./send-lines.js"

export interface SendOptions {
  readonly master?: string
  readonly rate?: string
  readonly speed?: string
  readonly timestamp?: string
  readonly wait: boolean
  readonly o?: string
  /** A file that is written to. */
  readonly follow?: string
}

export async function send(stream: string, files: readonly string[], options: SendOptions): Promise<void> {
  if (options.follow !== undefined) {
    checkFollow(files, options)
    return followInto(stream, options.follow, options)
  }
  const rate = options.rate === undefined ? undefined : positiveInteger(options.rate, "--rate", 1e9)
  if (rate !== undefined && (options.speed ?? options.timestamp) !== undefined)
    throw new RivuletError("--rate is a pace, and --speed is another", { code: 2, try: "one of them" })
  const replayed =
    (options.speed ?? options.timestamp) === undefined ? null : new Replayed(parseSpeed(options.speed ?? "1x"), options.timestamp)
  const move = (source: AsyncIterable<Buffer | string>, write: Write) =>
    replayed === null ? pump(source, write, rate) : replayed.pump(source, write)
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
        await move(process.stdin, sender.write.bind(sender))
      }
      for (const file of files) {
        let broken: string | null = null
        const onBroken = (why: string) => {
          broken = why
        }
        await move(bytesOf(file, onBroken), writing())
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
    if (replayed !== null && replayed.untimed > 0)
      process.stderr.write(`${formatNumber(replayed.untimed)} lines had no time and went with those before them\n`)
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
