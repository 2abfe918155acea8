/**
 * A notebook is a Markdown file: `ts` code blocks are cells, the `output` block after one is what it showed; below one marked `ts table` stands a
 * table, below `ts plot=x.svg` a picture. Whoever renders Markdown can show it; what is neither cell nor output is kept to the byte.
 */

import { marked, type Token, type Tokens } from "marked"
import { RivuletError } from "../../engine/errors.js"
import { defaults, parseSettings, type Settings } from "./settings.js"

export interface Cell {
  readonly kind: "cell"
  readonly code: string
  /** Of the code's first line in the file, from 1. */
  readonly line: number
  /** The cell is there to fail: its output is the error. */
  readonly throws: boolean
  readonly view: View
  /** What stands under it. Null: nothing. */
  readonly output: string | null
  /** Blank lines before the output. */
  readonly gap: string
  /** Below that: the Markdown of its table, or of the image that it drew. Null: none is there yet. */
  readonly shown: string | null
  /** The cell's block as it stands in the file. */
  readonly raw: string
}

/** How a cell's last value stands in the page. `file`: of the picture, from where the page lies. */
export type View = { readonly kind: "text" } | { readonly kind: "table" } | { readonly kind: "plot"; readonly file: string }

/** Anything else: kept as it is. */
export interface Prose {
  readonly kind: "prose"
  readonly raw: string
}

export interface Notebook {
  readonly settings: Settings
  /** The front matter as it stands in the file; empty: there is none. */
  readonly head: string
  /** Whether lines end as Windows ends them, and whether the file begins with a mark of its encoding. */
  readonly written: { readonly crlf: boolean; readonly mark: boolean }
  readonly parts: readonly (Cell | Prose)[]
}

/** A cell that its output may still follow, with the blank lines since. */
interface Open {
  readonly cell: Cell
  readonly gap: string
}

const fence = /^ {0,3}(`{3,}|~{3,})/

/** Throws a RivuletError of code 2 for front matter that cannot be, and for a block without end. `file` is for the message. */
export function parseNotebook(bytes: string, file: string): Notebook {
  const written = { crlf: /^[^\n]*\r\n/.test(bytes), mark: bytes.startsWith("\ufeff") }
  const text = bytes.replace(/^\ufeff/, "").replaceAll("\r\n", "\n")
  const front = /^---\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(text)
  const head = front?.index === 0 ? front[0] : ""
  const settings = head === "" ? defaults : parseSettings(front![1]!, file)
  const parts: (Cell | Prose)[] = []
  const prose = (raw: string): void => {
    const last = parts.at(-1)
    if (last?.kind === "prose") parts[parts.length - 1] = { kind: "prose", raw: last.raw + raw }
    else if (raw !== "") parts.push({ kind: "prose", raw })
  }
  let line = 1 + newlines(head)
  let open: Open | null = null
  const close = (): void => {
    if (open === null) return
    parts.push(open.cell)
    prose(open.gap)
    open = null
  }
  for (const token of ownLineEnds(marked.lexer(text.slice(head.length)))) {
    const { raw } = token
    const language = token.type === "code" && fence.test(raw) ? ((token as Tokens.Code).lang ?? "").trim().split(/\s+/) : null
    if (language !== null && /^(ts|typescript|output)$/.test(language[0]!) && !isClosed(raw))
      throw new RivuletError(`${file}:${line}: the block of ${language[0]} does not end`, {
        code: 2,
        try: "``` on a line of its own below it",
      })
    if (language !== null && /^(ts|typescript)$/.test(language[0]!) && !language.some(isNoCell)) {
      close()
      const view = viewOf(language, `${file}:${line}`)
      // The line end before the fence is not the code's; the lexer leaves it there after an empty line.
      const code = (token as Tokens.Code).text.replace(/\n$/, "")
      open = {
        cell: { kind: "cell", code, line: line + 1, throws: language.includes("throws"), view, output: null, gap: "", shown: null, raw },
        gap: "",
      }
    } else if (language?.[0] === "output" && open !== null && open.cell.output === null) {
      const { cell }: Open = open
      open = { cell: { ...cell, output: (token as Tokens.Code).text, gap: open.gap }, gap: "" }
      if (open.cell.view.kind === "text") close()
    } else if (open !== null && isShown(token, open.cell.view)) {
      const { cell }: Open = open
      open = { cell: { ...cell, shown: raw.trimEnd() }, gap: "" }
      close()
    } else if (token.type === "space" && open !== null) open = { cell: open.cell, gap: open.gap + raw }
    else {
      close()
      prose(raw)
    }
    line += newlines(raw)
  }
  close()
  return { settings, head, written, parts }
}

/**
 * It has a fence at its end, and none within that would begin another block: a fence that was forgotten makes one block of two and what lies
 * between them, which is then no cell, or an output to be written anew. Text that has such a line stands in a longer fence.
 */
function isClosed(block: string): boolean {
  const [first, ...lines] = block.trimEnd().split("\n")
  const [, ticks] = fence.exec(first!)!
  const [last, ...within] = lines.reverse()
  const begins = new RegExp(`^ {0,3}${ticks}[${ticks![0]}]*`)
  return last !== undefined && begins.test(last) && last.replace(begins, "").trim() === "" && !within.some(line => begins.test(line))
}

/** Throws a RivuletError of code 2 for a picture that would lie elsewhere than below the page. */
function viewOf(words: readonly string[], place: string): View {
  const plot = words.find(word => /^plot(=|$)/.test(word))
  if (plot === undefined) return { kind: words.includes("table") ? "table" : "text" }
  const file = plot.slice("plot=".length)
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)*\.svg$/.test(file))
    throw new RivuletError(`${place}: ${plot} names no picture`, { code: 2, try: "```ts plot=spike.svg, a file below the page" })
  return { kind: "plot", file }
}

/** The table or the image that belongs to a cell of this view. */
function isShown(token: Pick<Token, "type" | "raw">, view: View): boolean {
  if (view.kind === "table") return token.type === "table"
  if (view.kind === "text" || token.type !== "paragraph") return false
  const { tokens = [] } = token as Tokens.Paragraph
  return tokens.length === 1 && tokens[0]!.type === "image" && (tokens[0] as Tokens.Image).href === view.file
}

/** Of a fence's words: TypeScript that is shown, or is a file of its own. */
function isNoCell(word: string): boolean {
  return word === "skip" || word === "shown" || word.startsWith("file=")
}

const blocks = new Set(["code", "table", "paragraph"])

/** The lexer gives a block's line end now to it and now to the blank lines that follow: here it is the block's, and no other. */
export function ownLineEnds(tokens: readonly Token[]): Pick<Token, "type" | "raw">[] {
  const own: (Pick<Token, "type" | "raw"> & object)[] = []
  let owed = false
  for (const token of tokens) {
    const raw: string = owed && token.raw.startsWith("\n") ? token.raw.slice(1) : token.raw
    owed = false
    if (!blocks.has(token.type)) own.push({ ...token, raw })
    else {
      const block = raw.replace(/\n*$/, "\n")
      own.push({ ...token, raw: block })
      if (raw.length > block.length) own.push({ type: "space", raw: raw.slice(block.length) })
      owed = raw.length < block.length
    }
  }
  const last = own.at(-1)
  if (owed && last !== undefined && last.type !== "code") own[own.length - 1] = { ...last, raw: last.raw.slice(0, -1) }
  return own.filter(token => token.raw !== "")
}

function newlines(text: string): number {
  return text.split("\n").length - 1
}

/** What stands under a cell. Null: nothing. */
export interface Under {
  readonly output: string | null
  /** Markdown of a table or an image. */
  readonly shown: string | null
}

/** The file again, with this under its cells (by cell, in order). */
export function renderNotebook({ head, written, parts }: Notebook, under: readonly Under[]): string {
  let at = 0
  const text = parts
    .map(part => (part.kind === "prose" ? part.raw : part.raw + belowCell(under[at++] ?? { output: null, shown: null }, part.gap)))
    .join("")
  return `${written.mark ? "\ufeff" : ""}${written.crlf ? (head + text).replaceAll("\n", "\r\n") : head + text}`
}

/** `gap`: the blank lines before the output. */
export function belowCell({ output, shown }: Under, gap = ""): string {
  return `${output === null ? "" : gap + outputBlock(output)}${shown === null ? "" : `\n${shown}\n`}`
}

export function outputBlock(text: string): string {
  return fenced("output", text)
}

/** A block whose fence is longer than any in the text. `words`: what stands after its first fence. */
export function fenced(words: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/^ {0,3}(`{3,})/gm)].map(([, ticks]) => ticks!.length))
  const ticks = "`".repeat(longest + 1)
  return `${ticks}${words}\n${text === "" ? "" : `${text}\n`}${ticks}\n`
}
