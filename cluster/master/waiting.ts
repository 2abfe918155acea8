/** What a stream waits for that is not made: ranges that it is joined with, and streams that are held. */

import type { StreamDefinition } from "../../engine/definition.js"
import { rangesAhead } from "../../engine/dstream.js"
import type { Parts } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

type Needed = Pick<Parts, "catalog" | "graph">

/** The stream whose range it is joined with has not come so far. Epoch ms; null: to its end. */
export interface AwaitedRange {
  readonly stream: StreamRecord
  readonly until: number | null
}

/** The first range that is still to come. */
export function awaitedRange({ catalog, graph }: Needed, { id }: Pick<StreamDefinition, "id">): AwaitedRange | null {
  for (const { stream, until } of rangesAhead(graph, id)) {
    const record = catalog.get(stream)
    if (record !== undefined) return { stream: record, until: Number.isFinite(until) && until > 0 ? until : null }
  }
  return null
}

/** The held stream that this one waits for, itself first: of what it is made of, and of what it is joined with as long as that is not there. */
export function holderOf(parts: Needed, definition: StreamDefinition): StreamRecord | null {
  const holder = parts.catalog.heldBy(definition)
  if (holder !== null) return holder
  const awaited = awaitedRange(parts, definition)
  return awaited === null ? null : holderOf(parts, awaited.stream.definition)
}
