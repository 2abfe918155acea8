/** What workers are to compute, what it needs beside blocks, and what came of it. */

import type { StreamId } from "../../engine/definition.js"
import type { Asset } from "../../engine/function-ref.js"
import type { Unpacked } from "../../engine/input/file-split.js"
import type { InputRef } from "../../engine/rdd.js"
import type { CapturedLog, StageSpec, TaskFailure, TaskOutput } from "../../engine/task.js"
import type { NodeId } from "../node-id.js"

export type TaskMessage =
  // ── master → worker ──
  | { readonly kind: "launch"; readonly stages: readonly StageSpec[]; readonly tasks: readonly LaunchTask[] }
  | { readonly kind: "cancel"; readonly tasks: readonly string[] }
  /** Run a `foreachRDD` body on a driver thread; answered in `tasksDone` (no outputs). At least once, never speculated. */
  | {
      readonly kind: "drive"
      readonly task: string
      /** The function's hash. */
      readonly asset: string
      readonly stream: StreamId
      readonly interval: { readonly from: number; readonly to: number }
      /** The stream whose RDD of the interval the body gets. */
      readonly parent: StreamId
      /** A body that has not ended by then is ended with its thread. */
      readonly timeoutMs: number
    }
  | { readonly kind: "asset"; readonly assets: readonly Asset[] }
  // ── worker → master ──
  | { readonly kind: "assetRequest"; readonly hashes: readonly string[] }
  | { readonly kind: "tasksDone"; readonly done: readonly TaskDone[] }
  | {
      readonly kind: "log"
      readonly stream: StreamId | null
      readonly interval: number | null
      readonly partition: number | null
      readonly lines: readonly CapturedLog[]
    }

export interface LaunchTask {
  /** Unique, with the master's incarnation in it. */
  readonly task: string
  /** Index into the message's `stages`. */
  readonly stage: number
  readonly partition: number
  readonly attempt: number
  readonly pool: "stream" | "query"
  readonly timeoutMs: number
  /** It ends sooner if for so long it comes to no other record: its function loops. */
  readonly stallMs?: number
  /** Of keyed state and its followers: tasks of one affinity run on one executor, which caches the state. */
  readonly affinity: number | null
  readonly inputs: readonly LaunchInput[]
}

/** Of a shuffle, the section of each part is `ref.partition`. */
export interface LaunchInput {
  readonly ref: InputRef
  readonly parts: readonly {
    readonly block: string
    readonly holders: readonly NodeId[]
    readonly interval?: number
    readonly base?: boolean
  }[]
}

/** A block that a task made, as the master knows it. */
export interface MadeBlock extends Omit<TaskOutput, "bytes" | "output"> {
  readonly block: string
  readonly bytes: number
  /** Of a question's result: the block itself, where it is so small that telling costs less than being asked for it. */
  readonly inline?: Uint8Array
}

export interface TaskDone {
  readonly task: string
  readonly ms: number
  readonly failure?: TaskFailure
  /** Without the bytes, which are where `block` lies. */
  readonly outputs: readonly MadeBlock[]
  readonly aside: number
  /** Of them, records at which a function threw. */
  readonly threw?: number
  readonly rowsIn: number
  /** Of a map task: see TaskResult. */
  readonly folds?: boolean
  /** The file that a `save` task has written. */
  readonly wrote?: { readonly path: string; readonly rows: number }
  /** Of what it read, so much came from some worker's disk. */
  readonly diskBytes?: number
  readonly unpacked?: Unpacked
}
