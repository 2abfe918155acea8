/** What a program's own code reads of a record that a function threw on: the shell shows the same in its own way. */

import type { TaskFailure } from "../../engine/task.js"

/** So much of a record is shown: all of it is in the error's `failure`. */
const recordShown = 300

/**
 * What was thrown, and below it the user's line, the record, and the operator with its interval. Which partition and which workers is
 * not in it: that may differ from run to run, and a text is compared.
 */
export function failureMessage(message: string, { origin, record, operator, interval }: TaskFailure): string {
  const where = [operator, interval === undefined ? undefined : new Date(interval).toISOString()].filter(part => part !== undefined)
  return [
    message,
    ...(origin === undefined ? [] : [`  line       ${origin.file}:${origin.line}:${origin.column}  ${origin.text.trim()}`]),
    ...(record === undefined ? [] : [`  record     ${record.length <= recordShown ? record : `${record.slice(0, recordShown)}…`}`]),
    ...(where.length === 0 || (origin === undefined && record === undefined) ? [] : [`  where      ${where.join(" · ")}`]),
  ].join("\n")
}
