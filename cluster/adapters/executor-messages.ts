/** What goes between a worker's main thread and one executor thread. */

import { type FailedRun, progressLength, type TaskLimits, type TaskProgress, type TaskResult, type TaskRun } from "../../engine/task.js"

export interface ExecutorTask {
  readonly task: string
  readonly run: TaskRun
  readonly limits: TaskLimits
}

/** Tasks that may lie in a thread's inbox. More would only have to be taken back when the thread is ended. */
export const slotCount = 16

/** A slot's state; kept in shared memory, so that a task can be taken back while its thread is busy. */
export const slotState = { free: 0, posted: 1, running: 2, cancelled: 3 } as const

/**
 * Slots' states, then when each began (ms of the process's monotonic clock). `slower`: the thread is to take that many times as
 * long for each task (0: as long as it takes), as on a machine that is slow. It waits on `never`. `progress`: of the task that runs.
 */
export interface Slots {
  readonly states: Int32Array
  readonly startedMs: Float64Array
  readonly slower: Float64Array
  readonly never: Int32Array
  readonly progress: TaskProgress
}

export function slotsOver(buffer: SharedArrayBuffer): Slots {
  return {
    startedMs: new Float64Array(buffer, 0, slotCount),
    slower: new Float64Array(buffer, slotCount * 8, 1),
    states: new Int32Array(buffer, slotCount * 8 + 8, slotCount),
    never: new Int32Array(buffer, slotCount * 12 + 8, 1),
    progress: new Int32Array(buffer, slotCount * 12 + 12, progressLength),
  }
}

export const slotsBytes = slotCount * 12 + 12 + 4 * progressLength

/** The same clock in all threads of the process (`performance.now` counts from each thread's own start). */
export const processMs = () => Number(process.hrtime.bigint()) / 1e6

export interface ThreadStart {
  readonly memory: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
  /** URL of the module that exports `TaskRunner`. */
  readonly runner: string
  /** Memory is short: little is kept for later. */
  readonly frugal: boolean
}

/** `counts`: the task is to tell how it gets on. */
export interface PostedTask {
  readonly slot: number
  readonly run: TaskRun
  readonly counts: boolean
}

export type ToThread =
  | { readonly kind: "run"; readonly tasks: readonly PostedTask[] }
  | { readonly kind: "asset"; readonly hash: string; readonly bytes: Uint8Array }
  | { readonly kind: "dropAssets"; readonly hashes: readonly string[] }
  | { readonly kind: "outputOver"; readonly buffer: ArrayBuffer }
  | { readonly kind: "forgetState"; readonly stream: string; readonly before: number }

/** `ready` comes once, with the thread's id in the system; then what became of each task, in the order they ran. */
export type FromThread = { readonly kind: "ready"; readonly thread: number | null } | ({ readonly kind: "finished" } & FinishedTask)

export type FinishedTask = { readonly slot: number; readonly ms: number } & (
  | { readonly result: TaskResult }
  | { readonly failure: FailedRun }
  | { readonly cancelled: true }
)
