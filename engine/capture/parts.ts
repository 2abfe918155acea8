/**
 * A function in pieces. The problem: ten operators that look things up in one table, or use one package, would send it ten times. The
 * solution: what is large is an asset of its own, named by its content, so a worker gets it once (a broadcast): packages' files as
 * one part, and captured values that share nothing with the others, each with all that it reaches.
 */

import type { Asset, Captured, Encoded, FunctionRef, HeapRecord } from "../function-ref.js"
import { encodeFunction, encodeMain, hashOf, sealFunction } from "./codec.js"
import { referencesIn, renumbered, renumberedRecord } from "./join.js"

/** Values from this size on travel by themselves. */
export const partBytes = 64 * 1024
/** What one function may capture, packages included. */
export const mostBytes = 32 * 1024 * 1024

type Body = Pick<FunctionRef, "source" | "captured" | "heap" | "blobs" | "modules">

/** Its size as it travels, without the origin. */
export function sizeOf({ source, captured, heap, blobs, modules }: Body): number {
  const own = source.length + JSON.stringify(captured).length + JSON.stringify(heap).length
  const files = (modules ?? []).reduce((sum, file) => sum + file.source.length, 0)
  return blobs.reduce((sum, blob) => sum + blob.byteLength, own + files)
}

/** The function's own asset first, then its parts. */
export function functionAssets(ref: FunctionRef): Asset[] {
  const cut = largeValues(ref)
  if (cut.length === 0 && ref.modules === undefined) return [{ hash: ref.hash, bytes: encodeFunction(ref) }]
  const parts = cut.map(values => asset({ source: "", captured: [], ...reachedFrom(values, ref.heap, ref.blobs) }))
  if (ref.modules !== undefined) parts.push(asset({ source: "", captured: [], heap: [], blobs: [], modules: ref.modules }))
  const main = withoutParts(ref, cut)
  return [
    {
      hash: ref.hash,
      bytes: encodeMain(
        main,
        parts.map(({ hash }) => hash),
      ),
    },
    ...parts,
  ]
}

function asset(body: Body): Asset {
  const bytes = encodeFunction(sealFunction(body, undefined))
  return { hash: `part-${hashOf(bytes)}`, bytes }
}

/** All records that the values reach, in the order of the heap, numbered from 0: the same whatever else the function captures. */
export function reachedFrom(
  values: readonly Encoded[],
  heap: readonly HeapRecord[],
  blobs: readonly Uint8Array[],
): Pick<FunctionRef, "heap" | "blobs"> {
  const ids = [...reached(values, heap)].sort((a, b) => a - b)
  return picked(ids, heap, blobs)
}

function picked(ids: readonly number[], heap: readonly HeapRecord[], blobs: readonly Uint8Array[]): Pick<FunctionRef, "heap" | "blobs"> {
  const place = new Map(ids.map((id, index) => [id, index]))
  const kept: Uint8Array[] = []
  return {
    heap: ids.map(id =>
      renumberedRecord(
        heap[id]!,
        of => place.get(of)!,
        n => kept.push(blobs[n]!) - 1,
      ),
    ),
    blobs: kept,
  }
}

function reached(values: readonly Encoded[], heap: readonly HeapRecord[]): Set<number> {
  const found = new Set<number>()
  const queue = values.flatMap(rootOf)
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (found.has(next)) continue
    found.add(next)
    queue.push(...referencesIn(heap[next]!))
  }
  return found
}

const rootOf = (value: Encoded): number[] => (typeof value === "object" && value !== null && "r" in value ? [value.r] : [])

/** Groups of captured values that share records, each of them large; in the order of the variables. */
function largeValues(ref: FunctionRef): Encoded[][] {
  if (sizeOf({ ...ref, modules: [] }) < partBytes) return []
  const groups: { values: Encoded[]; ids: Set<number> }[] = []
  for (const { value } of ref.captured) {
    const ids = reached([value], ref.heap)
    if (ids.size === 0) continue
    const group = { values: [value], ids }
    for (const other of groups.filter(({ ids: theirs }) => [...ids].some(id => theirs.has(id)))) {
      groups.splice(groups.indexOf(other), 1)
      group.values = [...other.values, ...group.values]
      for (const id of other.ids) group.ids.add(id)
    }
    groups.push(group)
  }
  return groups
    .map(({ values }) => values)
    .filter(values => sizeOf({ source: "", captured: [], ...reachedFrom(values, ref.heap, ref.blobs) }) >= partBytes)
}

/** What is left: records keep their order, those of the parts come behind, as `joined` puts them. */
function withoutParts(ref: FunctionRef, cut: readonly (readonly Encoded[])[]): FunctionRef {
  const { modules: _, ...rest } = ref
  const parts = cut.map(values => [...reached(values, ref.heap)].sort((a, b) => a - b))
  const gone = new Set(parts.flat())
  const own = ref.heap.map((_record, id) => id).filter(id => !gone.has(id))
  const place = new Map([...own, ...parts.flat()].map((id, index) => [id, index]))
  const captured = ref.captured.map((one): Captured => ({ ...one, value: renumbered(one.value, id => place.get(id)!) }))
  return { ...rest, captured, ...picked(own, ref.heap, ref.blobs) }
}
