/** The cells of a file that a session runs: those of a notebook, or a text's statements. */
import { readFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"
import { parseNotebook } from "../notebook/document.js"
import { isJupyter, pageOf } from "../notebook/ipynb.js"

export interface LoadedCell {
  readonly code: string
  /** It is there to fail. */
  readonly throws: boolean
  /** Said before it runs: which one it is, since what it shows stands alone. Absent: nothing. */
  readonly title?: string
}

export const isNotebook = (path: string): boolean => /\.(md|ipynb)$/.test(path)

/** @param cellsOf cuts a text into cells. Throws a RivuletError of code 2 for a file that is not there, or no notebook. */
export function loadedCells(path: string, cellsOf: (text: string) => readonly string[]): LoadedCell[] {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    throw new RivuletError(`no such file: ${path}`, { code: 2, try: ".load cells.ts, .load cells.md" })
  }
  if (!isNotebook(path)) return cellsOf(text).map(code => ({ code, throws: false }))
  const { parts } = parseNotebook(pageOf(text, path), path)
  return parts
    .filter(part => part.kind === "cell")
    .map(({ code, throws, line }) => ({ code, throws, title: `${isJupyter(path) ? path : `${path}:${line}`}  ${headOf(code)}` }))
}

function headOf(code: string): string {
  const lines = code.trim().split("\n")
  return lines.length === 1 ? lines[0]! : `${lines[0]} …`
}
