/**
 * Definitions: which names exist, what is made of what, whose it is, what may be stopped. It decides; the
 * records it gives are journaled by the caller.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import { mapRdds } from "../../engine/dstream/own-rdds.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream } from "../../engine/graph.js"
import type { RddNode } from "../../engine/rdd.js"
import { rewrite } from "../../engine/tree.js"
import { parentsOf, usesOf } from "./definition-rules.js"
import type { Ledger } from "./ledger.js"
import { runs } from "./stream-graph.js"
import { type InputRecord, type StreamLists, streamLists } from "./stream-lists.js"
import type { StreamRecord } from "./stream-record.js"

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

  /** Live streams that run and are made of it or joined with it, near or far, parents first. */
  readers(id: StreamId): readonly StreamId[] {
    const { readers } = this.#all
    let found = readers.get(id)
    if (found === undefined) {
      found = this.users(id).flatMap(({ definition }) => (runs(definition) ? [definition.id] : []))
      readers.set(id, found)
    }
    return found
  }

  get(id: StreamId): StreamRecord | undefined {
    const stream = this.#ledger.streams.get(id)
    return stream?.stoppedMs === null && stream.leaving === null ? stream : undefined
  }

  /** Of a stopped one, too, until it is forgotten. */
  record(id: StreamId): StreamRecord | undefined {
    return this.#ledger.streams.get(id)
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

  /** As `find`, for who cannot go on without it. */
  require(name: string): StreamRecord {
    const found = this.find(name)
    if (found === undefined) throw noStream(name)
    return found
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

  children(id: StreamId): readonly StreamRecord[] {
    return this.#all.children.get(id) ?? []
  }

  /** Live streams made of it, near or far, parents first. */
  dependents(id: StreamId): StreamRecord[] {
    return this.#above(id, parentsOf)
  }

  /** Live streams made of it or joined with a slice or version of it, near or far, parents first. */
  users(id: StreamId): StreamRecord[] {
    return this.#above(id, usesOf)
  }

  #above(id: StreamId, below: (definition: StreamDefinition) => readonly StreamId[]): StreamRecord[] {
    const found = new Set<StreamId>([id])
    const above: StreamRecord[] = []
    for (const stream of this.live()) {
      if (!below(stream.definition).some(one => found.has(one))) continue
      found.add(stream.definition.id)
      above.push(stream)
    }
    return above
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

  /** Which streams a `stop` ends, and with them the steps of whoever stops that no other stream is made of. Throws RivuletError: others depend on it, it is another's. */
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
      const dependents = this.users(id).filter(({ definition }) => !ids.has(definition.id))
      if (dependents.length === 0) continue
      const users = dependents.filter(({ definition }) => !isStep(definition) || definition.owner !== by)
      if (!cascade && users.length > 0) {
        throw new RivuletError(`${nameOf(this.get(id) as StreamRecord)} is used by ${users.map(nameOf).join(", ")}`, {
          code: 4,
          try: "stop those first; --cascade, .stop … cascade, stop({ cascade: true }) stop them as well",
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
}

/** A recipe that nobody has named, as a closed panel of `counts.top(5)` leaves one: where nothing else is made of it nothing is lost with it. */
function isStep({ named, kind, persist }: StreamDefinition): boolean {
  return !named && !persist && (kind === "records" || kind === "snapshot")
}

/** Whether a stream is one that only the master's other streams read. */
export function isInternal({ id, node }: StreamDefinition): boolean {
  return node.kind === "input" && id.endsWith("^")
}

export function noStream(stream: string): RivuletError {
  return new RivuletError(`there is no stream ${stream}`, { code: 2, try: "`streams` lists those that there are" })
}

export function nameOf({ definition }: Pick<StreamRecord, "definition">): string {
  return `${definition.program}/${definition.name}`
}

/** The definition with its parents, and the streams that its RDDs name, by these ids. */
export function withParents(definition: StreamDefinition, alias: ReadonlyMap<StreamId, StreamId>): StreamDefinition {
  if (alias.size === 0) return definition
  const of = (id: StreamId) => alias.get(id) ?? id
  const named = (node: RddNode): RddNode =>
    (node.kind === "slice" || node.kind === "version") && alias.has(node.stream) ? { ...node, stream: of(node.stream) } : node
  const node = mapRdds(definition.node, rdd => rewrite(rdd, named))
  switch (node.kind) {
    case "input":
      return definition
    case "lift":
      return { ...definition, node: { ...node, parents: node.parents.map(of) } }
    default:
      return { ...definition, node: { ...node, parent: of(node.parent) } }
  }
}
