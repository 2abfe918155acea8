/** Records of every kind: keys, and what is nested in them. */

import fc from "fast-check"

const scalar = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 3 }) },
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "", "é", "1", "\u{1f600}", "\ud800", "\udc00") },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, undefined, true, 1.5, -0, -2, Number.NaN, Infinity, 3n, 2n ** 70n, new Date(0)),
  },
)
/** Made anew each time: no two are one object. */
const nested: readonly (() => unknown)[] = [
  () => new Map<unknown, unknown>([["a", 1]]),
  () =>
    new Map<unknown, unknown>([
      ["b", [Number.NaN]],
      [1, new Date(0)],
    ]),
  () => new Set(["é", -0]),
  () => Uint8Array.of(1, 2),
  () => new Float64Array([0.5, -1e300]),
  () => new BigInt64Array([1n]),
  () => [undefined],
  () => [null, new Date(0)],
  () => ({ at: new Date(86_400_000), of: { n: 2n ** 70n } }),
  () => ({ list: [{ x: undefined }, {}], map: new Map([["k", new Set([1n])]]) }),
  () => ({ "\ud800": -0, "": null }),
]
/** Keys of every kind: those of one value are made anew each time. */
export const value = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 1, arbitrary: fc.tuple(scalar, fc.constantFrom("a", 1)) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.constantFrom(...nested).map(make => make()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>([1, "a"], [[1, "a"], Number.NaN], [], {}, { x: 1 }, { x: 1, y: undefined }, { y: undefined, x: 1 }),
  },
)
