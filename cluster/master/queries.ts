/**
 * Questions (the paper's §3.4): each is expanded against the graph as it is now, leases what it reads, runs below the
 * streams, and is answered with the places of its result. It ends with its asker: release, cancel, timeout, or the
 * client's loss free its tasks and blocks.
 */

import { assetHashes } from "../../engine/asset-hashes.js"
import type { StreamId } from "../../engine/definition.js"
import type { ExpandedQuery } from "../../engine/dstream/query.js"
import { expandQuery, lineageReach } from "../../engine/dstream.js"
import type { GraphStream, StreamGraph } from "../../engine/graph.js"
import { resultStage } from "../../engine/plan.js"
import type { OutputId } from "../../engine/rdd.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { LineageNode, Request, Response, ResponseValues, TaskDone } from "../protocol.js"
import { AskedOldLogs } from "./asked-old-logs.js"
import { type Clocks, sinceOf } from "./defining.js"
import { checkDefinition } from "./definition-rules.js"
import { FirstLook } from "./first-look.js"
import { lineageOf } from "./lineage.js"
import type { Parts, Times } from "./parts.js"
import { answerOf, type Begun, failureResponse, type MissingParts, missingParts, placesOf, type Sources } from "./query-answer.js"
import { queryProgress } from "./query-progress.js"
import { failed } from "./response.js"

type QueryRequest = Extract<Request, { kind: "query" }>

interface Query {
  readonly id: string
  readonly client: NodeId
  readonly request: QueryRequest
  answer: ((response: Response) => void) | null
  state: "waiting" | "running" | "answered"
  spec: StageSpec | null
  intervals: { readonly from: number; readonly to: number } | null
  from: Sources
  about: Pick<ExpandedQuery, "reads" | "changed" | "leftOut" | "namesStream" | "unread" | "held">
  /** What must not be forgotten while it runs. */
  leased: readonly Range[]
  readonly startedMs: number
  answeredMs: number
  /** When it is answered with what is there; null: when all is. */
  dueMs: number | null
  /** Of `save`: the files by partition. */
  readonly wrote: Map<number, NonNullable<TaskDone["wrote"]>>
  /** Blocks of the result that came with the news of their tasks, by block, and how many bytes more may. */
  readonly inline: Map<string, Uint8Array>
  inlineBytesLeft: number
}

/** A result of many small parts is fetched: the master is not the way for data. */
const inlineBytes = 65_536

type Range = ExpandedQuery["reads"][number]

interface Persisted {
  readonly client: NodeId
  readonly outputs: Map<OutputId, ExpandedQuery["reads"]>
}

export class Queries {
  readonly #parts: Parts
  readonly #firstLook: FirstLook
  readonly #oldLogs: AskedOldLogs
  readonly #queries = new Map<string, Query>()
  /** By the id of a persisted RDD: whose it is, under which outputs it is kept, and what these are made from. */
  readonly #persisted = new Map<string, Persisted>()
  #unwanted: OutputId[] = []
  #order = 0

  constructor(
    parts: Parts,
    private readonly begun: () => void = () => {},
  ) {
    this.#parts = parts
    this.#firstLook = new FirstLook(parts)
    this.#oldLogs = new AskedOldLogs(parts)
  }

  /** Runs the question, or joins the one of that id. `answer` is called once, unless it ends before. */
  ask(client: NodeId, request: QueryRequest, times: Times, answer: (response: Response) => void): void {
    const known = this.#queries.get(request.query)
    if (known !== undefined) {
      known.answer = answer
      known.dueMs = dueOf(request, times)
      if (known.state === "answered") this.#answer(known, times)
      return
    }
    this.begun()
    this.#queries.set(request.query, {
      id: request.query,
      client,
      request,
      answer,
      state: "waiting",
      spec: null,
      intervals: null,
      from: { memory: true, archive: false },
      about: { reads: [], changed: [], leftOut: [], namesStream: false, unread: null, held: [] },
      leased: [],
      startedMs: times.monotonicMs,
      answeredMs: 0,
      dueMs: dueOf(request, times),
      wrote: new Map(),
      inline: new Map(),
      inlineBytesLeft: inlineBytes,
    })
  }

  /** Starts what waits: not before a restarted master has its workers back. */
  advance(clocks: Clocks, times: Times): void {
    if (this.#queries.size === 0) return
    for (const query of [...this.#queries.values()]) {
      if (query.state !== "waiting" || this.#oldLogs.readAhead(query.request) || this.#firstLook.waits(query.request, times)) continue
      try {
        this.#oldLogs.check(query.request)
        this.#start(query, clocks)
      } catch (error) {
        this.#end(query, failed(error))
      }
    }
    this.#timeouts(times)
  }

  #start(query: Query, clocks: Clocks): void {
    const { graph, scheduler, config } = this.#parts
    const { request, id } = query
    const known = graph.with(this.#definitions(request, clocks))
    const expanded = expandQuery(known, request.rdd, id)
    query.about = expanded
    query.leased = expanded.reads.flatMap(read => this.#leasedBy(known, read))
    query.intervals = expanded.interval
    query.from = placesOf(expanded.rdd)
    query.spec = resultStage(expanded.rdd, id, request.save)
    for (const { id: of, output, reads } of expanded.kept) {
      const persisted = this.#persisted.get(of) ?? { client: query.client, outputs: new Map() }
      this.#persisted.set(of, persisted)
      persisted.outputs.set(
        output,
        reads.flatMap(read => this.#leasedBy(known, read)),
      )
    }
    query.state = "running"
    scheduler.start({
      id: jobOf(id),
      spec: query.spec,
      pool: "query",
      order: ++this.#order,
      timeoutMs: request.timeoutMs ?? config.taskTimeoutMs,
    })
  }

  /** Of a recipe that came with the question what it is made of: who keeps that knows nothing of the recipe. */
  #leasedBy(graph: StreamGraph, read: Range): readonly Range[] {
    if (this.#parts.ledger.streams.has(read.stream)) return [read]
    const { inputs, states } = lineageReach(graph, read.stream, read.from)
    return [...inputs, ...states].map(([stream, { from }]) => ({ stream, from, to: read.to }))
  }

  /** What an RDD is made of, as it is now. Nothing is computed for it. */
  lineage(request: Pick<QueryRequest, "rdd" | "definitions">, clocks: Clocks): LineageNode {
    const { rdd } = expandQuery(this.#parts.graph.with(this.#definitions(request, clocks)), request.rdd, "lineage")
    return lineageOf(this.#parts, rdd)
  }

  /** Recipes that come with the question, each with its first interval. */
  #definitions(request: Pick<QueryRequest, "definitions">, clocks: Clocks): Map<StreamId, GraphStream> {
    const { ledger, catalog } = this.#parts
    const extra = new Map<StreamId, GraphStream>()
    const lookup = (id: StreamId): GraphStream | undefined => extra.get(id) ?? ledger.streams.get(id)
    for (const definition of request.definitions) {
      if (ledger.streams.has(definition.id)) continue
      checkDefinition(definition, lookup)
      extra.set(definition.id, { definition, since: sinceOf(catalog, definition, lookup, clocks) })
    }
    return extra
  }

  /** A job of the scheduler ended. False: it was none of ours. */
  ended(job: string, failure: TaskFailure | null, times: Times): boolean {
    if (!job.startsWith("query:")) return false
    const query = this.#queries.get(job.slice("query:".length))
    if (query === undefined) return true
    if (failure === null) this.#answer(query, times)
    else this.#end(query, failureResponse(failure))
    return true
  }

  /** A task of a question has written its file, or made a part of the result. */
  made(query: OutputId, partition: number, { wrote, outputs }: TaskDone): void {
    const asked = this.#queries.get(query)
    if (asked === undefined) return
    if (wrote !== undefined) asked.wrote.set(partition, wrote)
    for (const { block, inline } of outputs) {
      if (inline === undefined || inline.byteLength > asked.inlineBytesLeft) continue
      asked.inlineBytesLeft -= inline.byteLength
      asked.inline.set(block, inline)
    }
  }

  #answer(query: Query, times: Times): void {
    const { output, partitions } = query.spec as StageSpec
    // A worker was lost between the end of its last task and now, and parts with it.
    if (!this.#parts.tracker.complete(output, partitions)) return this.#askAgain(query)
    query.state = "answered"
    query.answeredMs = times.monotonicMs
    this.#respond(query, [])
  }

  #askAgain(query: Query): void {
    this.#parts.scheduler.release(jobOf(query.id))
    query.state = "waiting"
    query.wrote.clear()
    query.inline.clear()
    query.inlineBytesLeft = inlineBytes
  }

  /** Time is over: the answer lacks some partitions. The question goes on. */
  #answerPart(query: Query, times: Times): void {
    query.dueMs = null
    this.#respond(query, missingParts(query.spec as StageSpec, this.#parts, times))
    query.answer = null
  }

  #respond(query: Query, missing: MissingParts): void {
    const cost = this.#parts.scheduler.statsOf(jobOf(query.id))
    query.answer?.({ ok: true, value: answerOf(this.#parts, query as Begun, cost, missing) })
  }

  /** Tasks of all that the question waits for. */
  progress(id: string, times: Times): ResponseValues["progress"] {
    return queryProgress(this.#parts, jobOf(id), times)
  }

  /** The asker has its answer, or wants none. Idempotent. */
  release(id: string): void {
    const query = this.#queries.get(id)
    if (query === undefined) return
    if (query.state !== "answered") query.answer?.({ ok: false, message: "the question was cancelled", code: 130 })
    this.#queries.delete(id)
    this.#parts.scheduler.release(jobOf(id))
  }

  /** A persisted RDD is one no more. */
  unpersist(id: string): void {
    for (const output of this.#persisted.get(id)?.outputs.keys() ?? []) this.#unwanted.push(output)
    this.#persisted.delete(id)
  }

  /** Kept outputs that nobody wants any more: for retention, which drops them. */
  takeUnwanted(): readonly OutputId[] {
    return this.#unwanted.splice(0)
  }

  clientLost(client: NodeId): void {
    for (const [id, persisted] of [...this.#persisted]) if (persisted.client === client) this.unpersist(id)
    for (const query of [...this.#queries.values()]) {
      if (query.client !== client) continue
      query.answer = null
      this.release(query.id)
    }
  }

  #timeouts(times: Times): void {
    for (const query of [...this.#queries.values()]) {
      const { timeoutMs } = query.request
      if (query.state === "answered") {
        if (times.monotonicMs - query.answeredMs > this.#parts.config.answerKeptMs) this.release(query.id)
      } else if (query.state === "running" && query.dueMs !== null && times.monotonicMs >= query.dueMs) {
        this.#answerPart(query, times)
      } else if (timeoutMs !== null && times.monotonicMs - query.startedMs > timeoutMs) {
        this.#end(query, {
          ok: false,
          message: `not answered within ${timeoutMs} ms`,
          code: 124,
          try: "a longer timeout, or a smaller range",
        })
      }
    }
  }

  #end(query: Query, response: Response): void {
    query.answer?.(response)
    query.answer = null
    this.release(query.id)
  }

  /** Adds those of all questions that are not over. */
  assetHashes(used: Set<string>): void {
    for (const { request } of this.#queries.values()) assetHashes([request.rdd, request.definitions], used)
  }

  /** Functions and data that a running question brought. */
  asset(hash: string): Uint8Array | undefined {
    for (const { request } of this.#queries.values()) {
      for (const asset of request.assets) if (asset.hash === hash) return asset.bytes
    }
    return undefined
  }

  /** What running questions read, and what persisted RDDs would be computed from: not to be forgotten. */
  *leases(): Iterable<{ readonly stream: StreamId; readonly from: number; readonly to: number }> {
    for (const query of this.#queries.values()) {
      if (query.state === "answered") continue
      yield* query.leased
    }
    for (const { outputs } of this.#persisted.values()) for (const reads of outputs.values()) yield* reads
  }

  get size(): number {
    return this.#queries.size
  }
}

const dueOf = ({ withinMs }: QueryRequest, { monotonicMs }: Times): number | null =>
  withinMs === undefined ? null : monotonicMs + withinMs

const jobOf = (query: string): string => `query:${query}`
