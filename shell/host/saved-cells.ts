/** A session's cells as a program's file: what they declare is exported, and what they use of the library imported. */
import { writeFileSync } from "node:fs"
import { RivuletError } from "../../engine/errors.js"

const publicNames = [
  "readStream",
  "readHistory",
  "textFile",
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

/** Writes `cells`, as they are run. Throws a RivuletError (code 2) when it cannot be written or is there already. */
export function saveCells(path: string, cells: readonly string[]): void {
  try {
    writeFileSync(path, `import { ${sessionImports(cells)} } from "rivulet"\n\n${cells.map(exported).join("\n")}\n`, { flag: "wx" })
  } catch (error) {
    throw new RivuletError(`cannot write ${path}: ${(error as Error).message}`, {
      code: 2,
      try: "another name: an existing file is not overwritten",
    })
  }
}

function sessionImports(cells: readonly string[]): string {
  const text = cells.join("\n")
  return publicNames.filter(name => new RegExp(`\\b${name}\\(|\\b${name}\\b`).test(text)).join(", ")
}

function exported(cell: string): string {
  return cell.replace(/^(const|let) /, "export $1 ")
}
