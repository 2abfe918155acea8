/**
 * The names of csv columns, from the files: whoever says by `--timestamp` which column is the time means its name in the first line. Without
 * that a first line is a record like any other.
 */
import { RivuletError } from "../../engine/errors.js"
import { splitCsv } from "../../engine/format/csv.js"
import { linesOf, sampleOf } from "./input-sample.js"

/** Null: the first line of the first file that has one does not name the field. RivuletError (2) when another file begins otherwise. */
export function csvHeader(files: readonly string[], field: string, what: string): readonly string[] | null {
  let first: { readonly file: string; readonly line: string } | null = null
  for (const file of files) {
    const [line] = linesOf(sampleOf(file))
    if (line === undefined || line === "") continue
    if (first === null) {
      if (!namesIn(line).includes(field)) return null
      first = { file, line }
    } else if (line !== first.line)
      throw new RivuletError(`${what}: ${file} does not begin with the names that ${first.file} begins with: ${first.line.slice(0, 120)}`, {
        code: 2,
        try: "files of one kind; others are an input of their own",
      })
  }
  return first === null ? null : namesIn(first.line)
}

function namesIn(line: string): string[] {
  try {
    return splitCsv(line)
  } catch {
    return []
  }
}
