/** What goes between a worker's main thread and a driver thread. */

import type { MessagePort } from "node:worker_threads"
import type { CapturedLog } from "../../engine/task.js"
import type { DriverEnd, DriverTask } from "../client/driver-body.js"

export interface DriverStart {
  /** Where the thread's questions go (`PortCalls`). */
  readonly calls: MessagePort
  /** Counted up by the thread when it is ready, then once a second: how the main thread sees that it is blocked. */
  readonly pulse: SharedArrayBuffer
}

/** One body at a time; the next is sent when it has ended. */
export interface ToDriver extends DriverTask {
  readonly timeoutMs: number
}

/** The function is about to be called; a line as it is printed (of a body that never ends they are all there is); the end, with all lines. */
export type FromDriver =
  | { readonly task: string; readonly begun: true }
  | { readonly task: string; readonly line: CapturedLog }
  | DriverEnded

export interface DriverEnded extends DriverEnd {
  readonly task: string
}
