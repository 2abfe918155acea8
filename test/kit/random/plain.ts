/** What plain arrays give: the model that random programs are held against. */

import { compareKeys } from "../../../engine/keys/key.js"

export type Row = unknown
export type Pair = [unknown, number]
/** What a stream holds in its interval i. */
export type Plain = (i: number) => Row[]

/** A text for each key, which the engine has no part in: values that are one key have one text. */
export function keyText(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(keyText)}]`
  if (v instanceof Date) return `date ${v.getTime()}`
  if (typeof v === "string") return JSON.stringify(v)
  if (v instanceof Map) return `map ${exact([...v])}`
  if (v instanceof Set) return `set ${exact([...v])}`
  if (ArrayBuffer.isView(v)) return `${v.constructor.name} ${exact([...(v as Uint8Array)])}`
  if (typeof v !== "object" || v === null) return `${typeof v} ${v === 0 ? 0 : String(v)}`
  const fields = Object.entries(v).map(([name, value]) => `${JSON.stringify(name)}:${keyText(value)}`)
  return `{${fields.sort()}}`
}

/** What is no tuple, no date and no plain object is compared by its bytes, in which -0 is not 0. */
const exact = (items: readonly unknown[]): string =>
  `[${items.map(v => (Array.isArray(v) ? exact(v) : Object.is(v, -0) ? "-0" : keyText(v)))}]`

/** By key, in the order of first appearance. */
class Keyed<V> extends Map<string, [key: unknown, value: V]> {
  of(key: unknown): V | undefined {
    return this.get(keyText(key))?.[1]
  }
  put(key: unknown, value: V): void {
    const text = keyText(key)
    const known = this.get(text)
    // A key is never -0, though the value was.
    this.set(text, [known === undefined ? (key === 0 ? 0 : key) : known[0], value])
  }
  drop(key: unknown): void {
    this.delete(keyText(key))
  }
}

/** Each interval computed once; before the `first` there is what a state begins with. */
export const memo = (f: Plain, first = 0, initial: Row[] = []): Plain => {
  const known = new Map<number, Row[]>()
  return i => {
    let rows = known.get(i)
    if (rows === undefined) {
      rows = i < first ? initial : f(i)
      known.set(i, rows)
    }
    return rows
  }
}
export const mapOf = <V>(pairs: readonly Row[]): Keyed<V> => {
  const map = new Keyed<V>()
  for (const [key, value] of pairs as [unknown, V][]) map.put(key, value)
  return map
}
export const grouped = <V = number>(pairs: readonly Row[]): [unknown, V[]][] => {
  const groups = new Keyed<V[]>()
  for (const [key, v] of pairs as [unknown, V][]) groups.put(key, [...(groups.of(key) ?? []), v])
  return [...groups.values()]
}
export const reduced = <V = number>(pairs: readonly Row[], f: (a: V, b: V) => V): [unknown, V][] =>
  grouped<V>(pairs).map(([key, vs]) => [key, vs.reduce(f)])
export const recent = (plain: Plain, i: number, length: number): Row[] => Array.from({ length }, (_, j) => plain(i - length + 1 + j)).flat()
export const cogrouped = (left: readonly Row[], right: readonly Row[]): [unknown, [number[], number[]]][] => {
  const [as, bs] = [mapOf<number[]>(grouped(left)), mapOf<number[]>(grouped(right))]
  return grouped([...left, ...right]).map(([key]) => [key, [as.of(key) ?? [], bs.of(key) ?? []]])
}

/** What one side lacks is undefined, where the other side's is kept. */
export const joined = (left: readonly Row[], right: readonly Row[], keepLeft = false, keepRight = false): Row[] =>
  cogrouped(left, right).flatMap(([key, [ls, rs]]) => {
    const alone = (others: number[], keep: boolean) => (others.length === 0 && keep ? [undefined] : others)
    return alone(ls, keepRight).flatMap(n => alone(rs, keepLeft).map(m => [key, [n, m]]))
  })

/** A state's next version by what becomes of each key that had a state or has values; undefined: it is gone. */
export const stepped = (
  before: readonly Row[],
  pairs: readonly Row[],
  next: (values: number[], state?: number) => number | undefined,
): Row[] => {
  const [states, values] = [mapOf<number>(before), mapOf<number[]>(grouped(pairs))]
  return grouped([...before, ...pairs]).flatMap(([key]) => {
    const state = next(values.of(key) ?? [], states.of(key))
    return state === undefined ? [] : [[key, state]]
  })
}

/** Ended by silence at 2. */
export const step = (values: number[], state: number | undefined): number | undefined =>
  values.length === 0 && state !== undefined && state > 2 ? undefined : values.reduce((a, b) => a + b, state ?? 0)

/** The n greatest by their number, NaN last; ties go to the smaller key. */
export function best(pairs: readonly Pair[], n = 2): Pair[] {
  const rank = ([, v]: Pair) => (Number.isNaN(v) ? Number.NEGATIVE_INFINITY : v)
  const order = (a: Pair, b: Pair) => {
    const nan = Number(Number.isNaN(a[1])) - Number(Number.isNaN(b[1]))
    return nan || (rank(a) > rank(b) ? -1 : rank(a) < rank(b) ? 1 : compareKeys(a[0], b[0]))
  }
  return [...pairs].sort(order).slice(0, n)
}

/** Array.sort puts undefined last without asking. */
export const sortedBy = (rows: readonly Row[], order: (a: Row, b: Row) => number): Row[] =>
  rows
    .map(row => ({ row }))
    .sort((a, b) => order(a.row, b.row))
    .map(({ row }) => row)

/** In an order that is the same for the same rows. */
export const inOrder = (rows: readonly Row[]) => sortedBy(rows, (a, b) => (keyText(a) < keyText(b) ? -1 : 1))
