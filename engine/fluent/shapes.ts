/** The shapes that inspection gives back: plain data, the same under `-o json`. Types only. */

import type { Duration, Interval } from "../time.js"

/** `on demand`: computed when asked. `held`: its function failed, its input is kept. */
export type StreamState = "running" | "on demand" | "catching up" | "held" | "stopped"

/** `interval` as text; `since`, `reaches` and `expires` are epoch ms; `reaches` is the earliest retained interval's start. */
export interface StreamInfo {
  name: string
  program: string
  owner: string
  kind: "input" | "records" | "snapshot" | "state" | "output"
  state: StreamState
  interval: Duration
  since: number
  reaches: number
  lagMs: number
  keys?: number
  bytes: number
  perSecond: number
  expires?: number
  source: string
  /** Of a held stream. `at`: the failed interval's start; `line`: of the user's source. Bytes are of input kept for it, and the bound of all such. `retry`: a machine was at fault, it goes on by itself at `atMs`. */
  held?: {
    at: number
    message: string
    operator?: string
    record?: string
    line?: string
    try?: string
    keptBytes: number
    boundBytes: number
    lookedAhead?: { records: number; failing: number }
    retry?: { tries: number; of: number; atMs: number }
    gaveUp?: Interval[]
  }
  /** The held stream that this one waits for. */
  heldBy?: string
}

/** A program: its exports are its streams. `since` is epoch ms, `hash` names its text. */
export interface ProgramInfo {
  name: string
  owner: string
  since: number
  streams: string[]
  file?: string
  hash: string
}

/** `load` is 0–1, `running` its tasks, `bytes` of `cap` are block memory in use, `taskMs` the time spent in tasks, `median` a task's median ms. */
export interface WorkerInfo {
  name: string
  address: string
  state: "up" | "slow" | "lost"
  cores: number
  load: number
  running: number
  blocks: number
  bytes: number
  cap: number
  spilled: number
  taskMs: number
  median: number
  speculated: number
  /** Of one that is slow at its tasks: how many times as long they take elsewhere, since when (epoch ms). */
  slow?: { times: number; since: number }
  /** Of one that is being drained: since when (epoch ms), and how many of its blocks are still to be copied. */
  draining?: { since: number; left: number }
}

/**
 * One interval of one stream at work: `delayMs` from the interval's end to the job's start, `ms` from there on. The first stage makes the
 * interval; `reads` are the places in the list of those that a stage reads, `startMs` is from the job's start.
 */
export interface JobInfo {
  stream: string
  interval: Interval
  state: "running" | "done" | "failed" | "waiting"
  stages: {
    name: string
    tasks: number
    done: number
    ms: number
    startMs: number
    reads: number[]
    slowest: { worker: string; ms: number; partition?: number }
  }[]
  delayMs: number
  ms: number
}

/** Why a stream is in its state: findings, each with evidence, since when (epoch ms), its share (0 to 1) and what to try. */
export interface Why {
  state: StreamState
  findings: { what: string; evidence: string; since: number; share: number; try: string[] }[]
}

/** A record that is in no interval: late, not parsable, or skipped after its function threw. */
export interface Aside {
  record: string
  reason: "late" | "parse" | "threw"
  error?: string
  operator: string
  interval: Interval
}

/** One version of a stream's definition: from which time (epoch ms), by whom, the line that says it. */
export interface Definition {
  version: number
  from: number
  by: string
  source: string
}

/** What `replace` and `submit` would do, or did (`applied`). */
export interface Plan {
  add: string[]
  change: { name: string; from: string; to: string; state: "kept" | "mapped" | "reset" | "none" }[]
  stop: string[]
  unchanged: string[]
  applied: boolean
  /** Of `replace`: the start of the first interval for which it counts, epoch ms. */
  at?: number
}

/** A field of records: its type as TypeScript writes it, whether it may be absent, a sample. */
export interface Field {
  name: string
  type: string
  nullable: boolean
  sample: unknown
}

/** Stages in the order in which they are computed, parents first; of each operator whether it is the engine's own or compiled code, or a function that is called (`closure`) and why. */
export interface Explain {
  stages: { operators: { name: string; path: "compiled" | "closure"; why?: string }[] }[]
}

/** A step that an RDD is made of: who holds what is stored, and whether two workers do (`checkpoint`: recovery stops there). */
export interface Lineage {
  rdd: string
  worker?: string
  checkpoint: boolean
  parents: Lineage[]
}

/** A line that a user's function wrote to its console. */
export interface LogLine {
  time: number
  level: string
  stream?: string
  interval?: Interval
  partition?: number
  worker: string
  text: string
  repeated: number
}

/** Of numbers: how many, their sum and spread (`stdev` is of the population), least, greatest, and percentiles. */
export interface Stats {
  count: number
  sum: number
  mean: number
  stdev: number
  min: number
  p50: number
  p95: number
  p99: number
  max: number
}

/**
 * What an answer takes in: its intervals, `asOf` (end of the newest interval, epoch ms), partitions ready of all, how many
 * tasks had to be computed again, where the data came from, bytes moved between nodes, and how long it took. `definitionChanged`: starts of
 * the intervals within them (epoch ms) from which on a definition that went into the answer was another one (`replace`, `submit`).
 * `leftOut`: intervals that would count in it and do not: skipped by `resume`, or given up while the stream was held.
 */
export interface Stamp {
  intervals: Interval
  asOf: number
  ageMs: number
  partitions: [ready: number, of: number]
  recomputed: number
  from: ("memory" | "disk" | "archive" | "files")[]
  bytesMoved: number
  ms: number
  definitionChanged?: number[]
  leftOut?: Interval[]
}
