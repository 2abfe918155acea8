/** What a simulated cluster is made of and can do: what a test, a notebook and a page of documentation have in hand. */

import type { Duration, TimeLike } from "../../engine/time.js"
import type { ClientSession } from "../client/client-session.js"
import type { OutsideFiles } from "./disk.js"
import type { SimulatedSources } from "./sources.js"

/** A node that ends so long after the start. */
export interface Kill {
  /** `w1`, `w2` … or `master`. */
  readonly node: string
  /** After the start. */
  readonly atMs: number
}

/** How large the simulated cluster is, and when it begins. */
export interface SimulateOptions {
  /** How many workers, `w1`, `w2` … Default 3. */
  readonly workers?: number
  /** Of everything that is by chance: the same seed, the same run. Default 1. */
  readonly seed?: number
  /**
   * `instant`: messages, tasks and disks take no time, and what follows from an event happens in its instant. `random`: they take some milliseconds each,
   * by the seed, so that another seed is another order of everything, and a death comes in the middle of something. Default `instant`.
   */
  readonly pace?: "instant" | "random"
  /** Where the clock starts. Default midnight UTC. */
  readonly start?: TimeLike
  /** Of shuffles and states. Default 4. */
  readonly partitions?: number
  /** Workers (or the master) that end so long after the start. */
  readonly kills?: readonly Kill[]
  /** Hears of each of `kills` when it has been carried out: a program may have ended before. */
  readonly onKill?: (kill: Kill) => void
  /** Real files that `file:` inputs and `textFile` find. Absent: there are none. */
  readonly files?: OutsideFiles
  /** False: functions are called for each record, none is read as an expression over bytes. Results are the same. Default true. */
  readonly compiled?: boolean
  /**
   * How long, of real time, one task may run: then it is ended, as a function that never ends must be. A question fails with it; a stream's task is tried once more and
   * the stream held. Default 30s, as of a cluster. A body of `foreachRDD` runs beside, without an end.
   */
  readonly taskTimeout?: Duration
  /** What a relative path in a program means. Absent: it stays as it is. */
  readonly resolvePath?: (path: string) => string
}

/** A session of the simulated cluster, and what moves its clock and breaks its nodes. */
export interface Simulation extends ClientSession {
  /**
   * Records for an input, in the interval of this moment: strings for formats that parse lines. Throws a RivuletError (2) for one that is none; the next `advance`
   * rejects with one when the program still reads no such stream.
   */
  feed(stream: string, records: Iterable<unknown>): void
  /** Lets so much time pass: intervals that end in it are sealed and worked off. */
  advance(by: Duration): Promise<void>
  /** `w1`, `w2` … or `master`: its process ends at once. */
  kill(node: string): void
  /** The node starts again, as a new process with what its disk holds. */
  restart(node: string): void
  /** Tasks of the worker take so many times as long, from 1 ms. 1: as before. */
  slow(node: string, factor: number): void
  /** The wall clock of the node's machine is set so many ms ahead, or back. The master's is the cluster's time. */
  jump(node: string, ms: number): void
  /** By path: what `file:` inputs read, and what `save` writes. */
  readonly files: Map<string, Uint8Array>
  /** What `tcp://` and `http://` inputs read. */
  readonly sources: SimulatedSources
}
