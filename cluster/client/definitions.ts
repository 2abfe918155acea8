/**
 * The definitions that a session knows: its own (drafts until the master has them) and the cluster's. Pure data and rules of
 * naming; what is sent and when is the session's.
 *
 *     draft ──sent──▶ accepted        draft ──refused──▶ refused (whoever uses it is told why)
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { StreamDraft } from "../../engine/fluent/host.js"
import { streamsIn } from "./tree.js"

export interface Author {
  readonly session: string
  readonly program: string
  readonly owner: string
}

/** Where a step was written, for its default name and its source. */
export interface Place {
  /** `page-views.ts:4`; "" if not known. */
  readonly at: string
  readonly source: string
}

interface Known {
  definition: StreamDefinition
  state: "draft" | "accepted" | "refused"
  /** Own definitions may be named; the cluster's may not. */
  readonly own: boolean
  /** The first interval's start, once the master has said it. */
  since?: number
  why?: string
}

export class Definitions {
  readonly author: Author
  readonly #partitions: number
  readonly #known = new Map<StreamId, Known>()
  /** Old names of renamed streams, and their new ones. */
  readonly #formerly = new Map<string, string>()
  /** An input that existed already stands in for the one that was asked. */
  readonly #aliases = new Map<StreamId, StreamId>()
  /** Drafts that are to take another's place: not sent as streams of their own. */
  readonly #offered = new Set<StreamId>()
  #next = 1

  /** `partitions`: of shuffles that do not say it. */
  constructor(author: Author, partitions: number) {
    this.author = author
    this.#partitions = partitions
  }

  define(draft: StreamDraft, place: Place): StreamDefinition {
    const { session, program, owner } = this.author
    const definition: StreamDefinition = Object.freeze({
      id: `${session}.${this.#next++}`,
      version: 1,
      program,
      name: draft.name ?? this.#free(place.at === "" ? draft.operator : `${draft.operator}@${place.at}`),
      named: draft.name !== undefined,
      owner,
      kind: draft.kind,
      intervalMs: draft.intervalMs,
      from: draft.from ?? "earliest",
      node: Object.freeze(draft.node),
      rememberMs: draft.rememberMs ?? null,
      persist: false,
      partitions: this.#partitions,
      source: place.source,
    })
    if (draft.name !== undefined) this.#takeName(draft.name, definition.id)
    this.#known.set(definition.id, { definition, state: "draft", own: true })
    return definition
  }

  /** The id under which the cluster has the stream. */
  idOf(id: StreamId): StreamId {
    return this.#aliases.get(id) ?? id
  }

  get(id: StreamId): StreamDefinition {
    return this.#get(id).definition
  }

  has(id: StreamId): boolean {
    return this.#known.has(this.idOf(id))
  }

  isDraft(id: StreamId): boolean {
    return this.#get(id).state === "draft"
  }

  /** Changes a definition. True if it is a draft: nobody else needs to know. */
  change(
    id: StreamId,
    change: Partial<Pick<StreamDefinition, "name" | "named" | "persist" | "rememberMs" | "checkpointMs" | "untilRead">>,
  ): boolean {
    const known = this.#get(id)
    if (known.state !== "draft" && (("persist" in change && !known.definition.persist) || "checkpointMs" in change)) {
      const what = "persist" in change ? "persist()" : "checkpoint()"
      throw new RivuletError(`${known.definition.name} is running already: ${what} belongs to its definition`, {
        code: 2,
        try: `in the expression that defines it: ….${what}`,
      })
    }
    if (change.name !== undefined) this.#takeName(change.name, known.definition.id)
    known.definition = Object.freeze({ ...known.definition, ...change })
    return known.state === "draft"
  }

  /** Another source for an input that has not been sent: how batch mode reads old logs in its place. */
  redirect(id: StreamId, node: StreamDefinition["node"]): void {
    const known = this.#get(id)
    if (known.state !== "draft")
      throw new RivuletError(`${known.definition.name} is running already: its input stays`, { code: 2, try: "replay defines its own" })
    known.definition = Object.freeze({ ...known.definition, node: Object.freeze(node) })
  }

  /** Whether a top-level name should become the stream's: it is this session's and has none. */
  mayName(id: StreamId): boolean {
    const known = this.#get(id)
    return known.own && !known.definition.named
  }

  /** The stream of this program that has the name now. */
  named(name: string): StreamDefinition | undefined {
    return this.find(name).find(definition => definition.program === this.author.program)
  }

  /** By `name` or `program/name`. */
  find(name: string): StreamDefinition[] {
    return [...this.#known.values()]
      .filter(
        ({ definition, state }) => state !== "refused" && (definition.name === name || `${definition.program}/${definition.name}` === name),
      )
      .map(({ definition }) => definition)
  }

  all(): StreamDefinition[] {
    return [...this.#known.values()].filter(({ state }) => state !== "refused").map(({ definition }) => definition)
  }

  /** Drafts that must be sent: those that run or are named, `also`, and what they are made of; in order of definition. */
  toSend(also: readonly StreamId[] = []): StreamDefinition[] {
    const asked = new Set(also.map(id => this.idOf(id)))
    const roots = this.#drafts().filter(
      ({ id, kind, named, persist }) => asked.has(id) || (!this.#offered.has(id) && (named || persist || runs.has(kind))),
    )
    return this.draftsIn(roots.map(({ id }) => id))
  }

  /** The drafts among these streams and all that they are made of, in order of definition. */
  draftsIn(ids: readonly StreamId[]): StreamDefinition[] {
    const needed = new Set<StreamId>()
    const visit = (asked: StreamId) => {
      const id = this.idOf(asked)
      const { state, definition, why } = this.#get(id)
      if (state === "refused") throw new RivuletError(`${definition.name} was refused: ${why}`, { code: 4, try: "define it anew" })
      if (state !== "draft" || needed.has(id)) return
      needed.add(id)
      streamsIn(definition.node).forEach(visit)
    }
    ids.forEach(visit)
    return this.#drafts().filter(({ id }) => needed.has(id))
  }

  /** The streams of the cluster that these are made of, for who sends none: themselves, if they are there. Null: there is a draft that has to run. */
  runningUnder(id: StreamId): StreamId[] | null {
    const drafts = this.draftsIn([id])
    if (drafts.some(({ kind, persist }) => persist || runs.has(kind))) return null
    if (drafts.length === 0) return [this.idOf(id)]
    return [...new Set(drafts.flatMap(({ node }) => streamsIn(node)).map(one => this.idOf(one)))].filter(one => !this.isDraft(one))
  }

  /** What this session gave the cluster. */
  given(): StreamDefinition[] {
    return [...this.#known.values()].flatMap(({ definition, own, state }) => (own && state === "accepted" ? [definition] : []))
  }

  draftCount(): number {
    return this.#drafts().length
  }

  /** The start of its first interval; -Infinity while it is not known. */
  sinceOf(id: StreamId): number {
    return this.#get(id).since ?? Number.NEGATIVE_INFINITY
  }

  accepted(asked: StreamId, definition: StreamDefinition, since: number): void {
    if (asked !== definition.id) {
      this.#aliases.set(asked, definition.id)
      this.#known.delete(asked)
    }
    this.#known.set(definition.id, {
      definition,
      state: "accepted",
      own: asked === definition.id,
      since,
    })
  }

  /** A draft that is meant to take another stream's place. */
  offer(id: StreamId): void {
    if (this.isDraft(id)) this.#offered.add(this.idOf(id))
  }

  /** It has taken the place: from now on it is the other's handle. */
  replaced(stream: StreamId, next: StreamId, definition: StreamDefinition): void {
    const known = this.#get(stream)
    known.definition = definition
    if (!this.#offered.delete(this.idOf(next))) return
    this.#known.delete(this.idOf(next))
    this.#aliases.set(next, known.definition.id)
  }

  refused(ids: readonly StreamId[], why: string): void {
    for (const id of ids) {
      const known = this.#known.get(id)
      if (known?.state === "draft") Object.assign(known, { state: "refused", why })
    }
  }

  /** What the cluster has now, apart from drafts. */
  catalog(entries: readonly { readonly definition: StreamDefinition; readonly sinceMs: number; readonly formerly?: string }[]): void {
    this.#formerly.clear()
    for (const { definition, formerly } of entries) {
      if (formerly === undefined) continue
      for (const name of [formerly, `${definition.program}/${formerly}`])
        this.#formerly.set(name, `${definition.program}/${definition.name}`)
    }
    const present = new Set(entries.map(({ definition }) => definition.id))
    for (const [id, { state }] of this.#known) if (state === "accepted" && !present.has(id)) this.#known.delete(id)
    for (const { definition, sinceMs: since } of entries) {
      const known = this.#known.get(definition.id)
      if (known === undefined) this.#known.set(definition.id, { definition, state: "accepted", own: false, since })
      else if (known.state === "accepted") known.definition = definition
      const { succeeds } = definition
      if (succeeds !== undefined && !present.has(succeeds)) this.#succeeded(succeeds, definition.id)
    }
  }

  /** A stream that was made anew has taken the other's place: who has a handle of that one goes on with it. */
  #succeeded(old: StreamId, next: StreamId): void {
    this.#aliases.set(old, next)
    for (const [asked, id] of this.#aliases) if (id === old) this.#aliases.set(asked, next)
  }

  /** The cluster's catalog says so, too, when it is looked at next. */
  renamed({ program, name }: StreamDefinition, now: string): void {
    for (const old of [name, `${program}/${name}`]) this.#formerly.set(old, `${program}/${now}`)
  }

  /** What the stream that had this name is called now, as `program/name`. */
  nowCalled(name: string): string | undefined {
    return this.#formerly.get(name)
  }

  forget(id: StreamId): void {
    this.#known.delete(this.idOf(id))
  }

  /** `name`, or `name~2`, `name~3` … if it is taken. */
  #free(name: string): string {
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : `${name}~${n}`
      if (this.named(candidate) === undefined) return candidate
    }
  }

  /** The name goes to the newer stream, as the master will have it too; what had it is `name~1`. */
  #takeName(name: string, id: StreamId): void {
    checkName(name)
    const holder = this.named(name)
    if (holder === undefined || holder.id === id) return
    let n = 1
    while (this.named(`${name}~${n}`) !== undefined) n++
    const known = this.#get(holder.id)
    known.definition = Object.freeze({ ...known.definition, name: `${name}~${n}` })
  }

  #drafts(): StreamDefinition[] {
    return [...this.#known.values()].filter(({ state }) => state === "draft").map(({ definition }) => definition)
  }

  #get(id: StreamId): Known {
    const known = this.#known.get(this.idOf(id))
    if (known === undefined)
      throw new RivuletError(`stream ${id} is no longer there`, { code: 5, try: "await streams() shows those that are" })
    return known
  }
}

const runs: ReadonlySet<StreamDefinition["kind"]> = new Set(["input", "state", "output"])

/** Throws a RivuletError of code 2 for what no stream can be called. */
export function checkName(name: string): void {
  if (/^[^\s/]+$/.test(name)) return
  throw new RivuletError(`"${name}" is no name for a stream`, { code: 2, try: "letters without spaces or /" })
}
