/** The text of a stream's expression, as one would write it again: from the cell that declared it, or the line that a definition remembers. */
import { cellsOf } from "../evaluator/complete-cell.js"

/** `const counts = views.map(…)`, with `export` and a type or without: the part behind the `=`. Undefined: it declares something else. */
export function expressionOf(text: string, name: string): string | undefined {
  const escaped = name.replaceAll("$", "\\$")
  const declares = new RegExp(`^(?:\\s*//[^\\n]*\\n)*\\s*(?:export\\s+)?(?:const|let|var)\\s+${escaped}\\s*(?::[^=]+)?=(?![=>])\\s*`)
  const statement = [...cellsOf(text)].reverse().find(cell => declares.test(cell))
  return statement?.replace(declares, "").trimEnd().replace(/;$/, "").trimEnd()
}

/** The newest cell that declares it goes before the line that the definition remembers (of a chain over several lines, one of them). */
export function sourceOf(name: string, line: string, cells: readonly string[]): string {
  for (const cell of [...cells].reverse()) {
    const found = expressionOf(cell, name)
    if (found !== undefined) return found
  }
  return expressionOf(line, name) ?? line
}
