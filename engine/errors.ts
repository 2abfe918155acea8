/**
 * An error that a person meets. The message names the value that was wrong, `try` says what to do, `code` is the exit code
 * that a command ends with: 1 the user's program failed, 2 wrong usage, 3 master unreachable, 4 refused, 5 answer incomplete.
 */
export class RivuletError extends Error {
  /** The exit code that a command ends with. */
  readonly code: number
  /** What to do. */
  readonly try: string | undefined

  constructor(message: string, options: { readonly code?: number; readonly try?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = "RivuletError"
    this.code = options.code ?? 1
    this.try = options.try
  }
}

/** A function gave a promise where its value is looked at. */
export function aPromise(): RivuletError {
  return new RivuletError("the function gives a promise", { try: "give back the value itself; to wait for something, foreachRDD" })
}

/** What was thrown, as an Error: JavaScript throws anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
