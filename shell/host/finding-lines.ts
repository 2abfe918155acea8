/** A warning about a cell: one line, under the cell as it stands on the screen, or with the line of it that is meant. */
import type { Finding } from "../language/messages.js"
import type { StyledLine } from "../session-types.js"

/** `echo`: the cell has just been printed, behind so many columns, and nothing since: a caret can point at it. */
export function findingLines(
  cell: string,
  findings: readonly Finding[],
  echo: { readonly indent: number; readonly columns: number } | null,
  /** Others have begun since: nobody would look for its line below theirs. */
  isEarlier = false,
): StyledLine[] {
  if (isEarlier && findings.length > 0)
    return [{ text: "  of an earlier cell, by its types:", style: "dim" }, ...findingLines(cell, findings, null)]
  return findings.flatMap(({ at, message }): StyledLine[] => {
    const before = cell.slice(0, at).split("\n")
    const column = before.at(-1)!.length
    if (echo && !cell.includes("\n") && echo.indent + cell.length < echo.columns)
      return [{ text: `${" ".repeat(echo.indent + column)}^ ${message}`, style: "warning" }]
    const lead = `  ${before.length} │ `
    return [
      { text: `${lead}${cell.split("\n")[before.length - 1]}`, style: "dim" },
      { text: `${" ".repeat(lead.length - 2)}│ ${" ".repeat(column)}^ ${message}`, style: "warning" },
    ]
  })
}
