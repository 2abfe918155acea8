/** A stream of a random program beside what plain arrays give for it, and the operators by which another is made of it. */

import type { DStream, Duration, Handle, SnapshotDStream, StateDStream } from "../../../engine/fluent/types.js"
import type { Pair, Plain, Row } from "./plain.js"

export interface Stream {
  readonly text: string
  readonly handle: Handle
  readonly holds: "values" | "pairs"
  readonly kind: "records" | "snapshot" | "state"
  readonly every: number
  readonly plain: Plain
}

export type Any = DStream<Row>
export type Pairs = DStream<Pair>
export type Snap = SnapshotDStream<Row>
export type State = StateDStream<unknown, number>

export interface Made {
  readonly handle: Handle
  readonly plain: Plain
  readonly holds?: Stream["holds"]
  readonly kind?: Stream["kind"]
  readonly every?: number
}
export interface Op {
  readonly name: string
  readonly on: Partial<Pick<Stream, "holds">> & { readonly kinds: readonly Stream["kind"][] }
  /** The second stream's; it has the same interval. */
  readonly other?: Op["on"]
  make(a: Stream, b: Stream, n: number): Made
}

export const records = ["records"] as const
export const versions = ["snapshot", "state"] as const
export const as = <T>(stream: Stream): T => stream.handle as unknown as T
export const seconds = (n: number) => `${n}s` as Duration
export const ones = (v: unknown): Pair => [v, 1]
export const isNumber = (v: unknown) => typeof v === "number"

export const fits = (stream: Stream, { kinds, holds }: Op["on"]) =>
  kinds.includes(stream.kind) && (holds === undefined || stream.holds === holds)
