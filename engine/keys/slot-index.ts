/**
 * From keys, compared by value, to slots (small integers). Primitives go to a native Map, whose equality is ours already
 * (NaN = NaN, -0 = 0, 1 ≠ "1"); arrays and objects to a KeyMap.
 */

import { KeyMap } from "./key.js"

export class SlotIndex {
  private readonly plain = new Map<unknown, number>()
  private deep: KeyMap<number> | null = null

  /** The key's slot, or undefined. */
  find(key: unknown): number | undefined {
    if (typeof key === "object" && key !== null) return this.deep?.get(key)
    return this.plain.get(key)
  }

  set(key: unknown, slot: number): void {
    if (typeof key === "object" && key !== null) {
      this.deep ??= new KeyMap<number>()
      this.deep.set(key, slot)
    } else this.plain.set(key, slot)
  }
}
