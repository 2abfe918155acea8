/** Values of every kind that a record can be, and what it means that one came back exactly. */
import fc from "fast-check"

const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  // Lone surrogates, NUL, and what looks like the parts of other things.
  fc.constantFrom("", "\ud800", "a\udc00b", "\ud800\ud800", "\0", "é", "😀", "__proto__", "constructor", "toString", "0", "-0", "\u2028"),
)
const numbers = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -1, 2 ** 31, -(2 ** 31)),
)
const bigints = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt(),
  fc.constantFrom(0n, 2n ** 63n, -(2n ** 63n) - 1n),
)
const dates = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), new Date(Number.NaN)),
)

export const primitive: fc.Arbitrary<unknown> = fc.oneof(
  strings,
  numbers,
  fc.boolean(),
  bigints,
  dates,
  fc.constant(null),
  fc.constant(undefined),
)

/** Anything: JSON-like, and maps, sets, regular expressions, typed arrays, sparse arrays, results of match. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    primitive,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom("a", "b", "c", "0", "__proto__"), strings), tie("value"), { maxKeys: 4 }).map(plain),
    fc.array(fc.tuple(primitive, tie("value")), { maxLength: 3 }).map(entries => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map(items => new Set(items)),
    fc.constantFrom(
      /a/,
      /b\/c/giu,
      "xay".match(/a/),
      new Float64Array([1, -0, Number.NaN]),
      new Uint8Array(3),
      new Uint16Array([1, 500]),
      new ArrayBuffer(5),
    ),
    fc.sparseArray(primitive, { maxLength: 5 }),
  ),
})).value

function plain(object: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(object))
    Object.defineProperty(copy, name, { value: object[name], enumerable: true, configurable: true, writable: true })
  return copy
}

/** Rows of one shape, as streams have them: each column type, with something absent now and then. */
export const shapedRows: fc.Arbitrary<unknown[]> = fc
  .letrec<{ shape: fc.Arbitrary<unknown> }>(tie => {
    const child = tie("shape") as fc.Arbitrary<fc.Arbitrary<unknown>>
    return {
      shape: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        fc.constantFrom<fc.Arbitrary<unknown>>(
          strings,
          fc.string(),
          numbers,
          fc.boolean(),
          bigints,
          dates,
          fc.bigInt({ min: -5n, max: 5n }),
          fc.constant(null),
          primitive,
        ),
        child.map(item => fc.oneof({ weight: 6, arbitrary: item }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) })),
        fc.array(child, { minLength: 1, maxLength: 3 }).map(items => fc.tuple(...items)),
        child.map(item => fc.array(item, { maxLength: 4 })),
        fc
          .uniqueArray(fc.tuple(fc.oneof(fc.constantFrom("url", "status", "x y", "7", "é"), fc.string()), child, fc.boolean()), {
            maxLength: 4,
            selector: ([name]) => name,
          })
          .filter(fields => fields.every(([name]) => name !== "__proto__"))
          .map(fields =>
            fc.record(Object.fromEntries(fields.map(([name, item]) => [name, item])), {
              requiredKeys: fields.filter(([, , optional]) => !optional).map(([name]) => name),
            }),
          ),
      ),
    }
  })
  .shape.chain(shape => fc.array(shape as fc.Arbitrary<unknown>, { maxLength: 80 }))

/** Null, or where and how `b` is not exactly `a`: Object.is for numbers, holes and missing fields seen, order of fields too. */
export function difference(a: unknown, b: unknown, path = "row"): string | null {
  if (Object.is(a, b)) return null
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null)
    return `${path}: ${String(a)} (${typeof a}) became ${String(b)} (${typeof b})`
  if (a instanceof Date) return b instanceof Date && Object.is(a.getTime(), b.getTime()) ? null : `${path}: a date`
  if (a instanceof RegExp) return b instanceof RegExp && String(a) === String(b) ? null : `${path}: a RegExp`
  if (a instanceof Map) return b instanceof Map ? difference([...a], [...b], `${path}.map`) : `${path}: a Map`
  if (a instanceof Set) return b instanceof Set ? difference([...a], [...b], `${path}.set`) : `${path}: a Set`
  if (a instanceof ArrayBuffer)
    return b instanceof ArrayBuffer ? difference(new Uint8Array(a), new Uint8Array(b), path) : `${path}: a buffer`
  if (Array.isArray(a) !== Array.isArray(b)) return `${path}: array or not`
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}: length ${a.length} became ${(b as unknown[]).length}`
  if (ArrayBuffer.isView(a) && a.constructor !== b.constructor) return `${path}: another view`
  const [namesA, namesB] = [Object.keys(a), Object.keys(b)]
  if (namesA.join("\0") !== namesB.join("\0")) return `${path}: fields ${namesA.join()} became ${namesB.join()}`
  for (const name of namesA) {
    const found = difference((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name], `${path}.${name}`)
    if (found) return found
  }
  return null
}
