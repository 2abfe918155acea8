/**
 * RDD: an immutable, partitioned dataset that can be computed again from its parents (the paper's §2.1, §3).
 *
 * An RDD is readonly, `kind`-tagged plain data (an `RddNode`), frozen where user code can reach it: it crosses the wire and the journal unchanged. What a kind
 * *does* is one file in `operators/`, an `Operator` with the five properties below. This file knows none of them.
 */

import type { Action, ActionPart } from "./actions/action.js"
import type { FunctionLink } from "./function-ref.js"
import type { StateOp } from "./state/op.js"
import type { StreamId } from "./stream-id.js"
import type { Interval } from "./time.js"

// ── what a user's program (or a stream's definition at one interval) builds ──────────────────────────────────────────

export type RddNode =
  // leaves that the planner replaces (they name streams, which only the master can resolve)
  | { readonly kind: "hole"; readonly index: number }
  /** What the functions of a running stream set aside in the interval: of parent `index`. Its records are not read. */
  | { readonly kind: "threw"; readonly index: number }
  /** Of its intervals those that end on a multiple of `everyMs`, of these all, or the first or the last. */
  | {
      readonly kind: "slice"
      readonly stream: StreamId
      readonly from: QueryTime
      readonly to: QueryTime
      readonly everyMs?: number
      readonly pick?: "first" | "last"
      /** The one interval that begins at `from`: an error, not nothing, when it is still to come. */
      readonly only?: true
    }
  /**
   * The version of the interval that holds `at` (`Infinity`: the newest finished interval). `read`, for streams whose node
   * is a state only: another reading than all rows, see `StateAtNode` (its `since` is a QueryTime here, too).
   */
  | { readonly kind: "version"; readonly stream: StreamId; readonly at: QueryTime; readonly read?: StateAtNode["read"] }
  // leaves that a task reads
  | InputBlocksNode
  /** What an input set aside in an interval when it was sealed: `Aside` records. */
  | { readonly kind: "setAside"; readonly stream: StreamId; readonly interval: Interval; readonly blocks: readonly AsideBlock[] }
  | { readonly kind: "parallelize"; readonly id: string; readonly assets: readonly string[] }
  | { readonly kind: "textFile"; readonly id: string; readonly splits: readonly FileSplit[] }
  | StateAtNode
  | { readonly kind: "empty" }
  /** What lies behind a shuffle or stored dependency, in a stage on its way to a worker (`trimStage`): its layout alone. */
  | { readonly kind: "cut"; readonly partitions: number; readonly hashed: number | null; readonly versions: number }
  // narrow
  | {
      readonly kind: "map" | "flatMap" | "filter" | "mapValues" | "flatMapValues" | "mapPartitions" | "keyBy"
      readonly parent: RddNode
      readonly f: FunctionLink
    }
  /** Pairs by the window of event time that `f` puts them into: `[[window, key], value]`; late ones are set aside. */
  | {
      readonly kind: "eventWindow"
      readonly parent: RddNode
      readonly f: FunctionLink
      readonly lengthMs: number
      readonly correctForMs: number
    }
  | { readonly kind: "union"; readonly parents: readonly RddNode[] }
  | { readonly kind: "coalesce"; readonly parent: RddNode; readonly partitions: number }
  /** `fraction` of the records; of the draws those in [from, to), 0 to `fraction` unless given. */
  | {
      readonly kind: "sample"
      readonly parent: RddNode
      readonly fraction: number
      readonly seed: number
      readonly from?: number
      readonly to?: number
    }
  | ZipNode
  | CartesianNode
  | PersistNode
  /**
   * `operator`: only what that operator set aside. `threw`: only records at which functions threw, also those by which a map task reduces
   * its records (`aggregate`) before it sends them.
   */
  | {
      readonly kind: "aside"
      readonly parent: RddNode
      readonly operator?: string
      readonly threw?: true
      readonly aggregate?: Aggregate
    }
  /**
   * Whose functions these are: the stream and interval (of a question: the range) that `Date.now()`, `Math.random()` and
   * messages in `parent` go by, wherever the stages are cut and whoever asks.
   */
  | {
      readonly kind: "within"
      readonly stream: StreamId | null
      /** As of the stream's definition. */
      readonly seed?: string
      readonly interval: Interval
      readonly parent: RddNode
      /** Records at which a function of `parent` throws are set aside; without it the task fails. */
      readonly onError?: "setAside"
    }
  /** One result a version: pushes `[versionIndex, value]`; feeds a `finished` with `series: true`. */
  | { readonly kind: "eachVersion"; readonly versions: readonly RddNode[] }
  /** The per-partition half of an action. */
  | { readonly kind: "partial"; readonly parent: RddNode; readonly action: Action; readonly series?: boolean }
  // wide
  | ShuffledNode
  | { readonly kind: "distinct"; readonly parent: RddNode; readonly partitions: number; readonly id?: string }
  | { readonly kind: "repartition"; readonly parent: RddNode; readonly partitions: number; readonly id?: string }
  | CogroupNode
  | BroadcastNode
  /** Everything into one partition, parts in partition order, then the finishing half of the action. */
  | { readonly kind: "finished"; readonly parent: RddNode; readonly action: ActionPart; readonly series?: boolean; readonly id?: string }
  // stateful
  | StateNode
  | StretchNode
  /** The map side of a stretch: in one partition each interval's records, to be shuffled interval by interval. */
  | { readonly kind: "stretchInput"; readonly parents: readonly RddNode[] }
  | StoredNode

/** An operator with one user function: map, filter and their like. */
export type FunctionNode = Extract<RddNode, { readonly f: FunctionLink; readonly parent: RddNode }>

/**
 * A time in a question: epoch milliseconds, or relative to the end of that stream's newest finished interval: a negative
 * number is so many milliseconds before it, `Infinity` is that end, `-Infinity` the earliest retained instant.
 * Only `slice` and `version` hold relative times; the planner replaces them.
 */
export type QueryTime = number

/** The sealed records of one interval of one input: `groups[p]` are the blocks of partition (map task) p. */
export interface InputBlocksNode {
  readonly kind: "input"
  readonly stream: StreamId
  readonly interval: number
  readonly groups: readonly (readonly InputBlock[])[]
  readonly format: FormatSpec
  /** A line that cannot be read fails the task; without it the line is set aside. */
  readonly onBadRecord?: "hold"
}

export interface InputBlock {
  readonly block: string
  readonly rows: number
  readonly bytes: number
  /** Where the block can be made again from, and which of what that reading gives it is. */
  readonly replay?: Replay
}

export type Replay = (FileSplit | Arrived) & { readonly interval: number | null; readonly aside?: string }

/** Group `group` of what arrived at an input in the interval that starts at `at`. */
export interface Arrived {
  readonly input: StreamId
  readonly at: number
  readonly group: number
}

/** Records that entered no interval, and why: kept with the one that was open then. */
export interface AsideBlock extends InputBlock {
  readonly reason: "late" | "parse"
  readonly error: string
}

export interface FileSplit {
  readonly path: string
  readonly from: number
  /** Exclusive byte offset. A line belongs to the split in which its first byte lies. */
  readonly to: number
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** A checksum of the file's first and last bytes when it was listed (`file-split.ts`). */
  readonly ends?: number
  /** The file is compressed: `from` and `to` are of what it unpacks to, `sizeBytes`, `modifiedMs` and `ends` of the file as it is. */
  readonly packed?: Packing
  /** A file of an archive (`archive.ts`): one block, read whole, that carries its own checksum. */
  readonly archived?: true
  /** Its records are a Parquet file's rows: it is read whole, and all of it is this split's. */
  readonly parquet?: true
}

export type Packing = "gzip" | "zstd"

export type FormatSpec =
  | { readonly kind: "text" | "combined" | "json" | "csv"; readonly header?: readonly string[] }
  | { readonly kind: "function"; readonly f: FunctionLink }
  /** Blocks hold values already (the test kit, `parallelize`-like feeds). */
  | { readonly kind: "values" }

/** reduceByKey, groupByKey, combineByKey: pairs to their key's partition. */
export interface ShuffledNode {
  readonly kind: "shuffled"
  readonly parent: RddNode
  readonly partitions: number
  readonly aggregate: Aggregate
  readonly id?: string
  /** Of a stretch: which of its intervals' records these are. */
  readonly step?: number
}

export type Aggregate =
  /** `create` makes the combiner of the first value; `merge` adds a value; `combine` joins two combiners. */
  | {
      readonly kind: "combine"
      readonly create: FunctionLink
      readonly merge: FunctionLink
      readonly combine: FunctionLink
      readonly mapSide: boolean
    }
  /** All values of a key as an array, in map-task order. */
  | { readonly kind: "group" }

export interface CogroupNode {
  readonly kind: "cogroup"
  readonly parents: readonly RddNode[]
  readonly partitions: number
  readonly join: "cogroup" | "inner" | "left" | "right" | "full"
  readonly id?: string
}

/** Two RDDs with as many partitions, and as many records in each: `[left, right]` in order. */
export interface ZipNode {
  readonly kind: "zip"
  readonly parents: readonly RddNode[]
}

/** Kept by the first question that computes it, for all that follow, under the client's own `id`. */
export interface PersistNode {
  readonly kind: "persist"
  readonly parent: RddNode
  readonly id: string
}

/** `[left, right]` of all pairs. */
export interface CartesianNode {
  readonly kind: "cartesian"
  readonly parents: readonly RddNode[]
}

/** The records of the first parent, each through what `f(rows of the second parent, partition)` gives (operators/broadcast.ts). */
export interface BroadcastNode {
  readonly kind: "broadcast"
  readonly parents: readonly RddNode[]
  readonly f: FunctionLink
  readonly id?: string
}

/**
 * The state of one interval: the previous version and this interval's aggregated input give a delta. Stored; read back
 * through `stateAt`. `previous` is null for the stream's first interval.
 */
export interface StateNode {
  readonly kind: "state"
  readonly id: string
  readonly stream: StreamId
  /** As of the stream's definition. */
  readonly seed?: string
  readonly interval: number
  readonly intervalMs: number
  readonly op: StateOp
  readonly partitions: number
  readonly previous: StateAtNode | null
  /** Key-aggregated (runningReduce) or grouped (track, updateStateByKey) input, hash-partitioned as the state is. Null for windows. */
  readonly input: RddNode | null
  /**
   * reduceByWindow, in panes of gcd(length, slide), each a `stored` per-key aggregate, oldest first: those that entered
   * with this slide, those that left, and what lies inside (only when there is no inverse), in spans of 1, 2, 4 … panes.
   */
  readonly window?: { readonly added: readonly RddNode[]; readonly expired: readonly RddNode[]; readonly inside: readonly RddNode[] }
  readonly initial: RddNode | null
  /** As of `within`. */
  readonly onError?: "setAside"
  /** The first interval of a new version of the definition: what becomes of the state so far. */
  readonly migrate?: StateMigration
}

/** Consecutive steps of a state in one task (`engine/stretch.ts`): `first`, and the same for each of `starts`, of which it is the first. */
export interface StretchNode {
  readonly kind: "stretch"
  readonly first: StateNode
  readonly starts: readonly number[]
}

export type StateMigration = { readonly kind: "reset" } | { readonly kind: "map"; readonly f: FunctionLink }

/** A version of a state, read from its chain of blocks (base, then deltas up to `at`). */
export interface StateAtNode {
  readonly kind: "stateAt"
  readonly stream: StreamId
  /** The newest interval start ≤ the asked time: the version is "as of its end". */
  readonly at: number
  readonly intervalMs: number
  readonly partitions: number
  /**
   * "rows" pushes [key, state]. "key": the same, of these keys alone. "changes": `{ key, before, after, delta? }` of keys
   * whose state at the end of interval `since` (`-Infinity`: before the first) differs from that of `at`. "history": one key's versions as
   * [interval start, state], the one in force at `since` first (when there is one), then each change; a removal is [start, undefined].
   */
  readonly read:
    | { readonly kind: "rows" }
    | { readonly kind: "key"; readonly keys: readonly unknown[] }
    | { readonly kind: "changes"; readonly since: number }
    | { readonly kind: "history"; readonly key: unknown; readonly since: number }
    | { readonly kind: "counts"; readonly ats: readonly number[] }
}

/** An RDD whose partitions are kept as blocks under `id`: panes of a window, `persist`ed streams. */
export interface StoredNode {
  readonly kind: "stored"
  readonly id: OutputId
  readonly stream: StreamId
  readonly interval: number
  readonly partitions: number
  readonly of: RddNode
}

// ── the five properties ──────────────────────────────────────────────────────────────────────────────────────────────

/** How data crosses from parent to child. `shuffle` and `stored` are where stages are cut. */
export type Dependency =
  /** Partition p is made of the parent's partitions `from(p)`, in order; without it, of p. */
  | { readonly kind: "narrow"; readonly parent: RddNode; readonly from?: (partition: number) => readonly number[] }
  | { readonly kind: "shuffle"; readonly parent: RddNode; readonly output: OutputId; readonly write: ShuffleWrite }
  /** `parent` is materialised by its own stage; partition p of the child reads partition p of it. */
  | { readonly kind: "stored"; readonly parent: RddNode; readonly output: OutputId }

/** The name of something that a stage makes and the block tracker knows, the same whoever computes it. */
export type OutputId = string

export interface ShuffleWrite {
  readonly partitions: number
  /** key: hash of the pair's key · value: hash of the record · spread: balanced round robin · single: all to one. */
  readonly by: "key" | "value" | "spread" | "single"
  readonly aggregate?: Aggregate
}

export type Partitioner = { readonly kind: "hash"; readonly partitions: number } | null

export type Push = (value: unknown) => void

/** What one kind of RDD is: §2.1's five properties. `compute` runs on executors only, the others anywhere. */
export interface Operator<N extends RddNode = RddNode> {
  /** 1. how many partitions */
  partitions(node: N): number
  /** 2. what it is made of */
  dependencies(node: N): readonly Dependency[]
  /** 3. how partition p is computed: pushes its records, in order. Synchronous: every input is already local. */
  compute(node: N, partition: number, context: TaskContext, push: Push): void
  /** 4. how keys are laid out, if they are */
  partitioner(node: N): Partitioner
  /** 5. the blocks that partition p reads directly (the scheduler turns them into places) */
  reads(node: N, partition: number): readonly InputRef[]
  /** Of kinds of which each partition reads one thing, or none does (null): the same as `reads`, for who asks for all of them. */
  readsOne?(node: N): ((partition: number) => InputRef) | null
}

/** A thing that must be local before a task can start. `inputKey` names it. */
export type InputRef =
  | { readonly kind: "block"; readonly block: string; readonly replay?: InputBlock["replay"] }
  /** `step`: of a stretch's section, which holds one for each interval. */
  | { readonly kind: "shuffle"; readonly output: OutputId; readonly partition: number; readonly step?: number }
  | { readonly kind: "output"; readonly output: OutputId; readonly partition: number }
  /** The chain from the newest base at or before `since` (or `at`, without it; or from its beginning) through `at`. */
  | { readonly kind: "state"; readonly stream: StreamId; readonly partition: number; readonly at: number; readonly since?: number }
  | { readonly kind: "asset"; readonly hash: string }
  | { readonly kind: "file"; readonly split: FileSplit }

/** What `compute` may use. Made anew for each task; implemented in `task-context.ts`. */
export interface TaskContext {
  /** Of the stream whose functions are computed: see `within`. */
  readonly stream: StreamId | null
  readonly interval: Interval | undefined
  readonly partition: number
  /** Computes a parent's partition. */
  compute(node: RddNode, partition: number, push: Push): void
  /** The context of another stream's or interval's functions in the same task, or one that collects what is set aside. */
  derive(change: {
    readonly stream?: StreamId | null
    readonly seed?: string | undefined
    readonly interval?: Interval
    readonly partition?: number
    readonly setAside?: TaskContext["setAside"]
    readonly onError?: "setAside"
  }): TaskContext
  /**
   * The callable for a link, instantiated for this task (captures fresh). `operator` and `stream` name it in errors. Where
   * records are set aside at which functions throw, `otherwise` (of the same arguments) stands in for the result; without it
   * the function's error fails the task everywhere.
   */
  fn(link: FunctionLink, operator: string, otherwise?: (...args: never[]) => unknown): (...args: never[]) => unknown
  /** How to read the lines of a format: pushes the record, or sets the line aside. Null: blocks hold records already. */
  parser(format: FormatSpec, onBadRecord?: "hold"): ((line: string, push: Push) => void) | null
  /** Pushes a file split's own lines, or rows. */
  lines(split: FileSplit, push: Push): void
  /** Blocks of an input in their defined order: of a shuffle, one section a map task, in map-task order. */
  blocks(input: InputRef): Iterable<import("./block/block.js").Block>
  /** The state of one partition, brought to version `at` from its chain. Cached by the executor. */
  state(stream: StreamId, partition: number, at: number): import("./state/keyed-state.js").KeyedState
  /** The rows that a node's partition gives, where there is a faster way than to compute it; null: there is none. */
  shortcut?(node: RddNode, partition: number): readonly unknown[] | null
  /** A line that could not be parsed, a record at which a function threw: counted, and what `aside` RDDs are made of. */
  setAside(record: string, reason: "parse" | "late" | "threw", error: string, operator: string): void
}
