/** Which streams of a simulated cluster can be fed. */

import type { StreamDefinition } from "../../engine/definition.js"

/** The names under which inputs are pushed to; one by its records' own time is of what arrives under its name. */
export function* receivers(definitions: Iterable<Pick<StreamDefinition, "node">>): Iterable<string> {
  for (const { node } of definitions)
    if (node.kind === "input" && (node.source.kind === "receiver" || node.source.kind === "arrivals")) yield node.source.name
}

/** Whether what is pushed to that name is parsed, so that it has to be text. */
export function readsLines(definitions: Iterable<Pick<StreamDefinition, "node">>, name: string): boolean {
  for (const { node } of definitions)
    if (
      node.kind === "input" &&
      "name" in node.source &&
      node.source.name === name &&
      node.format.kind !== "text" &&
      node.format.kind !== "values"
    )
      return true
  return false
}
