/**
 * A program submitted again with a past (`submit --from`): what it changes is made anew beside what runs, from the archive on, and takes
 * its place when it has come as far. What is downstream of it and not the program's own, and outputs, stay in place: they read
 * the successor from the first interval on that they have not begun, so nothing is sent twice.
 *
 *     beside ──as far as what runs──▶ in its place ──nobody reads the old one any more──▶ the old one is stopped
 *
 * All of this follows from the definitions (`succeeds`, and who is made of whom), so a master that is started again goes on with it.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { GraphStream } from "../../engine/graph.js"
import { nameOf, withParents } from "./catalog.js"
import { usesOf } from "./definition-rules.js"
import { freeName } from "./naming.js"
import { append, type Parts, say, type Times, together } from "./parts.js"
import { checkKind, planReplace } from "./replacing.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

const beside = "~next"

interface Successors {
  /** In the order of what was asked. */
  readonly fresh: readonly StreamDefinition[]
  readonly anew: readonly StreamRecord[]
}

/**
 * The definitions of what is new, and of the successors of `roots` and of all that is made of them but outputs. `ids`: of asked streams the ones that
 * are there. Throws RivuletError (4) where a successor is of another kind or interval.
 */
export function successorsOf(
  asked: readonly StreamDefinition[],
  ids: ReadonlyMap<StreamId, StreamId>,
  roots: ReadonlySet<StreamId>,
  there: (id: StreamId) => StreamRecord | undefined,
  isNew: ReadonlySet<StreamId>,
): Successors {
  const fresh: StreamDefinition[] = []
  const anew: StreamRecord[] = []
  /** Asked ids of what is made beside. */
  const made = new Set<StreamId>()
  for (const one of asked) {
    const next = withParents(one, new Map([...ids].filter(([id]) => !made.has(id))))
    if (isNew.has(one.id)) {
      fresh.push(next)
      // A step without a name has no predecessor; what is made of it is.
      if (!one.named) made.add(one.id)
      continue
    }
    const old = there(ids.get(one.id) ?? one.id)
    if (old === undefined || one.kind === "output" || one.kind === "input") continue
    if (!roots.has(old.definition.id) && !usesOf(one).some(used => made.has(used))) continue
    checkKind(old.definition, next, nameOf(old))
    made.add(one.id)
    anew.push(old)
    fresh.push({ ...next, ...(one.named && { name: `${one.name}${beside}` }), succeeds: old.definition.id })
  }
  return { fresh, anew }
}

interface Pair {
  readonly old: StreamRecord
  readonly next: StreamRecord
}

export class Succeeding {
  readonly #parts: Parts
  readonly #leave: (ids: readonly StreamId[], by: string, times: Times) => void
  #pairs: ReadonlyMap<string, readonly Pair[]> = new Map()
  #pairsOf = -1

  constructor(parts: Parts, leave: (ids: readonly StreamId[], by: string, times: Times) => void) {
    this.#parts = parts
    this.#leave = leave
  }

  advance(times: Times): void {
    for (const pairs of this.#pending().values()) {
      if (pairs.some(isBeside)) {
        if (pairs.every(hasCaughtUp)) together(this.#parts, () => this.#switch(pairs))
      } else this.#end(pairs, times)
    }
  }

  /** By program. */
  #pending(): ReadonlyMap<string, readonly Pair[]> {
    const { catalog, ledger } = this.#parts
    if (this.#pairsOf === ledger.definitionChanges) return this.#pairs
    this.#pairsOf = ledger.definitionChanges
    const byProgram = new Map<string, Pair[]>()
    for (const next of catalog.live()) {
      const old = next.definition.succeeds === undefined ? undefined : catalog.get(next.definition.succeeds)
      if (old === undefined) continue
      const pairs = byProgram.get(next.definition.program)
      if (pairs === undefined) byProgram.set(next.definition.program, [{ old, next }])
      else pairs.push({ old, next })
    }
    this.#pairs = byProgram
    return byProgram
  }

  #switch(pairs: readonly Pair[]): void {
    const parts = this.#parts
    const { catalog, jobs } = parts
    const alias = new Map(pairs.map(({ old, next }) => [old.definition.id, next.definition.id]))
    const among = new Set(pairs.flatMap(({ old, next }) => [old.definition.id, next.definition.id]))
    const tools = {
      lookup: (id: StreamId): GraphStream | undefined => catalog.get(id),
      issued: (stream: StreamRecord) => Math.max(jobs.issued(stream.definition.id) ?? 0, stream.through),
    }
    for (const user of catalog.live()) {
      const { definition } = user
      if (among.has(definition.id) || !usesOf(definition).some(used => alias.has(used))) continue
      const next = withParents(definition, alias)
      const { versions, resumes, keepFrom } = planReplace(parts, user, next, { from: "next", state: { kind: "keep" }, force: true }, tools)
      append(parts, { kind: "replaced", versions, resumes, keepFrom, assets: [], told: { by: definition.owner } }, () => {})
    }
    for (const { old, next } of pairs) {
      const { name, named } = next.definition
      if (!named || !name.endsWith(beside)) continue
      append(parts, { kind: "rename", stream: old.definition.id, name: freeName(catalog.live(), old.definition) }, () => {})
      append(parts, { kind: "rename", stream: next.definition.id, name: name.slice(0, -beside.length) }, () => {})
    }
    const names = pairs.filter(({ next }) => next.definition.named).map(({ next }) => nameOf(next))
    say(parts, "info", `${names.join(", ")}: made anew, they have caught up and take their places`)
  }

  /** What was succeeded goes when all that read it has come beyond, and with it the steps that nobody else uses. */
  #end(pairs: readonly Pair[], times: Times): void {
    const { catalog } = this.#parts
    const going = new Set(pairs.map(({ old }) => old.definition.id))
    const reads = (definition: StreamDefinition) => usesOf(definition).some(used => going.has(used))
    for (const { definition, versions, through } of catalog.live()) {
      if (going.has(definition.id)) continue
      if (reads(definition)) return
      const last = versions.findLastIndex(version => reads(version.definition))
      if (last >= 0 && runs(definition) && through < (versions[last + 1]?.from ?? Number.POSITIVE_INFINITY)) return
    }
    // Children before parents: with the last child a step goes, too.
    for (const { definition } of [...catalog.live()].reverse()) {
      const children = isStep(definition) ? catalog.children(definition.id) : []
      if (children.length > 0 && children.every(child => going.has(child.definition.id))) going.add(definition.id)
    }
    const ids = catalog.live().flatMap(({ definition: { id } }) => (going.has(id) ? [id] : []))
    this.#leave(ids, "its successor", times)
  }
}

const isBeside = ({ next: { definition } }: Pair): boolean => definition.named && definition.name.endsWith(beside)

/** A recipe is as far as what it is made of. */
function hasCaughtUp({ old, next }: Pair): boolean {
  return next.held === null && (!runs(next.definition) || next.through >= old.through)
}

/** It has no name, and is computed for its children alone. */
function isStep(definition: StreamDefinition): boolean {
  return !definition.named && definition.kind !== "input" && !runs(definition)
}
