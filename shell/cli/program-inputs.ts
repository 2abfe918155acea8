/** Which inputs a program reads: what is said of a `submit` is about that program alone, whatever else runs on the cluster. */

import type { Definitions } from "../../cluster/client/definitions.js"
import { streamsIn } from "../../cluster/client/tree.js"
import type { StreamId } from "../../engine/definition.js"

/** Names (`program/name`) of its own inputs, and of others' that its drafts are made of, each once. To be asked before the drafts are sent. */
export function programInputs(definitions: Definitions, program: string): string[] {
  const seen = new Set<StreamId>()
  const found = new Set<string>()
  const visit = (id: StreamId) => {
    if (seen.has(id) || !definitions.has(id)) return
    seen.add(id)
    const { kind, named, node, program, name } = definitions.get(id)
    if (kind === "input" && named) found.add(`${program}/${name}`)
    for (const parent of streamsIn(node)) visit(parent)
  }
  for (const { id, kind, program: of } of definitions.all()) if (definitions.isDraft(id) || (kind === "input" && of === program)) visit(id)
  return [...found]
}
