/** An error in lines of plain text: what, the user's own line with a caret, the record. No stack of ours. */
import { RivuletError } from "../../engine/errors.js"
import type { TaskFailure } from "../../engine/task.js"
import { printable, truncate } from "../view/table.js"
import { cellWidth } from "../view/width.js"

interface Position {
  readonly line: number
  readonly column: number
  readonly text: string
}

/** What may hang on an error: a worker's account of a record that failed, or the place in a cell. */
interface Details {
  readonly failure?: TaskFailure
  readonly position?: Position
}

/**
 * The first line says what; the others where. Advice (`try`) is not in them. Which interval, partition and workers is said when
 * `time` can write the interval: where outputs are compared, it may be any. On a screen of `columns` the record takes one line.
 */
export function errorText(error: Error, time?: (ms: number) => string, columns?: number): string[] {
  const { failure, position } = error as Details
  if (failure) {
    const { errorName, message, origin, record, operator } = failure
    return [
      ...linesOf(errorName && !message.startsWith(errorName) ? `${errorName}: ${message}` : message),
      ...(origin ? pointer(origin, message) : []),
      ...(record === undefined ? [] : [`${recordLead}${cut(printable(record), columns)}`]),
      ...(operator === undefined ? [] : [`  where      ${[operator, ...(time ? placeOf(failure, time) : [])].join(" · ")}`]),
    ]
  }
  const name = error instanceof RivuletError || error.name === "Error" || error.name === "CellSyntaxError" ? "" : `${error.name}: `
  return [...linesOf(`${name}${error.message}`), ...(position ? pointer(position, error.message) : [])]
}

/** What to try: an error of ours says it, of others it may hang on them. */
export function adviceOn(error: unknown): string | undefined {
  const { meant } = (error ?? {}) as { readonly meant?: unknown }
  return error instanceof RivuletError ? error.try : typeof meant === "string" ? meant : undefined
}

/** Both, of a cell that was not there to fail. */
export function failureText(error: Error): string {
  const advice = adviceOn(error)
  return [...errorText(error), ...(advice === undefined ? [] : [`  try        ${advice}`])].join("\n")
}

/** `21:04:32 partition 3 on w2`, `the same on w4: it is the data`. */
function placeOf({ interval, partition, workers = [] }: TaskFailure, time: (ms: number) => string): string[] {
  const [first, ...others] = workers
  const at = [
    interval === undefined ? "" : time(interval),
    partition === undefined ? "" : `partition ${partition}`,
    first ? `on ${first}` : "",
  ]
  const place = at.filter(part => part !== "").join(" ")
  return [place, others.length > 0 ? `the same on ${others.join(" and ")}: it is the data` : ""].filter(part => part !== "")
}

/** The user's line with a caret under the column (both 1-based), or under what was not there when its property was read. */
function pointer({ line, column, text }: Position, message = ""): string[] {
  const lead = `  ${line} │ `
  const missing = missingAt(text, column, message)
  const before = text.slice(0, missing?.at ?? Math.max(0, column - 1)).replace(/[^\t]/g, " ")
  return [`${lead}${text}`, `${" ".repeat(lead.length - 2)}│ ${before}^${missing ? ` ${missing.says}` : ""}`]
}

/** Of `Cannot read properties of undefined (reading 'split')` at `e.cookie.split`: `e.cookie is undefined`. */
function missingAt(text: string, column: number, message: string): { readonly at: number; readonly says: string } | undefined {
  const read = /^Cannot read properties of (undefined|null) \(reading '([^']+)'\)/.exec(message)
  if (!read || !text.startsWith(read[2]!, column - 1)) return undefined
  const owner = /[\w$]+(?:\[[^\][]*\])*(?:\.[\w$]+(?:\[[^\][]*\])*)*(?=\.$)/.exec(text.slice(0, column - 1))
  return owner ? { at: owner.index, says: `${owner[0]} is ${read[1]}` } : undefined
}

/** What a function threw may hold a record, and a record anything. */
const linesOf = (message: string): string[] => message.split("\n").map(printable)

const recordLead = "  record     "
const recordShown = 160
const whole = "   .record shows it whole"
/** On a narrow screen the line is wrapped rather than less shown. */
const leastShown = 40

function cut(record: string, columns: number | undefined): string {
  if (columns === undefined)
    return record.length <= recordShown ? record : `${record.slice(0, recordShown)}…          .record shows it whole`
  const room = Math.max(leastShown, columns - recordLead.length)
  if (cellWidth(record) <= room) return record
  return `${truncate(record, Math.max(leastShown, room - whole.length))}${whole}`
}
