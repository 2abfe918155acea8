/**
 * Keys are compared by value: `1` ≠ `"1"` ≠ `1n`, `-0` = `0`, `NaN` = `NaN`; arrays element by element, objects field by
 * field whatever the order of the fields (a missing field is not an undefined one), dates by their time; anything else by
 * its bytes. Hash, equality, order and the canonical text below agree on that.
 */

export { hashKey } from "./key-hash.js"
export { KeyMap } from "./key-map.js"
export { compareKeys, sameValue } from "./key-order.js"
export { canonicalKey } from "./key-text.js"
