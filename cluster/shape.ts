/**
 * Shapes: what data from outside must look like before anything reads it. A shape is a predicate, so a check costs about
 * what the comparisons cost; it is tied to its type by the compiler, so a field added to the type must be added here.
 * Fields that a shape does not name are let through: they are not read.
 */

/** True if the value is a T. */
export type Shape<T> = ((value: unknown) => boolean) & { readonly shape?: T }

/** Deeper nesting than any program builds: refused before it can exhaust the stack. */
const maxDepth = 500

export const anyValue: Shape<unknown> = () => true
export const text: Shape<string> = value => typeof value === "string"
export const bool: Shape<boolean> = value => typeof value === "boolean"
/** Any number but NaN and the infinities. */
export const finite: Shape<number> = value => typeof value === "number" && Number.isFinite(value)
/** An integer of up to 53 bits: times, sizes that may be below zero. */
export const integer: Shape<number> = value => Number.isSafeInteger(value)
/** A whole number from 0: counts, sizes, indexes. */
export const count: Shape<number> = value => Number.isSafeInteger(value) && (value as number) >= 0
export const bytes: Shape<Uint8Array> = value => value instanceof Uint8Array

export function oneOf<const T extends string | number | boolean | null>(...values: readonly T[]): Shape<T> {
  return value => values.includes(value as T)
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return value => value === null || shape(value)
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return value => value === undefined || shape(value)
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return value => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!shape(item)) return false
    return true
  }
}

export function pair<A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> {
  return value => Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1])
}

export function record<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return value => isObject(value) && Object.values(value).every(item => shape(item))
}

export type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> }

export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const checks = Object.entries(fields) as [string, Shape<unknown>][]
  return value => {
    if (!isObject(value)) return false
    for (const [name, shape] of checks) if (!shape(value[name])) return false
    return true
  }
}

type Member<U, K> = U extends { readonly kind: infer X } ? (K extends X ? U : never) : never

/** The fields of each member of a union that has a `kind`. */
export type Kinds<U extends { readonly kind: string }> = { readonly [K in U["kind"]]: Fields<Omit<Member<U, K>, "kind">> }

export function byKind<U extends { readonly kind: string }>(kinds: Kinds<U>): Shape<U> {
  const table = new Map<string, readonly [string, Shape<unknown>][]>()
  for (const [kind, fields] of Object.entries(kinds)) table.set(kind, Object.entries(fields as object) as [string, Shape<unknown>][])
  return value => {
    if (!isObject(value) || typeof value.kind !== "string") return false
    const checks = table.get(value.kind)
    if (checks === undefined) return false
    for (const [name, shape] of checks) if (!shape(value[name])) return false
    return true
  }
}

/** Either of two types that no `kind` tells apart. */
export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return value => first(value) || second(value)
}

/** Both: for types built as an intersection. */
export function both<A, B>(first: Shape<A>, second: Shape<B>): Shape<A & B> {
  return value => first(value) && second(value)
}

/** A type that contains itself; bounded in depth. */
export function recursive<T>(make: (self: Shape<T>) => Shape<T>): Shape<T> {
  let depth = 0
  const self: Shape<T> = value => {
    if (depth >= maxDepth) return false
    depth += 1
    try {
      return shape(value)
    } finally {
      depth -= 1
    }
  }
  const shape = make(self)
  return self
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** A flag that is there or absent. */
export const yes: Shape<true> = value => value === true
