/** Records of one heap within another: numbers of records and blobs move up. */

import type { Encoded, FunctionRef, HeapRecord } from "../function-ref.js"

/** The value with each reference to a record renumbered. */
export function renumbered(value: Encoded, to: (id: number) => number): Encoded {
  if (typeof value !== "object" || value === null) return value
  if ("r" in value) return { r: to(value.r) }
  return "prototypeOf" in value ? { prototypeOf: to(value.prototypeOf) } : value
}

/** The record with each reference renumbered. */
export function renumberedRecord(record: HeapRecord, to: (id: number) => number, blob: (n: number) => number): HeapRecord {
  const one = (value: Encoded): Encoded => renumbered(value, to)
  const list = (values: readonly Encoded[] | undefined) => values?.map(one)
  const pair = ([a, b]: readonly [Encoded, Encoded]) => [one(a), one(b)] as const
  const change: Record<string, unknown> = {}
  if (record.entries) change.entries = record.entries.map(pair)
  if (record.hidden) change.hidden = record.hidden.map(pair)
  if (record.accessors) change.accessors = record.accessors.map(([key, get, set]) => [one(key), one(get), one(set)])
  if (record.proto !== undefined) change.proto = one(record.proto)
  switch (record.kind) {
    case "function":
      change.values = list(record.values)
      if (record.prototype !== undefined) change.prototype = one(record.prototype)
      break
    case "class":
      change.values = list(record.values)
      break
    case "array":
    case "set":
      if (record.items) change.items = list(record.items)
      break
    case "map":
      change.items = record.items.map(pair)
      break
    case "made":
      change.args = list(record.args)
      break
    case "buffer":
      change.blob = blob(record.blob)
      break
    case "view":
      change.buffer = one(record.buffer)
  }
  return Object.keys(change).length === 0 ? record : ({ ...record, ...change } as HeapRecord)
}

/** References in a record, in order. */
export function referencesIn(record: HeapRecord): number[] {
  const found: number[] = []
  renumberedRecord(
    record,
    id => {
      found.push(id)
      return id
    },
    n => n,
  )
  return found
}

/** A function with the records and files of a part behind its own. */
export function joined(whole: FunctionRef, part: Pick<FunctionRef, "heap" | "blobs" | "modules">): FunctionRef {
  const firstId = whole.heap.length
  const firstBlob = whole.blobs.length
  const heap = part.heap.map(record =>
    renumberedRecord(
      record,
      id => id + firstId,
      n => n + firstBlob,
    ),
  )
  const modules = [...(whole.modules ?? []), ...(part.modules ?? [])]
  return {
    ...whole,
    heap: [...whole.heap, ...heap],
    blobs: [...whole.blobs, ...part.blobs],
    ...(modules.length > 0 && { modules }),
  }
}
