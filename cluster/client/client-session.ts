/**
 * A session: where a user's program starts from, over any `ClientCalls`. Methods that define are synchronous; what
 * they define is sent by `flush`: before any question, at the end of a shell's cell, at a program's end.
 */

import { ofSession } from "../../engine/capture/of-session.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { addHints } from "../../engine/fluent/hints.js"
import { checkOptions } from "../../engine/fluent/options.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import type { RDD } from "../../engine/fluent/rdd-types.js"
import type { Session, Watch } from "../../engine/fluent/session-types.js"
import type { JobInfo, LogLine, Plan, ProgramInfo, StreamInfo, StreamState, WorkerInfo } from "../../engine/fluent/shapes.js"
import { StreamHandle } from "../../engine/fluent/stream.js"
import type { DStream, Handle, InputDStream, StateDStream } from "../../engine/fluent/stream-types.js"
import type { Value } from "../../engine/fluent/values.js"
import { type Duration, formatTime, parseDuration, type TimeLike } from "../../engine/time.js"
import { showValue } from "../../engine/values/values.js"
import type { ClusterStatus, EventEntry, PartitionLineage, Request, ResponseValues } from "../protocol.js"
import { kindOfArchive } from "./archive-kind.js"
import type { SendCounters } from "./call.js"
import type { ClientCalls } from "./calls.js"
import type { Submitting } from "./changes.js"
import type { Defined } from "./defined.js"
import { checkName } from "./definitions.js"
import { filesOf } from "./files.js"
import { bindable, findStream } from "./find-stream.js"
import { existingInput, type InputSettings, type InputTools, inputDraft } from "./inputs.js"
import { jobInfo, programInfos, streamInfo, workerInfo } from "./inspection.js"
import { readLogs } from "./logs.js"
import { ofAssets, parallelize } from "./parallelize.js"
import type { SessionHost } from "./session-host.js"
import { type Subscription, startWatch, subscribe, type WatchSettings, type WatchUpdate } from "./watch.js"

export interface ClientSessionOptions {
  readonly calls: ClientCalls
  readonly host: SessionHost
  readonly readOnly: boolean
  readonly found: readonly StreamInfo[]
  /** A path as the workers see it. */
  readonly resolvePath: (path: string) => string
  /** See InputTools. */
  readonly workersHere: boolean
  /** Submits a program's file in a session of its own. */
  readonly submit: Session["submit"]
  /** Moves a simulated clock. */
  readonly advance?: (ms: number) => Promise<void>
}

/** How far back `logs` goes unless it is told. */
const defaultLogMs = 3_600_000
const defaultJobsMs = 60_000

export class ClientSession implements Session {
  /** What it asks of the cluster. */
  readonly calls: ClientCalls
  /** By which handles define and ask. */
  readonly host: SessionHost
  /** It may ask, and change nothing: so it said, or its key is admitted for that alone. */
  readonly readOnly: boolean
  /** The streams that were there when it was opened. */
  readonly found: readonly StreamInfo[]
  readonly #tools: InputTools
  readonly #advance: ((ms: number) => Promise<void>) | undefined
  readonly #watches = new Set<() => Promise<void>>()
  #justDefined: ReadonlySet<string> = new Set()
  #onWatched: (update: WatchUpdate) => void = update => this.#printUpdate(update)
  #closed: Promise<void> | null = null
  readonly #end: Promise<void>
  #endNow: () => void = () => {}

  constructor({ calls, host, readOnly, found, resolvePath, workersHere, submit, advance }: ClientSessionOptions) {
    this.calls = calls
    this.host = host
    this.readOnly = readOnly
    this.found = found
    this.#advance = advance
    this.submit = submit
    this.#end = new Promise(resolve => {
      this.#endNow = resolve
    })
    calls.onPush(push => {
      if (push.kind !== "event") return
      if (push.event.kind === "defined") this.#lookAgain(push.event.stream)
      // Its name may be another's now.
      else if (push.event.kind === "stopped") this.host.catalog().catch(() => {})
    })
    // Each is one that people take out of the session, and then use in a function.
    for (const [name, verb] of Object.entries(this)) {
      if (typeof verb === "function" || verb === this.clock) ofSession(`the session's ${name}`, verb as object)
    }
    this.#tools = { link: (f, operator) => host.link(f, operator), resolvePath, workersHere }
  }

  // The fields are functions so that `const { readStream } = session` works.

  /** See Session. */
  readonly clock = {
    /** Epoch ms. */
    now: (): number => this.calls.now(),
    /** Lets so much time pass, on a simulated clock. */
    advance: async (by: Duration): Promise<void> => {
      if (this.#advance === undefined)
        throw new RivuletError("this cluster's clock is the real one", { code: 2, try: "rivulet/testing has a simulated one" })
      await this.#advance(parseDuration(by))
    },
  }

  /** By which the master knows it. */
  get id(): string {
    return this.host.definitions.author.session
  }
  /** The zone of times as text. */
  get tz(): string {
    return this.host.tz
  }
  /** The zone of times as text: an IANA name, or "UTC". */
  setZone(tz: string): void {
    this.host.tz = tz
  }

  // ── define ──

  /** See Session. */
  readonly readStream = ((source: string, interval: Duration, settings: InputSettings = {}): Handle => {
    const draft = inputDraft(source, interval, settings, this.#tools)
    const existing = existingInput(draft, this.host.definitions.all())
    const input = this.host.open((existing ?? this.host.define(draft)).id, false)
    if (settings.archive !== undefined) (input as unknown as InputDStream<unknown>).archive(settings.archive)
    return input
  }) as Session["readStream"]

  /** See Session. */
  readonly readHistory = ((
    paths: string,
    interval: Duration,
    { disorder, ...settings }: InputSettings & { readonly disorder?: Duration },
  ): Handle => {
    if (settings?.timestamp === undefined) {
      throw new RivuletError("readHistory needs the records' own time", { code: 2, try: "timestamp: v => v.time" })
    }
    const slack = disorder === undefined ? {} : { slack: disorder }
    const source = /^(file|local):/.test(paths) ? paths : `file:${paths}`
    return this.host.open(
      this.host.define({ ...inputDraft(source, interval, { ...settings, ...slack }, this.#tools), operator: "readHistory" }).id,
      false,
    )
  }) as unknown as Session["readHistory"]

  /** See Session. */
  readonly stream = <T = unknown>(name: string): DStream<T> =>
    this.host.open(
      (name.startsWith("archive:") ? this.#archive(name) : findStream(this.host.definitions, name)).id,
      false,
    ) as unknown as DStream<T>

  /** See Session. */
  readonly state = <K = unknown, S = unknown>(name: string): StateDStream<K, S> => {
    const definition = findStream(this.host.definitions, name)
    if (definition.kind !== "state" && definition.kind !== "snapshot") {
      throw new RivuletError(`${name} is ${definition.kind === "output" ? "an output" : "a stream of records"}, no state`, {
        code: 2,
        try: `stream("${name}")`,
      })
    }
    return this.host.open(definition.id, true) as unknown as StateDStream<K, S>
  }

  /** See Session. */
  readonly textFile = (paths: string, options: { readonly minPartitions?: number } = {}): RDD<string> => {
    checkOptions(options, { of: "textFile", names: ["minPartitions"] })
    return filesOf<string>(this.host, this.#tools, { paths, ...options })
  }

  /** See Session. */
  readonly parquetFile = <T>(paths: string): RDD<T> => filesOf<T>(this.host, this.#tools, { paths, parquet: true })

  /** See Session. */
  readonly parallelize = <T extends Value>(values: Iterable<T>, partitions: number = this.host.partitions): RDD<T> => {
    return new RddHandle(this.host, ofAssets(this.host, parallelize(values, partitions))) as unknown as RDD<T>
  }

  /** See Session. */
  readonly union = <T>(...streams: DStream<T>[]): DStream<T> => {
    const [first, ...others] = streams
    if (first === undefined) throw new RivuletError("union of no stream", { code: 2, try: "union(a, b)" })
    return others.reduce((all, next) => all.union(next), first)
  }

  // ── names and sending ──

  /** A top-level name for what has none yet. False for handles that have a name, are another's, or are no streams. */
  name(handle: unknown, name: string): boolean {
    if (!(handle instanceof StreamHandle) || !this.host.definitions.mayName(handle.id)) return false
    this.host.amend(handle.id, { name })
    return true
  }

  /** Sends what has been defined; what the master accepted comes back, in order. Rejected (code 2 or 4) when it refuses. */
  async flush(): Promise<readonly Defined[]> {
    const defined = await this.host.flush()
    this.#justDefined = new Set(defined.map(({ id }) => id))
    return defined
  }

  /** How many definitions the master does not have. */
  drafts(): number {
    return this.host.definitions.draftCount()
  }

  /** Whether the last flush defined this stream, or the next one may. */
  justDefined(handle: unknown): boolean {
    const data = handleData(handle)
    if (data?.kind !== "stream") return false
    return this.#justDefined.has(this.host.definitions.idOf(data.id)) || this.host.definitions.isDraft(data.id)
  }

  /** From now on nothing that was defined depends on this session: all of it is with the master. */
  async release(): Promise<void> {
    await this.flush()
  }

  /** Every named stream of the cluster under its short name, where only one has it. */
  async bindAll(): Promise<Map<string, Handle>> {
    await this.host.catalog()
    return bindable(this.host)
  }

  // ── look ──

  /** See Session. */
  readonly streams = async (filter: { readonly program?: string; readonly state?: StreamState } = {}): Promise<StreamInfo[]> => {
    checkOptions(filter, { of: "streams", names: ["program", "state"] })
    const { program, state } = filter
    const entries = await this.host.catalog()
    return entries
      .map(streamInfo)
      .filter(info => (program === undefined || info.program === program) && (state === undefined || info.state === state))
  }

  /** See Session. */
  readonly programs = async (): Promise<ProgramInfo[]> => programInfos(await this.host.catalog())

  /** See Session. */
  readonly workers = async (): Promise<WorkerInfo[]> => (await this.host.request({ kind: "workers" })).map(workerInfo)

  /** See Session. */
  readonly jobs = async (filter: { readonly stream?: string; readonly last?: Duration } = {}): Promise<JobInfo[]> => {
    checkOptions(filter, { of: "jobs", names: ["stream", "last"] })
    const lastMs = filter.last === undefined ? defaultJobsMs : parseDuration(filter.last)
    return (await this.host.request({ kind: "jobs", stream: filter.stream ?? null, lastMs })).map(jobInfo)
  }

  /** What a partition is made of in an interval (null: the newest), and what the loss of a worker would cost; null partition: of all of them that alone. */
  async partitionLineage(stream: string, at: TimeLike | null, partition: number | null): Promise<PartitionLineage> {
    await this.flush()
    return this.host.request({ kind: "partitionLineage", stream, at: at === null ? null : this.host.instant(at), partition })
  }

  /** See Session. */
  readonly logs = (
    filter: { readonly stream?: string; readonly last?: Duration; readonly follow?: boolean } = {},
  ): AsyncIterable<LogLine> => {
    checkOptions(filter, { of: "logs", names: ["stream", "last", "follow"] })
    const lastMs = filter.last === undefined ? defaultLogMs : parseDuration(filter.last)
    const { stream = null, follow = false } = filter
    return readLogs(this.host, this.calls, { stream, lastMs, follow, ended: this.#end })
  }

  /** What has happened in the cluster, oldest first: after a sequence, since a time; of these kinds, about this stream (`program/name`). */
  async events(asked: Omit<Extract<Request, { kind: "events" }>, "kind">): Promise<readonly EventEntry[]> {
    return this.host.request({ kind: "events", ...asked })
  }

  /** See Session. */
  status(): Promise<ClusterStatus> {
    return this.host.request({ kind: "status" })
  }

  // ── watch ──

  /** See Session. */
  readonly watch = <T>(what: Handle | (() => Promise<T>), options: WatchSettings<T> & { readonly name?: string } = {}): Watch => {
    const name = options.name ?? (what instanceof StreamHandle ? what.name : "watch")
    const started = startWatch(this.host, this.calls, what, options, name, update => this.#onWatched(update))
    const stop = async () => {
      this.#watches.delete(stop)
      await (await started.catch(() => undefined))?.stop()
    }
    this.#watches.add(stop)
    started.catch(error => this.#onWatched({ name, error: asError(error) }))
    return ofSession("a watch", { name, stop })
  }

  /** Where watches show what they see; a line each on the console unless this is set. */
  onWatched(show: (update: WatchUpdate) => void): void {
    this.#onWatched = show
  }

  /**
   * Calls back, one call at a time, when the stream has finished an interval (with its end), and at once if it has. A callback
   * that fails is shown as a watch's failure is, and called no more.
   */
  async onCompleted(handle: unknown, callback: (through: number) => unknown): Promise<Subscription> {
    if (!(handle instanceof StreamHandle)) throw new RivuletError("only a stream finishes intervals", { code: 2, try: "a stream's handle" })
    const failed = (error: unknown) => {
      // A question that was under way when the session closed has nobody left to tell.
      if (this.#closed === null) this.#onWatched({ name: handle.name ?? "onCompleted", error: asError(error) })
    }
    const subscription = await subscribe(this.host, this.calls, handle.id, callback, failed, !this.readOnly)
    const stop = async () => {
      this.#watches.delete(stop)
      await subscription.stop()
    }
    this.#watches.add(stop)
    return { stop }
  }

  // ── life ──

  /** By `name` or `program/name`. Refused (code 4) while others depend on them, unless `cascade`; another's need `force`. */
  async stopStreams(names: readonly string[], options: { readonly cascade: boolean; readonly force: boolean }): Promise<readonly string[]> {
    return this.host.changes.stop(names, options)
  }

  /** Names of what `stopStreams` would stop, of all that goes with it, too. Rejected as that is. */
  async wouldStop(names: readonly string[], options: { readonly cascade: boolean; readonly force: boolean }): Promise<readonly string[]> {
    return this.host.changes.wouldStop(names, options)
  }

  /**
   * A worker is taken out while all else goes on: it gets nothing new, what only it has is copied to others, then its process ends. Gives how
   * many blocks that is, and who takes them. `undo`: it stays. Rejected (code 4) when it is the last.
   */
  drain(
    worker: string,
    { undo = false }: { readonly undo?: boolean } = {},
  ): Promise<{ readonly blocks: number; readonly to: readonly string[] }> {
    return this.host.changes.drain(worker, { undo })
  }

  /** Calls back what this session stopped last (or the worker that it drains), within ten minutes; it catches up. Gives names. Rejected (code 4) when it cannot. */
  undo(): Promise<readonly string[]> {
    return this.host.changes.undo()
  }

  /** By `name` or `program/name`: scratch that stays until it is stopped. */
  async keepStreams(names: readonly string[], options: { readonly force: boolean; readonly dryRun?: boolean }): Promise<void> {
    await this.flush()
    await this.host.changes.keep(names, options)
  }

  /** By `name` or `program/name`. Gives the interval from which it goes on, and those that are left out, or of which the records that fail are. */
  async resumeStream(
    stream: string,
    options: { readonly skip: "record" | "interval" | null; readonly force: boolean; readonly dryRun?: boolean },
  ): Promise<ResponseValues["resume"]> {
    return this.host.changes.resume(stream, options)
  }

  /** By `name` or `program/name`. Rejected (code 4) when the name is taken; another's stream needs `force`. */
  async renameStream(stream: string, name: string, options: { readonly force: boolean; readonly dryRun?: boolean }): Promise<void> {
    await this.flush()
    checkName(name)
    await this.host.catalog()
    await this.host.changes.rename(findStream(this.host.definitions, stream).id, name, options)
    await this.host.catalog()
  }

  /** Sends what has been defined as the session's program, in place of what the program was (or says what that would do). */
  submitProgram(options: Submitting): Promise<Plan> {
    return this.host.changes.submit(options)
  }

  /** See Session. */
  readonly submit: Session["submit"]

  /** See Session. */
  readonly drained = async (): Promise<void> => {
    await this.flush()
    await this.host.request({ kind: "drained", streams: [] })
  }

  /** See Session. */
  readonly stopped = (): Promise<void> => this.#end

  /** Waits for what has been sent, and leaves: streams stay. Idempotent. */
  readonly close = (): Promise<void> => (this.#closed ??= this.#close())

  async #close(): Promise<void> {
    try {
      // Watches are the connection's: the master forgets them with it.
      this.#watches.clear()
      await this.calls.call({ kind: "close", session: this.id })
    } finally {
      await this.calls.close()
      this.#endNow()
    }
  }

  /** Counters of what this session has sent to a receiver. */
  async counters(stream: string): Promise<SendCounters> {
    return (await this.calls.call({ kind: "counters", session: this.id, stream })).value as SendCounters
  }

  /** Somebody has defined a stream: from now on `stream(name)` finds it. */
  #lookAgain(stream: string): void {
    const { definitions } = this.host
    if (definitions.has(stream) || definitions.find(stream).length > 0) return
    // If this fails, the next question or `streams()` finds out why.
    this.host.catalog().catch(() => {})
  }

  #archive(name: string): StreamDefinition {
    const { interval, format } = kindOfArchive(name, path => this.#tools.resolvePath(path))
    return this.host.define({ ...inputDraft(name, interval, { format }, this.#tools), operator: "archive" })
  }

  #printUpdate({ name, value, stamp, error }: WatchUpdate): void {
    if (error) {
      console.error(`${name}: ${error.message}`)
      return
    }
    const time = stamp && Number.isFinite(stamp.asOf) ? `${formatTime(stamp.asOf, this.tz, { nowMs: this.calls.now() })}  ` : ""
    console.log(`${name}  ${time}${showValue(value, 2000)}`)
  }
}

addHints(ClientSession.prototype, "session")
ofSession("the session", ClientSession.prototype)
