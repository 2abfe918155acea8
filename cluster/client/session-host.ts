/**
 * The port that handles use, on a session: definitions are collected and sent together, questions go to the machine, what a
 * question needs (recipes, functions, data, file lists) goes with it.
 */

import { basename } from "node:path"
import { Block } from "../../engine/block.js"
import { asksTheTime, linkFunction } from "../../engine/capture/capture.js"
import { callSite } from "../../engine/capture/position.js"
import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { answerOf } from "../../engine/fluent/answer.js"
import type { Answer, Partial } from "../../engine/fluent/answer-types.js"
import type { Host, RawAnswer, ReadyRows, ReplaceOptions, SaveTarget, StreamDraft, UserFunction } from "../../engine/fluent/host.js"
import { openHandle } from "../../engine/fluent/open.js"
import type { Definition, Lineage, Plan, Stamp, StreamInfo } from "../../engine/fluent/shapes.js"
import type { Handle } from "../../engine/fluent/stream-types.js"
import type { Asset, FunctionLink, FunctionRef, Origin } from "../../engine/function-ref.js"
import type { QueryTime, RddNode } from "../../engine/rdd.js"
import { type Duration, formatDuration, parseDuration, parseTime, type TimeLike } from "../../engine/time.js"
import { rewrite } from "../../engine/tree.js"
import type { CatalogEntry, Request, ResponseValues } from "../protocol.js"
import type { QueryRequest, QueryResult } from "./call.js"
import type { ClientCalls } from "./calls.js"
import { type Author, Definitions } from "./definitions.js"
import { recipeInfo, stampOf, streamInfo } from "./inspection.js"
import { Packages } from "./packages/packages.js"
import { Pins } from "./pins.js"
import { type AskedFiles, type FoundFile, textFileNode } from "./text-files.js"
import { hashesIn, leavesOf, mapLeaves, mapRdds, rddsOf, streamsIn, streamsOfRdd } from "./tree.js"

export interface HostOptions {
  readonly calls: ClientCalls
  readonly author: Author
  readonly partitions: number
  readonly tz: string
  /** A file's or cell's text, for `.source` and the line in messages. */
  readonly textOf?: (file: string) => string | undefined
  /** A path as the workers see it. Default: as it is. */
  readonly resolvePath?: (path: string) => string
}

/** A definition that the master has just accepted: what the echo line is made of. */
export interface Defined {
  readonly id: StreamId
  readonly name: string
  readonly named: boolean
  readonly kind: StreamDefinition["kind"]
  readonly interval: Duration
  /** The first interval's start. */
  readonly since: number
  /** `limit = 5` */
  readonly captures: readonly string[]
  readonly notes: readonly string[]
}

const formatBytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`

function planOf({ add, change, stop, unchanged, applied, at }: ResponseValues["replace"]["plan"]): Plan {
  const changes = change.map(one => ({ ...one }))
  return { add: [...add], change: changes, stop: [...stop], unchanged: [...unchanged], applied, ...(at !== null && { at }) }
}

type ValueOf<K extends Request["kind"]> = K extends keyof ResponseValues ? ResponseValues[K] : null

export class SessionHost implements Host {
  readonly partitions: number
  readonly definitions: Definitions
  tz: string
  readonly #calls: ClientCalls
  readonly #textOf: ((file: string) => string | undefined) | undefined
  readonly #resolvePath: (path: string) => string
  readonly #pins = new Pins()
  readonly #packages = new Packages()
  readonly #assets = new Map<string, Asset>()
  /** Hashes that the master keeps with a definition. */
  readonly #journaled = new Set<string>()
  readonly #files = new Map<RddNode, AskedFiles>()
  /** What each function captured, as shown: `limit = 5`. */
  readonly #captures = new Map<string, readonly string[]>()
  readonly #functions = new Map<string, FunctionRef>()
  /** Functions that ask for the time. */
  readonly #clockUsers = new Set<string>()
  #saidClock = false
  /** Persisted RDDs that are so no more, whoever still holds a handle made of them. */
  readonly #unpersisted = new Set<string>()
  #renames: { readonly id: StreamId; readonly name: string }[] = []
  #flushing: Promise<unknown> = Promise.resolve()
  #nextId = 1
  /** Told which streams each question reads: how `watch(f)` learns what to wait for. */
  onQuestion: ((streams: readonly StreamId[]) => void) | null = null

  constructor({ calls, author, partitions, tz, textOf, resolvePath = path => path }: HostOptions) {
    this.#calls = calls
    this.#resolvePath = resolvePath
    this.#textOf = textOf
    this.definitions = new Definitions(author)
    this.partitions = partitions
    this.tz = tz
  }

  // ── Host ──

  link(f: UserFunction, operator: string, options: { readonly driver?: boolean } = {}): FunctionLink {
    const driver = options.driver === true
    const policy = { allowAsync: driver, allowHandles: driver, modules: this.#packages }
    const { link, assets, ref } = linkFunction(f, { operator, origin: this.#site(), ...policy })
    for (const asset of assets) this.#assets.set(asset.hash, asset)
    if (ref !== undefined) {
      const shown = ref.captured.map(({ name, shown }) => `${name} = ${shown}`)
      const parts = assets.slice(1).reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
      if (parts > 0) shown.push(`${formatBytes(parts)} sent once a worker`)
      this.#captures.set(ref.hash, shown)
      this.#functions.set(ref.hash, ref)
      if (!driver && asksTheTime(ref)) this.#clockUsers.add(ref.hash)
    }
    return link
  }

  functionOf(link: FunctionLink): FunctionRef | null {
    return link.kind === "function" ? (this.#functions.get(link.hash) ?? null) : null
  }

  define(draft: StreamDraft): StreamDefinition {
    const site = this.#site()
    const at = site === undefined ? "" : `${basename(site.file)}:${site.line}`
    const source = site?.text.split("\n")[site.line - 1]?.trim() ?? ""
    return this.definitions.define(this.#placed(draft), { at, source })
  }

  /** Files are written by workers, whose directory is another. */
  #placed(draft: StreamDraft): StreamDraft {
    const { node } = draft
    if (node.kind !== "save" && node.kind !== "archive") return draft
    return { ...draft, node: Object.freeze({ ...node, to: this.#outputPath(node.to) }) }
  }

  #outputPath(to: string): string {
    return this.#resolvePath(to.replace(/^file:(\/\/(?=\/))?/, ""))
  }

  definition(id: StreamId): StreamDefinition {
    return this.definitions.get(id)
  }

  amend(id: StreamId, change: { readonly name?: string; readonly persist?: boolean; readonly rememberMs?: number }): void {
    const named = change.name === undefined ? {} : { named: true }
    const draft = this.definitions.change(id, { ...change, ...named })
    if (!draft && change.name !== undefined) this.#renames.push({ id, name: change.name })
  }

  open(id: StreamId, keyed: boolean): Handle {
    const definition = this.definitions.get(id)
    return openHandle(this, definition, keyed || definition.kind === "state")
  }

  time(time: TimeLike): QueryTime {
    if (typeof time === "string") {
      const text = time.trim()
      if (text === "now") return Number.POSITIVE_INFINITY
      if (/^-[\d.]+(ms|s|m|h|d)$/.test(text)) return -parseDuration(text.slice(1) as Duration)
    }
    return this.instant(time)
  }

  instant(time: TimeLike): number {
    const ms = parseTime(time, { nowMs: this.#calls.now(), tz: this.tz })
    if (ms >= 0) return ms
    throw new RivuletError(`${String(time)} is before 1970`, { code: 2, try: "a later time" })
  }

  query<T>(node: RddNode, decode: (answer: RawAnswer) => T, options: { readonly save?: SaveTarget } = {}): Answer<T> {
    const ended = new AbortController()
    this.onQuestion?.(streamsOfRdd(node))
    const { save } = options
    const change = save === undefined ? {} : { save: { ...save, to: this.#outputPath(save.to) } }
    return answerOf(this.#ask(node, change, decode, ended.signal), () => ended.abort())
  }

  partial<T>(node: RddNode, withinMs: number, decode: (ready: ReadyRows) => T): Answer<Partial<T>> {
    const ended = new AbortController()
    this.onQuestion?.(streamsOfRdd(node))
    return answerOf(this.#askPart(node, withinMs, decode, ended.signal), () => ended.abort())
  }

  async lineage(node: RddNode): Promise<Lineage> {
    const { rdd, definitions, session } = await this.#question(node)
    return (await this.request({ kind: "lineage", session, rdd, definitions })) as Lineage
  }

  unpersist(id: string): void {
    this.#unpersisted.add(id)
    // If the master is not there to hear it, what is kept goes with the session.
    this.request({ kind: "unpersist", id }).catch(() => {})
  }

  async stop(id: StreamId, { cascade }: { readonly cascade: boolean }): Promise<void> {
    if (this.definitions.isDraft(id)) return this.definitions.forget(id)
    const { owner } = this.definitions.author
    await this.request({ kind: "stop", streams: [this.definitions.idOf(id)], cascade, by: owner, force: false })
    this.definitions.forget(id)
  }

  async resume(id: StreamId, { skip }: { readonly skip: "record" | "interval" | null }): Promise<void> {
    await this.flush()
    const { owner } = this.definitions.author
    await this.request({ kind: "resume", stream: this.definitions.idOf(id), skip, by: owner, force: false })
  }

  replace(id: StreamId, next: StreamId, options: ReplaceOptions): Promise<Plan> {
    this.definitions.offer(next)
    const state =
      typeof options.state === "function" ? ({ kind: "map", f: this.link(options.state, "replace") } as const) : { kind: options.state }
    const from = options.from === null || options.from === "failed" || options.from === "next" ? options.from : this.instant(options.from)
    return this.#replace(id, next, { from, state, dryRun: options.dryRun })
  }

  async #replace(
    id: StreamId,
    next: StreamId,
    asked: Pick<Extract<Request, { kind: "replace" }>, "from" | "state" | "dryRun">,
  ): Promise<Plan> {
    await this.flush([id])
    const drafts = this.definitions.draftsIn(streamsIn(this.definitions.get(next).node))
    const definitions = await Promise.all(drafts.map(draft => this.#settled(draft)))
    const settled = await this.#settled(this.definitions.get(next))
    const { session, owner: by } = this.definitions.author
    const assets = this.#assetsOf([definitions, settled, asked.state])
    const stream = this.definitions.idOf(id)
    const { plan, definition } = await this.request({
      ...{ kind: "replace", session, stream, next: settled, definitions, assets, ...asked, by, force: false },
    })
    if (!asked.dryRun) {
      for (const { hash } of assets) this.#journaled.add(hash)
      this.definitions.replaced(id, next, definition)
      await this.catalog()
    }
    return planOf(plan)
  }

  /** Sends all that the session has defined as its program, in place of what the program was. */
  async submit({ dryRun, force }: { readonly dryRun: boolean; readonly force: boolean }): Promise<Plan> {
    const drafts = this.definitions.toSend()
    const definitions = await Promise.all(drafts.map(draft => this.#settled(draft)))
    const assets = this.#assetsOf(definitions)
    const { session, program, owner: by } = this.definitions.author
    const { plan, accepted } = await this.request({ kind: "submit", session, program, definitions, assets, dryRun, by, force })
    if (!dryRun) for (const { hash } of assets) this.#journaled.add(hash)
    for (const { asked, definition, since } of accepted) this.definitions.accepted(asked, definition, since)
    return planOf(plan)
  }

  async versions(id: StreamId): Promise<Definition[]> {
    await this.flush([id])
    return [...(await this.request({ kind: "versions", stream: this.definitions.idOf(id) }))]
  }

  async info(id: StreamId): Promise<StreamInfo> {
    await this.flush()
    const entries = await this.catalog()
    const entry = entries.find(({ definition }) => definition.id === this.definitions.idOf(id))
    if (entry !== undefined) return streamInfo(entry)
    return recipeInfo(this.definitions.get(id), this.#ancestors(id, entries))
  }

  // ── of the session ──

  async request<K extends Request["kind"]>(body: Extract<Request, { readonly kind: K }>): Promise<ValueOf<K>> {
    return (await this.#calls.call({ kind: "request", body })).value as ValueOf<K>
  }

  async catalog(): Promise<readonly CatalogEntry[]> {
    const entries = await this.request({ kind: "catalog" })
    this.definitions.catalog(entries.filter(({ state }) => state !== "stopped"))
    return entries
  }

  /** Data for `parallelize`: it travels as an asset. */
  addAsset(asset: Asset): void {
    this.#assets.set(asset.hash, asset)
  }

  textFile(asked: AskedFiles): RddNode {
    const node: RddNode = Object.freeze({ kind: "textFile", id: this.newId("f"), splits: [] })
    this.#files.set(node, asked)
    return node
  }

  newId(letter: string): string {
    return `${this.definitions.author.session}.${letter}${this.#nextId++}`
  }

  /**
   * Sends what must be with the master: definitions that run or have a name (and `also`), and new names. Flushes follow one
   * another. Rejected when the master refuses; what was refused is not sent again.
   */
  flush(also: readonly StreamId[] = []): Promise<Defined[]> {
    const flushed = this.#flushing.then(() => this.#flush(also))
    this.#flushing = flushed.catch(() => {})
    return flushed
  }

  async #flush(also: readonly StreamId[]): Promise<Defined[]> {
    const drafts = this.definitions.toSend(also)
    const defined = drafts.length === 0 ? [] : await this.#define(drafts)
    for (const { id, name } of this.#renames.splice(0)) await this.request({ kind: "rename", stream: this.definitions.idOf(id), name })
    return defined
  }

  async #define(drafts: readonly StreamDefinition[]): Promise<Defined[]> {
    try {
      const definitions = await Promise.all(drafts.map(draft => this.#settled(draft)))
      const assets = this.#assetsOf(definitions)
      const { session } = this.definitions.author
      const { accepted } = await this.request({ kind: "define", session, definitions, assets })
      for (const { hash } of assets) this.#journaled.add(hash)
      return accepted.map(({ asked, definition, since }) => {
        const captures = [...hashesIn(definition.node)].flatMap(hash => this.#captures.get(hash) ?? [])
        const notes = this.#notesOf(definition)
        const renamed = this.#renamedMeanwhile(asked, drafts)
        this.definitions.accepted(asked, renamed === undefined ? definition : { ...definition, ...renamed }, since)
        const { id, name, named, kind, intervalMs } = definition
        return { id, name, named, kind, interval: formatDuration(intervalMs), since, captures, notes }
      })
    } catch (error) {
      const ids = drafts.map(({ id }) => id)
      this.definitions.refused(ids, error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  /** Said once a session. */
  #notesOf({ node }: StreamDefinition): string[] {
    if (this.#saidClock || ![...hashesIn(node)].some(hash => this.#clockUsers.has(hash))) return []
    this.#saidClock = true
    return ["Date.now() in a function is the start of its interval: the same whenever it is computed"]
  }

  /** A name that was given while the definition was under way must follow it. */
  #renamedMeanwhile(id: StreamId, sent: readonly StreamDefinition[]): { name: string; named: boolean } | undefined {
    const before = sent.find(definition => definition.id === id)
    const { name, named } = this.definitions.get(id)
    if (before === undefined || (before.name === name && before.named === named)) return undefined
    this.#renames.push({ id, name })
    return { name, named }
  }

  async #ask<T>(
    node: RddNode,
    change: Pick<QueryRequest, "save">,
    decode: (answer: RawAnswer) => T,
    signal: AbortSignal,
  ): Promise<{ value: T; stamp: Stamp }> {
    const body = { ...(await this.#question(node)), ...change }
    const { result, blocks } = await this.#call(node, body, signal)
    const stamp = stampOf(result.stamp, this.#calls.now(), result.ms)
    const saved = change.save && { files: result.files, rows: result.rows }
    return { value: decode({ stamp, blocks, rows: () => blocks.flatMap(block => block.toArray()), ...(saved && { saved }) }), stamp }
  }

  /** Asked twice when something is missing: the second time it joins the same question and waits for all. */
  async #askPart<T>(
    node: RddNode,
    withinMs: number,
    decode: (ready: ReadyRows) => T,
    signal: AbortSignal,
  ): Promise<{ value: Partial<T>; stamp: Stamp }> {
    const body = await this.#question(node)
    const answer = ({ result, blocks }: { readonly result: QueryResult; readonly blocks: readonly Block[] }): T => {
      const [ready, of] = result.stamp.partitions
      return decode({ rows: blocks.flatMap(block => block.toArray()), ready, of })
    }
    const first = await this.#call(node, { ...body, withinMs }, signal)
    const { missing, query } = first.result
    const value = answer(first)
    const complete = missing.length === 0
    const final = complete ? Promise.resolve(value) : this.#call(node, { ...body, query }, signal).then(answer)
    // Whoever wants it has it; who does not must not hear of its failure.
    final.catch(() => {})
    const stamp = stampOf(first.result.stamp, this.#calls.now(), first.result.ms)
    return { value: { value, complete, missing: missing.map(one => ({ ...one })), final }, stamp }
  }

  /** The question with all that it needs, under an id of its own. */
  async #question(node: RddNode): Promise<QueryRequest> {
    // Old logs are read by a stream that is there; a recipe would be asked before anything is read.
    const inputs = this.definitions.draftsIn(streamsOfRdd(node)).filter(({ kind }) => kind === "input")
    await this.flush(inputs.map(({ id }) => id))
    const rdd = await this.#settledRdd(node)
    const drafts = this.definitions.draftsIn(streamsOfRdd(rdd))
    const definitions = await Promise.all(drafts.map(draft => this.#settled(draft)))
    const { session } = this.definitions.author
    const assets = this.#assetsOf([rdd, definitions])
    return { kind: "query", query: this.newId("q"), session, rdd, definitions, assets, timeoutMs: null }
  }

  async #call(node: RddNode, body: QueryRequest, signal: AbortSignal): Promise<{ result: QueryResult; blocks: Block[] }> {
    const { value, payload } = await this.#calls.call({ kind: "query", body }, { signal })
    const result = value as QueryResult
    this.#pins.learn(node, result.stamp)
    return { result, blocks: payload.map(bytes => Block.of(bytes)) }
  }

  // ── what goes along ──

  #assetsOf(data: unknown): Asset[] {
    const hashes = [...hashesIn(data)].filter(hash => !this.#journaled.has(hash))
    return hashes.flatMap(hash => this.#assets.get(hash) ?? [])
  }

  async #settled(definition: StreamDefinition): Promise<StreamDefinition> {
    const rdds = rddsOf(definition.node)
    for (const rdd of rdds) await this.#findFiles(rdd)
    const { node } = definition
    const settled = mapRdds(node, rdd => this.#renamed(this.#pins.apply(rdd)))
    return settled === node ? definition : Object.freeze({ ...definition, node: settled })
  }

  async #settledRdd(node: RddNode): Promise<RddNode> {
    await this.#findFiles(node)
    const settled = this.#renamed(this.#pins.apply(node))
    if (this.#unpersisted.size === 0) return settled
    return rewrite(settled, below => (below.kind === "persist" && this.#unpersisted.has(below.id) ? below.parent : below))
  }

  /** Streams by the ids that the cluster has for them. */
  #renamed(node: RddNode): RddNode {
    return mapLeaves(node, leaf => {
      if (leaf.kind === "textFile") return leaf
      const stream = this.definitions.idOf(leaf.stream)
      return stream === leaf.stream ? leaf : { ...leaf, stream }
    })
  }

  async #findFiles(node: RddNode): Promise<void> {
    for (const leaf of leavesOf(node)) {
      const asked = this.#files.get(leaf)
      if (leaf.kind !== "textFile" || asked === undefined || this.#pins.get(leaf) !== leaf) continue
      const { files } = await this.request({ kind: "files", paths: asked.paths })
      if (this.#pins.get(leaf) === leaf) this.#pins.set(leaf, textFileNode(leaf.id, asked, files as readonly FoundFile[]))
      this.#files.delete(leaf)
    }
  }

  #ancestors(id: StreamId, entries: readonly CatalogEntry[]): CatalogEntry[] {
    const found = new Map<StreamId, CatalogEntry>()
    const visit = (of: StreamId) => {
      for (const parent of streamsIn(this.definitions.get(of).node)) {
        const entry = entries.find(({ definition }) => definition.id === this.definitions.idOf(parent))
        if (entry !== undefined) found.set(entry.definition.id, entry)
        else visit(parent)
      }
    }
    visit(id)
    return [...found.values()]
  }

  #site(): Origin | undefined {
    return callSite(this.#textOf)
  }
}
