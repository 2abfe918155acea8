/**
 * Eager map: what an executor has taken in of map tasks that are still to come, block by block as input arrives.
 *
 * Nobody relies on it. A task is told a name; what lies under it is used if it is of the task's own chain, and of exactly the first
 * blocks that the task reads, in their order. The rest is added then. Else the task begins with nothing, as it would without.
 */

import type { Tally } from "../task-context.js"
import type { Accumulator } from "./accumulator.js"

/** What one executor holds for tasks to come, at most. */
const mostBytes = 128 * 2 ** 20

export interface Begun {
  /** By the name of its plan (`map-side.ts`). */
  readonly chain: string
  readonly accumulator: Accumulator
  /** In the order in which they were taken in. */
  readonly blocks: string[]
  /** What each fold counted. */
  readonly tallies: Tally[]
}

export class Folds {
  private readonly begun = new Map<string, Begun>()

  /** What of it need no longer be kept. */
  keep(names: readonly string[]): void {
    for (const name of this.begun.keys()) if (!names.includes(name)) this.drop(name)
  }

  get(name: string): Begun | undefined {
    return this.begun.get(name)
  }

  /** False: there is no room for more. */
  put(name: string, begun: Begun): boolean {
    this.begun.set(name, begun)
    let bytes = 0
    for (const { accumulator } of this.begun.values()) bytes += accumulator.bytes
    return bytes <= mostBytes
  }

  /** It is the caller's, to use and to end. */
  take(name: string): Begun | null {
    const begun = this.begun.get(name) ?? null
    this.begun.delete(name)
    return begun
  }

  drop(name: string): void {
    this.take(name)?.accumulator.end()
  }
}
