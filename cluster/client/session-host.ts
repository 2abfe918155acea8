/**
 * The port that handles use, on a session: definitions are collected and sent together, questions go to the machine, what a
 * question needs (recipes, functions, data, file lists) goes with it.
 */

import { basename } from "node:path"
import { callSite } from "../../engine/capture/position.js"
import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { Answer, Partial } from "../../engine/fluent/answer-types.js"
import type {
  Amendment,
  Host,
  RawAnswer,
  ReadyRows,
  ReplaceOptions,
  SaveTarget,
  StreamDraft,
  UserFunction,
} from "../../engine/fluent/host.js"
import { openHandle } from "../../engine/fluent/open.js"
import type { Definition, Lineage, Plan, StreamInfo, Why } from "../../engine/fluent/shapes.js"
import type { Handle } from "../../engine/fluent/stream-types.js"
import type { Asset, FunctionLink, FunctionRef, Origin } from "../../engine/function-ref.js"
import { isTable } from "../../engine/output/table.js"
import type { QueryTime, RddNode } from "../../engine/rdd.js"
import { type Duration, formatDuration, parseDuration, parseTime, type TimeLike } from "../../engine/time.js"
import type { CatalogEntry, Request } from "../protocol.js"
import type { ClientCalls } from "./calls.js"
import { Changes, type ValueOf } from "./changes.js"
import type { Defined } from "./defined.js"
import { type Author, Definitions } from "./definitions.js"
import { recipeInfo, streamInfo } from "./inspection.js"
import { Questions } from "./questions.js"
import { Settling } from "./settling.js"
import type { AskedFiles } from "./text-files.js"
import { streamsIn } from "./tree.js"
import { causeInWords } from "./why-words.js"

export interface HostOptions {
  readonly calls: ClientCalls
  readonly author: Author
  readonly partitions: number
  readonly tz: string
  /** A file's or cell's text, for `.source` and the line in messages. */
  readonly textOf?: (file: string) => string | undefined
  /** A path as the workers see it. Default: as it is. */
  readonly resolvePath?: (path: string) => string
  /** Over so many rows `collect` is an error. */
  readonly collectMax?: number
}

export class SessionHost implements Host {
  readonly partitions: number
  readonly definitions: Definitions
  readonly collectMax?: number
  tz: string
  readonly #calls: ClientCalls
  readonly #textOf: ((file: string) => string | undefined) | undefined
  readonly #resolvePath: (path: string) => string
  readonly #settling: Settling
  readonly questions: Questions
  readonly #changes: Changes
  #renames: { readonly id: StreamId; readonly name: string; readonly takes: boolean }[] = []
  readonly #remembers: { readonly id: StreamId; readonly rememberMs: number }[] = []
  #keeps: StreamId[] = []
  #flushing: Promise<unknown> = Promise.resolve()
  #nextId = 1

  constructor({ calls, author, partitions, tz, textOf, resolvePath = path => path, collectMax }: HostOptions) {
    if (collectMax !== undefined) this.collectMax = collectMax
    this.#calls = calls
    this.#resolvePath = resolvePath
    this.#textOf = textOf
    this.definitions = new Definitions(author, partitions)
    this.partitions = partitions
    this.tz = tz
    this.#settling = new Settling(this.definitions, asked => this.request(asked), {
      newId: () => this.newId("h"),
      ask: rdd => this.questions.rows(rdd),
    })
    const shared = { definitions: this.definitions, settling: this.#settling, flush: (also?: readonly StreamId[]) => this.flush(also) }
    this.questions = new Questions({ ...shared, calls, newId: letter => this.newId(letter) })
    this.#changes = new Changes({ ...shared, request: body => this.request(body), catalog: () => this.catalog() })
  }

  // ── Host ──

  link(f: UserFunction, operator: string, options: { readonly driver?: boolean } = {}): FunctionLink {
    return this.#settling.link(f, operator, this.#site(), options.driver === true)
  }

  functionOf(link: FunctionLink): FunctionRef | null {
    return this.#settling.functionOf(link)
  }

  define(draft: StreamDraft): StreamDefinition {
    const site = this.#site()
    const at = site === undefined ? "" : `${basename(site.file)}:${site.line}`
    const source = site?.text.split("\n")[site.line - 1]?.trim() ?? ""
    return this.definitions.define(this.#placed(draft), { at, source })
  }

  /** Files are written by workers, whose directory is another; what a body captured goes with its definition. */
  #placed(draft: StreamDraft): StreamDraft {
    const { node } = draft
    if (node.kind === "foreachRDD") {
      const holds = this.#settling.holdsOf(node.f)
      return holds.length === 0 ? draft : { ...draft, node: Object.freeze({ ...node, holds }) }
    }
    if (node.kind !== "save" && node.kind !== "archive") return draft
    return { ...draft, node: Object.freeze({ ...node, to: this.#outputPath(node.to) }) }
  }

  #outputPath(to: string): string {
    return isTable(to) ? to : this.#resolvePath(to.replace(/^file:(\/\/(?=\/))?/, ""))
  }

  definition(id: StreamId): StreamDefinition {
    return this.definitions.get(id)
  }

  amend(id: StreamId, change: Amendment): void {
    const named = change.name === undefined ? {} : { named: true }
    const takes = this.definitions.mayName(id)
    const before = this.definitions.get(id)
    const draft = this.definitions.change(id, { ...change, ...named })
    if (draft) return
    if (change.name !== undefined && before.named) this.definitions.renamed(before, change.name)
    if (change.name !== undefined) this.#renames.push({ id, name: change.name, takes })
    if (change.rememberMs !== undefined) this.#remembers.push({ id, rememberMs: change.rememberMs })
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
    const { save } = options
    return this.questions.query(node, decode, save === undefined ? {} : { save: { ...save, to: this.#outputPath(save.to) } })
  }

  partial<T>(node: RddNode, withinMs: number, decode: (ready: ReadyRows) => T): Answer<Partial<T>> {
    return this.questions.partial(node, withinMs, decode)
  }

  lineage(node: RddNode): Promise<Lineage> {
    return this.questions.lineage(node)
  }

  unpersist(id: string): void {
    this.#settling.unpersist(id)
    // If the master is not there to hear it, what is kept goes with the session.
    this.request({ kind: "unpersist", id }).catch(() => {})
  }

  async stop(id: StreamId, { cascade }: { readonly cascade: boolean }): Promise<void> {
    if (this.definitions.isDraft(id)) return this.definitions.forget(id)
    await this.#changes.stop([this.definitions.idOf(id)], { cascade, force: false })
    this.definitions.forget(id)
  }

  keep(id: StreamId): void {
    this.#keeps.push(id)
  }

  async resume(id: StreamId, { skip }: { readonly skip: "record" | "interval" | null }): Promise<void> {
    await this.flush()
    await this.#changes.resume(this.definitions.idOf(id), { skip, force: false })
  }

  replace(id: StreamId, next: StreamId, { dryRun, force = false, ...options }: ReplaceOptions): Promise<Plan> {
    this.definitions.offer(next)
    const state = typeof options.state === "function" ? this.link(options.state, "replace") : options.state
    const from = options.from === null || options.from === "failed" || options.from === "next" ? options.from : this.instant(options.from)
    return this.#changes.replace(id, next, { from, state, dryRun, force })
  }

  versions(id: StreamId): Promise<Definition[]> {
    return this.#changes.versions(id)
  }

  async info(id: StreamId): Promise<StreamInfo> {
    await this.flush()
    const entries = await this.catalog()
    const entry = entries.find(({ definition }) => definition.id === this.definitions.idOf(id))
    if (entry !== undefined) return streamInfo(entry)
    return recipeInfo(this.definitions.get(id), this.#ancestors(id, entries))
  }

  /** Of a recipe that the master has not been sent there is nothing to tell: it is computed when it is asked. */
  async why(id: StreamId): Promise<Why> {
    await this.flush()
    if (this.definitions.isDraft(id)) return { state: "on demand", findings: [] }
    const { state, findings } = await this.request({ kind: "why", stream: this.definitions.idOf(id) })
    const place = { tz: this.tz, nowMs: this.#calls.now() }
    return { state, findings: findings.map(({ cause, since, share }) => ({ ...causeInWords(cause, place), since, share })) }
  }

  // ── of the session ──

  /** What it changes of streams that are there. */
  get changes(): Changes {
    return this.#changes
  }

  async request<K extends Request["kind"]>(body: Extract<Request, { readonly kind: K }>): Promise<ValueOf<K>> {
    return (await this.#calls.call({ kind: "request", body })).value as ValueOf<K>
  }

  async catalog(): Promise<readonly CatalogEntry[]> {
    const entries = await this.request({ kind: "catalog" })
    this.knows(entries)
    return entries
  }

  /** The cluster's streams, as the master has told of them. */
  knows(entries: readonly CatalogEntry[]): void {
    this.definitions.catalog(entries.filter(({ state }) => state !== "stopped"))
  }

  /** Data for `parallelize`: it travels as an asset. */
  addAsset(asset: Asset): void {
    this.#settling.addAsset(asset)
  }

  textFile(asked: AskedFiles): RddNode {
    return this.#settling.textFile(this.newId("f"), asked)
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
    const keeps = this.#keeps.splice(0)
    const drafts = this.definitions.toSend([...also, ...keeps])
    const defined = drafts.length === 0 ? [] : await this.#define(drafts)
    for (const { id, name, takes } of this.#renames.splice(0))
      await this.#changes.rename(this.definitions.idOf(id), name, { force: false, takes })
    const { owner: by } = this.definitions.author
    for (const { id, rememberMs } of this.#remembers.splice(0))
      await this.request({ kind: "remember", stream: this.definitions.idOf(id), rememberMs, by, force: false })
    if (keeps.length > 0)
      await this.#changes.keep(
        keeps.map(id => this.definitions.idOf(id)),
        { force: false },
      )
    return defined
  }

  async #define(drafts: readonly StreamDefinition[]): Promise<Defined[]> {
    try {
      const definitions = await this.#settling.definitions(drafts)
      const { session } = this.definitions.author
      const { accepted } = await this.#settling.withAssets(definitions, async named => {
        const answered = await this.request({ kind: "define", session, definitions, ...named })
        this.#settling.journaled(named.assets)
        return answered
      })
      return accepted.map(({ asked, definition, since }) => {
        const captures = this.#settling.capturesOf(definition)
        const notes = this.#settling.notesOf(definition)
        const renamed = this.#renamedMeanwhile(asked, drafts)
        this.definitions.accepted(asked, renamed === undefined ? definition : { ...definition, ...renamed }, since)
        const { id, name, named, kind, persist, intervalMs } = definition
        return { id, name, named, kind, persist, interval: formatDuration(intervalMs), since, captures, notes }
      })
    } catch (error) {
      const ids = drafts.map(({ id }) => id)
      this.definitions.refused(ids, error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  /** A name that was given while the definition was under way must follow it. */
  #renamedMeanwhile(id: StreamId, sent: readonly StreamDefinition[]): { name: string; named: boolean } | undefined {
    const before = sent.find(definition => definition.id === id)
    const { name, named } = this.definitions.get(id)
    if (before === undefined || (before.name === name && before.named === named)) return undefined
    this.#renames.push({ id, name, takes: !before.named })
    return { name, named }
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
