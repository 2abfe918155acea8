/** How a command fails: `rivulet: <what>` and a `try:` line on stderr, JSON when JSON was asked for, and the exit code. */
import type { CommanderError } from "commander"
import { RivuletError } from "../../engine/errors.js"
import { adviceOn, errorText } from "../host/error-text.js"

export function usageError(error: CommanderError): RivuletError {
  return new RivuletError(error.message.replace(/^error: /, ""), { code: 2, try: "rivulet --help" })
}

/** Nothing can be asked for later: a record is shown whole, unless it is very long. */
const recordColumns = 2_000

const verbs: Readonly<Record<string, string>> = {
  ...{ streams: "streams", programs: "programs", workers: "workers", jobs: "jobs", events: "events", why: "why", log: "logs" },
}

/** What to type is said in words of the shell where the shell says it too. */
export function onCommandLine(advice: string | undefined): string | undefined {
  return advice
    ?.replace(/(?<![\w)\]"'])\.(\w+)\b(?!\()/g, (word, name: string) => (verbs[name] === undefined ? word : `rivulet ${verbs[name]}`))
    .replace(/\bawait streams\(\)/g, "rivulet streams")
}

/** Prints and ends the process. An error that is not ours is a defect: then its stack is worth seeing. */
export function reportError(error: unknown, argv: readonly string[]): never {
  const known = error instanceof RivuletError
  const position = (error as { readonly position?: unknown } | null | undefined)?.position
  const code = known ? error.code : error instanceof SyntaxError && position !== undefined ? 2 : 1
  const advice = onCommandLine(adviceOn(error))
  if (wantsJson(argv)) {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${JSON.stringify({ error: message, code, try: advice })}\n`)
    process.exit(code)
  }
  const lines = error instanceof Error ? errorText(error, undefined, recordColumns) : [String(error)]
  process.stderr.write(`rivulet: ${lines.join("\n")}\n`)
  if (advice !== undefined) process.stderr.write(`try: ${advice}\n`)
  if (!known && position === undefined && error instanceof Error && error.stack)
    process.stderr.write(`${error.stack.split("\n").slice(1).join("\n")}\n`)
  process.exit(code)
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.some((word, i) => word === "-ojson" || (word === "json" && argv[i - 1] === "-o"))
}
