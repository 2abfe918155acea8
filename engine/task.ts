/**
 * A task: one partition of one stage. The description is plain data; running it is synchronous and touches nothing but
 * the inputs named in it, so that any executor gives the same bytes (the paper's §4.1).
 */

import type { StreamId } from "./definition.js"
import type { FunctionLink, Origin } from "./function-ref.js"
import type { HeavyKey } from "./keys/heavy-keys.js"
import type { FileFormat } from "./output/file-format.js"
import type { FileSplit, FormatSpec, InputBlock, InputRef, OutputId, RddNode, ShuffleWrite } from "./rdd.js"
import type { Interval } from "./time.js"

/** Tasks that share a pipeline and differ in partition. */
export interface StageSpec {
  /** What the stage makes; also its identity. */
  readonly output: OutputId
  readonly root: RddNode
  readonly partitions: number
  readonly write: StageWrite
  /** For `Date.now()` and messages: the interval it is about, if any. */
  readonly interval: Interval | null
  /** For messages: the stream or query it works for. */
  readonly stream: StreamId | null
  /** For `Math.random()`: as of that stream's definition. */
  readonly seed?: string
  readonly label: string
  /** A partition whose shuffle and stored inputs have no row makes nothing: it needs no task. */
  readonly quietWhenEmpty?: boolean
}

export type StageWrite =
  /** One region: a section a reduce partition (`shuffle-region.ts`). */
  | ({ readonly kind: "shuffle" } & ShuffleWrite)
  /** The partition's records as one block. */
  | { readonly kind: "store" }
  /** The delta of a keyed state, or its new base (root is a `state` node). */
  | { readonly kind: "state" }
  /** As of `state`, of each interval of a stretch in which the partition has something to change (root is a `stretch` node). */
  | { readonly kind: "stretch" }
  /** The answer's rows as one block, kept for the asker. */
  | { readonly kind: "result" }
  /** Text for an output file, which the worker's main thread writes by rename, or for rows of a table (`table.ts`). */
  | { readonly kind: "file"; readonly to: string; readonly format: FileFormat; readonly snapshot: boolean; readonly keyed?: true }
  /** A file split, or what `arrived` in an interval, bucketed by event-time interval: one block an interval (root is ignored). */
  /** The partition's raw records as a file of an archive (`archive.ts`): `to` is the directory of their kind. */
  | { readonly kind: "archive"; readonly to: string }
  | {
      readonly kind: "read"
      readonly split: FileSplit | null
      /** Records of intervals before `openFrom` are late; those of `openTo` and after have a wrong time. */
      readonly arrived?: { readonly blocks: readonly InputBlock[]; readonly openFrom: number; readonly openTo: number }
      readonly format: FormatSpec
      readonly timestamp: FunctionLink | null
      readonly intervalMs: number
    }

/** Whether what a task makes goes out of the cluster, into a file. */
export function writesFile(write: StageWrite): write is Extract<StageWrite, { kind: "file" | "archive" }> {
  return write.kind === "file" || write.kind === "archive"
}

/** One attempt at a task, with its inputs in this worker's block memory. */
export interface TaskRun {
  readonly stage: StageSpec
  readonly partition: number
  readonly attempt: number
  /** In the order of `reads`, shuffles in map-task order. */
  readonly inputs: readonly TaskInput[]
  /** Of a map task: under which name its first blocks may have been folded as they came. What is computed is the same without it. */
  readonly begun?: string
  /** No task, but blocks that a map task will read, taken in before it is there. */
  readonly fold?: FoldRun
}

/** See `kernel/folds.ts`. A fold makes nothing and never fails: its result says whether it was one. */
export interface FoldRun {
  /** What is begun, or gone on with after so many blocks. */
  readonly name: string
  readonly after: number
  /** All that may still be wanted of what this executor has begun. */
  readonly keep: readonly string[]
}

/** How long a task may take, in its own time: what its thread waits for a processor does not count. */
export interface TaskLimits {
  readonly timeoutMs: number
  /** The same since it came to its last record (`TaskProgress`). */
  readonly stallMs?: number
}

/**
 * What a task tells while it runs, to other threads too. First a number that grows whenever it comes to another block or record, then
 * the 64 bits of the hash of the function that it called last.
 */
export type TaskProgress = Int32Array

export const progressLength = 3

/** The hash of the function that was called last. */
export function calledIn(progress: TaskProgress): string {
  return [1, 2].map(i => (progress[i]! >>> 0).toString(16).padStart(8, "0")).join("")
}

export interface TaskInput {
  readonly ref: InputRef
  readonly parts: readonly InputPart[]
}

/** Bytes in block memory. For a state's chain, which interval's delta (or base) they are. */
export interface InputPart {
  readonly offset: number
  readonly length: number
  readonly interval?: number
  readonly base?: boolean
  /**
   * A file's or asset's bytes do not lie in block memory: given directly. Of a file split they are the file's bytes of
   * `splitRange(split)` (`file-split.ts`): one before the split, to see whether a line begins there, and enough after it to
   * finish its last line.
   */
  readonly bytes?: Uint8Array
}

export interface TaskResult {
  readonly outputs: readonly TaskOutput[]
  readonly rowsIn: number
  readonly rowsOut: number
  readonly logs: readonly TaskLine[]
  /** Lines that could not be parsed and records at which a function threw (`threw` of `count`), with a few samples. */
  readonly aside: { readonly count: number; readonly samples: readonly string[]; readonly threw?: number }
  /** Of a fold: it was done. Of a map task: its blocks can be folded as they come, for the order of its records does not matter. */
  readonly folds?: boolean
}

export interface TaskOutput {
  readonly bytes: Uint8Array
  readonly rows: number
  /** shuffle: rows of each section (the scheduler skips empty reducers). */
  readonly sectionRows?: readonly number[]
  /** shuffle, where each record goes by itself: the keys that are a large part of it. */
  readonly heavy?: readonly HeavyKey[]
  /** state: whether this is a whole new base, and how many keys the version has. */
  readonly base?: boolean
  readonly keys?: number
  /** read, stretch: the interval's start. */
  readonly interval?: number
  /** stretch: what a task for that interval alone would have made. */
  readonly output?: OutputId
  /** read: newest event time seen in the split, on every output of the task. */
  readonly newest?: number
  /** read: why these records are set aside; with an interval they are late for it. */
  readonly aside?: string
}

export interface CapturedLog {
  readonly level: "log" | "warn" | "error" | "info" | "debug"
  readonly text: string
  readonly repeated: number
}

/** `interval`: of a task that computes several, the start of the one that was computed. */
export interface TaskLine extends CapturedLog {
  readonly interval?: number
}

/** Why a task failed. `user` fails alike everywhere; `machine` may not. */
export interface TaskFailure {
  readonly kind: "user" | "machine" | "timeout" | "fetch" | "killed"
  readonly message: string
  /** What to do about it. */
  readonly try?: string
  readonly errorName?: string
  readonly operator?: string
  /** The record as shown, cut at 2,000 characters. */
  readonly record?: string
  readonly origin?: Origin
  /** Start of the interval and number of the partition that the record is of, and the workers (by name) on which it failed alike. */
  readonly interval?: number
  readonly partition?: number
  readonly workers?: readonly string[]
  readonly stack?: string
  /** fetch: the block that could not be had, and from whom. */
  readonly block?: string
  readonly from?: string
  /** Of a question: what it asks for is too much. No function is to blame, and it is not tried again. */
  readonly refused?: true
  /** It did not say so: it could not be reached, or was silent for too long. */
  readonly unanswered?: true
}

/** As an executor tells it: with what its functions printed until then. The worker passes that on by itself, as it does of a task that ended well. */
export interface FailedRun extends TaskFailure {
  readonly logs?: readonly TaskLine[]
}
