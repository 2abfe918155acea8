/**
 * Follows a file into a stream: what is there and what is added, over the rotations of its writer. Each line once, however often this process
 * ends and is started again (`position`).
 *
 *     next lines ──remembered──▶ sent under a number ──acked──▶ forgotten
 */
import type { SendCounters, Welcome } from "../../cluster/client/call.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { Block, encodeRows } from "../../engine/block/block.js"
import { keptOfLongLineBytes, longestLineBytes, tooLong } from "../../engine/input/file-split.js"
import { TextPacker } from "../../engine/text-packer.js"
import { FollowedFile } from "./followed-file.js"
import type { Position, Range } from "./position.js"
import type { PositionFile } from "./position-file.js"

/** A file whose writer has begun another is left when it was looked at so often in vain since: some of the writer's processes may go on with it for a while. */
const looksBehind = 20
const connectMs = 2_000
/** With its line end. */
const longestRawBytes = longestLineBytes + 2

export interface FollowOptions {
  readonly session: ClientSession
  /** A name that no session has or had: for the numbers of batches, where there are none yet. */
  readonly fresh: string
  readonly stream: string
  readonly path: string
  readonly position: Position
  readonly positions: PositionFile
  /** Something that a person should know. */
  readonly say: (text: string) => void
  /** Between a look at the file that has found nothing and the next one. */
  readonly pause: () => Promise<unknown>
  /** Ends it: what was read until then is sent, and its acknowledgement waited for. */
  readonly signal: AbortSignal
}

export async function follow(options: FollowOptions): Promise<void> {
  await new Following(options).run()
}

class Following {
  readonly #options: FollowOptions
  /** Of the open file, one after the other, that have found nothing new since its writer has begun another. */
  #vainLooks = 0

  constructor(options: FollowOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { session, fresh, stream, position, positions } = this.#options
    const { cluster } = (await session.calls.call({ kind: "connect", timeoutMs: connectMs })).value as Welcome
    if (position.meet(cluster, fresh)) await positions.rewrite(position)
    const { owner: user, program } = session.host.definitions.author
    await session.calls.call({ kind: "request", body: { kind: "openSession", user, program, as: position.session } })
    const stop = session.calls.onPush(push => {
      if (push.kind === "sent" && push.session === position.session && push.stream === stream) this.#acked(push.counters)
    })
    try {
      for (const range of [...position.unacked]) await this.#again(range)
      await this.#follow()
      await this.#settled()
      await positions.write(position)
    } finally {
      stop()
    }
  }

  /** What may have arrived before: under the same number. */
  async #again(range: Range): Promise<void> {
    const { path, say } = this.#options
    const file = await FollowedFile.find(path, range.file)
    const length = range.to - range.from
    try {
      if (file !== null && (await file.size()) >= range.to) return await this.#send(file, range)
    } finally {
      await file?.close()
    }
    say(
      `bytes ${range.from} to ${range.to} of what ${path} was then may not have arrived, and are not there any more: ${length} bytes are not sent again`,
    )
  }

  async #follow(): Promise<void> {
    const { signal, pause, position, positions } = this.#options
    let file = await this.#first()
    if (file === null) this.#options.say(`there is no ${this.#options.path} yet: waiting for it`)
    try {
      while (!signal.aborted) {
        const reading = file
        if (file !== null && (await this.#sendSome(file))) continue
        file = file === null ? await this.#begin(this.#options.path) : await this.#next(file)
        await positions.write(position)
        if (file === reading) await pause()
      }
    } finally {
      await file?.close()
    }
  }

  /** Where it was left. */
  async #first(): Promise<FollowedFile | null> {
    const { path, position, say } = this.#options
    const { reading } = position
    if (reading === null) return this.#begin(path)
    const file = await FollowedFile.find(path, reading.file)
    if (file === null)
      say(
        `what ${path} was is not there any more, nor under a name that begins like it: what was added after byte ${reading.at} is not sent`,
      )
    return file ?? this.#begin(path)
  }

  async #begin(path: string): Promise<FollowedFile | null> {
    const { position, positions } = this.#options
    const file = await FollowedFile.ifThere(path)
    if (file !== null) await positions.remember(position.opens(file.identity), position)
    return file
  }

  /** Sends what lines there are now; false: none. */
  async #sendSome(file: FollowedFile): Promise<boolean> {
    const { position, positions } = this.#options
    const { at, file: known } = position.reading as NonNullable<Position["reading"]>
    const bytes = await file.linesAt(at, this.#vainLooks >= looksBehind)
    if (bytes === 0 || !(await file.is(known))) return false
    this.#vainLooks = 0
    const identity = await file.identityNow()
    const grown = identity.headBytes > known.headBytes ? position.grows(identity) : ""
    const { range, text } = position.sends(bytes)
    await positions.remember(grown + text, position)
    await this.#send(file, range)
    return true
  }

  /** The file to read on in: the same, or the one that its writer has begun. */
  async #next(file: FollowedFile): Promise<FollowedFile> {
    const { path, position, positions, say } = this.#options
    const { at, file: known } = position.reading as NonNullable<Position["reading"]>
    if ((await file.size()) < at || !(await file.is(known))) {
      say(`${path} was cut, ${at} bytes of it were read: it is read from its beginning`)
      await positions.remember(position.opens(await file.identityNow()), position)
      return file
    }
    this.#vainLooks = (await this.#isLeft(file)) ? this.#vainLooks + 1 : 0
    const next = this.#vainLooks > looksBehind ? await file.successor(path) : null
    if (next === null) return file
    this.#vainLooks = 0
    await positions.remember(position.opens(next.identity), position)
    await file.close()
    return next
  }

  /** Its writer has gone on to another file. */
  async #isLeft(file: FollowedFile): Promise<boolean> {
    const { path } = this.#options
    if (!(await file.isRenamed(path))) return false
    const next = await file.successor(path)
    try {
      return next !== null && (await next.size()) > 0
    } finally {
      await next?.close()
    }
  }

  async #send(file: FollowedFile, { seq, from, to }: Range): Promise<void> {
    const { session, stream, position, path, say } = this.#options
    const end = Math.min(to, from + longestRawBytes)
    const bytes = await file.read(from, end)
    if (bytes.length < end - from) return say(`${path} was cut while bytes ${from} to ${to} of it were read: they are not sent`)
    const lines = linesOf(bytes)
    const block = lines ?? encodeRows([bytes.toString("utf8", 0, keptOfLongLineBytes)])
    const { rows } = Block.of(block)
    const call = { kind: "send", session: position.session, stream, seq, rows, ...(lines === null && { aside: tooLong }) } as const
    await session.calls.call(call, { payload: [block] })
  }

  #acked({ ackedThrough }: SendCounters): void {
    const { position, positions } = this.#options
    positions.note(position.acked(ackedThrough))
  }

  /** Waits until all that was sent is acknowledged. */
  async #settled(): Promise<void> {
    const { session, stream, position } = this.#options
    await session.calls.call({ kind: "sent", session: position.session, stream })
  }
}

/** One block, whatever its size; null: it is one line, and too long for a record. */
function linesOf(bytes: Uint8Array): Uint8Array | null {
  const packer = new TextPacker({ maxBytes: 2 ** 30, maxLineBytes: longestLineBytes })
  packer.push(bytes)
  return packer.flush()
}
