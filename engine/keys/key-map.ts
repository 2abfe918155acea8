/**
 * A map whose keys are compared by value (see `key.ts`), kept in order of first appearance. Primitive keys go to a native
 * Map, whose equality is the same (NaN = NaN, -0 = 0, 1 ≠ "1" ≠ 1n); the rest to one of their canonical text.
 */

import { canonicalKey } from "./key-text.js"

export class KeyMap<V> {
  private readonly primitive = new Map<unknown, number>()
  private readonly deep = new Map<string, number>()
  private readonly keysBySlot: unknown[] = []
  private readonly valuesBySlot: (V | undefined)[] = []
  private readonly dead = new Set<number>()

  get size(): number {
    return this.keysBySlot.length - this.dead.size
  }

  /** The number that the key got when it first appeared (0, 1, 2 …; never given again after a delete); -1 if it is not there. */
  slot(key: unknown): number {
    const slot = typeof key === "object" && key !== null ? this.deep.get(canonicalKey(key)) : this.primitive.get(key)
    return slot === undefined ? -1 : slot
  }

  has(key: unknown): boolean {
    return this.slot(key) >= 0
  }

  get(key: unknown): V | undefined {
    const slot = this.slot(key)
    return slot < 0 ? undefined : this.valuesBySlot[slot]
  }

  /** Sets the value; returns the key's slot. */
  set(key: unknown, value: V): number {
    const next = this.keysBySlot.length
    if (typeof key === "object" && key !== null) {
      const text = canonicalKey(key)
      const slot = this.deep.get(text)
      if (slot !== undefined) return this.replace(slot, value)
      this.deep.set(text, next)
    } else {
      if (typeof key === "function" || typeof key === "symbol") canonicalKey(key) // throws
      const slot = this.primitive.get(key)
      if (slot !== undefined) return this.replace(slot, value)
      this.primitive.set(key, next)
    }
    this.keysBySlot.push(key === 0 ? 0 : key)
    this.valuesBySlot.push(value)
    return next
  }

  private replace(slot: number, value: V): number {
    this.valuesBySlot[slot] = value
    return slot
  }

  /** Whether it was there. A key that comes back later is a new one, at the end. */
  delete(key: unknown): boolean {
    const slot = this.slot(key)
    if (slot < 0) return false
    if (typeof key === "object" && key !== null) this.deep.delete(canonicalKey(key))
    else this.primitive.delete(key)
    this.keysBySlot[slot] = undefined
    this.valuesBySlot[slot] = undefined
    this.dead.add(slot)
    return true
  }

  /** In order of first appearance. */
  *entries(): Generator<[key: unknown, value: V]> {
    for (let slot = 0; slot < this.keysBySlot.length; slot++)
      if (this.dead.size === 0 || !this.dead.has(slot)) yield [this.keysBySlot[slot], this.valuesBySlot[slot] as V]
  }

  *keys(): Generator<unknown> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Generator<V> {
    for (const [, value] of this.entries()) yield value
  }

  /** In order of first appearance, without the cost of a generator. */
  forEach(visit: (key: unknown, value: V) => void): void {
    for (let slot = 0; slot < this.keysBySlot.length; slot++)
      if (this.dead.size === 0 || !this.dead.has(slot)) visit(this.keysBySlot[slot], this.valuesBySlot[slot] as V)
  }
}
