/**
 * What marks an RDD or a stream handle. The property holds plain data (JSON) from which a driver thread makes the handle
 * again: `{ kind: "stream", id }`, `{ kind: "rdd", node }`.
 */

export const handleBrand: unique symbol = Symbol.for("rivulet.handle") as typeof handleBrand

const endless = "$number"

/** A handle's data as text. Times may be infinite ("now"), which JSON does not know. */
export function handleText(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? { [endless]: String(value) } : value,
  )
}

export function handleOf(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === "object" && value !== null && endless in value ? Number((value as Record<string, unknown>)[endless]) : value,
  )
}
