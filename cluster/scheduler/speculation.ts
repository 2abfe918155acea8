/**
 * Stragglers (the paper's §5.2): a task that takes more than 1.4 times the median of its stage's finished ones. At tasks of
 * 5–20 ms that is noise, so there is a floor as well, and half of the stage must be done.
 *
 * Tasks are sent ahead and wait at their worker, so the master does not see when one begins. What it sees is a task's turn: since it was
 * sent, or since its worker ended another one of the stage, whichever came later. A queue that gets on makes no straggler of its last
 * task; of a worker that does not get on all that it has is late at once. Where others' tasks are waited for, everybody's turns are long.
 *
 * The few tasks of a small stage, such as the last one of a `count()`, may have nobody to be compared with. A stream's are compared with
 * its intervals before; a question's are given some seconds, fewer when the worker is known to be slow. That tells little, so such a copy
 * goes only to a worker that has nothing else to do.
 */

import { median } from "../median.js"
import { deleteOldest } from "../oldest.js"
import type { NodeId } from "../ports.js"
import type { Attempt, Stage, Task } from "./stage.js"

const slower = 1.4
const floorMs = 150
/** Without others of its stage. */
const muchSlower = 3
const aloneFloorMs = 1_000
const questionMs = 5_000
const stagesKept = 4_096

export interface Straggler {
  readonly task: Task
  /** Its stage had others to compare it with. */
  readonly beside: boolean
}

export class Stragglers {
  /** Mean ms of a turn, by stream and label; newest stages last. */
  readonly #usualMs = new Map<string, number>()

  /** The attempt has made what it was to make. */
  took(attempt: Attempt, nowMs: number): void {
    const { stage } = attempt.task
    stage.turnsMs.push(turnMs(attempt, nowMs))
    stage.lastEndMs.set(attempt.worker, nowMs)
  }

  /** All of the stage's tasks are done. */
  ended(stage: Stage): void {
    const { turnsMs } = stage
    if (!repeats(stage) || turnsMs.length === 0) return
    const name = nameOf(stage)
    this.#usualMs.delete(name)
    this.#usualMs.set(name, turnsMs.reduce((sum, ms) => sum + ms) / turnsMs.length)
    if (this.#usualMs.size > stagesKept) deleteOldest(this.#usualMs)
  }

  /** Those that have been running for too long and have no copy yet. */
  of(stage: Stage, nowMs: number, isSlow: (worker: NodeId) => boolean): Straggler[] {
    if (stage.spec.write.kind === "file" || stage.open === 0 || stage.startedMs === null) return []
    const beside = stage.turnsMs.length > 0 && stage.open <= stage.turnsMs.length
    const limitMs = beside
      ? Math.max(floorMs, slower * Math.max(median(stage.durationsMs), median(stage.turnsMs)))
      : this.#aloneMs(stage, nowMs - stage.startedMs)
    if (limitMs === null) return []
    const found: Straggler[] = []
    stage.tasks.forEach(task => {
      if (task.state !== "running" || task.first === null || task.second !== null) return
      // Its second try is its last: what a function does to two it does to a third.
      if (task.trouble !== null && task.trouble.userFailures > 0) return
      const ms = turnMs(task.first, nowMs)
      if (ms <= limitMs) return
      if (beside || stage.pool === "stream" || ms > questionMs || isSlow(task.first.worker)) found.push({ task, beside })
    })
    return found
  }

  /** Null: too soon, or nothing is known of such a stage. */
  #aloneMs(stage: Stage, sinceMs: number): number | null {
    if (sinceMs <= aloneFloorMs || !repeats(stage)) return null
    if (stage.pool === "query") return aloneFloorMs
    const usualMs = this.#usualMs.get(nameOf(stage))
    return usualMs === undefined ? null : Math.max(aloneFloorMs, muchSlower * usualMs)
  }
}

/** Since it was sent, or its worker ended another task of the stage. */
export function turnMs({ task, worker, startedMs }: Attempt, nowMs: number): number {
  return nowMs - Math.max(startedMs, task.stage.lastEndMs.get(worker) ?? startedMs)
}

/** Does the same in each interval, to about as much. */
function repeats({ spec: { write } }: Stage): boolean {
  return write.kind === "shuffle" || write.kind === "store" || write.kind === "state" || write.kind === "result"
}

const nameOf = ({ spec }: Stage): string => `${spec.stream} ${spec.label}`
