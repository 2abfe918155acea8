/**
 * The mark of a handle. A function that captures something so marked holds a stream or an RDD: `capture/` refuses it in
 * ordinary operators and takes `HandleData` in its place in `foreachRDD`, where handles may be used.
 */

import { handleBrand } from "../capture/brand.js"
import type { StreamId } from "../definition.js"
import type { RddNode } from "../rdd.js"

export { handleBrand }

/** All that is needed to make the handle again in another session. `keyed`: one value a key. */
export type HandleData =
  | { readonly kind: "stream"; readonly id: StreamId; readonly keyed: boolean }
  | { readonly kind: "rdd"; readonly node: RddNode }
  | { readonly kind: "snapshots"; readonly id: StreamId; readonly from: number; readonly to: number; readonly everyMs: number | null }

/** What a handle is, for people; undefined for anything else. */
export function handleKind(value: unknown): string | undefined {
  const kind = handleData(value)?.kind
  return kind && { stream: "a stream", rdd: "an RDD", snapshots: "the versions of a range" }[kind]
}

/** What a handle stands for, or undefined for anything else. */
export function handleData(value: unknown): HandleData | undefined {
  if (typeof value !== "object" || value === null) return undefined
  return (value as { [handleBrand]?: HandleData })[handleBrand]
}
