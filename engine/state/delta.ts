/**
 * The rows of a state's blocks. A delta holds what one interval changed; a base holds every key there is, and beside it what
 * its own interval removed, so that it also serves as that interval's delta. A row is
 *
 *     [key, state]                     changed in this interval (the usual delta)
 *     [key, state, age, auxiliary]     age 0: changed in this interval; n: n ms before it; -1: removed in it
 *
 * Rows of a delta may be in any order that does not depend on who computes; those of a base are in the order of keys.
 */

/** What an interval does to a key. */
export interface StateChange {
  readonly key: unknown
  readonly state: unknown
  /** What the operator keeps beside the state: `reduceByWindow`'s contribution count. Null for most. */
  readonly auxiliary: unknown
  readonly gone: boolean
}

export type StateRow = readonly [key: unknown, state: unknown] | readonly [key: unknown, state: unknown, age: number, auxiliary: unknown]

/** A delta's rows, all of one shape so that they are columns. */
export function deltaRows(changes: readonly StateChange[]): StateRow[] {
  if (changes.some(change => change.gone || change.auxiliary !== null)) {
    return changes.map(({ key, state, auxiliary, gone }): StateRow => (gone ? [key, null, -1, null] : [key, state, 0, auxiliary]))
  }
  return changes.map(({ key, state }): StateRow => [key, state])
}

export const ageOf = (row: StateRow): number => (row.length === 2 ? 0 : row[2])
export const auxiliaryOf = (row: StateRow): unknown => (row.length === 2 ? null : row[3])
