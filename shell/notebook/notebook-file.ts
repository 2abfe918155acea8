/** A notebook as it lies on disk, in Markdown or in Jupyter's format: read, and written again with what its cells showed. */
import { readFileSync, writeFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"
import { type Cell, type Notebook, parseNotebook, renderNotebook } from "./document.js"
import { isJupyter, pageOf, withOutputs } from "./ipynb.js"
import { type Page, under, writePicture } from "./rendered.js"
import type { CellOutcome } from "./run-cells.js"

export interface NotebookFile {
  readonly path: string
  /** As it was read. */
  readonly text: string
  readonly notebook: Notebook
  readonly cells: readonly Cell[]
}

/** A notebook's text. Throws a RivuletError of code 2 for a file that cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT"
    const what = missing ? `no such file: ${path}` : `cannot read ${path}: ${(error as Error).message}`
    throw new RivuletError(what, { code: 2, try: "give the path of a .md or .ipynb notebook", cause: error })
  }
}

/** Throws a RivuletError of code 2 for a file that cannot be read, or is no notebook that runs. */
export function readNotebook(path: string): NotebookFile {
  const text = readText(path)
  const notebook = parseNotebook(pageOf(text, path), path)
  return { path, text, notebook, cells: notebook.parts.filter((part): part is Cell => part.kind === "cell") }
}

/** Where a cell stands in the file; null in Jupyter's format, whose lines nobody reads. */
export function lineOf(path: string, cell: Cell): number | null {
  return isJupyter(path) ? null : cell.line
}

/** Writes the pictures, and the outputs under the cells. */
export async function updateNotebook(
  { path, text, notebook, cells }: NotebookFile,
  outcomes: readonly CellOutcome[],
  page: Page,
): Promise<void> {
  for (const [i, cell] of cells.entries()) await writePicture(cell, outcomes[i]!, page)
  const below = cells.map((cell, i) => under(cell, outcomes[i]!))
  const renewed = cells.map((cell, i) => ({ ...cell, ...below[i]! }))
  writeFileSync(path, isJupyter(path) ? withOutputs(text, renewed) : renderNotebook(notebook, below))
}
