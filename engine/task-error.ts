/** Why a task failed, found out by running it again with each call of a user's function watched. */

import { positionOf } from "./capture/position.js"
import { RivuletError } from "./errors.js"
import type { FunctionRef } from "./function-ref.js"
import type { FailedRun, TaskFailure } from "./task.js"
import { showValue } from "./values/values.js"

/** Thrown by `TaskRunner.run`. */
export class TaskError extends Error {
  readonly failure: FailedRun

  constructor(failure: FailedRun, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause })
    this.name = "TaskError"
    this.failure = failure
  }
}

/** A line that a strict input cannot read. */
export class BadRecord extends RivuletError {
  constructor(
    message: string,
    readonly record: string,
  ) {
    super(message, { code: 1, try: 'onBadRecord: "setAside", or a format that takes it' })
    this.name = "BadRecord"
  }
}

/** What was asked for is refused. Nobody's function failed, and it would be the same anywhere. */
export class Refusal extends RivuletError {
  constructor(message: string, attempt: string) {
    super(message, { code: 1, try: attempt })
    this.name = "Refusal"
  }

  get failure(): TaskFailure {
    return refused(this.message, this.try)
  }
}

export function refused(message: string, attempt: string | undefined): TaskFailure {
  return { kind: "user", message, ...(attempt !== undefined && { try: attempt }), refused: true }
}

const longestRecord = 2000

/** Of which interval and partition the records are. */
export type CallPlace = Pick<TaskFailure, "interval" | "partition">

/** Watches calls in a second run of a failed task: the last one is where it failed. */
export class CallWatch {
  private last: {
    readonly operator: string
    readonly ref: FunctionRef | null
    readonly place: CallPlace
    readonly args: readonly unknown[]
    shown: string | null
  } | null = null

  wrap(f: (...args: never[]) => unknown, operator: string, ref: FunctionRef | null, place: CallPlace): (...args: never[]) => unknown {
    return (...args) => {
      this.last = { operator, ref, place, args, shown: null }
      try {
        const result = f(...args)
        // A generator's body runs as it is read: here, so that its error is known to be its own.
        if (typeof result !== "object" || result === null || !("next" in result) || !(Symbol.iterator in result)) return result
        return [...(result as unknown as Iterable<unknown>)]
      } catch (error) {
        // A function may have changed its argument since; what it was given is shown as it is now.
        this.last.shown = show(this.last.args)
        throw error
      }
    }
  }

  /** What the error of the second run means. Errors of the platform that no user function was near are the machine's. */
  failure(error: unknown): TaskFailure {
    const message = error instanceof Error ? error.message : `threw ${showValue(error)}`
    const about = { message, ...namesOf(error) }
    if (error instanceof BadRecord) return { ...about, kind: "user", operator: "format", record: error.record.slice(0, longestRecord) }
    if (this.last === null) {
      return { ...about, kind: error instanceof RivuletError ? "user" : "machine" }
    }
    const { operator, ref, place, args, shown } = this.last
    const origin = ref === null ? undefined : (positionOf(error, ref) ?? ref.origin)
    return { ...about, kind: "user", operator, record: shown ?? show(args), ...place, ...(origin ? { origin } : {}) }
  }
}

/** Our own errors say all in their message and their advice: their class's name is not for people. */
function namesOf(error: unknown): Pick<TaskFailure, "errorName" | "stack" | "try"> {
  if (error instanceof RivuletError) return error.try === undefined ? {} : { try: error.try }
  return error instanceof Error ? { errorName: error.name, stack: error.stack } : {}
}

/** What a function was given, for people. */
export function show(args: readonly unknown[]): string {
  const text = args.map(arg => showValue(arg, longestRecord)).join(", ")
  return text.length > longestRecord ? `${text.slice(0, longestRecord - 1)}…` : text
}
