/**
 * Whether a definition may take the place of another, from which interval on, and what that means for the stream's state and
 * for those behind it.
 *
 * The boundary lies where nothing has been issued yet by any running stream that is made of it: so nobody's result is a mixture
 * of both, and what is computed again later, from lineage, uses what it was computed with. From the failed interval on is
 * such a boundary too, when all that is made of it has stopped there.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { throughOf } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream, GraphVersion } from "../../engine/graph.js"
import { formatDuration } from "../../engine/time.js"
import type { ReplacePlan, Request } from "../protocol.js"
import { nameOf } from "./catalog.js"
import { checkDefinition, parentsOf } from "./definition-rules.js"
import type { Parts } from "./parts.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

type Asked = Pick<Extract<Request, { kind: "replace" }>, "from" | "state">

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
  { from, state }: Asked,
  { lookup, issued }: Replacing,
): Replacement {
  const was = old.definition
  const name = nameOf(old)
  checkKind(was, next, name)
  checkNoCycle(was, next, lookup)
  const migration = migrationOf(was, next, state)
  const node = next.node.kind === "state" && was.node.kind === "state" ? { ...next.node, partitions: was.node.partitions } : next.node
  const { id, program, owner, named } = was
  const definition: StreamDefinition = {
    ...next,
    ...{ id, name: was.name, program, owner, named, node, version: was.version + 1 },
    from: was.from,
    rememberMs: next.rememberMs ?? was.rememberMs,
    persist: next.persist || was.persist,
    ...(next.checkpointMs === undefined && was.checkpointMs !== undefined && { checkpointMs: was.checkpointMs }),
  }
  checkDefinition(definition, lookup)

  const behind = catalog.dependents(id)
  const users = [old, ...behind].filter(user => runs(user.definition))
  const held = users.filter(user => user.held !== null)
  const failed = from === "failed" || (from === null && held.length > 0)
  const at = failed ? failedAt(old, held, users, issued) : boundary(old, users, from, issued, () => throughOf(graph, id))
  const own: GraphVersion = { definition, from: at, ...(migration !== undefined && { migrate: migration }) }
  const versions = [own, ...(failed ? users.filter(user => user !== old).map(user => anew(user, at)) : [])]
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
      unchanged: behind.filter(({ definition: { named: hasName } }) => hasName).map(nameOf),
      at,
    },
  }
}

/** The same definition under its next version: what is made of intervals from there on has names of its own. */
export function anew({ definition }: StreamRecord, at: number): GraphVersion {
  return {
    definition: { ...definition, version: definition.version + 1 },
    from: Math.floor(at / definition.intervalMs) * definition.intervalMs,
  }
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
    if (found !== undefined) parentsOf(found.definition).forEach(visit)
  }
  parentsOf(next).forEach(visit)
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
      "replace the one that failed itself",
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
