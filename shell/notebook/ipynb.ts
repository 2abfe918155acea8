/** Jupyter's file format (nbformat 4.5) and a notebook's Markdown, either way. Cells and outputs keep their text; a picture is not kept. */

import { createHash } from "node:crypto"
import { RivuletError } from "../../engine/errors.js"
import { outputBlock, parseNotebook } from "./document.js"

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
  const throws = cell.metadata?.tags?.includes("raises-exception") ? " throws" : ""
  const ticks = /^```/m.test(source) ? "````" : "```"
  const output = (cell.outputs ?? [])
    .map(textOf)
    .join("")
    .replace(/^\n+|\n+$/g, "")
  return `${ticks}ts${throws}\n${source}${ticks}\n${output === "" ? "" : outputBlock(output)}`
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
    const data = part.output === null ? [] : [outputOf(part.output, part.throws)]
    const metadata = part.throws ? { tags: ["raises-exception"] } : {}
    return [{ cell_type: "code", execution_count: null, id, metadata, outputs: data, source: lined(part.code) }]
  })
  const metadata = {
    kernelspec: { display_name: "Rivulet", language: "typescript", name: "rivulet" },
    language_info: { name: "typescript", file_extension: ".ts" },
    rivulet: settings,
  }
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`
}

function outputOf(text: string, throws: boolean): object {
  return throws
    ? { output_type: "error", ename: "Error", evalue: text, traceback: [text] }
    : { output_type: "execute_result", execution_count: null, metadata: {}, data: { "text/plain": lined(text) } }
}
