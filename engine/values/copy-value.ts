/**
 * Copies of values that user functions might change in place: what state holds must stay as it was, for older versions and
 * for whoever computes the same again.
 */

/** The value itself if it cannot be changed, else a deep copy of plain data. Class instances are copied field by field, keeping their class. */
export function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    const copy = new Array<unknown>(value.length)
    for (let i = 0; i < value.length; i++) copy[i] = copyValue(value[i])
    return copy
  }
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [copyValue(k), copyValue(v)]))
  if (value instanceof Set) return new Set([...value].map(copyValue))
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof RegExp || value instanceof Error)
    return structuredClone(value)
  const copy = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>
  for (const name of Object.keys(value)) copy[name] = copyValue((value as Record<string, unknown>)[name])
  return copy
}

/** Whether two values are the same in every bit that a program can see: unlike keys, 0 and -0 differ. Unsure (class instances, buffers) is no. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, i) => isSame(value, b[i]))
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime())
  if (Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return false
  const names = Object.keys(a)
  const others = Object.keys(b)
  const [fieldsA, fieldsB] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return names.length === others.length && names.every((name, i) => name === others[i] && isSame(fieldsA[name], fieldsB[name]))
}
