/** What makes a node a process: it ends when it is told to, cleanly, with the exit code that says why. */

import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { asError, RivuletError } from "../../engine/errors.js"
import { makeDirectories, writeWhole } from "./file-disk.js"
import type { Say } from "./log.js"

/** As shells count: 128 and the signal's number. */
const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export interface ProcessOptions {
  readonly say: Say
  readonly stop: () => Promise<void>
}

export interface ProcessEnd {
  /** Stops the node and ends the process. A second call, while the first is under way, ends it at once. */
  exit(code: number): void
  /** Signals are not handled any more. */
  release(): void
}

/** SIGTERM, SIGINT, SIGHUP and errors that nobody caught stop the node, then end the process. */
export function endOnSignals({ say, stop }: ProcessOptions): ProcessEnd {
  let ending = false
  const exit = (code: number) => {
    if (ending) process.exit(code)
    ending = true
    stop().then(
      () => process.exit(code),
      error => {
        say("error", `could not stop cleanly: ${String(error)}`)
        process.exit(code)
      },
    )
  }
  const onSignal = (signal: NodeJS.Signals) => exit(signalCodes[signal as keyof typeof signalCodes])
  const onUncaught = (error: unknown) => {
    const { message, stack } = asError(error)
    say("error", `stopped by an error that nobody caught: ${message}`, { stack })
    exit(1)
  }
  for (const signal of Object.keys(signalCodes) as NodeJS.Signals[]) process.on(signal, onSignal)
  process.on("uncaughtException", onUncaught)
  process.on("unhandledRejection", onUncaught)
  return {
    exit,
    release() {
      for (const signal of Object.keys(signalCodes) as NodeJS.Signals[]) process.off(signal, onSignal)
      process.off("uncaughtException", onUncaught)
      process.off("unhandledRejection", onUncaught)
    },
  }
}

/** Makes a node's directory. RivuletError of code 2 if that cannot be done. */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeDirectories(resolve(directory))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new RivuletError(`the directory ${directory} cannot be made: ${reason}`, { code: 2, try: "another --dir", cause: error })
  }
}

/**
 * The next incarnation of a node: greater than every earlier one of that name in that directory, whatever the clock does.
 * Without a directory it follows the clock.
 */
export async function nextIncarnation(name: string, directory: string | undefined): Promise<number> {
  if (directory === undefined) return Date.now()
  const path = join(directory, `${name}.incarnation`)
  const before = Number(await readFile(path, "utf8").catch(() => "0"))
  const next = Math.max(Date.now(), (Number.isSafeInteger(before) ? before : 0) + 1)
  await writeWhole(path, Buffer.from(`${next}\n`))
  return next
}

/** A node's name may stand in addresses, file names and log lines. RivuletError of code 2 if it cannot. */
export function checkName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name
  throw new RivuletError(`"${name}" is no name for a node`, { code: 2, try: "letters, digits, '.', '_' and '-', as w1" })
}
