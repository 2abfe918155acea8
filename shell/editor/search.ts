/** Search in the history of cells. */
import { Fzf } from "fzf"

/** Newest first; fuzzy when there is something to look for. */
export function searchCells(cells: readonly string[], query: string): string[] {
  const newestFirst = [...new Set([...cells].reverse())]
  if (query === "") return newestFirst.slice(0, 50)
  return new Fzf(newestFirst, { limit: 50 }).find(query).map((found: { item: string }) => found.item)
}
