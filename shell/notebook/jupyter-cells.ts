/** What a file of Jupyter's holds, looked at before it is believed. */
import { RivuletError } from "../../engine/errors.js"

/** Of a cell's metadata, what Markdown has and Jupyter has no place for. Absent: as usual. */
export interface Own {
  /** The blank lines before the cell, and after the last one. */
  readonly before?: string
  readonly after?: string
  /** Its block as it stands in the page. */
  readonly block?: string
  /** The blank lines before its output. */
  readonly gap?: string
}

type Text = string | readonly string[]

export interface JupyterCell {
  readonly cell_type: "code" | "markdown" | "raw"
  readonly source: Text
  readonly id?: string
  readonly execution_count?: number | null
  readonly metadata?: { readonly tags?: readonly string[]; readonly rivulet?: Own }
  readonly outputs?: readonly JupyterOutput[]
  readonly attachments?: object
}

export interface JupyterOutput {
  readonly output_type: string
  readonly text?: Text
  readonly data?: Record<string, Text>
  readonly evalue?: string
}

export interface Jupyter {
  readonly cells: readonly JupyterCell[]
  /** Of its code cells, in small letters. */
  readonly language: string
  readonly rivulet?: Record<string, unknown>
}

export const joined = (text: Text | undefined): string => (text === undefined ? "" : typeof text === "string" ? text : text.join(""))
export const lined = (text: string): string[] => (text === "" ? [] : text.split(/(?<=\n)/))

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean =>
  typeof value === "string" || (Array.isArray(value) && value.every(line => typeof line === "string"))

/** Throws a RivuletError of code 2 that says what is wrong with it, and in which cell. */
export function readJupyter(text: string, file: string): Jupyter {
  let notebook: unknown
  try {
    notebook = JSON.parse(text.replace(/^\ufeff/, ""))
  } catch (error) {
    throw new RivuletError(`${file} is no notebook: ${(error as Error).message}`, { code: 2, try: "a file that Jupyter has written" })
  }
  if (!isObject(notebook) || notebook.nbformat !== 4 || !Array.isArray(notebook.cells))
    throw new RivuletError(`${file} is no notebook of format 4`, { code: 2, try: "open and save it in Jupyter" })
  for (const [i, cell] of notebook.cells.entries()) {
    const wrong = wrongCell(cell)
    if (wrong !== undefined)
      throw new RivuletError(`${file} is no notebook: cell ${i + 1} ${wrong}`, { code: 2, try: "open and save it in Jupyter" })
  }
  const metadata = isObject(notebook.metadata) ? notebook.metadata : {}
  const { kernelspec, language_info, rivulet } = metadata
  const named = (isObject(language_info) && language_info.name) || (isObject(kernelspec) && kernelspec.language)
  const language = typeof named === "string" ? named.toLowerCase() : "typescript"
  return { cells: notebook.cells as JupyterCell[], language: language.replace(/[^\w+#-]/g, ""), ...(isObject(rivulet) && { rivulet }) }
}

function wrongCell(cell: unknown): string | undefined {
  if (!isObject(cell)) return "is no cell"
  if (!/^(code|markdown|raw)$/.test(String(cell.cell_type))) return `is of no kind that there is: ${String(cell.cell_type)}`
  if (!isText(cell.source)) return "has no source"
  const { metadata = {}, outputs = [] } = cell
  if (!isObject(metadata)) return "has metadata that are none"
  if (metadata.tags !== undefined && !(Array.isArray(metadata.tags) && isText(metadata.tags))) return "has tags that are no words"
  if (!Array.isArray(outputs) || !outputs.every(wellFormed)) return "has outputs that are none"
  return undefined
}

function wellFormed(output: unknown): boolean {
  if (!isObject(output) || typeof output.output_type !== "string") return false
  const { text = "", data = {} } = output
  // Of what is no text (JSON, say) nothing is read.
  return isText(text) && isObject(data) && ["text/plain", "text/markdown"].every(type => data[type] === undefined || isText(data[type]))
}

/** What a terminal would have shown, without its colours. */
export function textsOf(outputs: readonly JupyterOutput[] = []): string {
  const texts = outputs.map(output => {
    const text = output.output_type === "error" ? (output.evalue ?? "") : joined(output.text ?? output.data?.["text/plain"])
    return text === "" ? "" : text.replace(/\n*$/, "\n")
  })
  return texts
    .join("")
    .replace(/\u001b\[[0-9;]*m/g, "")
    .replace(/^\n+|\n+$/g, "")
}

/** What Markdown has no place for, a line each. */
export function left(cells: readonly JupyterCell[], language: string): string[] {
  const code = cells.filter(cell => cell.cell_type === "code")
  const outputs = code.flatMap(cell => cell.outputs ?? [])
  const pictures = outputs.filter(({ data = {} }) => Object.keys(data).some(type => type.startsWith("image/"))).length
  const pages = outputs.filter(({ data = {} }) => data["text/html"] !== undefined && data["text/plain"] === undefined).length
  const attached = cells.filter(({ attachments }) => attachments !== undefined && Object.keys(attachments).length > 0).length
  const of = (n: number, one: string, several: string) => (n === 0 ? [] : [n === 1 ? `1 ${one}` : `${n} ${several}`])
  return [
    ...(language === "typescript"
      ? []
      : of(code.length, `cell of ${language}: it is shown, not run`, `cells of ${language}: they are shown, not run`)),
    ...of(pictures, "picture that a cell drew is left out", "pictures that cells drew are left out"),
    ...of(pages, "output that is HTML alone is left out", "outputs that are HTML alone are left out"),
    ...of(attached, "cell with attached files: they are left out", "cells with attached files: they are left out"),
  ]
}
