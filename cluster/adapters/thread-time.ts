/**
 * A thread's share of the machine, and how long it has waited for a processor. What a task may take is its own time: on a machine that many share, or that was
 * stopped for a while, tasks that do nothing wrong take many times as long by the clock, and must not be taken for endless ones.
 */

import { readFileSync, readlinkSync } from "node:fs"
import { setPriority } from "node:os"

/** The niceness of who gives way to all. */
const lowest = 19

/** A niceness for one thread: on Linux each has its own. Where it may not be set (false), or the system does not tell of threads, all share alike. */
export function giveWay(thread: number | null, niceness: number): boolean {
  if (thread === null) return false
  try {
    setPriority(thread, Math.min(lowest, niceness))
    return true
  } catch {
    return false
  }
}

/** Of the calling thread, for `waitedMs`. Null where the system does not tell. */
export function threadId(): number | null {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1))
  } catch {
    return null
  }
}

/** Ms that a thread of this process was ready to run and did not. 0 where the system does not tell. */
export function waitedMs(thread: number | null): number {
  if (thread === null) return 0
  try {
    // On a processor, waiting for one (both ns), and how often.
    const ns = Number(readFileSync(`/proc/self/task/${thread}/schedstat`, "latin1").split(" ")[1])
    return Number.isFinite(ns) ? ns / 1e6 : 0
  } catch {
    return 0
  }
}

/** The time of one task in one thread, looked at now and then. */
export class TaskTime {
  private readonly waitedBefore: number
  private progress = 0
  private steppedMs = 0

  /** `pausedMs`: how long the process was stopped altogether, so far. */
  constructor(
    private readonly thread: number | null,
    readonly startedMs: number,
    private readonly pausedBefore: number,
  ) {
    this.waitedBefore = waitedMs(thread)
  }

  /** What of `ranMs` is after the last change of `progress` that was seen. */
  stalledMs(ranMs: number, progress: number): number {
    if (progress !== this.progress) {
      this.progress = progress
      this.steppedMs = ranMs
    }
    return ranMs - this.steppedMs
  }

  /** By the clock, without pauses of the whole process. */
  clockMs(nowMs: number, pausedMs: number): number {
    return nowMs - this.startedMs - (pausedMs - this.pausedBefore)
  }

  /** Without what it waited for a processor, and without pauses of the whole process. */
  ranMs(nowMs: number, pausedMs: number): number {
    return this.clockMs(nowMs, pausedMs) - (waitedMs(this.thread) - this.waitedBefore)
  }
}
