/**
 * Sends bytes to a receiver: lines are packed into blocks, blocks go to workers, `write` waits while there is no room (DESIGN §6).
 * What is acknowledged is held by two workers.
 */

import { Block } from "../../engine/block.js"
import { RivuletError } from "../../engine/errors.js"
import { TextPacker } from "../../engine/text-packer.js"
import type { SendCounters } from "./call.js"
import type { ClientSession } from "./client-session.js"

export interface SenderOptions {
  /** Wait for the stream to be defined; else RivuletError of code 5. Default true. */
  readonly wait?: boolean
  /** Told once, when nobody has defined the stream. */
  readonly onWaiting?: () => void
}

/** `sent` and `acked` count lines. */
export interface LineCounters extends SendCounters {
  /** Lines that were too long, and left out. */
  readonly cut: number
  /** Lines whose bytes were not UTF-8. */
  readonly repaired: number
}

/** One message: large enough for the hop to cost little a record, small enough to be spread. */
const blockBytes = 1024 * 1024

const nothing: SendCounters = { sent: 0, acked: 0, sentBytes: 0, ackedBytes: 0, batches: 0, resent: 0, copies: 0, waiting: false }

/** A sender to the receiver that `name` is the input of: "views", or "demo/views". */
export async function openSender(session: ClientSession, name: string, options: SenderOptions = {}): Promise<LineSender> {
  const receiver = name.slice(name.lastIndexOf("/") + 1)
  const { stream } = await session.host.request({ kind: "receivers", receiver })
  if (stream === null) {
    if (options.wait === false) {
      throw new RivuletError(`nobody has defined ${receiver}`, { code: 5, try: `in a shell: readStream("${receiver}", "1s")` })
    }
    options.onWaiting?.()
  }
  return new LineSender(session, receiver)
}

export class LineSender {
  readonly stream: string
  readonly #session: ClientSession
  readonly #packer = new TextPacker({ maxBytes: blockBytes })
  readonly #release: () => void
  #counters = nothing
  #failed: unknown = null
  #closed = false

  constructor(session: ClientSession, stream: string) {
    this.stream = stream
    this.#session = session
    this.#release = session.calls.onPush(push => {
      if (push.kind === "sent" && push.session === session.id && push.stream === stream) this.#counters = push.counters
    })
  }

  /** Bytes of lines, cut anywhere. Resolves when there is room for more; rejected when the cluster refuses what was sent. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed) throw new RivuletError(`the sender to ${this.stream} is closed`, { code: 1 })
    await this.#send(this.#packer.push(chunk))
  }

  /** Sends the whole lines so far now, without waiting for a full block. */
  async flush(): Promise<void> {
    await this.#send([this.#packer.flushLines()])
  }

  /** The last line needs no line end: what follows is another file's. */
  async endOfFile(): Promise<void> {
    await this.#send([this.#packer.flush()])
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
    return { ...this.#counters, cut: this.#packer.cut, repaired: this.#packer.repaired }
  }

  async #send(blocks: readonly (Uint8Array | null)[]): Promise<void> {
    for (const block of blocks) {
      if (this.#failed !== null) throw this.#failed
      if (block === null) continue
      await this.#sendBlock(block)
    }
  }

  async #sendBlock(block: Uint8Array): Promise<void> {
    const { rows } = Block.of(block)
    try {
      const call = { kind: "send", session: this.#session.id, stream: this.stream, rows } as const
      const { value } = await this.#session.calls.call(call, { payload: [block] })
      this.#counters = value as SendCounters
    } catch (error) {
      this.#failed = error
      throw error
    }
  }
}
