/**
 * Sends bytes to a receiver: lines are packed into blocks, blocks go to workers, `write` waits while there is no room.
 * What is acknowledged is held by two workers.
 */

import { Block, encodeRows } from "../../engine/block/block.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { keptOfLongLineBytes, longestLineBytes, tooLong } from "../../engine/input/file-split.js"
import { TextPacker } from "../../engine/text-packer.js"
import type { SendCounters } from "./call.js"
import type { ClientSession } from "./client-session.js"
import { Loans } from "./loans.js"

/** What a sender does when there is nobody to send to yet. */
export interface SenderOptions {
  /** Wait for the stream to be defined; else RivuletError of code 5. Default true. */
  readonly wait?: boolean
  /** Told once, when nobody has defined the stream. */
  readonly onWaiting?: () => void
}

/** `sent` and `acked` count lines. */
export interface LineCounters extends SendCounters {
  /** Lines that were too long, and are set aside. */
  readonly cut: number
  /** Lines whose bytes were not UTF-8. */
  readonly repaired: number
}

/** One message: large enough for the hop to cost little a record, small enough to be spread. */
const blockBytes = 2 * 1024 * 1024

const newline = 10
/** A longer beginning of a line is the packer's. */
const tailBytes = 64 * 1024
const none = new Uint8Array(0)

const nothing: SendCounters = {
  sent: 0,
  acked: 0,
  sentBytes: 0,
  ackedBytes: 0,
  batches: 0,
  ackedThrough: 0,
  resent: 0,
  copies: 0,
  waiting: false,
}

/** A sender to the receiver that `name` is the input of: "views", or "demo/views". Rejected with code 2 for what is no name, 5 as `wait` says. */
export async function openSender(session: ClientSession, name: string, options: SenderOptions = {}): Promise<LineSender> {
  const receiver = name.slice(name.lastIndexOf("/") + 1)
  if (!/^[\w.-]+$/.test(receiver)) {
    const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
    throw new RivuletError(`${shown} is no stream's name`, {
      code: 2,
      try: 'letters, digits, ".", "-", "_": rivulet send views access.log',
    })
  }
  const { stream } = await session.host.request({ kind: "receivers", receiver })
  if (stream === null) {
    await refuseOthers(session, name, receiver)
    if (options.wait === false) {
      throw new RivuletError(`nobody has defined ${receiver}`, { code: 5, try: `in a shell: readStream("${receiver}", "1s")` })
    }
    options.onWaiting?.()
  }
  return new LineSender(session, receiver)
}

/** RivuletError (2): there is such a stream, and it takes nothing in. */
async function refuseOthers(session: ClientSession, name: string, receiver: string): Promise<void> {
  const all = (await session.streams()).filter(({ state }) => state !== "stopped")
  const taken = all.find(one => one.name === name || `${one.program}/${one.name}` === name || one.name === receiver)
  if (taken === undefined) return
  const what = taken.kind === "input" ? `reads ${taken.source}` : `is made of others (${taken.kind})`
  const inputs = all.filter(one => one.kind === "input" && one !== taken).map(one => one.name)
  throw new RivuletError(`nothing can be sent to ${name}: it ${what}`, {
    code: 2,
    try: inputs.length > 0 ? `an input: ${inputs.join(", ")}` : `an input: in a shell, readStream("lines", "1s")`,
  })
}

/** Lines on their way to a receiver (the paper's §3.1); `close` waits until all are acked. */
export class LineSender {
  readonly stream: string
  readonly #session: ClientSession
  readonly #loans = new Loans(blockBytes)
  readonly #packer = new TextPacker({
    ...{ maxBytes: blockBytes, maxLineBytes: longestLineBytes },
    allocate: bytes => this.#loans.take(bytes),
    onLongLine: head => this.#long.push(Buffer.from(head.subarray(0, keptOfLongLineBytes)).toString("utf8")),
  })
  /** Beginnings of lines that are too long: they are to be set aside. */
  #long: string[] = []
  readonly #release: () => void
  #counters = nothing
  /** The beginning of a line that ends in a later chunk: kept apart, so that what the packer holds are whole lines. */
  #tail: Uint8Array = none
  /** A line longer than a chunk has begun: the packer has its beginning, and cannot be flushed. */
  #midLine = false
  /** Blocks leave in order. */
  #queue: Promise<void> = Promise.resolve()
  #flushAsked = false
  #failed: Error | null = null
  #closed = false

  constructor(session: ClientSession, stream: string) {
    this.stream = stream
    this.#session = session
    this.#release = session.calls.onPush(push => {
      if (push.kind !== "sent" || push.session !== session.id || push.stream !== stream) return
      this.#counters = push.counters
      if (push.free !== undefined) this.#loans.giveBack(push.free)
    })
  }

  /** Bytes of lines, cut anywhere; not kept. Resolves when there is room for more; rejected when the cluster refuses what was sent. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed) throw new RivuletError(`the sender to ${this.stream} is closed`, { code: 1 })
    const end = chunk.lastIndexOf(newline) + 1
    if (end === 0 && !this.#midLine && this.#tail.length + chunk.length < tailBytes) {
      this.#tail = Buffer.concat([this.#tail, chunk])
      return
    }
    const whole = end === 0 ? chunk : chunk.subarray(0, end)
    const blocks = [...this.#packer.push(this.#tail), ...this.#packer.push(whole)]
    this.#tail = chunk.slice(whole.length)
    this.#midLine = end === 0
    this.#flushSoon()
    await this.#send(blocks)
  }

  /** Sends the whole lines so far, without waiting for a full block. They go by themselves within a tenth of a second. */
  async flush(): Promise<void> {
    await this.#send(this.#midLine ? [] : [this.#packer.flush()])
  }

  /** The last line needs no line end: what follows is another file's. One that was `cut` ends within a line, which is left out. */
  async endOfFile({ cut = false } = {}): Promise<void> {
    const blocks = cut ? [] : this.#packer.push(this.#tail)
    this.#tail = none
    this.#midLine = false
    await this.#send([...blocks, this.#packer.flush()])
  }

  /** Sends what is left and waits until all of it is acknowledged. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.endOfFile()
    this.#closed = true
    try {
      const { value } = await this.#session.calls.call({ kind: "sent", session: this.#session.id, stream: this.stream })
      this.#counters = value as SendCounters
    } finally {
      this.#release()
    }
  }

  counters(): LineCounters {
    return { ...this.#counters, cut: this.#packer.longLines, repaired: this.#packer.brokenLines }
  }

  #flushSoon(): void {
    if (this.#flushAsked) return
    this.#flushAsked = true
    const flush = async () => {
      this.#flushAsked = false
      if (!this.#closed) await this.flush()
    }
    // A failure is told to the next write.
    this.#session.calls
      .call({ kind: "tick" })
      .then(flush)
      .catch(() => {})
  }

  #send(blocks: readonly (Uint8Array | null)[]): Promise<void> {
    const sent = this.#queue.then(async () => {
      for (const block of blocks) if (block !== null) await this.#sendBlock(block)
      const long = this.#long
      this.#long = []
      if (long.length > 0) await this.#call({ rows: long.length, aside: tooLong }, encodeRows(long))
    })
    this.#queue = sent.catch(() => {})
    return sent
  }

  async #sendBlock(block: Uint8Array): Promise<void> {
    if (this.#failed !== null) throw this.#failed
    await this.#call({ rows: Block.of(block).rows, loan: this.#loans.lend(block) }, block)
  }

  async #call(of: { readonly rows: number; readonly loan?: number; readonly aside?: string }, block: Uint8Array): Promise<void> {
    if (this.#failed !== null) throw this.#failed
    try {
      const call = { kind: "send", session: this.#session.id, stream: this.stream, ...of } as const
      const { value } = await this.#session.calls.call(call, { payload: [block] })
      this.#counters = value as SendCounters
    } catch (error) {
      this.#failed = asError(error)
      throw error
    }
  }
}
