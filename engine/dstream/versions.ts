/**
 * Versions of a stream's definition: a replaced definition counts for the intervals before the boundary, for as long
 * as they are retained, its successor from there on. So whoever computes an interval again uses what it was computed with.
 */

import type { StreamDefinition, StreamId } from "../definition.js"
import type { GraphVersion, StreamGraph } from "../graph.js"
import type { Interval } from "../time.js"
import { parentsOf } from "./flavour.js"

/** What an interval of a stream is made by. */
export interface VersionAt {
  readonly definition: StreamDefinition
  /** The stream's first interval's start. */
  readonly since: number
  /** Of a state that was begun anew: where. Windows hold nothing from before. */
  readonly begins: number
  /** The version when it begins with this very interval. */
  readonly first: GraphVersion | null
}

/** The version in force in the interval that starts at `interval`. */
export function versionIn(graph: StreamGraph, stream: StreamId, interval: number): VersionAt {
  const { definition, since } = graph.definition(stream)
  const versions = graph.versions?.(stream) ?? null
  if (versions === null) return { definition, since, begins: since, first: null }
  let begins = since
  let found = versions[0] as GraphVersion
  for (const version of versions) {
    if (version.from > interval && version !== versions[0]) break
    found = version
    if (version.migrate?.kind === "reset") begins = Math.max(begins, version.from)
  }
  return { definition: found.definition, since, begins, first: found.from === interval ? found : null }
}

export interface Era {
  readonly definition: StreamDefinition
  readonly since: number
  readonly from: number
  readonly before: number
}

/** [from, before) of a stream, cut where its definition changes; oldest first. */
export function erasIn(graph: StreamGraph, stream: StreamId, from: number, before: number): readonly Era[] {
  const { definition, since } = graph.definition(stream)
  const versions = graph.versions?.(stream) ?? null
  if (versions === null) return [{ definition, since, from, before }]
  return versions.flatMap((version, i) => {
    const start = i === 0 ? from : Math.max(from, version.from)
    const end = Math.min(before, versions[i + 1]?.from ?? Number.POSITIVE_INFINITY)
    return start < end ? [{ definition: version.definition, since, from: start, before: end }] : []
  })
}

/** The first interval's start in [from, before) in which a state's owner has it changed. */
export function nextMigration(graph: StreamGraph, stream: StreamId, from: number, before: number): number | null {
  for (const version of graph.versions?.(stream) ?? []) {
    if (version.migrate !== undefined && version.from >= from && version.from < before) return version.from
  }
  return null
}

/**
 * Where, within what is read, a definition gave place to another: the stream's own or that of one it is made of. Starts of intervals,
 * ascending. What lies on either side was made by different functions.
 */
export function changesWithin(graph: StreamGraph, reads: readonly ({ readonly stream: StreamId } & Interval)[]): readonly number[] {
  const found = new Set<number>()
  for (const { stream, from, to } of reads) {
    const seen = new Set<StreamId>()
    const visit = (id: StreamId): void => {
      if (seen.has(id)) return
      seen.add(id)
      for (const { from: begins } of graph.versions?.(id)?.slice(1) ?? []) if (begins > from && begins < to) found.add(begins)
      parentsOf(graph, id).forEach(visit)
    }
    visit(stream)
  }
  return [...found].sort((a, b) => a - b)
}
