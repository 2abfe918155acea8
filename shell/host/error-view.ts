/** An error as the person at the prompt needs it: what, their own line with a caret, the record, what to try. */
import { RivuletError } from "../../engine/errors.js"
import type { Finding } from "../language/messages.js"
import type { StyledLine } from "../session.js"
import { type Found, foundWith } from "./cell-check.js"
import { adviceOn, errorText } from "./error-text.js"
import { findingLines } from "./finding-lines.js"

/** `time` writes an interval's start. No line is wider than `columns`, but for texts. */
export function errorLines(error: Error, time?: (ms: number) => string, columns?: number): StyledLine[] {
  const found = foundWith(error)
  const text = errorText(error, time, columns)
  const { lines, explained } = found ? withFindings(text, found) : { lines: text, explained: false }
  const styled = lines.map((text): StyledLine => (text.startsWith("  ") && !pointing.test(text) ? { text } : { text, style: "error" }))
  const advised = explained && !(error instanceof RivuletError) ? undefined : adviceOn(error)
  // Some errors end with what to do instead.
  const advice = advised !== undefined && lines[0]?.endsWith(advised) ? undefined : advised
  return [...styled, ...(found ? elsewhere(found, lines) : []), ...(advice === undefined ? [] : [{ text: `  try        ${advice}` }])]
}

const pointing = /^ +│ +\^/
const excerpt = /^ {2}(\d+) │ /
/** In words of JavaScript's. */
const thrown = /^\w*Error: /

/** What types say that an error in words of ours, shown before, has not said of the same place. */
export function notSaidBy(error: unknown, found: Found): readonly Finding[] {
  if (!(error instanceof Error)) return found.findings
  const lines = errorText(error)
  const { at, number, margin } = pointed(lines)
  if (at < 0 || thrown.test(lines[0]!)) return found.findings
  return placesOf(found).filter(place => place.line !== number || !isSaid(lines, at, margin, place.column))
}

/** The line with the caret, -1: there is none; whose line it points at, and how the text of it is set off. */
function pointed(lines: readonly string[]): { readonly at: number; readonly number: number; readonly margin: string } {
  const at = lines.findIndex((line, i) => pointing.test(line) && excerpt.test(lines[i - 1] ?? ""))
  const [lead, number] = excerpt.exec(lines[at - 1] ?? "") ?? ["", ""]
  return { at, number: Number(number), margin: lines[at]?.slice(0, lead.length) ?? "" }
}

/** An error in words of ours, of the very place or of the call whose argument, a literal, begins there, needs no second opinion. */
function isSaid(lines: readonly string[], at: number, margin: string, column: number): boolean {
  const caret = lines[at]!.lastIndexOf("^") - margin.length
  const excerpted = lines[at - 1]!.slice(margin.length)
  const between = excerpted.slice(caret, column)
  return lines[at]!.endsWith("^") && (caret === column || (/^\.?[\w$]+\(\s*$/.test(between) && /^["'`\d-]/.test(excerpted.slice(column))))
}

/** What types say of the line that the error shows, under it. `explained`: of the very place at which the error points. */
function withFindings(lines: readonly string[], found: Found): { readonly lines: string[]; readonly explained: boolean } {
  const { at, number, margin } = pointed(lines)
  if (at < 0) return { lines: [...lines], explained: false }
  const said = lines[at]!
  const here = placesOf(found).filter(({ line }) => line === number)
  const same = here.find(({ column }) => said === `${margin}${" ".repeat(column)}^`)
  const ours = !thrown.test(lines[0]!)
  const others = here.filter(one => one !== same && !(ours && isSaid(lines, at, margin, one.column)))
  return {
    lines: [
      ...lines.slice(0, at),
      same && !ours ? `${said} ${same.message}` : said,
      ...others.map(({ column, message }) => `${margin}${" ".repeat(column)}^ ${message}`),
      ...lines.slice(at + 1),
    ],
    explained: same !== undefined,
  }
}

/** What types say of other lines than the error shows. */
function elsewhere(found: Found, lines: readonly string[]): StyledLine[] {
  const shown = new Set(lines.flatMap(line => excerpt.exec(line)?.[1] ?? []))
  const rest = placesOf(found).filter(({ line }) => !shown.has(String(line)))
  return findingLines(found.cell, rest, null)
}

function placesOf({ cell, findings }: Found) {
  return findings.map(finding => {
    const before = cell.slice(0, finding.at).split("\n")
    return { ...finding, line: before.length, column: before.at(-1)!.length }
  })
}
