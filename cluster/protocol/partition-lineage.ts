/** What one partition of an interval is made of, and what the loss of a worker would cost, as the master knows both. */

/** A step, or one that many partitions of it are (`of`). `rows`, `bytes`: of what is held of it. */
export interface PartitionStep {
  /** `program/name`; null: of no stream of its own. */
  readonly stream: string | null
  /** The interval's start; null: it has none. */
  readonly at: number | null
  /** Null: all `of` them. */
  readonly partition: number | null
  readonly of: number
  readonly what: string
  /** Who holds what is stored of it. */
  readonly workers: readonly string[]
  readonly rows: number
  readonly bytes: number
  /** Of a state: how many keys the version has. */
  readonly keys?: number
  /** Of a state: so many deltas lie upon its base. */
  readonly deltas?: number
  /** Two workers hold all of it: recovery begins here (the paper's §3.3). */
  readonly checkpoint: boolean
  readonly parents: readonly PartitionStep[]
}

/** What would be computed again of these partitions if the worker were lost now. */
export interface WorkerLoss {
  readonly worker: string
  /** Those of the interval that nobody else holds whole. */
  readonly partitions: readonly number[]
  /** Who else holds those that the worker holds. */
  readonly copies: readonly string[]
  /** Tasks, by what they make, in the order in which they would run. */
  readonly tasks: readonly { readonly name: string; readonly tasks: number }[]
  /** What they would begin from: of each stream the first and the last interval; of files their paths. */
  readonly from: readonly LossOrigin[]
  /** Who would run them. */
  readonly on: readonly string[]
  /** About how long, by what such tasks took; null: nothing is known of them. */
  readonly ms: number | null
  /** What could not be made again. */
  readonly gone: readonly LossOrigin[]
}

/** Records or a version of a stream (the intervals' starts), or a file. */
export interface LossOrigin {
  readonly name: string
  readonly kind: "records" | "state" | "file" | "blocks"
  readonly first: number
  readonly last: number
}

export interface PartitionLineage {
  /** `program/name` */
  readonly stream: string
  /** The interval's start and end. */
  readonly from: number
  readonly to: number
  readonly partitions: number
  /** Null: all partitions were asked about. */
  readonly step: PartitionStep | null
  readonly losses: readonly WorkerLoss[]
}
