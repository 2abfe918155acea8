/**
 * Type errors of the one expression of a command: warnings on stderr, beside its answer. Only of an expression with a function in it: a
 * name or a method that is not there its run says itself, a misspelt field of a record nothing but types.
 */
import { findingLines } from "../host/finding-lines.js"
import type { ShellHost } from "../host/host.js"
import { within } from "../host/within.js"

/** The compiler has to be loaded for it; a machine that takes longer has other troubles. */
const longestMs = 6_000

/** Begins to look; the promise resolves when it has been said, or it takes too long. */
export function warnOfTypes(expression: string, host: ShellHost): Promise<void> {
  if (!/=>|\bfunction\b/.test(expression)) return Promise.resolve()
  host.startTyping()
  const said = host.findings(expression).then(findings => {
    const lines = findingLines(expression, findings, null)
    process.stderr.write(lines.map(({ text }) => `${text}\n`).join(""))
  })
  return within(longestMs, said, undefined)
}
