/**
 * Streams that are held by a fault of a machine (a block that could not be had, a disk that was full, a failure that did not come
 * again) go on by themselves: nobody needs to mend a program. They are tried again after a pause that grows each time, and so
 * often; what a user's function did is not tried again, as it would do the same. An archive is tried until it can be written: all that it
 * has not written is kept for it, so senders may be waiting.
 *
 *     held ── pause: 1 s, 2 s, … 5 min ──▶ resumed ── further than that interval ──▶ forgotten
 *       ▲                                     │
 *       └──────── held at the same ───────────┘      after `triesOf` it waits for a person
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { TaskFailure } from "../../engine/task.js"
import type { HeldRetry } from "../protocol.js"
import { nameOf } from "./catalog.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

const firstPauseMs = 1_000
const longestPauseMs = 300_000
const longestOfArchiveMs = 30_000
/** With these pauses: for about an hour. */
const triesAtMost = 20
/** Who waits for an end (batch mode) waits for so many tries: about half a minute. */
const triesWorthWaiting = 5

interface Retry {
  readonly interval: number
  tries: number
  /** Null: it has been resumed, and what comes of that is not known yet. */
  dueMs: number | null
}

export class Retries {
  readonly #parts: Parts
  readonly #retries = new Map<StreamId, Retry>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Null: it is not held, or waits for a person. */
  of({ definition, held }: StreamRecord, times: Times): HeldRetry | null {
    if (held === null || !isOfMachine(held.failure)) return null
    const retry = this.#retries.get(definition.id)
    const tries = retry?.interval === held.interval ? retry.tries : 0
    const most = triesOf(definition)
    if (tries >= most) return null
    const pauseMs = retry?.dueMs == null ? pauseAfter(definition, tries) : Math.max(0, retry.dueMs - times.monotonicMs)
    return { tries, of: most, atMs: times.timeMs + pauseMs }
  }

  /** Whether it may go on by itself so soon that it is not worth giving up. An input that cannot be read is. */
  isHopeful({ definition, held }: StreamRecord): boolean {
    if (held === null || definition.node.kind === "input" || !isOfMachine(held.failure)) return false
    return (this.#retries.get(definition.id)?.tries ?? 0) < triesWorthWaiting
  }

  /** By a person: who looked at it wants it tried as often again. */
  resumed(stream: StreamId): void {
    this.#retries.delete(stream)
  }

  sweep(times: Times): void {
    const { catalog } = this.#parts
    for (const [id, retry] of this.#retries) {
      const stream = catalog.get(id)
      if (stream === undefined || stream.through > retry.interval) this.#retries.delete(id)
    }
    for (const stream of catalog.live())
      if (stream.held !== null && isOfMachine(stream.held.failure)) this.#look(stream, stream.held, times)
  }

  #look(stream: StreamRecord, held: NonNullable<StreamRecord["held"]>, times: Times): void {
    const { definition } = stream
    const { id } = definition
    const most = triesOf(definition)
    let retry = this.#retries.get(id)
    if (retry === undefined || retry.interval !== held.interval) {
      retry = { interval: held.interval, tries: 0, dueMs: null }
      this.#retries.set(id, retry)
    }
    if (retry.dueMs === null) {
      retry.dueMs = times.monotonicMs + pauseAfter(definition, retry.tries)
      if (retry.tries >= most) say(this.#parts, "warn", `${nameOf(stream)} failed ${retry.tries} times by itself: it waits to be resumed`)
    }
    if (retry.tries >= most || times.monotonicMs < retry.dueMs) return
    retry.tries += 1
    retry.dueMs = null
    append(this.#parts, { kind: "resumed", stream: id, leftOut: null }, () => {})
    say(
      this.#parts,
      "info",
      `${nameOf(stream)} goes on by itself (try ${retry.tries}${most === Number.POSITIVE_INFINITY ? "" : ` of ${most}`}) after: ${held.failure.message}`,
    )
  }
}

const triesOf = ({ node }: StreamDefinition): number => (node.kind === "archive" ? Number.POSITIVE_INFINITY : triesAtMost)

const pauseAfter = ({ node }: StreamDefinition, tries: number): number =>
  Math.min(firstPauseMs * 2 ** tries, node.kind === "archive" ? longestOfArchiveMs : longestPauseMs)

/** What a user's function did, or did not end, it would do again. */
function isOfMachine({ kind }: TaskFailure): boolean {
  return kind === "machine" || kind === "fetch" || kind === "killed"
}
