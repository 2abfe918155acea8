/**
 * What all functions of a thread share: JavaScript's own objects.
 *
 * The problem: a function that changes `Array.prototype.push` changes it for every task that this thread will ever run, of other
 * streams and other people too. Frozen prototypes would slow everything down and break packages that assign a `toString`. The
 * solution: they are looked at after each task, at the cost of some hundred loads; what was changed is put back, and the task is told.
 */

interface Shared {
  readonly name: string
  readonly object: Record<PropertyKey, unknown>
  readonly keys: readonly PropertyKey[]
  readonly values: readonly unknown[]
}

const { getOwnPropertyDescriptor, defineProperty, getPrototypeOf } = Object
const { ownKeys, deleteProperty } = Reflect

const constructors = { Object, Function, Array, String, Number, BigInt, Date, RegExp, Map, Set, Promise, Error, Uint8Array }

const shared: readonly Shared[] = [
  ...Object.entries(constructors).map(([name, { prototype }]) => noted(`${name}.prototype`, prototype)),
  ...Object.entries({ Object, Array, Number, JSON, Math }).map(([name, object]) => noted(name, object)),
  noted("TypedArray.prototype", getPrototypeOf(Uint8Array.prototype)),
  noted("an array's iterator", getPrototypeOf([][Symbol.iterator]())),
  noted("a map's iterator", getPrototypeOf(new Map()[Symbol.iterator]())),
  noted("globalThis", globalThis, [...Object.keys(constructors), "JSON", "Math", "Symbol", "Reflect", "Buffer"]),
]

function noted(name: string, object: object, only: readonly PropertyKey[] = ownKeys(object)): Shared {
  const keys: PropertyKey[] = []
  const values: unknown[] = []
  for (const key of only) {
    const descriptor = getOwnPropertyDescriptor(object, key)
    if (descriptor === undefined || !("value" in descriptor) || descriptor.configurable !== true) continue
    keys.push(key)
    values.push(descriptor.value)
  }
  return { name, object: object as Record<PropertyKey, unknown>, keys, values }
}

/** The number of the first of the shared objects that differs; -1: none. A load a key, each at a place of its own: a microsecond or two in all. */
const firstChanged = new Function(
  "shared",
  `const objects = shared.map(({ object }) => object), keys = shared.map(({ keys }) => keys), values = shared.map(({ values }) => values)
${shared.flatMap(({ keys }, n) => keys.map((key, i) => (typeof key === "symbol" ? `const k${n}_${i} = keys[${n}][${i}]` : ""))).join("\n")}
${shared.map(({ keys }, n) => `const o${n} = objects[${n}]\n${keys.map((_, i) => `const v${n}_${i} = values[${n}][${i}]`).join("\n")}`).join("\n")}
return () => {
${shared.map(({ keys }, n) => keys.map((key, i) => `if (o${n}[${typeof key === "symbol" ? `k${n}_${i}` : JSON.stringify(key)}] !== v${n}_${i}) return ${n}`).join("\n")).join("\n")}
return -1
}`,
)(shared) as () => number

/** Puts back what has been changed since this module was loaded. Gives a name of it, `Array.prototype.push`; null: nothing was. */
export function restoreBuiltIns(): string | null {
  let changed = restoreAdded()
  for (let n = firstChanged(); n >= 0; n = firstChanged()) {
    const { name, object, keys, values } = shared[n]!
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      if (object[key] === values[i]) continue
      defineProperty(object, key, { value: values[i], writable: true, configurable: true, enumerable: false })
      changed ??= `${name}.${String(key)}`
    }
  }
  return changed
}

/** What every object or array has got besides. */
function restoreAdded(): string | null {
  let changed: string | null = null
  for (const key in {}) {
    deleteProperty(Object.prototype, key)
    changed ??= `Object.prototype.${key}`
  }
  for (const key in []) {
    deleteProperty(Array.prototype, key)
    changed ??= `Array.prototype.${key}`
  }
  return changed
}
