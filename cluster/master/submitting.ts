/**
 * A program submitted again under its name: what of it is as it was, what takes another's place, what is new, what goes.
 * Streams are matched by their names, steps without one by what they are; what is downstream of a change
 * and is itself as it was stays in place.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { ReplacePlan } from "../protocol.js"
import { type Catalog, nameOf, withParents } from "./catalog.js"
import { usesOf } from "./definition-rules.js"
import type { StreamRecord } from "./stream-record.js"
import { successorsOf } from "./succeeding.js"

export interface SubmitPlan {
  /** Asked ids, and the ids that stand for them. */
  readonly ids: ReadonlyMap<StreamId, StreamId>
  readonly fresh: readonly StreamDefinition[]
  readonly changes: readonly { readonly old: StreamRecord; readonly next: StreamDefinition }[]
  /** Children before parents. */
  readonly stops: readonly StreamRecord[]
  readonly unchanged: readonly StreamRecord[]
  /** Streams whose successors are among the fresh. */
  readonly anew: readonly StreamRecord[]
}

/** Throws RivuletError (code 4): another's program, or what goes is used by others. `asked`: parents before children. */
export function planSubmit(
  catalog: Catalog,
  program: string,
  asked: readonly StreamDefinition[],
  { by, force, anew }: { readonly by: string; readonly force: boolean; readonly anew?: true },
): SubmitPlan {
  const existing = catalog.live().filter(({ definition }) => definition.program === program)
  catalog.checkOwner(existing, by, force)
  const plan = planInPlace(catalog, existing, asked)
  return anew === true ? planAnew(catalog, existing, asked, plan) : plan
}

/** What changes, and all that is made of it but outputs, is defined beside what runs: as its successors. */
function planAnew(catalog: Catalog, existing: readonly StreamRecord[], asked: readonly StreamDefinition[], plan: SubmitPlan): SubmitPlan {
  const { ids, changes, unchanged } = plan
  const matched = new Map([...changes.map(({ old }) => old), ...unchanged].map(old => [old.definition.id, old]))
  const roots = new Set(changes.map(({ old }) => old.definition.id))
  const { fresh, anew } = successorsOf(asked, ids, roots, id => matched.get(id), new Set(plan.fresh.map(({ id }) => id)))
  const kept = (old: StreamRecord) => !anew.includes(old)
  // Until the switch all that runs goes on, with what it is made of; then what nobody uses any more goes.
  const needed = new Set(matched.keys())
  for (const { definition } of [...existing].reverse()) if (needed.has(definition.id)) for (const id of usesOf(definition)) needed.add(id)
  const stops = plan.stops.filter(({ definition: { id, named, succeeds } }) => (named || succeeds !== undefined) && !needed.has(id))
  checkUnused(catalog, stops, [])
  return { ids, fresh, changes: changes.filter(({ old }) => kept(old)), stops, unchanged: unchanged.filter(kept), anew }
}

/** Of what is made anew, as a plan tells it: steps go without saying. */
export function besides({ anew, fresh }: SubmitPlan): ReplacePlan["change"] {
  const named = anew.filter(({ definition }) => definition.named)
  return named.map(old => {
    const { version, source, kind } = old.definition
    const next = fresh.find(({ succeeds }) => succeeds === old.definition.id)
    return {
      name: nameOf(old),
      from: `v${version} ${source}`.trim(),
      to: `${next?.source ?? ""}`,
      state: kind === "state" ? "reset" : "none",
    }
  })
}

/** From when on what is new is made. A step or a recipe has no beginning of its own; an input and its archive take what comes. */
export function beginningsOf(
  catalog: Catalog,
  fresh: readonly { readonly definition: StreamDefinition; readonly since: number }[],
): NonNullable<ReplacePlan["begins"]> {
  return fresh.flatMap(({ definition, since }) => {
    const { kind, named, node, succeeds } = definition
    if (!(kind === "output" ? node.kind !== "archive" : kind === "state" && (named || succeeds !== undefined))) return []
    const old = succeeds === undefined ? undefined : catalog.get(succeeds)
    return [{ name: nameOf(old ?? { definition }), from: since }]
  })
}

function planInPlace(catalog: Catalog, existing: readonly StreamRecord[], asked: readonly StreamDefinition[]): SubmitPlan {
  const named = new Map(existing.filter(({ definition }) => definition.named).map(stream => [stream.definition.name, stream]))
  const steps = existing.filter(({ definition }) => !definition.named)
  const ids = new Map<StreamId, StreamId>()
  const matched = new Set<StreamId>()
  const fresh: StreamDefinition[] = []
  const changes: { old: StreamRecord; next: StreamDefinition }[] = []
  const unchanged: StreamRecord[] = []
  for (const one of asked) {
    const next = withParents(one, ids)
    const signature = signatureOf(next)
    const old = one.named
      ? named.get(one.name)
      : steps.find(({ definition }) => !matched.has(definition.id) && signatureOf(definition) === signature)
    if (old === undefined) {
      fresh.push(next)
      continue
    }
    ids.set(one.id, old.definition.id)
    matched.add(old.definition.id)
    if (signatureOf(old.definition) === signature) unchanged.push(old)
    else changes.push({ old, next })
  }
  const used = new Set([...fresh, ...changes.map(({ next }) => next), ...unchanged.map(({ definition }) => definition)].flatMap(usesOf))
  // What a receiver holds is kept: that a program reads it no more is no reason to refuse what is sent to it.
  const stops = existing.filter(({ definition: { id, kind } }) => kind !== "input" && !matched.has(id) && !used.has(id)).reverse()
  checkUnused(catalog, stops, changes)
  return { ids, fresh, changes, stops, unchanged, anew: [] }
}

/** What makes a stream what it is. How many partitions a state has is the cluster's matter. */
function signatureOf({ kind, intervalMs, persist, rememberMs, checkpointMs, node }: StreamDefinition): string {
  const own = node.kind === "state" ? { ...node, partitions: 0 } : node
  return JSON.stringify([kind, intervalMs, persist, rememberMs, checkpointMs, own], (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof value === "bigint"
        ? `${value}n`
        : value,
  )
}

function checkUnused(catalog: Catalog, stops: readonly StreamRecord[], changes: SubmitPlan["changes"]): void {
  const going = new Set(stops.map(({ definition }) => definition.id))
  const becomes = new Map(changes.map(({ old, next }) => [old.definition.id, next]))
  for (const stream of catalog.live()) {
    if (going.has(stream.definition.id)) continue
    const used = usesOf(becomes.get(stream.definition.id) ?? stream.definition).find(parent => going.has(parent))
    if (used === undefined) continue
    const gone = catalog.get(used) as StreamRecord
    throw new RivuletError(`${nameOf(gone)} is no more in the program, and ${nameOf(stream)} uses it`, {
      code: 4,
      try: `keep it in the program, or stop ${nameOf(stream)} first`,
    })
  }
}
