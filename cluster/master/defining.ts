/**
 * What a `define` comes to: which of the streams asked for are there already, which are new and since when, whose names they take. It decides;
 * the records are journaled by the caller.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream } from "../../engine/graph.js"
import { formatDuration } from "../../engine/time.js"
import { type Catalog, nameOf, withParents } from "./catalog.js"
import { checkDefinition, parentsOf, usesOf } from "./definition-rules.js"
import { givingWay, type Renamed } from "./naming.js"
import type { AcceptedDefinition } from "./records.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

export interface DefinePlan {
  readonly accepted: readonly { readonly asked: StreamId; readonly definition: StreamDefinition; readonly since: number }[]
  /** What is new among them. */
  readonly fresh: readonly AcceptedDefinition[]
  /** Streams whose name was taken over. */
  readonly renamed: readonly Renamed[]
  /** Of those, the ones that nobody uses. */
  readonly unused: readonly StreamId[]
}

/** Where the clock and the seals stand: what `from` is resolved against. */
export interface Clocks {
  readonly nowMs: number
  sealedThrough(input: StreamId): number
}

/** Definitions not yet known may build on each other. Throws RivuletError. */
export function planDefinitions(catalog: Catalog, asked: readonly StreamDefinition[], clocks: Clocks): DefinePlan {
  const alias = new Map<StreamId, StreamId>()
  const fresh = new Map<StreamId, AcceptedDefinition>()
  const accepted: { asked: StreamId; definition: StreamDefinition; since: number }[] = []
  const renamed: Renamed[] = []
  const lookup = (id: StreamId): GraphStream | undefined => fresh.get(id) ?? catalog.get(id)
  for (const one of asked) {
    const definition = withParents(one, alias)
    const known = catalog.get(definition.id) ?? sameInput(catalog, definition)
    if (known !== undefined) {
      alias.set(definition.id, known.definition.id)
      accepted.push({ asked: definition.id, definition: known.definition, since: known.since })
      continue
    }
    if (catalog.record(definition.id) !== undefined) {
      throw new RivuletError(`the stream ${nameOf({ definition })} was stopped`, { code: 4, try: "define it anew" })
    }
    checkDefinition(definition, lookup)
    const pair = timed(definition)
    if (pair !== null) {
      const since = sinceOf(catalog, pair.arrivals, lookup, clocks)
      fresh.set(pair.arrivals.id, { definition: pair.arrivals, since })
    }
    if (definition.named) renamed.push(...givingWay(catalog.live(), definition))
    const since = sinceOf(catalog, definition, lookup, clocks)
    const made = pair?.input ?? definition
    fresh.set(definition.id, { definition: made, since })
    accepted.push({ asked: definition.id, definition: made, since })
  }
  const used = new Set<StreamId>([...fresh.values()].flatMap(({ definition }) => usesOf(definition)))
  const unused = unusedOf(catalog, renamed).filter(id => !used.has(id))
  return { accepted, fresh: [...fresh.values()], renamed, unused }
}

/** Of streams whose name was taken over those that nobody reads: they end. Inputs go on: what is sent to them is kept. */
export function unusedOf(catalog: Catalog, renamed: readonly Renamed[]): StreamId[] {
  const ids = renamed.map(({ stream }) => stream)
  return ids.filter(id => catalog.children(id).length === 0 && catalog.get(id)?.definition.node.kind !== "input")
}

/** The first interval's start of a new stream. `earliest`: of what memory and workers' disks still hold; of a recipe, of archives too. */
export function sinceOf(
  catalog: Catalog,
  definition: StreamDefinition,
  lookup: (id: StreamId) => GraphStream | undefined,
  clocks: Clocks,
): number {
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
  for (const id of sourcesOf(definition, lookup)) {
    const source = lookup(id)
    if (source === undefined) continue
    const record = catalog.record(id)
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

/** A definition with its parents by the ids that the cluster has for them. */
export function withAliases(definition: StreamDefinition, { accepted }: DefinePlan): StreamDefinition {
  return withParents(definition, new Map(accepted.map(({ asked, definition: known }) => [asked, known.id])))
}

/** What the stream's first interval depends on: the nearest inputs and running streams. */
function sourcesOf(definition: StreamDefinition, lookup: (id: StreamId) => GraphStream | undefined): StreamId[] {
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
function sameInput(catalog: Catalog, definition: StreamDefinition): StreamRecord | undefined {
  const { node } = definition
  if (node.kind !== "input" || node.source.kind !== "receiver") return undefined
  const receiver = catalog.receiver(node.source.name)
  if (receiver === undefined) return undefined
  const known = byTime(catalog, receiver) ?? receiver
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
function byTime(catalog: Catalog, { definition: { id } }: StreamRecord): StreamRecord | undefined {
  for (const stream of catalog.inputs()) {
    const { source } = stream.definition.node
    if (source.kind === "arrivals" && source.stream === id) return stream
  }
  return undefined
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

function formatName({ format }: InputNode): string {
  return format.kind === "function" ? "of a function" : format.kind
}
