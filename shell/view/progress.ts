/** How far a question is that takes long: a bar, its tasks, and what is left by what it took so far. */

const barCells = 12

export interface Progress {
  readonly done: number
  /** Of those that are known by now. */
  readonly of: number
  readonly elapsedMs: number
}

export function progressOf({ done, of, elapsedMs }: Progress): string {
  const full = of === 0 ? 0 : Math.floor((done / of) * barCells)
  const bar = `${"█".repeat(full)}${"░".repeat(barCells - full)}`
  // The first task tells nothing yet of the others.
  const rest = done < 2 || done >= of ? "" : ` · about ${span((elapsedMs * (of - done)) / done)} more`
  return `${bar} ${done} of ${of} tasks · ${span(elapsedMs)}${rest}`
}

function span(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
