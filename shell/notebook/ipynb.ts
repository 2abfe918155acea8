/**
 * Jupyter's file format (nbformat 4.5) and a notebook's Markdown, either way. Cells and outputs keep their text; what a cell is marked to show
 * as is a tag of it, its table or image an output of Markdown. Pictures that only Jupyter has are not kept.
 */

import { createHash } from "node:crypto"
import { RivuletError } from "../../engine/errors.js"
import { type Cell, outputBlock, parseNotebook, type View } from "./document.js"

interface JupyterCell {
  readonly cell_type: string
  readonly source: string | readonly string[]
  readonly metadata?: { readonly tags?: readonly string[] }
  readonly outputs?: readonly JupyterOutput[]
}

interface JupyterOutput {
  readonly output_type: string
  readonly text?: string | readonly string[]
  readonly data?: Record<string, string | readonly string[]>
  readonly evalue?: string
}

const markdown = "text/markdown"
const joined = (text: string | readonly string[] | undefined): string =>
  text === undefined ? "" : typeof text === "string" ? text : text.join("")
const lined = (text: string): string[] => text.split(/(?<=\n)/)

/** Throws a RivuletError of code 2 if it is no notebook of format 4. */
export function fromIpynb(text: string, file: string): string {
  let notebook: { nbformat?: number; cells?: readonly JupyterCell[]; metadata?: { rivulet?: unknown } }
  try {
    notebook = JSON.parse(text)
  } catch (error) {
    throw new RivuletError(`${file} is no notebook: ${(error as Error).message}`, { code: 2, try: "a file that Jupyter has written" })
  }
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells))
    throw new RivuletError(`${file} is no notebook of format 4`, { code: 2, try: "open and save it in Jupyter" })
  const front = notebook.metadata?.rivulet === undefined ? "" : `---\nrivulet: ${JSON.stringify(notebook.metadata.rivulet)}\n---\n`
  return front + notebook.cells.map(markdownOf).join("\n")
}

function markdownOf(cell: JupyterCell): string {
  const source = joined(cell.source).replace(/\n*$/, "\n")
  if (cell.cell_type !== "code") return source
  const tags = cell.metadata?.tags ?? []
  const throws = tags.includes("raises-exception") ? " throws" : ""
  const view = tags.find(tag => tag === "table" || /^plot=/.test(tag))
  const ticks = /^```/m.test(source) ? "````" : "```"
  const shown = view === undefined ? undefined : cell.outputs?.find(output => output.data?.[markdown] !== undefined)
  const output = (cell.outputs ?? [])
    .filter(one => one !== shown)
    .map(textOf)
    .join("")
    .replace(/^\n+|\n+$/g, "")
  const below = shown === undefined ? "" : `\n${joined(shown.data![markdown]).trimEnd()}\n`
  return `${ticks}ts${throws}${view === undefined ? "" : ` ${view}`}\n${source}${ticks}\n${output === "" ? "" : outputBlock(output)}${below}`
}

function textOf(output: JupyterOutput): string {
  const text = output.output_type === "error" ? (output.evalue ?? "") : joined(output.text ?? output.data?.["text/plain"])
  return text === "" ? "" : text.replace(/\n*$/, "\n")
}

/** Deterministic: the same Markdown gives the same file. */
export function toIpynb(markdown: string, file: string): string {
  const { settings, parts } = parseNotebook(markdown, file)
  const cells = parts.flatMap((part, index) => {
    const id = createHash("sha256").update(`${index} ${part.raw}`).digest("hex").slice(0, 8)
    if (part.kind === "prose") {
      const source = part.raw.replace(/^---\n[\s\S]*?^---[ \t]*\n/m, index === 0 ? "" : "$&").trim()
      return source === "" ? [] : [{ cell_type: "markdown", id, metadata: {}, source: lined(source) }]
    }
    const tags = [...(part.throws ? ["raises-exception"] : []), ...tagsOf(part.view)]
    const metadata = tags.length > 0 ? { tags } : {}
    return [{ cell_type: "code", execution_count: null, id, metadata, outputs: outputsOf(part), source: lined(part.code) }]
  })
  const metadata = {
    kernelspec: { display_name: "Rivulet", language: "typescript", name: "rivulet" },
    language_info: { name: "typescript", file_extension: ".ts" },
    rivulet: settings,
  }
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`
}

function tagsOf(view: View): string[] {
  return view.kind === "text" ? [] : [view.kind === "plot" ? `plot=${view.file}` : view.kind]
}

function outputsOf({ output, shown, throws }: Cell): object[] {
  const result = (data: object) => ({ output_type: "execute_result", execution_count: null, metadata: {}, data })
  const error = (text: string) => ({ output_type: "error", ename: "Error", evalue: text, traceback: [text] })
  return [
    ...(output === null ? [] : [throws ? error(output) : result({ "text/plain": lined(output) })]),
    ...(shown === null ? [] : [result({ "text/plain": lined(shown), [markdown]: lined(shown) })]),
  ]
}
