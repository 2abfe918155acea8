/**
 * From where on it must be known of an input in which intervals it has records, because a reader of something made of it (batch
 * mode) has not come past them. A state's version may be made, and the records it was made of gone, long before it is read: without their
 * seals every interval would look as if it had changed, and how many lines a reader writes would depend on when the master swept.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { Catalog } from "./catalog.js"
import { parentsOf } from "./definition-rules.js"
import type { Readings } from "./readings.js"

export function unreadInputs(catalog: Catalog, readings: Readings): ReadonlyMap<StreamId, number> {
  const unread = new Map<StreamId, number>()
  const visit = (id: StreamId, from: number): void => {
    const definition = catalog.get(id)?.definition
    if (definition === undefined) return
    if (definition.node.kind === "input") unread.set(id, Math.min(unread.get(id) ?? Number.POSITIVE_INFINITY, from))
    for (const parent of parentsOf(definition)) visit(parent, from - lookBackMs(definition))
  }
  for (const { stream, from } of readings) visit(stream, from)
  return unread
}

/** How long before an interval its input may still change it: it leaves a window, or a key has not been seen since. */
function lookBackMs({ node, intervalMs }: StreamDefinition): number {
  if (node.kind === "window") return node.lengthMs
  if (node.kind !== "state") return 0
  if (node.op.kind === "reduceByWindow") return node.op.lengthMs
  return "timeoutMs" in node.op ? node.op.timeoutMs + 2 * intervalMs : 0
}
