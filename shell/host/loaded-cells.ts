/** The cells of a file that a session runs: those of a notebook, or a text's statements. */
import { readFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"
import { parseNotebook } from "../notebook/document.js"
import { fromIpynb } from "../notebook/ipynb.js"

export interface LoadedCell {
  readonly code: string
  /** It is there to fail. */
  readonly throws: boolean
  /** Said before it runs: which one it is, since what it shows stands alone. Absent: nothing. */
  readonly title?: string
}

/** @param cellsOf cuts a text into cells. Throws a RivuletError of code 2 for a file that is not there, or no notebook. */
export function loadedCells(path: string, cellsOf: (text: string) => readonly string[]): LoadedCell[] {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    throw new RivuletError(`no such file: ${path}`, { code: 2, try: ".load cells.ts, .load cells.md" })
  }
  if (!/\.(md|ipynb)$/.test(path)) return cellsOf(text).map(code => ({ code, throws: false }))
  const { parts } = parseNotebook(path.endsWith(".ipynb") ? fromIpynb(text, path).text : text, path)
  return parts
    .filter(part => part.kind === "cell")
    .map(({ code, throws, line }) => ({ code, throws, title: `${path}:${line}  ${headOf(code)}` }))
}

function headOf(code: string): string {
  const lines = code.trim().split("\n")
  return lines.length === 1 ? lines[0]! : `${lines[0]} …`
}
