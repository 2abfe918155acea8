/** A stream of a random program beside what plain arrays give for it, and the operators by which another is made of it. */

import type { Session } from "../../../engine/fluent/session-types.js"
import type { DStream, Duration, Handle, RDD, SnapshotDStream, StateDStream } from "../../../engine/fluent/types.js"
import type { Pair, Plain, Row } from "./plain.js"

export interface Stream {
  readonly text: string
  readonly handle: Handle
  readonly holds: "values" | "pairs"
  readonly kind: "records" | "snapshot" | "state"
  readonly every: number
  /** The interval that it begins with. */
  readonly first: number
  /** The plain rows are in the order in which the stream has them: nothing has been shuffled yet. */
  readonly ordered: boolean
  readonly plain: Plain
}

export type Any = DStream<Row>
export type Pairs = DStream<Pair>
export type Snap = SnapshotDStream<Row>
export type State = StateDStream<unknown, number>

/** What is not said is as it was, but the order, which goes. */
export interface Made extends Partial<Omit<Stream, "text" | "handle" | "plain" | "first">> {
  readonly handle: Handle
  readonly plain: Plain
}
export interface Op {
  readonly name: string
  readonly on: Partial<Pick<Stream, "holds" | "ordered">> & { readonly kinds: readonly Stream["kind"][] }
  /** The second stream's; it has the same interval. */
  readonly other?: Op["on"]
  /** `n` is any number, of which the operator's own are made. */
  make(a: Stream, b: Stream, n: number, s: Session): Made
}

export const records = ["records"] as const
export const versions = ["snapshot", "state"] as const
export const as = <T>(stream: Stream): T => stream.handle as unknown as T
export const seconds = (n: number) => `${n}s` as Duration
/** Of the minute in which an interval begins. */
export const second = (i: number, { every }: Stream) => (((i * every) % 60) + 60) % 60
export const ones = (v: unknown): Pair => [v, 1]
export const isNumber = (v: unknown) => typeof v === "number"

/** Old data, of every kind of key; with `once` each key once, as a state begins. */
const old: Pair[] = [
  ["a", 10],
  [0, 20],
  [Number.NaN, 30],
  ["a", 40],
  [[1, "a"], 50],
  [null, 60],
  ["é", 1.5],
  ["\ud800", 3],
  [{ x: 1, y: undefined }, 4],
]
export const oldPairs = (once: boolean) => old.filter((_, i) => !once || i !== 3)
export const oldRdd = (s: Session, n: number, once = false) => s.parallelize(oldPairs(once), 1 + (n % 4)) as RDD<Pair>

export const fits = (stream: Stream, { kinds, holds, ordered }: Op["on"]) =>
  kinds.includes(stream.kind) && (holds === undefined || stream.holds === holds) && (!ordered || stream.ordered)
