/**
 * A program in batch mode, followed from its first interval to its last: what is finished is read, given on, and let go of, so
 * that neither this process nor the cluster holds the whole (the paper's §3.4).
 */
import type { Following } from "../../cluster/client/intervals.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { CatalogEntry } from "../../cluster/protocol.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Handle } from "../../engine/fluent/types.js"
import { showProgress } from "./batch-progress.js"
import { followLines, type IntervalLine } from "./interval-lines.js"

/** How often it is looked how far the cluster has come: what is finished meanwhile is read at once. */
const lookEveryMs = 250

/** What becomes of what is made. */
export interface Sink {
  /** The stream's next interval with rows. */
  line(name: string, line: IntervalLine): Promise<void>
  /** Nothing more will come of the stream before this time; infinity: nothing at all. */
  through(name: string, through: number): Promise<void>
  /** What was given is safe when it resolves: the cluster may let it go. */
  sync?(): Promise<void>
}

/** `after`: streams of which intervals up to the one that begins then have been read already. Rejects when a stream is held. */
export async function followRun(
  session: ClientSession,
  streams: readonly (readonly [string, Handle])[],
  sinks: readonly Sink[],
  after: ReadonlyMap<string, number> = new Map(),
): Promise<void> {
  const run = new BatchRun(session, sinks)
  const followed = streams.map(async ([name, handle]) => {
    const following = run.following(handle)
    for await (const one of followLines(session, name, handle, following, after.get(name) ?? null)) {
      for (const sink of sinks) await ("line" in one ? sink.line(name, one) : sink.through(name, one.through))
    }
    for (const sink of sinks) await sink.through(name, Number.POSITIVE_INFINITY)
  })
  // Of several failures the first is told; the others follow from it.
  for (const one of followed) one.catch(error => run.fail(error))
  try {
    await Promise.all(followed)
    await run.drained
  } finally {
    run.stop()
  }
}

class BatchRun {
  readonly drained: Promise<void>
  readonly #session: ClientSession
  readonly #sinks: readonly Sink[]
  readonly #positions = new Map<string, number>()
  readonly #through = new Map<string, number>()
  readonly #progress: { show(entries: readonly CatalogEntry[]): void; stop(): void }
  #ended = false
  #failed: unknown = null
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  #timer: NodeJS.Timeout | null = null
  #said = ""

  constructor(session: ClientSession, sinks: readonly Sink[]) {
    this.#session = session
    this.#sinks = sinks
    this.#progress = showProgress()
    this.drained = session.drained()
    this.drained.then(
      () => this.#end(),
      error => this.fail(error),
    )
    void this.#look()
  }

  following(handle: Handle): Following {
    const data = handleData(handle)
    if (data?.kind !== "stream") throw new Error("only a stream is followed")
    const id = this.#session.host.definitions.idOf(data.id)
    this.#positions.set(id, Number.MIN_SAFE_INTEGER)
    return {
      through: () => this.#through.get(id) ?? Number.NEGATIVE_INFINITY,
      ended: () => this.#ended,
      more: () => this.#more(),
      read: from => void this.#positions.set(id, from),
    }
  }

  fail(error: unknown): void {
    this.#failed ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failed)
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#ended = true
    this.#progress.stop()
  }

  #end(): void {
    this.#ended = true
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  #more(): Promise<void> {
    if (this.#failed !== null) return Promise.reject(this.#failed)
    if (this.#ended) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Who waits looks again, and the master learns what has been read. */
  async #look(): Promise<void> {
    try {
      const streams = [...this.#positions].map(([stream, from]) => ({ stream, from }))
      const said = JSON.stringify(streams)
      // Before it is known who reads what, saying that nothing is read would let everything go.
      if (streams.length > 0 && said !== this.#said) {
        for (const sink of this.#sinks) await sink.sync?.()
        await this.#session.host.request({ kind: "reading", streams })
      }
      this.#said = said
      const entries = await this.#session.host.catalog()
      // At its beginning a stream has come nowhere: of old records that is 1970.
      for (const { definition, throughMs, sinceMs } of entries) if (throughMs > sinceMs) this.#through.set(definition.id, throughMs)
      if (!this.#ended) this.#progress.show(entries)
      for (const { resolve } of this.#waiting.splice(0)) resolve()
    } catch (error) {
      this.fail(error)
    }
    if (!this.#ended) this.#timer = setTimeout(() => void this.#look(), lookEveryMs)
  }
}
