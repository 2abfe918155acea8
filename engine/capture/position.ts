/** Where in the user's own text: of a call, and of an error thrown inside a compiled function. */

import type { FunctionRef, Origin } from "../function-ref.js"
import { functionUrl, linesBefore } from "./compile.js"

/** Rivulet's own folders: beside this file's, and, where it was compiled, those of the sources, which frames name with source maps enabled. */
const roots = import.meta.url.endsWith(".ts") ? ["../../"] : ["../../", "../../../"]
const ownFolders = ["engine/", "cluster/", "shell/", "node_modules/"].flatMap(folder =>
  roots.map(root => new URL(`${root}${folder}`, import.meta.url)),
)

/**
 * Property of the global object: texts that are not files tell where a place in them is in what the user typed. Set by the
 * shell's evaluator: `(file, line, column) => { line, column, whole } | undefined`.
 */
export const sourcesKey: unique symbol = Symbol.for("rivulet.sources") as typeof sourcesKey

type Sources = (file: string, line: number, column: number) => { line: number; column: number; whole: string } | undefined

/**
 * The first frame of the present stack that is not Rivulet's own: where the user called. With source maps enabled it is
 * the place in the TypeScript file.
 * @param textOf gives a file's (or cell's) text, so that messages can show the line
 */
export function callSite(textOf: (file: string) => string | undefined = () => undefined): Origin | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const { stack = "" } = new Error("call site")
  Error.stackTraceLimit = limit
  for (const frame of stack.split("\n").slice(1)) {
    const match = /(?:\(|at )((?:file:\/\/|\/|[A-Za-z]:\\|[\w-]+:)?[^()\s][^()]*?):(\d+):(\d+)\)?$/.exec(frame)
    if (!match) continue
    const file = match[1]!.replace(/^async /, "")
    if (file.startsWith("node:") || ownFolders.some(folder => file.startsWith(folder.href) || file.startsWith(decodeURI(folder.pathname))))
      continue
    const [line, column] = [Number(match[2]), Number(match[3])]
    const typed = (globalThis as { [sourcesKey]?: Sources })[sourcesKey]?.(file, line, column)
    return typed ? { file, line: typed.line, column: typed.column, text: typed.whole } : { file, line, column, text: textOf(file) ?? "" }
  }
  return undefined
}

export interface Position {
  readonly file: string
  /** 1-based, in the file or cell. */
  readonly line: number
  readonly column: number
  /** The user's text of that line; "" when it is not known. */
  readonly text: string
}

/**
 * The place in the user's text that an error came from: the innermost frame of the operator's own function. When the text
 * that was captured is not found in the origin (a compiler wrote it anew) it is where the function begins. Null for errors
 * of other code.
 */
export function positionOf(error: unknown, ref: FunctionRef): Position | null {
  const stack = error instanceof Error ? (error.stack ?? "") : ""
  const url = functionUrl(ref)
  for (const frame of stack.split("\n")) {
    const at = frame.indexOf(url)
    if (at < 0) continue
    const match = /^:(\d+):(\d+)/.exec(frame.slice(at + url.length))
    if (!match) continue
    return inOrigin(ref, Number(match[1]) - linesBefore, Number(match[2]))
  }
  return null
}

/** @param line 1-based line of the function's source @param column 1-based */
export function inOrigin(ref: Pick<FunctionRef, "source" | "origin">, line: number, column: number): Position {
  const { origin, source } = ref
  if (!origin) return { file: "", line, column, text: source.split("\n")[line - 1] ?? "" }
  const lines = origin.text.split("\n")
  const start = findSource(origin, lines, source)
  if (start === null) return { file: origin.file, line: origin.line, column: origin.column, text: lineOf(lines, origin.line) }
  const found = { line: start.line + line - 1, column: line === 1 ? start.column + column - 1 : column }
  return { file: origin.file, ...found, text: lineOf(lines, found.line) }
}

/** `text` is a whole cell or file when it has that many lines, else the one line. */
function lineOf(lines: readonly string[], line: number): string {
  return lines[line - 1] ?? lines[0] ?? ""
}

function findSource(origin: Origin, lines: readonly string[], source: string): { line: number; column: number } | null {
  const whole = lines.length >= origin.line
  const before = whole ? lines.slice(0, origin.line - 1).reduce((sum, one) => sum + one.length + 1, 0) + origin.column - 1 : 0
  const after = indexOfSource(origin.text, source, before)
  const offset = after >= 0 ? after : indexOfSource(origin.text, source, 0)
  if (offset < 0) return null
  const head = origin.text.slice(0, offset).split("\n")
  return { line: (whole ? 1 : origin.line) + head.length - 1, column: head.at(-1)!.length + 1 }
}

/** Where `source` is in `text`; a space in it stands for any character: the shell writes spaces over types. */
function indexOfSource(text: string, source: string, from: number): number {
  const exact = text.indexOf(source, from)
  if (exact >= 0) return exact
  for (let at = from; at + source.length <= text.length; at++) {
    let index = 0
    while (index < source.length && (source[index] === text[at + index] || source[index] === " ")) index++
    if (index === source.length) return at
  }
  return -1
}
