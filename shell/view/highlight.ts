/**
 * A cell in colours as it is typed: words of the language, texts, numbers, comments, a dot-command. It goes by the text alone, without
 * types, so that no key waits for anything; what is unfinished (a text without its end) has its colour to the end of its line.
 */
import { colored, dim } from "./style.js"

export type SpanKind = "plain" | "keyword" | "text" | "number" | "comment" | "command"

export interface Span {
  readonly text: string
  readonly kind: SpanKind
}

/** What is longer was pasted, and is data more often than not. */
const longest = 5_000

const keywords = new Set(
  "as async await break case catch class const continue default delete do else enum export extends false finally for from function get if import in infer instanceof interface keyof let namespace new null of readonly return satisfies set static super switch this throw true try type typeof undefined var void while yield".split(
    " ",
  ),
)
/** Names as often as they are words of the language: they are that before a name. */
const soft = new Set([
  "as",
  "async",
  "enum",
  "from",
  "get",
  "infer",
  "interface",
  "keyof",
  "namespace",
  "of",
  "readonly",
  "satisfies",
  "set",
  "type",
])
const values = new Set(["this", "super", "null", "true", "false", "undefined"])

const command = /^\s*\.[a-z]+(?![\w(])/
const comment = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y
const quoted = /(["'])(?:\\[\s\S]|(?!\1)[^\\\n])*\1?/y
const number = /0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?/y
const word = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy
const pattern = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const template = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y
const blank = /\s+/y

let newest: { readonly cell: string; readonly lines: readonly (readonly Span[])[] } | undefined

/** The cell's lines, each in parts of one colour; together they are the cell. */
export function spansOf(cell: string): readonly (readonly Span[])[] {
  if (newest?.cell === cell) return newest.lines
  const lines = linesOf(cell.length > longest ? [{ text: cell, kind: "plain" }] : tokensOf(cell))
  newest = { cell, lines }
  return lines
}

/** From `from` up to `to`, by characters of the line. */
export function cut(spans: readonly Span[], from: number, to = Number.POSITIVE_INFINITY): Span[] {
  let at = 0
  return spans.flatMap(({ text, kind }) => {
    const part = text.slice(Math.max(0, from - at), Math.max(0, to - at))
    at += text.length
    return part === "" ? [] : [{ text: part, kind }]
  })
}

const styles: Readonly<Record<SpanKind, (text: string) => string>> = {
  plain: text => text,
  keyword: colored("magenta"),
  text: colored("green"),
  number: colored("cyan"),
  comment: dim,
  command: colored("cyan"),
}

export function styleOfSpan(kind: SpanKind): (text: string) => string {
  return styles[kind]
}

function tokensOf(cell: string): Span[] {
  const spans: Span[] = []
  /** Braces open in each `${` that is. */
  const inside: number[] = []
  /** Of what came last a value may be divided; else a slash begins a pattern. */
  let value = false
  let at = 0
  const take = (length: number, kind: SpanKind) => {
    const text = cell.slice(at, at + length)
    const last = spans.at(-1)
    if (last?.kind === kind) spans[spans.length - 1] = { text: last.text + text, kind }
    else spans.push({ text, kind })
    at += length
  }
  const match = (form: RegExp) => {
    form.lastIndex = at
    return form.exec(cell)?.[0] ?? ""
  }
  const taken = (form: RegExp, kind: SpanKind) => {
    const found = match(form)
    if (found !== "") take(found.length, kind)
    return found !== ""
  }
  /** A template from here on, to its end or to the next expression in it. */
  const rest = () => {
    const text = match(template)
    if (text.endsWith("${")) inside.push(0)
    take(text.length, "text")
    value = !text.endsWith("${")
  }
  const dot = command.exec(cell)?.[0]
  if (dot !== undefined) take(dot.length, "command")
  while (at < cell.length) {
    const char = cell[at]!
    const depth = inside.length - 1
    if (taken(blank, "plain") || (char === "/" && taken(comment, "comment"))) continue
    if (((char === '"' || char === "'") && taken(quoted, "text")) || (/[\d.]/.test(char) && taken(number, "number"))) value = true
    else if (char === "/" && !value && taken(pattern, "text")) value = true
    else if (char === "`") {
      take(1, "text")
      rest()
    } else if (depth >= 0 && char === "}" && inside[depth] === 0) {
      inside.pop()
      take(1, "text")
      rest()
    } else {
      const name = match(word)
      const isKeyword =
        name !== "" && isWordOfLanguage(name, cell.slice(Math.max(0, at - 20), at), cell.slice(at + name.length, at + name.length + 20))
      if (depth >= 0 && char === "{") inside[depth]!++
      if (depth >= 0 && char === "}") inside[depth]!--
      take(name.length || String.fromCodePoint(cell.codePointAt(at)!).length, isKeyword ? "keyword" : "plain")
      value = name === "" ? /[)\]}]/.test(char) : !isKeyword || values.has(name)
    }
  }
  return spans
}

function isWordOfLanguage(name: string, before: string, after: string): boolean {
  if (!keywords.has(name) || /(?:^|[^.])\.\s*$/.test(before)) return false
  return !soft.has(name) || /^\s*[\p{ID_Start}$_{*"']/u.test(after)
}

function linesOf(spans: readonly Span[]): Span[][] {
  const lines: Span[][] = [[]]
  for (const { text, kind } of spans)
    text.split("\n").forEach((part, i) => {
      if (i > 0) lines.push([])
      if (part !== "") lines.at(-1)!.push({ text: part, kind })
    })
  return lines
}
