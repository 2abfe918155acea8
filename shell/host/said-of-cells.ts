/** What is said of a cell that did something else than it looks like. */
import type { StreamDefinition } from "../../engine/definition.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { StyledLine } from "../session-types.js"
import type { Names } from "./meant.js"

const indexed = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*\[\s*([\s\S]+?)\s*\]\s*;?\s*$/u

/** `counts["/"]`: a stream is no map. Nothing: it is not that. */
export async function ofIndexed(cell: string, known: Names): Promise<StyledLine[]> {
  const [, name, key] = indexed.exec(cell) ?? []
  if (name === undefined) return []
  const value = await known.peek(name)
  const data = handleData(value)
  if (data === undefined) return []
  const get = typeof (value as { get?: unknown }).get === "function" && data.kind === "stream"
  const instead = get ? `${name}.get(${key})` : data.kind === "rdd" ? `${name}.lookup(${key})` : `${name}.latest().lookup(${key})`
  return [{ text: `  ${name} is no map, and has no property ${key}: ${instead} asks for a key's value`, style: "warning" }]
}

/** `const counts = 3`: the stream of that name goes on, and is to be had otherwise. */
export function ofHidden(
  declared: readonly { readonly name: string; readonly value: unknown }[],
  streams: readonly StreamDefinition[],
): StyledLine[] {
  return declared.flatMap(({ name, value }): StyledLine[] => {
    if (handleData(value)?.kind === "stream") return []
    const hidden = streams.find(stream => stream.named && stream.name === name && stream.kind !== "output")
    if (hidden === undefined) return []
    return [
      { text: `  ${name} is no stream here now; ${hidden.program}/${name} goes on: stream("${hidden.program}/${name}")`, style: "warning" },
    ]
  })
}
