/**
 * Definitions: which names exist, what may be defined beside what, what may be stopped. It decides; the
 * records it gives are journaled by the caller.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream } from "../../engine/graph.js"
import { formatDuration } from "../../engine/time.js"
import { checkDefinition, parentsOf } from "./definition-rules.js"
import type { Ledger } from "./ledger.js"
import type { AcceptedDefinition } from "./records.js"
import { runs } from "./stream-graph.js"
import { type InputRecord, type StreamLists, streamLists } from "./stream-lists.js"
import type { StreamRecord } from "./stream-record.js"

export interface DefinePlan {
  readonly accepted: readonly { readonly asked: StreamId; readonly definition: StreamDefinition; readonly since: number }[]
  /** What is new among them. */
  readonly fresh: readonly AcceptedDefinition[]
  /** Streams whose name was taken over. */
  readonly renamed: readonly { readonly stream: StreamId; readonly name: string }[]
  /** Of those, the ones that nobody uses. */
  readonly unused: readonly StreamId[]
}

/** Where the clock and the seals stand: what `from` is resolved against. */
export interface Clocks {
  readonly nowMs: number
  sealedThrough(input: StreamId): number
}

export class Catalog {
  readonly #ledger: Ledger
  #lists: StreamLists | null = null
  #listedAt = -1

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Asked for at every event, and made anew only when a definition comes, goes or changes. */
  get #all(): StreamLists {
    if (this.#lists === null || this.#listedAt !== this.#ledger.definitionChanges) {
      this.#listedAt = this.#ledger.definitionChanges
      this.#lists = streamLists(this.#ledger)
    }
    return this.#lists
  }

  /** Streams that are not stopped, parents before children. */
  live(): readonly StreamRecord[] {
    return this.#all.live
  }

  /** With those that were stopped and may be called back. */
  kept(): readonly StreamRecord[] {
    return this.#all.kept
  }

  /** Live ones that run every interval, held ones too. */
  running(): readonly StreamRecord[] {
    return this.#all.running
  }

  /** Live streams that run and are made of it, near or far, parents first. */
  readers(id: StreamId): readonly StreamId[] {
    const { readers } = this.#all
    let found = readers.get(id)
    if (found === undefined) {
      found = this.dependents(id).flatMap(({ definition }) => (runs(definition) ? [definition.id] : []))
      readers.set(id, found)
    }
    return found
  }

  get(id: StreamId): StreamRecord | undefined {
    const stream = this.#ledger.streams.get(id)
    return stream?.stoppedMs === null && stream.leaving === null ? stream : undefined
  }

  /** What was stopped and may be called back: the newest of that id or `program/name`. */
  leaving(name: string): StreamRecord | undefined {
    const found = this.kept().filter(stream => stream.leaving !== null && (stream.definition.id === name || nameOf(stream) === name))
    return found.reduce<StreamRecord | undefined>(
      (newest, stream) => ((newest?.leaving?.wallMs ?? Number.NEGATIVE_INFINITY) <= (stream.leaving?.wallMs ?? 0) ? stream : newest),
      undefined,
    )
  }

  /** By id, `program/name`, or a name that only one live stream has. */
  find(name: string): StreamRecord | undefined {
    const byId = this.get(name)
    if (byId !== undefined) return byId
    const live = this.live()
    const full = live.filter(({ definition }) => `${definition.program}/${definition.name}` === name)
    if (full.length > 0) return full[0]
    const short = live.filter(({ definition }) => definition.name === name)
    if (short.length > 1) {
      throw new RivuletError(`${short.length} streams are called ${name}: ${short.map(nameOf).join(", ")}`, {
        code: 2,
        try: "say program/name",
      })
    }
    return short[0]
  }

  /** The input that receives under this name. */
  receiver(name: string): StreamRecord | undefined {
    return this.#all.receivers.get(name)
  }

  /** Whether an input that received under this name has been stopped (and none does now): what is left of it may go. */
  wasStopped(receiver: string): boolean {
    if (this.receiver(receiver) !== undefined) return false
    for (const { definition, stoppedMs } of this.#ledger.streams.values()) {
      const { node } = definition
      if (stoppedMs !== null && node.kind === "input" && node.source.kind === "receiver" && node.source.name === receiver) return true
    }
    return false
  }

  inputs(): readonly InputRecord[] {
    return this.#all.inputs
  }

  /** Those whose records come from there. */
  inputsFrom(kind: InputNode["source"]["kind"]): readonly InputRecord[] {
    return this.#all.bySource.get(kind) ?? []
  }

  children(id: StreamId): StreamRecord[] {
    return this.live().filter(({ definition }) => parentsOf(definition).includes(id))
  }

  /** Live streams made of it, near or far, parents first. */
  dependents(id: StreamId): StreamRecord[] {
    const found = new Set<StreamId>([id])
    const dependents: StreamRecord[] = []
    for (const stream of this.live()) {
      if (!parentsOf(stream.definition).some(parent => found.has(parent))) continue
      found.add(stream.definition.id)
      dependents.push(stream)
    }
    return dependents
  }

  /** The inputs a stream is made of. */
  inputsOf(
    definition: StreamDefinition,
    lookup: (id: StreamId) => GraphStream | undefined = id => this.#ledger.streams.get(id),
  ): StreamId[] {
    const inputs = new Set<StreamId>()
    const seen = new Set<StreamId>()
    const visit = (of: StreamDefinition): void => {
      if (of.node.kind === "input") inputs.add(of.id)
      for (const parent of parentsOf(of)) {
        if (seen.has(parent)) continue
        seen.add(parent)
        const found = lookup(parent)
        if (found !== undefined) visit(found.definition)
      }
    }
    visit(definition)
    return [...inputs]
  }

  /** What a `define` comes to. Throws RivuletError. `extend`: definitions not yet known may build on each other. */
  plan(asked: readonly StreamDefinition[], clocks: Clocks): DefinePlan {
    const alias = new Map<StreamId, StreamId>()
    const fresh = new Map<StreamId, AcceptedDefinition>()
    const accepted: { asked: StreamId; definition: StreamDefinition; since: number }[] = []
    const renamed: { stream: StreamId; name: string }[] = []
    const lookup = (id: StreamId): GraphStream | undefined => fresh.get(id) ?? this.get(id)
    for (const one of asked) {
      const definition = withParents(one, alias)
      const known = this.get(definition.id) ?? this.#sameInput(definition)
      if (known !== undefined) {
        alias.set(definition.id, known.definition.id)
        accepted.push({ asked: definition.id, definition: known.definition, since: known.since })
        continue
      }
      if (this.#ledger.streams.has(definition.id)) {
        throw new RivuletError(`the stream ${nameOf({ definition })} was stopped`, { code: 4, try: "define it anew" })
      }
      checkDefinition(definition, lookup)
      const pair = timed(definition)
      if (pair !== null) {
        const since = this.since(pair.arrivals, lookup, clocks)
        fresh.set(pair.arrivals.id, { definition: pair.arrivals, since })
      }
      if (definition.named) {
        for (const other of this.live()) {
          if (other.definition.program !== definition.program || other.definition.name !== definition.name) continue
          renamed.push({ stream: other.definition.id, name: this.#freeName(definition) })
        }
      }
      const since = this.since(definition, lookup, clocks)
      const made = pair?.input ?? definition
      fresh.set(definition.id, { definition: made, since })
      accepted.push({ asked: definition.id, definition: made, since })
    }
    const used = new Set<StreamId>([...fresh.values()].flatMap(({ definition }) => parentsOf(definition)))
    const unused = renamed
      .map(({ stream }) => stream)
      .filter(id => !used.has(id) && this.children(id).length === 0 && this.get(id)?.definition.node.kind !== "input")
    return { accepted, fresh: [...fresh.values()], renamed, unused }
  }

  /** The first interval's start of a new stream. `earliest`: of what memory and workers' disks still hold; of a recipe, of archives too. */
  since(definition: StreamDefinition, lookup: (id: StreamId) => GraphStream | undefined, clocks: Clocks): number {
    const { intervalMs, from, node } = definition
    const down = (time: number) => Math.floor(time / intervalMs) * intervalMs
    const up = (time: number) => Math.ceil(time / intervalMs) * intervalMs
    if (node.kind === "input") {
      // Of old records it is not known where they begin: intervals before the first record are one empty run.
      if (node.source.kind === "archive" || (node.source.kind === "file" && node.timestamp !== null))
        return typeof from === "number" ? down(from) : 0
      // The first interval for which what arrives now is not late.
      const slackMs = node.source.kind === "file" || node.timestamp === null ? 0 : node.disorderMs
      return typeof from === "number" ? down(from) : from === "next" ? up(clocks.nowMs) : down(down(clocks.nowMs) - slackMs)
    }
    let earliest = Number.NEGATIVE_INFINITY
    let kept = Number.NEGATIVE_INFINITY
    let next = Number.NEGATIVE_INFINITY
    for (const id of this.#sources(definition, lookup)) {
      const source = lookup(id)
      if (source === undefined) continue
      const record = this.#ledger.streams.get(id)
      const first = record?.forgottenBefore ?? source.since
      // What runs would go through all of an archive that nobody asked for: only a time that is named leads into it.
      if (runs(definition) && record?.archivedBefore !== undefined) kept = Math.max(kept, up(Math.max(first, record.archivedBefore)))
      // Of a longer slide, what lies before the very first interval was never there; what was forgotten is missing.
      earliest = Math.max(earliest, first > source.since ? up(first) : down(first))
      if (source.definition.node.kind === "input") next = Math.max(next, record === undefined ? source.since : clocks.sealedThrough(id))
      else next = Math.max(next, record?.through ?? source.since)
    }
    if (from === "earliest") return Math.max(earliest, kept)
    return Math.max(earliest, from === "next" ? up(next) : down(from))
  }

  /** Which streams a `stop` ends. Throws RivuletError: others depend on it, it is another's. */
  planStop(names: readonly string[], cascade: boolean, by: string, force: boolean): StreamId[] {
    const ids = new Set<StreamId>()
    for (const name of names) {
      const stream = this.find(name)
      if (stream === undefined) {
        if (this.#ledger.streams.has(name)) continue
        throw new RivuletError(`there is no stream ${name}`, { code: 2, try: "`streams` lists those that there are" })
      }
      ids.add(stream.definition.id)
      const { node } = stream.definition
      if (node.kind === "input" && node.source.kind === "arrivals" && this.get(node.source.stream) !== undefined)
        ids.add(node.source.stream)
    }
    for (const id of [...ids]) {
      const dependents = this.dependents(id).filter(({ definition }) => !ids.has(definition.id))
      if (dependents.length === 0) continue
      if (!cascade) {
        throw new RivuletError(`${nameOf(this.get(id) as StreamRecord)} is used by ${dependents.map(nameOf).join(", ")}`, {
          code: 4,
          try: "stop those first, or { cascade: true } to stop them as well",
        })
      }
      for (const dependent of dependents) ids.add(dependent.definition.id)
    }
    this.checkOwner(
      [...ids].map(id => this.get(id) as StreamRecord),
      by,
      force,
    )
    return [...ids]
  }

  /** Throws RivuletError (code 4) for another's stream, unless forced. */
  checkOwner(streams: readonly StreamRecord[], by: string, force: boolean): void {
    const others = streams.filter(({ definition }) => definition.owner !== by)
    if (others.length === 0 || force) return
    const whose = others.map(stream => `${nameOf(stream)} (${stream.definition.owner})`).join(", ")
    throw new RivuletError(`not yours: ${whose}`, { code: 4, try: "--force, if its owner agrees" })
  }

  /** The held stream that this one waits for, itself first; null when none is. */
  heldBy(definition: StreamDefinition): StreamRecord | null {
    const seen = new Set<StreamId>()
    const visit = (id: StreamId): StreamRecord | null => {
      if (seen.has(id)) return null
      seen.add(id)
      const stream = this.get(id)
      if (stream === undefined) return null
      if (stream.held !== null) return stream
      for (const parent of parentsOf(stream.definition)) {
        const held = visit(parent)
        if (held !== null) return held
      }
      return null
    }
    return visit(definition.id)
  }

  /** A definition with its parents by the ids that the cluster has for them. */
  withAliases(definition: StreamDefinition, { accepted }: DefinePlan): StreamDefinition {
    return withParents(definition, new Map(accepted.map(({ asked, definition: known }) => [asked, known.id])))
  }

  /** What the stream's first interval depends on: the nearest inputs and running streams. */
  #sources(definition: StreamDefinition, lookup: (id: StreamId) => GraphStream | undefined): StreamId[] {
    const sources = new Set<StreamId>()
    const visit = (id: StreamId): void => {
      const found = lookup(id)
      if (found === undefined) return
      if (found.definition.node.kind === "input" || runs(found.definition)) sources.add(id)
      else for (const parent of parentsOf(found.definition)) visit(parent)
    }
    for (const parent of parentsOf(definition)) visit(parent)
    return [...sources]
  }

  /** A receiver exists once in a cluster: whoever reads it with the same settings reads the same stream. */
  #sameInput(definition: StreamDefinition): StreamRecord | undefined {
    const { node } = definition
    if (node.kind !== "input" || node.source.kind !== "receiver") return undefined
    const receiver = this.receiver(node.source.name)
    if (receiver === undefined) return undefined
    const known = this.#byTime(receiver) ?? receiver
    const theirs = known.definition
    const theirNode = theirs.node as InputNode
    const differs: string[] = []
    if (theirs.intervalMs !== definition.intervalMs) {
      differs.push(`interval ${formatDuration(theirs.intervalMs)}, not ${formatDuration(definition.intervalMs)}`)
    }
    if (JSON.stringify(theirNode.format) !== JSON.stringify(node.format)) {
      differs.push(`format ${formatName(theirNode)}, not ${formatName(node)}`)
    }
    if (JSON.stringify(theirNode.timestamp) !== JSON.stringify(node.timestamp)) {
      differs.push(`${theirNode.timestamp === null ? "no" : "another"} timestamp`)
    } else if (theirNode.disorderMs !== node.disorderMs) {
      differs.push(`slack ${formatDuration(theirNode.disorderMs)}, not ${formatDuration(node.disorderMs)}`)
    }
    if (differs.length > 0) {
      throw new RivuletError(`the receiver ${node.source.name} is there already, with ${differs.join(" and ")}; ${theirs.owner} owns it`, {
        code: 2,
        try: `use the same settings, or another name; or read it by stream("${nameOf(known)}")`,
      })
    }
    return known
  }

  /** The input that people mean: of arrivals the one that has them by their time. */
  #byTime({ definition: { id } }: StreamRecord): StreamRecord | undefined {
    for (const stream of this.inputs()) {
      const { source } = stream.definition.node
      if (source.kind === "arrivals" && source.stream === id) return stream
    }
    return undefined
  }

  #freeName(definition: StreamDefinition): string {
    const taken = new Set(
      this.live()
        .filter(s => s.definition.program === definition.program)
        .map(s => s.definition.name),
    )
    let n = 1
    while (taken.has(`${definition.name}~${n}`)) n += 1
    return `${definition.name}~${n}`
  }
}

/** A receiver whose records have their own time is two inputs: what arrives, by the clock, and that by its time (`arrivals.ts`). */
function timed(definition: StreamDefinition): { readonly arrivals: StreamDefinition; readonly input: StreamDefinition } | null {
  const { node, id, name } = definition
  if (node.kind !== "input" || node.source.kind !== "receiver" || node.timestamp === null) return null
  const arrivals: StreamDefinition = {
    ...definition,
    id: `${id}^`,
    name: `${name}.arrivals`,
    node: { ...node, timestamp: null, disorderMs: 0 },
    // As long as it is read again, and no longer.
    rememberMs: 0,
  }
  const source = { kind: "arrivals", stream: arrivals.id, name: node.source.name } as const
  return { arrivals, input: { ...definition, node: { ...node, source } } }
}

/** Whether a stream is one that only the master's other streams read. */
export function isInternal({ id, node }: StreamDefinition): boolean {
  return node.kind === "input" && id.endsWith("^")
}

export function nameOf({ definition }: Pick<StreamRecord, "definition">): string {
  return `${definition.program}/${definition.name}`
}

function formatName({ format }: InputNode): string {
  return format.kind === "function" ? "of a function" : format.kind
}

/** The definition with its parents by these ids. */
export function withParents(definition: StreamDefinition, alias: ReadonlyMap<StreamId, StreamId>): StreamDefinition {
  const { node } = definition
  const of = (id: StreamId) => alias.get(id) ?? id
  switch (node.kind) {
    case "input":
      return definition
    case "lift":
      return { ...definition, node: { ...node, parents: node.parents.map(of) } }
    default:
      return { ...definition, node: { ...node, parent: of(node.parent) } }
  }
}
