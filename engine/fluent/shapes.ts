/** The shapes that inspection gives back: plain data, the same under `-o json`. Types only. */

import type { Duration, Interval } from "../time.js"

/** `on demand`: computed when asked. `held`: its function failed, its input is kept. */
export type StreamState = "running" | "on demand" | "catching up" | "held" | "stopped"

/** A stream as `streams` and `info` tell of it. */
export interface StreamInfo {
  /** Unique in its program. */
  name: string
  /** The program that it is of; of scratch the user. */
  program: string
  /** Who defined it: the label of the key, or the user of the machine. */
  owner: string
  /** What its intervals hold: `records` of their own, or a whole version (`snapshot`; `state`: one value a key). */
  kind: "input" | "records" | "snapshot" | "state" | "output"
  /** Whether it runs each interval, and if not, why. */
  state: StreamState
  /** As text. */
  interval: Duration
  /** Start of its first interval, epoch ms. */
  since: number
  /** Start of the earliest interval that is retained, epoch ms. */
  reaches: number
  /** How far its newest finished interval is behind, in ms: of an input behind the clock, else behind its inputs. */
  lagMs: number
  /** Of a state: in its newest version. */
  keys?: number
  /** Of what is retained of it, in bytes; copies are not counted. */
  bytes: number
  /** Of an input: records that came in a second, over the last ten; else 0. */
  perSecond: number
  /** Records that its tasks set aside, since the master began: late, not parsable, or such that a function threw. `stream.aside` are these. */
  aside: number
  /** Of those, a second over the last ten. */
  asidePerSecond: number
  /** When scratch ends unless it is kept, epoch ms. */
  expires?: number
  /** The line that defined it. */
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
  /** A range of another stream that it is joined with and that is not there yet: it makes nothing before. `until`: epoch ms; null: to its end. */
  waitsFor?: { stream: string; until: number | null }
}

/** A program: its exports are its streams. */
export interface ProgramInfo {
  /** By which it is submitted again and stopped. */
  name: string
  /** Who submitted it. */
  owner: string
  /** Epoch ms. */
  since: number
  /** The names of its streams. */
  streams: string[]
  /** Where it was submitted from, if that is known. */
  file?: string
  /** Names what it computes: the same streams with the same functions have the same hash. */
  hash: string
}

/** A worker as `workers` tells of it. */
export interface WorkerInfo {
  /** As in messages: `w1`. */
  name: string
  /** Where other nodes reach it. */
  address: string
  /** `slow`: its tasks take longer than elsewhere. `lost`: it is not heard any more. */
  state: "up" | "slow" | "lost"
  /** Tasks that it runs at a time. */
  cores: number
  /** How many of its cores are at work, 0–1. */
  load: number
  /** The same of each of the newest twelve seconds, oldest first. */
  loads: number[]
  /** Tasks that it runs now. */
  running: number
  /** In its memory and on its disk. */
  blocks: number
  /** Of block memory in use. */
  bytes: number
  /** Of block memory, in bytes. */
  cap: number
  /** Bytes that lie on its disk. */
  spilled: number
  /** Spent in tasks since it began. */
  taskMs: number
  /** Of its tasks, in ms. */
  median: number
  /** Tasks of its that were begun again elsewhere, because they took long. */
  speculated: number
  /** Of one that is slow at its tasks: how many times as long they take elsewhere, since when (epoch ms). */
  slow?: { times: number; since: number }
  /** Of one that is being drained: since when (epoch ms), and how many of its blocks are still to be copied. */
  draining?: { since: number; left: number }
}

/** One interval of one stream at work. */
export interface JobInfo {
  /** Program and name. */
  stream: string
  /** Which interval is made. */
  interval: Interval
  /** `waiting`: for other intervals, or for a place to run. */
  state: "running" | "done" | "failed" | "waiting"
  /** The first makes the interval; `reads` are the places in the list of those that a stage reads, `startMs` is from the job's start. */
  stages: {
    name: string
    tasks: number
    done: number
    ms: number
    startMs: number
    reads: number[]
    slowest: { worker: string; ms: number; partition?: number }
  }[]
  /** From the interval's end to the job's start. */
  delayMs: number
  /** From the job's start on. */
  ms: number
}

/** Why a stream is in its state: findings, each with evidence, since when (epoch ms), its share (0 to 1) and what to try. */
export interface Why {
  /** The state that is explained. */
  state: StreamState
  /** The heaviest first; `since` is epoch ms, `share` is 0 to 1 of what is lost. */
  findings: { what: string; evidence: string; since: number; share: number; try: string[] }[]
}

/** A record that is left out: late, not parsable, or such that a function threw at it. */
export interface Aside {
  /** The line, or the record as text; of a function that threw what it was given. */
  record: string
  /** `late`: its interval was closed. `parse`: the format does not take it. `threw`: a function did. */
  reason: "late" | "parse" | "threw"
  /** What was said of it. */
  error?: string
  /** Where it was set aside. */
  operator: string
  /** In which it came. */
  interval: Interval
}

/** One version of a stream's definition. */
export interface Definition {
  /** From 1 on. */
  version: number
  /** From which time on it counts, epoch ms. */
  from: number
  /** Who defined it. */
  by: string
  /** The line that says it. */
  source: string
}

/** What `replace` and `submit` would do, or did (`applied`). */
export interface Plan {
  /** Names of streams that begin. */
  add: string[]
  /** Streams that go on otherwise: from which definition to which, and what becomes of their state. */
  change: { name: string; from: string; to: string; state: "kept" | "mapped" | "reset" | "none" }[]
  /** Names of streams that end. */
  stop: string[]
  /** Names of streams that stay as they are. */
  unchanged: string[]
  /** Whether it has been done. */
  applied: boolean
  /** Of `replace`: the start of the first interval for which it counts, epoch ms. */
  at?: number
  /** Of `submit`: the start of the first interval (epoch ms) of each state and output that is added or, with `from`, made anew. */
  begins?: { name: string; from: number }[]
  /** Of `replace`: names of the unchanged that are held, and go on with it. */
  resumes?: string[]
}

/** A field of records: its type as TypeScript writes it, whether it may be absent, a sample. */
export interface Field {
  /** Of an object's field; `_1`, `_2` of a tuple's elements. */
  name: string
  /** As TypeScript writes it. */
  type: string
  /** Whether it may be null or missing. */
  nullable: boolean
  /** One of its values. */
  sample: unknown
}

/** Stages in the order in which they are computed, parents first; of each operator whether it is the engine's own or compiled code, or a function that is called (`closure`) and why. */
export interface Explain {
  /** Each with its operators, in the order in which a task runs them. */
  stages: { operators: { name: string; path: "compiled" | "closure"; why?: string }[] }[]
}

/** A step that an RDD is made of: who holds what is stored, and whether two workers do (`checkpoint`: recovery stops there). */
export interface Lineage {
  /** What the step is, in words. */
  rdd: string
  /** Who holds what is stored of it. */
  worker?: string
  /** Whether two workers hold it: recovery begins there (§3.3). */
  checkpoint: boolean
  /** What it is made of. */
  parents: Lineage[]
}

/** A line that a user's function wrote to its console. */
export interface LogLine {
  /** Epoch ms. */
  time: number
  /** `log`, `info`, `warn`, `error` …, as the console's method is called. */
  level: string
  /** Whose function wrote it. */
  stream?: string
  /** In which it was run. */
  interval?: Interval
  /** Of the task. */
  partition?: number
  /** Where it was run. */
  worker: string
  /** What was written. */
  text: string
  /** How often it came one after the other; 1: once. */
  repeated: number
}

/** Of numbers: how many, their sum and spread (`stdev` is of the population), least, greatest, and percentiles. Of none all but `count` and `sum`, which are 0, are NaN; NaN comes after all other numbers. */
export interface Stats {
  /** How many numbers. */
  count: number
  /** Of all of them. */
  sum: number
  /** NaN of none. */
  mean: number
  /** Of the population. */
  stdev: number
  /** The least. */
  min: number
  /** Half of them are no greater. */
  p50: number
  /** 95 of 100 are no greater. */
  p95: number
  /** 99 of 100 are no greater. */
  p99: number
  /** The greatest. */
  max: number
}

/** What an answer takes in, where it comes from and what it cost. */
export interface Stamp {
  /** From the start of the first to the end of the last that the answer takes in; of files and data alone it takes in none, and they are the same. */
  intervals: Interval
  /** End of the newest interval, epoch ms; NaN (in JSON null) when it takes in none. */
  asOf: number
  /** From then to the answer; NaN likewise. */
  ageMs: number
  /** How many there were to ask, and how many of them are in the answer. */
  partitions: [ready: number, of: number]
  /** Tasks that had to be run again, because what they had made was lost. */
  recomputed: number
  /** Where the data was. */
  from: ("memory" | "disk" | "archive" | "files")[]
  /** Between nodes. */
  bytesMoved: number
  /** From the question to the answer. */
  ms: number
  /** Starts of the intervals within them (epoch ms) from which on a definition that went into the answer was another one (`replace`, `submit`). */
  definitionChanged?: number[]
  /** Intervals that would count in it and do not: skipped by `resume`, or given up while the stream was held. */
  leftOut?: Interval[]
  /** Streams whose newest interval it takes in and that go no further: they are held, or wait for one that is. */
  held?: string[]
  /** The times that were asked for (epoch ms), when the streams have no interval in them. */
  asked?: Interval
}
