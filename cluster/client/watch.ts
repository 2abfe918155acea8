/** Asking again at each finished interval: subscriptions that call back one at a time, and `watch`. */

import type { StreamId } from "../../engine/definition.js"
import { asError, RivuletError } from "../../engine/errors.js"
import type { Answer } from "../../engine/fluent/answer-types.js"
import type { Stamp } from "../../engine/fluent/shapes.js"
import { StreamHandle } from "../../engine/fluent/stream.js"
import type { SnapshotDStream } from "../../engine/fluent/stream-types.js"
import { type Duration, parseDuration } from "../../engine/time.js"
import type { ClientCalls } from "./calls.js"
import type { SessionHost } from "./session-host.js"

export interface Subscription {
  stop(): Promise<void>
}

export interface WatchUpdate {
  readonly name: string
  readonly value?: unknown
  readonly stamp?: Stamp
  /** The question failed: the watch has ended. */
  readonly error?: Error
}

export interface WatchSettings<T> {
  readonly name?: string
  readonly every?: Duration
  readonly until?: (value: T) => boolean
}

/** Whose intervals are listened to. Who may only read (`sends` false) gives the cluster no definition: what the stream is made of tells when there is a new one. */
async function heardFor(host: SessionHost, id: StreamId, sends: boolean): Promise<readonly StreamId[]> {
  const under = sends ? null : host.definitions.runningUnder(id)
  if (under !== null && under.length > 0) return under
  await host.flush([id])
  return [host.definitions.idOf(id)]
}

/**
 * Calls back with the end of the newest finished interval: at once if there is one, then whenever one is finished. While a call
 * is under way further ones are joined into one. A callback that fails is heard of by `failed`, and called no more.
 */
export async function subscribe(
  host: SessionHost,
  calls: ClientCalls,
  id: StreamId,
  callback: (through: number) => unknown,
  failed: (error: unknown) => void,
  sends = true,
): Promise<Subscription> {
  const streams = await heardFor(host, id, sends)
  const throughs = new Map(streams.map(stream => [stream, Number.NEGATIVE_INFINITY]))
  let next: number | null = null
  let last = Number.NEGATIVE_INFINITY
  let busy = false
  let stopped = false
  const run = async () => {
    if (busy) return
    busy = true
    while (next !== null && !stopped) {
      const through: number = next
      next = null
      last = through
      await callback(through)
    }
    busy = false
  }
  const stop = async () => {
    if (stopped) return
    stopped = true
    release()
    await Promise.all(streams.map(stream => host.request({ kind: "unsubscribe", stream })))
  }
  const completed = (stream: StreamId, ended: number) => {
    throughs.set(stream, ended)
    const through = Math.min(...throughs.values())
    if (through <= last || stopped) return
    next = through
    run().catch(error => {
      if (stopped) return
      failed(error)
      // Without a master there is nothing left to take back.
      stop().catch(() => {})
    })
  }
  const release = calls.onPush(push => {
    if (push.kind === "completed" && throughs.has(push.stream)) completed(push.stream, push.through)
  })
  for (const stream of streams) {
    const { through } = await host.request({ kind: "subscribe", stream })
    // Before the first interval's end there is nothing to see.
    if (through > host.definitions.sinceOf(stream)) completed(stream, through)
  }
  return { stop }
}

/** `watch`: of a stream its newest interval; of a function what it gives, each time a stream that it asked has finished one. */
export async function startWatch<T>(
  host: SessionHost,
  calls: ClientCalls,
  what: unknown,
  { every, until }: WatchSettings<T>,
  name: string,
  onUpdate: (update: WatchUpdate) => void,
): Promise<Subscription> {
  const ask = questionOf(what)
  const everyMs = every === undefined ? null : parseDuration(every)
  const watched = what instanceof StreamHandle ? [what.id] : await streamsAskedBy(host, ask)
  let subscription: Subscription | null = null
  let ended = false
  const end = async () => {
    ended = true
    await subscription?.stop()
  }
  const once = async (through: number) => {
    if (ended || (everyMs !== null && through % everyMs !== 0)) return
    try {
      const { value, stamp } = await host.questions.watching(ask)
      onUpdate({ name, value, ...(stamp && { stamp }) })
      if (until?.(value as T)) await end()
    } catch (error) {
      onUpdate({ name, error: asError(error) })
      await end()
    }
  }
  subscription = await subscribe(host, calls, watched[0]!, once, error => onUpdate({ name, error: asError(error) }))
  if (ended) await subscription.stop()
  return subscription
}

type Question = () => Promise<{ value: unknown; stamp?: Stamp }>

function questionOf(what: unknown): Question {
  if (what instanceof StreamHandle) return () => (what as unknown as SnapshotDStream<unknown>).latest().collect().stamped()
  if (typeof what !== "function")
    throw new RivuletError("watch takes a stream, or a function that asks", { code: 2, try: "watch(() => counts.latest().top(10))" })
  return async () => {
    const answer = what() as Answer<unknown> | Promise<unknown>
    return "stamped" in answer ? answer.stamped() : { value: await answer }
  }
}

/** Asks once to see which streams are asked. */
async function streamsAskedBy(host: SessionHost, ask: Question): Promise<StreamId[]> {
  const streams = new Set<StreamId>()
  const { questions } = host
  const before = questions.onQuestion
  questions.onQuestion = asked => {
    for (const id of asked) streams.add(id)
  }
  try {
    await ask()
  } finally {
    questions.onQuestion = before
  }
  if (streams.size > 0) return [...streams]
  throw new RivuletError("the watched function asks no stream: nothing tells when to ask again", {
    code: 2,
    try: "watch(() => counts.latest().top(10))",
  })
}
