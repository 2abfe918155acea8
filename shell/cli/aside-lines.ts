/** How many lines of a run's inputs came into no interval. */
import { streamsIn } from "../../cluster/client/tree.js"
import type { CatalogEntry } from "../../cluster/protocol.js"
import type { StreamId } from "../../engine/definition.js"

/** Each stream that is made of an input meets the same lines, and counts them: the one that has met most has met all. */
export function asideLines(catalog: readonly CatalogEntry[]): number {
  const streams = new Map(catalog.map(({ definition }) => [definition.id, definition]))
  const inputsOf = (id: StreamId): readonly StreamId[] => {
    const definition = streams.get(id)
    return definition?.kind === "input" ? [id] : definition === undefined ? [] : streamsIn(definition.node).flatMap(inputsOf)
  }
  const most = new Map<string, number>()
  for (const { definition, aside } of catalog) {
    const inputs = [...new Set(inputsOf(definition.id))]
    // What is made of several is left to those that are made of one.
    if (inputs.length === 1) most.set(inputs[0]!, Math.max(most.get(inputs[0]!) ?? 0, aside))
  }
  return [...most.values()].reduce((sum, lines) => sum + lines, 0)
}
