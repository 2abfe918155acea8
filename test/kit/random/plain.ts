/** What plain arrays give: the model that random programs are held against. */

import { compareKeys, KeyMap } from "../../../engine/keys/key.js"

export type Row = unknown
export type Pair = [unknown, number]
/** What a stream holds in its interval i. */
export type Plain = (i: number) => Row[]

export const memo = (f: Plain): Plain => {
  const known = new Map<number, Row[]>()
  return i => {
    let rows = known.get(i)
    if (rows === undefined) {
      rows = i < 0 ? [] : f(i)
      known.set(i, rows)
    }
    return rows
  }
}
export const reduced = (pairs: readonly Row[], f: (a: number, b: number) => number): Pair[] => {
  const state = new KeyMap<number>()
  for (const [key, n] of pairs as Pair[]) {
    const slot = state.has(key) ? f(state.get(key)!, n) : n
    state.set(key, slot)
  }
  return [...state.entries()] as Pair[]
}
export const grouped = (pairs: readonly Row[]): [unknown, number[]][] => {
  const groups = new KeyMap<number[]>()
  for (const [key, n] of pairs as Pair[]) {
    if (groups.has(key)) groups.get(key)!.push(n)
    else groups.set(key, [n])
  }
  return [...groups.entries()] as [unknown, number[]][]
}
export const recent = (plain: Plain, i: number, length: number): Row[] => Array.from({ length }, (_, j) => plain(i - length + 1 + j)).flat()
export const joined = (left: readonly Row[], right: readonly Row[]): Row[] => {
  const others = new KeyMap<number[]>()
  for (const [key, ns] of grouped(right)) others.set(key, ns)
  return (left as Pair[]).flatMap(([key, n]) => (others.get(key) ?? []).map(m => [key, [n, m]]))
}

/** Outer joins: what one side lacks is undefined. */
export const joinedOuter = (left: readonly Row[], right: readonly Row[], keepLeft: boolean, keepRight: boolean): Row[] => {
  const [as, bs] = [new KeyMap<number[]>(), new KeyMap<number[]>()]
  for (const [key, ns] of grouped(left)) as.set(key, ns)
  for (const [key, ns] of grouped(right)) bs.set(key, ns)
  const keys = grouped([...(left as Pair[]), ...(right as Pair[])]).map(([key]) => key)
  return keys.flatMap(key => {
    const [ls, rs] = [as.get(key), bs.get(key)]
    if (ls === undefined) return keepRight ? rs!.map(m => [key, [undefined, m]]) : []
    if (rs === undefined) return keepLeft ? ls.map(n => [key, [n, undefined]]) : []
    return ls.flatMap(n => rs.map(m => [key, [n, m]]))
  })
}

/** Ended by silence at 2. */
export const step = (values: number[], state: number | undefined): number | undefined =>
  values.length === 0 && state !== undefined && state > 2 ? undefined : values.reduce((a, b) => a + b, state ?? 0)

export function best(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort((a, b) => b[1] - a[1] || compareKeys(a[0], b[0])).slice(0, 2)
}

export const inOrder = (rows: readonly Row[]) => [...rows].sort(compareKeys)
