/** Records as JSON, for files that other programs read. */

/** An object with named fields: not an array, date, map … */
export function isPlainRow(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Map) &&
    !(value instanceof Set)
  )
}

/** JSON text. What JSON lacks becomes what is nearest: bigints numbers, maps arrays of pairs, sets arrays, NaN and undefined null. */
export function toJson(value: unknown): string {
  if (value === null || value === undefined) return "null"
  switch (typeof value) {
    case "bigint":
      return value.toString()
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : "null"
    case "object":
      break
    default:
      return JSON.stringify(value) ?? "null"
  }
  if (value instanceof Date) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`
  if (value instanceof Map || value instanceof Set) return toJson([...value])
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && typeof field !== "function")
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${toJson(field)}`).join(",")}}`
}
