/** The numbers in encoded values, see `value-codec.ts`. Never renumbered: stored blocks hold them. */

/** The first byte of an encoded value. */
export const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int32: 4,
  float64: 5,
  bigint: 6,
  negativeBigint: 7,
  latin1: 8,
  utf16: 9,
  array: 10,
  object: 11,
  date: 12,
  map: 13,
  set: 14,
  regexp: 15,
  view: 16,
  buffer: 17,
  hole: 18,
  /** An array with named properties as well, such as String.match gives. */
  arrayWith: 19,
} as const
/** The first byte of what node:v8 wrote. */
export const v8Mark = 0xff

/** Deeper plain data goes through node:v8; deeper bytes are refused. */
export const maxDepth = 100

/** Views of buffers by their number in the encoding. */
export const viewNames = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const

/** Whether a property's name is an array's index. Indices come before other names. */
export function isIndex(name: string): boolean {
  return String(Number(name) >>> 0) === name
}
