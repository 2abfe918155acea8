/**
 * Whether a definition may take the place of another, from which interval on, and what that means for the stream's state and
 * for those behind it.
 *
 * The boundary lies where nothing has been issued yet by any running stream that is made of it: so nobody's result is a mixture
 * of both, and what is computed again later, from lineage, uses what it was computed with. From the failed interval on is
 * such a boundary too, when all that is made of it has stopped there.
 *
 * A version that was to begin at the same boundary never comes into force, but what its owner wished for the state does: to reset it and then to
 * mend the function within one interval is both.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { throughOf } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream, GraphVersion } from "../../engine/graph.js"
import { formatDuration } from "../../engine/time.js"
import type { ReplacePlan, Request } from "../protocol.js"
import { nameOf } from "./catalog.js"
import { checkDefinition, parentsOf, usesOf } from "./definition-rules.js"
import type { Parts } from "./parts.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

type Asked = Pick<Extract<Request, { kind: "replace" }>, "from" | "state" | "force">

export interface Replacing {
  lookup(id: StreamId): GraphStream | undefined
  /** Every interval of the stream before it has its job, or needs none. */
  issued(stream: StreamRecord): number
}

export interface Replacement {
  /** The stream's own first. */
  readonly versions: readonly GraphVersion[]
  readonly resumes: readonly StreamId[]
  readonly keepFrom: number
  /** Whether intervals from the boundary on may have been begun. */
  readonly again: boolean
  readonly plan: Omit<ReplacePlan, "add" | "applied">
}

/** Throws RivuletError: of code 2 for what cannot be, of 4 for what its owner has to decide. */
export function planReplace(
  { catalog, graph, ledger }: Pick<Parts, "catalog" | "graph" | "ledger">,
  old: StreamRecord,
  next: StreamDefinition,
  { from, state, force }: Asked,
  { lookup, issued }: Replacing,
): Replacement {
  const name = nameOf(old)
  checkKind(old.definition, next, name)
  checkNoCycle(old.definition, next, lookup)

  const behind = catalog.dependents(old.definition.id)
  const users = [old, ...behind].filter(user => runs(user.definition))
  const held = users.filter(user => user.held !== null)
  const failed = from === "failed" || (from === null && held.length > 0)
  const at = failed ? failedAt(old, held, users, issued) : boundary(old, users, from, issued, () => throughOf(graph, old.definition.id))

  const { before, same, later } = versionsAround(old, at)
  if (later.length > 0 && !force) throw wouldNotBegin(name, later[0]!)
  const was = (same ?? before).definition
  const migration = both(same, migrationOf(was, next, state), name)
  const node = next.node.kind === "state" && was.node.kind === "state" ? { ...next.node, partitions: was.node.partitions } : next.node
  const { id, program, owner, named } = old.definition
  const definition: StreamDefinition = {
    ...next,
    ...{ id, name: old.definition.name, program, owner, named, node, version: nextVersionNumber(old) },
    from: was.from,
    rememberMs: next.rememberMs ?? was.rememberMs,
    persist: next.persist || was.persist,
    ...(next.checkpointMs === undefined && was.checkpointMs !== undefined && { checkpointMs: was.checkpointMs }),
  }
  checkDefinition(definition, lookup)
  const own: GraphVersion = { definition, from: at, ...(migration !== undefined && { migrate: migration }) }
  const versions = [own, ...(failed ? users.filter(user => user !== old).flatMap(user => reversioned(user, at)) : [])]
  return {
    versions,
    resumes: failed ? held.map(user => user.definition.id) : [],
    keepFrom: Math.min(...catalog.inputsOf(was).map(input => ledger.streams.get(input)?.forgottenBefore ?? at), at),
    again: failed,
    plan: {
      change: [
        {
          name,
          from: `v${was.version} ${was.source}`.trim(),
          to: `v${definition.version} ${next.source}`.trim(),
          state: was.kind !== "state" ? "none" : migration === undefined ? "kept" : migration.kind === "map" ? "mapped" : "reset",
        },
      ],
      stop: [],
      unchanged: namesOf(behind),
      ...(failed && { resumes: namesOf(held.filter(user => user !== old)) }),
      at,
    },
  }
}

const namesOf = (streams: readonly StreamRecord[]) => streams.filter(({ definition: { named } }) => named).map(nameOf)

/**
 * The definition that is in force from there on, under another version: what is made of those intervals has names of its own. What becomes of the
 * state there, and what is to come into force later, stays as it was wished.
 */
export function reversioned(stream: StreamRecord, at: number): readonly GraphVersion[] {
  const { intervalMs } = stream.definition
  const from = Math.floor(at / intervalMs) * intervalMs
  const { before, same, later } = versionsAround(stream, from)
  const { definition, migrate } = same ?? { ...before, migrate: undefined }
  const again: GraphVersion = {
    definition: { ...definition, version: nextVersionNumber(stream) },
    from,
    ...(migrate !== undefined && { migrate }),
  }
  return [again, ...later]
}

interface Around {
  /** In force until there; the first, where there is none before it. */
  readonly before: GraphVersion
  /** Begins there. */
  readonly same: GraphVersion | undefined
  /** To begin later. */
  readonly later: readonly GraphVersion[]
}

function versionsAround({ versions, definition, since }: StreamRecord, at: number): Around {
  const [first = { definition, from: since }, ...others] = versions
  return {
    before: others.findLast(({ from }) => from < at) ?? first,
    same: others.find(({ from }) => from === at),
    later: others.filter(({ from }) => from > at),
  }
}

/** No two versions of a stream that is there have the same, whatever their order. */
function nextVersionNumber({ definition, versions }: StreamRecord): number {
  return 1 + Math.max(definition.version, ...versions.map(version => version.definition.version))
}

/** What becomes of the state where two versions, of which the first does not come into force, were to begin. */
function both(superseded: GraphVersion | undefined, asked: GraphVersion["migrate"], name: string): GraphVersion["migrate"] {
  const earlier = superseded?.migrate
  if (earlier === undefined || asked?.kind === "reset") return asked
  // Of nothing a function makes nothing.
  if (asked === undefined || earlier.kind === "reset") return earlier
  throw refused(
    `${name} v${superseded!.definition.version} maps the state already, and has not begun`,
    4,
    'replace it once it has begun, or with { state: "keep" } or { state: "reset" }',
  )
}

function wouldNotBegin(name: string, { definition, from }: GraphVersion): RivuletError {
  const begins = new Date(from).toISOString()
  return refused(
    `${name} v${definition.version} is to begin at ${begins}, and would never come into force`,
    4,
    `{ from: "${begins}" } puts this one in its place`,
  )
}

export function checkKind(was: StreamDefinition, next: StreamDefinition, name: string): void {
  if (was.kind === "input") throw refused(`${name} is an input, which cannot be replaced`, 2, "stop it and define it anew")
  if (was.kind !== next.kind || (was.kind === "output" && was.node.kind !== next.node.kind))
    throw refused(`${name} is ${kindText(was)}, what is to take its place is ${kindText(next)}`, 4, "define it beside, under another name")
  if (was.intervalMs !== next.intervalMs) {
    const [a, b] = [formatDuration(was.intervalMs), formatDuration(next.intervalMs)]
    throw refused(
      `${name} (${was.owner}'s) has an interval of ${a}, what is to take its place one of ${b}`,
      4,
      "define it beside, under another name",
    )
  }
}

const kindText = ({ kind, node }: StreamDefinition) =>
  kind === "output"
    ? `an output (${node.kind})`
    : kind === "state"
      ? "a state"
      : kind === "snapshot"
        ? "a stream of snapshots"
        : "a stream of records"

function checkNoCycle(was: StreamDefinition, next: StreamDefinition, lookup: Replacing["lookup"]): void {
  const seen = new Set<StreamId>()
  const visit = (id: StreamId): void => {
    if (id === was.id)
      throw refused(`what is to take the place of ${was.name} is made of ${was.name} itself`, 2, "write it from what it is made of")
    if (seen.has(id)) return
    seen.add(id)
    const found = lookup(id)
    if (found !== undefined) usesOf(found.definition).forEach(visit)
  }
  parentsOf(next).forEach(visit)
  // Its own past it may be joined with.
  for (const used of usesOf(next)) if (used !== was.id) visit(used)
}

function migrationOf(was: StreamDefinition, next: StreamDefinition, state: Asked["state"]): GraphVersion["migrate"] {
  if (was.node.kind !== "state" || next.node.kind !== "state") {
    if (state.kind === "keep") return undefined
    throw refused(`${was.name} has no state`, 2, "leave { state } out")
  }
  if (state.kind === "reset") return state
  const [a, b] = [was.node.op, next.node.op]
  const windows = a.kind === "reduceByWindow" || b.kind === "reduceByWindow"
  if (state.kind === "map") {
    if (!windows) return state
    throw refused(`${was.name}: what a window holds cannot be changed by a function`, 4, '{ state: "reset" }')
  }
  const fits =
    a.kind === b.kind &&
    (a.kind !== "reduceByWindow" ||
      (b.kind === "reduceByWindow" &&
        a.lengthMs === b.lengthMs &&
        a.slideMs === b.slideMs &&
        (a.inverse === null) === (b.inverse === null)))
  if (fits) return undefined
  const differs = a.kind === b.kind ? "its window differs" : `${a.kind} and ${b.kind} keep different states`
  throw refused(
    `state does not fit: ${differs} (${nameOf({ definition: was })})`,
    4,
    windows ? '{ state: "reset" }' : '{ state: old => … } or { state: "reset" }',
  )
}

function failedAt(old: StreamRecord, held: readonly StreamRecord[], users: readonly StreamRecord[], issued: Replacing["issued"]): number {
  const name = nameOf(old)
  if (held.length === 0) throw refused(`${name} did not fail, nor did anything that is made of it`, 2, '{ from: "next" }')
  const first = Math.min(...held.map(({ held: why }) => (why as NonNullable<StreamRecord["held"]>).interval))
  const at = Math.max(old.since, Math.floor(first / old.definition.intervalMs) * old.definition.intervalMs)
  const beyond = users.filter(user => issued(user) > Math.max(at, first))
  if (beyond.length > 0) {
    const names = beyond.map(user => `${nameOf(user)} (${new Date(user.through).toISOString()})`).join(", ")
    throw refused(
      `${name} cannot be replaced from ${new Date(at).toISOString()}: ${names} went on with it`,
      4,
      `replace ${nameOf(held.find(user => user.held?.interval === first) as StreamRecord)}, which is the one that failed`,
    )
  }
  return at
}

function boundary(
  old: StreamRecord,
  users: readonly StreamRecord[],
  from: "next" | number | "failed" | null,
  issued: Replacing["issued"],
  through: () => number,
): number {
  const { intervalMs } = old.definition
  const reached = users.length === 0 ? through() : Math.max(...users.map(issued))
  const next = Math.max(old.since, Math.ceil(reached / intervalMs) * intervalMs)
  if (typeof from !== "number") return next
  const at = Math.floor(from / intervalMs) * intervalMs
  if (at >= next) return at
  const [asked, earliest] = [new Date(at).toISOString(), new Date(next).toISOString()]
  throw refused(`${nameOf(old)} cannot be replaced from ${asked}: it is computed through ${earliest}`, 4, '{ from: "next" }')
}

function refused(message: string, code: number, hint: string): RivuletError {
  return new RivuletError(message, { code, try: hint })
}
