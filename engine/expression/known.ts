/**
 * Whether a function is of the subset that is understood wholly: arithmetic, comparisons, fields and text of its own record. It then
 * does what its expression says, and nothing else; no class, package or object comes with it.
 */

import { decodeFunction } from "../capture/codec.js"
import type { FunctionHash } from "../function-ref.js"
import { NotUnderstood } from "./expression.js"
import { readFunction } from "./read.js"

/** Null when it is; else what of it is not understood, as `uses ?.`. */
export function beyondKnown(bytes: Uint8Array): { readonly source: string; readonly why: string } | null {
  const ref = decodeFunction(bytes, () => {
    throw new NotUnderstood("brings large values")
  })
  const { source } = ref
  if (ref.heap.length > 0 || (ref.modules?.length ?? 0) > 0 || ref.blobs.length > 0) {
    const [name] = ref.captured.flatMap(({ name, value }) => (typeof value === "object" && value !== null ? [name] : []))
    return { source, why: name === undefined ? "brings objects" : `uses the captured ${name}` }
  }
  try {
    // Understood, but a regular expression can take for ever over a short text.
    return hasTest(readFunction(ref)) ? { source, why: "uses a regular expression" } : null
  } catch (error) {
    if (error instanceof NotUnderstood) return { source, why: error.message }
    throw error
  }
}

function hasTest(tree: object, seen = new Set<object>()): boolean {
  if (seen.has(tree)) return false
  seen.add(tree)
  if ((tree as { readonly kind?: unknown }).kind === "test") return true
  return Object.values(tree).some(part => typeof part === "object" && part !== null && hasTest(part as object, seen))
}

/** Hashes of all functions that the data links to, each once, in order. Built-in ones have none. */
export function linkedFunctions(data: unknown): FunctionHash[] {
  const hashes = new Set<FunctionHash>()
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return
    const { kind, hash } = value as { readonly kind?: unknown; readonly hash?: unknown }
    if (kind === "function" && typeof hash === "string") hashes.add(hash)
    for (const part of Array.isArray(value) ? value : Object.values(value)) walk(part)
  }
  walk(data)
  return [...hashes]
}
