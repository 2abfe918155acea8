/** Of an input, by its definition: whether more files may come, whether it comes to an end, whose time its records have. */

import type { StreamDefinition } from "../../engine/definition.js"

/** Whether more files may come. */
export function watches({ node }: StreamDefinition): boolean {
  return node.kind === "input" && node.source.kind === "file" && node.source.paths.some(path => path.endsWith("/"))
}

/** Whether it comes to an end. */
export function isBounded(definition: StreamDefinition): boolean {
  const { node } = definition
  return node.kind === "input" && (node.source.kind === "archive" || (node.source.kind === "file" && !watches(definition)))
}

/** Whether its records say themselves when they are of. */
export function isTimed({ node }: StreamDefinition): boolean {
  return node.kind === "input" && node.timestamp !== null
}
