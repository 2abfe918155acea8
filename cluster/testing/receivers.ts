/** Which streams of a simulated cluster can be fed. */

import type { StreamDefinition } from "../../engine/definition.js"

/** The names under which inputs are pushed to; one by its records' own time is of what arrives under its name. */
export function* receivers(definitions: Iterable<Pick<StreamDefinition, "node">>): Iterable<string> {
  for (const { node } of definitions)
    if (node.kind === "input" && (node.source.kind === "receiver" || node.source.kind === "arrivals")) yield node.source.name
}
