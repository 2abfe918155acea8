/**
 * Jupyter's file format (nbformat 4.5) and a notebook's Markdown, either way. There and back gives the same page: what Jupyter has no place for (a
 * fence's words, blank lines) is kept in the cells' metadata where it is not as usual. What a cell is marked to show as is a tag of it, its table
 * or image an output of Markdown. How its lines end, and what else is no part of a cell, the notebook's metadata keep. Adjacent cells of text are
 * parted by a comment. Cells of other languages are shown and not run.
 */

import { createHash } from "node:crypto"
import { RivuletError } from "../../engine/errors.js"
import { belowCell, type Cell, fenced, type Notebook, parseNotebook, type View } from "./document.js"
import { type JupyterCell, joined, left, lined, type Own, readJupyter, textsOf } from "./jupyter-cells.js"
import { piecesOf, separator } from "./prose-pieces.js"

const markdown = "text/markdown"

/** A cell as text, and how it stands to its neighbours. */
interface Written {
  readonly kind: "markdown" | "block"
  readonly text: string
  readonly own: Own
}

/** A page made of a file of Jupyter's. */
export interface FromJupyter {
  readonly text: string
  /** Of its code cells. */
  readonly language: string
  /** What of it has no place in Markdown, a line each. */
  readonly notes: readonly string[]
}

/** Throws a RivuletError of code 2 if it is no notebook of format 4. */
export function fromIpynb(text: string, file: string): FromJupyter {
  const { cells, language, rivulet } = readJupyter(text, file)
  const head = headOf(rivulet, file)
  const written = cells.map(cell => writtenOf(cell, language))
  const gaps = written.map((after, i) => fitting(after.own.before, gapBetween(written[i - 1], after, head), written[i - 1]))
  const last = written.at(-1)
  const end = last?.own.after ?? gapBetween(last, undefined, head)
  const page = head + written.map((one, i) => gaps[i] + one.text).join("") + end
  return { text: asItWas(page, rivulet), language, notes: left(cells, language) }
}

/**
 * A page that was made into Jupyter's format, in its own bytes: with its ends of lines and its mark of encoding; and one that Markdown reads
 * alike but that was written in yet another way is kept whole, for as long as its cells are what they were.
 */
function asItWas(page: string, { crlf, mark, written, digest }: Record<string, unknown> = {}): string {
  if (typeof written === "string" && digest === digestOf(page)) return written
  return `${mark === true ? "\ufeff" : ""}${crlf === true ? page.replace(/\r?\n/g, "\r\n") : page}`
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex")

export const isJupyter = (path: string): boolean => path.endsWith(".ipynb")

/** The page that a file holds, in either format, to be run. Throws a RivuletError of code 2 for a notebook of which no cell runs here. */
export function pageOf(text: string, path: string): string {
  if (!isJupyter(path)) return text
  const page = fromIpynb(text, path)
  if (page.language !== "typescript")
    throw new RivuletError(`${path} is a notebook of ${page.language}: no cell of it runs here`, {
      code: 2,
      try: "a notebook of the kernel Rivulet, or a .md",
    })
  return page.text
}

/** Of the settings, unless they are still those that the page said in its own way. */
function headOf(rivulet: Record<string, unknown> | undefined, file: string): string {
  if (rivulet === undefined) return ""
  const { head, crlf, mark, written, digest, ...settings } = rivulet
  const said = Object.keys(settings).length === 0 ? "" : `---\nrivulet: ${JSON.stringify(settings)}\n---\n`
  if (typeof head !== "string") return said
  const same = (page: string) => JSON.stringify(parseNotebook(page, file).settings)
  return same(head) === same(said) ? head : said
}

/** What stands between two cells (`undefined`: the page's begin or end) unless something else is said. */
function gapBetween(before: Written | undefined, after: Written | undefined, head: string): string {
  const blank = before === undefined ? "" : before.kind === "markdown" ? "\n\n" : "\n"
  if (after === undefined) return blank.slice(1)
  const taken = before === undefined ? head === "" && after.text.startsWith("---") : wouldMerge(before, after)
  return taken ? `${blank}${separator}\n\n` : blank
}

/** With blank lines alone between them they are one text, or the second would count as what stands under the first. */
function wouldMerge(before: Written, after: Written): boolean {
  if (after.kind !== "markdown") return false
  return before.kind === "markdown" || !shapeOf(`${before.text}\n${after.text}\n`).startsWith(shapeOf(before.text).slice(0, -1))
}

/** The blank lines before a cell that were there, if they still part what they part: cells may have been moved. */
function fitting(kept: string | undefined, usual: string, before: Written | undefined): string {
  if (kept === undefined || (before?.kind === "markdown" && !kept.startsWith("\n"))) return usual
  return before !== undefined && usual.includes(separator) && !kept.includes(separator) ? usual : kept
}

function writtenOf(cell: JupyterCell, language: string): Written {
  const source = joined(cell.source)
  const own = cell.metadata?.rivulet ?? {}
  if (cell.cell_type === "markdown") return { kind: "markdown", text: asProse(source), own }
  if (cell.cell_type === "raw") return { kind: "block", text: fenced("raw", source), own }
  if (language !== "typescript") {
    const output = textsOf(cell.outputs)
    return { kind: "block", text: fenced(language, source) + (output === "" ? "" : fenced("output", output)), own }
  }
  const tags = cell.metadata?.tags ?? []
  const view = tags.find(tag => tag === "table" || /^plot=/.test(tag))
  const words = ["ts", ...(tags.includes("raises-exception") ? ["throws"] : []), ...(view === undefined ? [] : [view])]
  const shown = view === undefined ? undefined : cell.outputs?.find(output => output.data?.[markdown] !== undefined)
  const output = textsOf(cell.outputs?.filter(one => one !== shown))
  const usual = fenced(words.join(" "), source)
  const below = { output: output === "" ? null : output, shown: shown === undefined ? null : joined(shown.data![markdown]).trimEnd() }
  return { kind: "block", text: blockOf(own.block, usual) + belowCell(below, own.gap), own }
}

/** As it stood in its page, if that still says what the cell is. */
function blockOf(own: string | undefined, usual: string): string {
  return own !== undefined && shapeOf(own) === shapeOf(usual) ? own : usual
}

/** What a page's cells are, and what stands under them; empty: it is no page. */
function shapeOf(page: string): string {
  try {
    const { parts } = parseNotebook(page, "")
    return JSON.stringify(
      parts.flatMap(part => (part.kind === "cell" ? [[part.code, part.throws, part.view, part.output, part.shown]] : [])),
    )
  } catch {
    return ""
  }
}

/** A cell's Markdown in a page: a block without end ends with it, and what looks like a cell there is none. */
function asProse(source: string): string {
  const lines = source.replace(/^(?:[ \t]*\n)+|\n[ \t\n]*$/g, "").split("\n")
  let open: string | null = null
  for (const line of lines) {
    const [, ticks, words] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (ticks === undefined) continue
    if (open === null) open = ticks
    else if (ticks.startsWith(open) && words!.trim() === "") open = null
  }
  if (open !== null) lines.push(open)
  for (const part of parseNotebook(`\n${lines.join("\n")}\n`, "").parts)
    if (part.kind === "cell") lines[part.line - 3] = `${lines[part.line - 3]!.trimEnd()} skip`
  return lines.join("\n")
}

/** Deterministic: the same Markdown gives the same file. */
export function toIpynb(text: string, file: string): string {
  const notebook = parseNotebook(text, file)
  const { crlf, mark } = notebook.written
  const own = { ...(crlf && { crlf }), ...(mark && { mark }) }
  const plain = toJupyter(notebook, own)
  if (fromIpynb(plain, file).text === text) return plain
  const page = fromIpynb(toJupyter(notebook, {}), file).text
  return toJupyter(notebook, { ...own, written: text, digest: digestOf(page) })
}

/** `written`: what it keeps of how the page was written. */
function toJupyter(notebook: Notebook, written: object): string {
  const language = "typescript"
  const cells: (JupyterCell & { metadata: { rivulet?: Own } })[] = []
  let [gap, before]: [string, Written | undefined] = ["", undefined]
  const add = (cell: JupyterCell): void => {
    const after = writtenOf(cell, language)
    const own = gap === gapBetween(before, after, notebook.head) ? {} : { before: gap }
    const merged = { ...cell.metadata?.rivulet, ...own }
    const id = createHash("sha256").update(`${cells.length} ${after.text}`).digest("hex").slice(0, 8)
    const { rivulet, ...metadata } = cell.metadata ?? {}
    cells.push({ ...cell, id, metadata: { ...metadata, ...(Object.keys(merged).length > 0 && { rivulet: merged }) } })
    gap = ""
    before = after
  }
  for (const part of notebook.parts)
    if (part.kind === "cell") add(jupyterCell(part))
    else
      for (const piece of piecesOf(part.raw))
        if (piece.kind === "gap") gap += piece.text
        else add({ cell_type: piece.kind, metadata: {}, source: lined(piece.text) })
  const last = cells.at(-1)
  if (last !== undefined && gap !== gapBetween(before, undefined, notebook.head))
    last.metadata.rivulet = { ...last.metadata.rivulet, after: gap }
  return `${JSON.stringify({ cells: cells.map(ordered), metadata: metadataOf(notebook, cells.length === 0 ? gap : "", written), nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`
}

/** `rest`: of a page without cells. */
function metadataOf({ head, settings }: Notebook, rest: string, written: object): object {
  return {
    kernelspec: { display_name: "Rivulet", language: "typescript", name: "rivulet" },
    language_info: { name: "typescript", file_extension: ".ts" },
    rivulet: { ...settings, head: head + rest, ...written },
  }
}

/** Keys as Jupyter writes them. */
function ordered({ cell_type, execution_count, id, metadata, outputs, source }: JupyterCell): object {
  return cell_type === "code" ? { cell_type, execution_count, id, metadata, outputs, source } : { cell_type, id, metadata, source }
}

function jupyterCell(cell: Cell): JupyterCell {
  const { code, throws, view, gap, raw } = cell
  const tags = [...(throws ? ["raises-exception"] : []), ...tagsOf(view)]
  const usual = fenced(["ts", ...(throws ? ["throws"] : []), ...tagsOf(view)].join(" "), code)
  const own = { ...(raw === usual ? {} : { block: raw }), ...(gap === "" ? {} : { gap }) }
  return {
    cell_type: "code",
    execution_count: null,
    metadata: { ...(tags.length > 0 && { tags }), rivulet: own },
    outputs: outputsOf(cell),
    source: lined(code),
  }
}

function tagsOf(view: View): string[] {
  return view.kind === "text" ? [] : [view.kind === "plot" ? `plot=${view.file}` : view.kind]
}

function outputsOf({ output, shown, throws }: Cell): NonNullable<JupyterCell["outputs"]> {
  const result = (data: Record<string, string[]>) => ({ output_type: "execute_result", execution_count: null, metadata: {}, data })
  const error = (text: string) => ({ output_type: "error", ename: "Error", evalue: text, traceback: [text] })
  return [
    ...(output === null ? [] : [throws ? error(output) : result({ "text/plain": lined(output) })]),
    ...(shown === null ? [] : [result({ "text/plain": lined(shown), [markdown]: lined(shown) })]),
  ]
}

/** The file with the outputs of these cells, all else of it (text, metadata) as it was. */
export function withOutputs(text: string, cells: readonly Cell[]): string {
  const notebook = JSON.parse(text.replace(/^\ufeff/, "")) as { cells: JupyterCell[] }
  let at = 0
  const renewed = notebook.cells.map(cell => (cell.cell_type === "code" ? { ...cell, outputs: outputsOf(cells[at++]!) } : cell))
  return `${JSON.stringify({ ...notebook, cells: renewed }, null, 1)}\n`
}
