import type { TaskFailure } from "../../engine/task.js"
import type { Command } from "../ports.js"

export type RunDriver = Extract<Command, { kind: "runDriver" }>

/** Runs `foreachRDD` bodies. */
export interface DriverThreads {
  asset(hash: string, bytes: Uint8Array): void
  /** Resolves when the body has ended, with what went wrong if anything did. Never rejects. */
  run(command: RunDriver): Promise<TaskFailure | undefined>
  close(): Promise<void>
}
