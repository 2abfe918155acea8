/**
 * A session's cells as a file: a program of what its definitions need, or a notebook of all that was asked, with what was shown.
 */
import { RivuletError } from "../../engine/errors.js"
import { outputBlock } from "../notebook/document.js"
import { freeWords } from "./free-words.js"
import { writeNew } from "./kept-answers.js"

/** A cell that was run to its end. */
export interface RunCell {
  readonly text: string
  /** With `await` written out. */
  readonly written: string
  readonly declared: readonly string[]
  /** It made streams that have a name, or an output. */
  readonly defines: boolean
  /** What it showed, without stamps. */
  readonly output: string
}

const publicNames = [
  "readStream",
  "readHistory",
  "textFile",
  "parquetFile",
  "parallelize",
  "stream",
  "state",
  "union",
  "diff",
  "drained",
  "sum",
  "max",
  "min",
]

/** What it did, in a line. Throws a RivuletError of code 2 for another kind of file, or one that is there already. */
export function saveCells(path: string, cells: readonly RunCell[]): string {
  if (/\.md$/.test(path)) {
    writeNew(path, notebookOf(cells))
    return `${cells.length} cells with outputs in ${path}`
  }
  if (!/\.ts$/.test(path)) throw new RivuletError(`.save ${path}: neither .ts nor .md`, { code: 2, try: ".save cells.ts, .save cells.md" })
  const needed = neededCells(cells)
  if (needed.length === 0) throw new RivuletError("no stream was defined here", { code: 2, try: ".save cells.md keeps the questions" })
  writeNew(path, programOf(needed))
  return `${needed.length} of ${cells.length} cells in ${path}: what the definitions need`
}

/** The cells that define streams, and those that they are made of, in order. Of a name that was declared twice the last counts. */
export function neededCells(cells: readonly RunCell[]): RunCell[] {
  const wanted = new Set<string>()
  const declared = new Set<string>()
  const kept: RunCell[] = []
  for (const cell of [...cells].reverse()) {
    const fresh = cell.declared.filter(name => !declared.has(name))
    const needed = (cell.defines && (cell.declared.length === 0 || fresh.length > 0)) || fresh.some(name => wanted.has(name))
    for (const name of cell.declared) declared.add(name)
    if (!needed) continue
    kept.unshift(cell)
    for (const word of freeWords(cell.written)) wanted.add(word)
  }
  return kept
}

/** What cells declare is exported, and what they use of the library imported. */
export function programOf(cells: readonly RunCell[]): string {
  const own = new Set(cells.flatMap(({ declared }) => declared))
  const used = new Set(cells.flatMap(({ written }) => freeWords(written)))
  const names = publicNames.filter(name => used.has(name) && !own.has(name))
  const imports = names.length === 0 ? "" : `import { ${names.join(", ")} } from "rivulet"\n\n`
  return `${imports}${cells.map(({ written }) => exported(written)).join("\n")}\n`
}

function exported(cell: string): string {
  return cell.replace(/^(const|let) /, "export $1 ")
}

/** Each cell with what stood under it. */
export function notebookOf(cells: readonly RunCell[]): string {
  return cells
    .map(({ text, output }) => {
      const ticks = "`".repeat(Math.max(3, ...[...text.matchAll(/^`{3,}/gm)].map(([run]) => run.length + 1)))
      return `${ticks}ts\n${text}\n${ticks}\n${output === "" ? "" : outputBlock(output)}`
    })
    .join("\n")
}
