/** What the master is told of tasks: what became of each, several in a message, and what their functions have printed. */

import type { CapturedLog, StageSpec, TaskFailure, TaskResult } from "../../engine/task.js"
import type { LaunchTask, TaskDone } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import { defined } from "./defined.js"
import type { MasterLink } from "./master-link.js"
import type { TaskInputs } from "./task-inputs.js"

export type Made = Pick<TaskDone, "outputs" | "aside" | "threw" | "rowsIn" | "wrote" | "diskBytes" | "unpacked" | "folds">

export const nothingMade: Made = { outputs: [], aside: 0, rowsIn: 0 }

/** What the master is told of a task that was done. */
export function madeOf(
  { diskBytes, unpacked }: Pick<TaskInputs, "diskBytes" | "unpacked">,
  { aside, rowsIn, folds }: TaskResult,
  outputs: Made["outputs"],
): Made {
  const threw = aside.threw ?? 0
  return {
    outputs,
    aside: aside.count,
    rowsIn,
    ...(threw > 0 && { threw }),
    ...defined({ folds, unpacked }),
    ...(diskBytes > 0 && { diskBytes }),
  }
}

/** What is shown of a task beside its result. One that failed has set nothing aside. */
type Said = Pick<TaskResult, "logs"> & { readonly aside?: Pick<TaskResult["aside"], "samples"> }

/** Lines that could not be parsed, shown with the task's log. */
const samplesShown = 3
/**
 * While as much is still to be run here, what is done may wait so long to be reported with more of its kind: small tasks come and go
 * by thousands a second, and a message costs as much as one of them. Those of questions wait for no task of a stream: somebody waits for the answer.
 */
const gatherMs = 2

export class TaskReports {
  readonly #clock: ClockOffset
  readonly #master: MasterLink
  #done: TaskDone[] = []
  /** Of `#done`: tasks of questions. */
  #asked = 0
  /** When the first of `#done` was done. */
  #doneMs = 0

  constructor({ clock, master }: { readonly clock: ClockOffset; readonly master: MasterLink }) {
    this.#clock = clock
    this.#master = master
  }

  add({ task, pool }: Pick<LaunchTask, "task" | "pool">, ms: number, made: Made, failure?: TaskFailure): void {
    if (this.#done.length === 0) this.#doneMs = this.#clock.monotonicMs
    if (pool === "query") this.#asked += 1
    this.#done.push({ task, ms, ...made, ...(failure !== undefined && { failure }) })
  }

  get deadlineMs(): number {
    return this.#done.length === 0 ? Number.POSITIVE_INFINITY : this.#doneMs + gatherMs
  }

  /** Reports that are not sent any more. */
  take(): TaskDone[] {
    const done = this.#done
    this.#done = []
    this.#asked = 0
    return done
  }

  /** Sends what is done, unless it may wait: `left` tasks are still to be run, of them so many of questions. Gives what was sent. */
  flush(left: { readonly all: number; readonly asked: number }): TaskDone[] {
    if (this.#done.length === 0 || this.#mayWait(left)) return []
    const done = this.take()
    // Not kept for a master that is away: when it is back it launches anew what it misses, and finds in the inventory
    // what was made meanwhile.
    this.#master.tell({ kind: "tasksDone", done })
    return done
  }

  #mayWait(left: { readonly all: number; readonly asked: number }): boolean {
    if (left.all < this.#done.length || left.asked < this.#asked || this.#clock.monotonicMs >= this.#doneMs + gatherMs) return false
    return this.#done.every(({ failure }) => failure === undefined)
  }

  log({ stream, interval, root }: StageSpec, partition: number, { logs, aside }: Said): void {
    const samples = aside?.samples ?? []
    if (logs.length === 0 && samples.length === 0) return
    const own = root.kind === "stretch" ? null : (interval?.from ?? null)
    const said = new Map<number | null, CapturedLog[]>()
    const add = (of: number | null, line: CapturedLog) => {
      const lines = said.get(of)
      if (lines === undefined) said.set(of, [line])
      else lines.push(line)
    }
    for (const { interval: of = own, ...line } of logs) add(of, line)
    for (const sample of samples.slice(0, samplesShown)) add(own, { level: "warn", text: `set aside, ${sample}`, repeated: 1 })
    for (const [of, lines] of said) this.#master.post({ kind: "log", stream, interval: of, partition, lines })
  }
}
