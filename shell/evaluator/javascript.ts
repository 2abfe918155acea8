/** A cell's text as JavaScript, with the way back to the place that the user typed. */

import { createRequire, SourceMap } from "node:module"
import { stripVTControlCharacters } from "node:util"
import type * as Swc from "@swc/core"
import { type AnyNode, type Options, type Program, parse } from "acorn"
import { children } from "../../engine/capture/declared-names.js"
import { CellSyntaxError, stripTypes } from "./strip-types.js"

export interface JavaScript {
  readonly code: string
  readonly program: Program
  /** The offset in the user's text of an offset in `code`. */
  toText(offset: number): number
}

const options: Options = { ecmaVersion: "latest", sourceType: "module", allowAwaitOutsideFunction: true, allowHashBang: true }

/** @throws CellSyntaxError, with its place in `text` */
export function toJavaScript(text: string): JavaScript {
  let failure: unknown
  try {
    const program = parse(text, options)
    if (!looksGeneric(program)) return { code: text, program, toText: offset => offset }
  } catch (error) {
    failure = error
  }
  try {
    const stripped = stripTypes(text)
    if (stripped !== null) {
      try {
        return { code: stripped, program: parse(stripped, options), toText: offset => offset }
      } catch (error) {
        // A return type over several lines leaves `=>` on a line of its own; a real transform writes it anew.
        failure = error
      }
    }
  } catch (error) {
    if (error instanceof CellSyntaxError && failure !== undefined) throw withPlace(error, failure, text)
    throw error
  }
  return transformed(text, failure)
}

/** `f<T>(x)` is also JavaScript, but two comparisons: then it is a call with a type. */
function looksGeneric(node: AnyNode): boolean {
  if (node.type === "BinaryExpression" && node.operator === ">" && node.left.type === "BinaryExpression" && node.left.operator === "<")
    return true
  return children(node).some(looksGeneric)
}

/** Both parsers refused: TypeScript's words, and the later of the two places (acorn stops at the first type). */
function withPlace(error: CellSyntaxError, failure: unknown, text: string): CellSyntaxError {
  const length = text.trimEnd().length
  const { pos, message } = failure as { pos?: number; message?: string }
  if (pos === undefined) return error
  if (/^Unterminated string/.test(message ?? "")) return new CellSyntaxError("Unterminated string.", pos, Number.POSITIVE_INFINITY)
  // An unclosed bracket, template or comment: more may follow.
  const open = error.atEnd || pos >= length || /^Unterminated (template|comment)/.test(message ?? "")
  return open ? new CellSyntaxError(error.message, length, length) : new CellSyntaxError(error.message, Math.max(error.at, pos), length)
}

/**
 * The compiler's own report is a drawing with a native stack below it. Acorn's refusal has the place; without one (it took the
 * text for JavaScript) the report's headline stands at the start.
 */
function ownWords(error: unknown, failure: unknown, text: string): CellSyntaxError {
  const { pos, message } = (failure ?? {}) as { pos?: number; message?: string }
  if (pos !== undefined && message) return new CellSyntaxError(message.replace(/ \(\d+:\d+\)$/, ""), pos, text.length)
  const report = error instanceof Error ? error.message : String(error)
  const headline = /^\s*[x×] (.+)$/m.exec(stripVTControlCharacters(report))?.[1] ?? "this cannot be read as TypeScript"
  return new CellSyntaxError(headline, 0, text.length)
}

function transformed(text: string, failure: unknown): JavaScript {
  const swc = createRequire(import.meta.url)("@swc/core") as typeof Swc
  let output: Swc.Output
  try {
    output = swc.transformSync(text, {
      filename: "cell.ts",
      sourceMaps: true,
      isModule: true,
      jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2022", transform: { verbatimModuleSyntax: true } },
    })
  } catch (error) {
    throw failure instanceof CellSyntaxError ? failure : ownWords(error, failure, text)
  }
  const map = new SourceMap(JSON.parse(output.map ?? "{}"))
  const { code } = output
  const lineStarts = startsOfLines(text)
  const toText = (offset: number): number => {
    const before = code.slice(0, offset).split("\n")
    const entry = map.findEntry(before.length - 1, before.at(-1)!.length) as { originalLine?: number; originalColumn?: number }
    return (lineStarts[entry.originalLine ?? 0] ?? 0) + (entry.originalColumn ?? 0)
  }
  return { code, program: parse(code, options), toText }
}

export function startsOfLines(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return starts
}

export interface TextPosition {
  /** 1-based. */
  readonly line: number
  readonly column: number
  /** The text of the line. */
  readonly text: string
}

export function positionAt(text: string, offset: number): TextPosition {
  const head = text.slice(0, Math.max(0, offset)).split("\n")
  return { line: head.length, column: head.at(-1)!.length + 1, text: text.split("\n")[head.length - 1] ?? "" }
}
