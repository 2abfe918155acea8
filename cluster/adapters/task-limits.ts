/** When a task has had its time, and what is said of one whose thread was ended. */

import { originOfCalled } from "../../engine/capture/called.js"
import type { TaskFailure, TaskLimits, TaskProgress } from "../../engine/task.js"
import type { TaskTime } from "./thread-time.js"

/** Null: it may go on. `assets`: the functions that its thread has. */
export function overLimits(
  { timeoutMs, stallMs }: TaskLimits,
  time: TaskTime,
  ranMs: number,
  progress: TaskProgress,
  assets: ReadonlyMap<string, Uint8Array>,
): TaskFailure | null {
  const stalledMs = time.stalledMs(ranMs, Atomics.load(progress, 0))
  const origin = () => originOfCalled(progress, assets)
  if (ranMs > timeoutMs) return { kind: "timeout", message: `did not end within ${timeoutMs / 1_000} s and was stopped`, ...origin() }
  if (stallMs === undefined || stalledMs <= stallMs) return null
  return {
    kind: "timeout",
    message: `did not end with one record within ${stallMs / 1_000} s and was stopped`,
    try: "a function that ends; or a master with a longer --task-timeout, a third of which a question may take for one record",
    ...origin(),
  }
}

/** Of a task in a thread that has ended by itself. */
export function threadEnded(error: Error & { code?: string }, heapMb: number | undefined): TaskFailure {
  // A function that fills one heap fills the next one too: tried on a second worker, as if it had thrown.
  return error.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? {
        kind: "user",
        message: `the executor's JavaScript heap${heapMb === undefined ? "" : ` of ${heapMb} MB`} is full`,
        errorName: error.name,
        try: "keep less in the function, or use more partitions",
      }
    : { kind: "machine", message: `the executor ended: ${error.message}`, errorName: error.name, stack: error.stack }
}
