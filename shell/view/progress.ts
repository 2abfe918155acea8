/** How far a question is that takes long: a bar, its tasks, and what is left by what it took so far, or the task that it waits for. */

const barCells = 12
/** A task that runs for most of the question's time says nothing of how long the others take. */
const longMs = 3_000

export interface Progress {
  readonly done: number
  /** Of those that are known by now. */
  readonly of: number
  readonly elapsedMs: number
  /** Of the tasks that run the one that has run longest; null: none runs. */
  readonly longest: { readonly worker: string; readonly ms: number } | null
}

export function progressOf(progress: Progress): string {
  const { done, of } = progress
  const full = of === 0 ? 0 : Math.floor((done / of) * barCells)
  return `${"█".repeat(full)}${"░".repeat(barCells - full)} ${progressText(progress)}`
}

/** The same without the bar. */
export function progressText(progress: Progress): string {
  const { done, of, elapsedMs } = progress
  const rest = restOf(progress)
  return `${done} of ${of} tasks · ${span(elapsedMs)}${rest === "" ? "" : ` · ${rest}`}`
}

function restOf({ done, of, elapsedMs, longest }: Progress): string {
  if (done >= of) return ""
  if (longest === null) return elapsedMs < longMs ? "" : "none runs: all cores are busy, or what it reads is on its way"
  if (longest.ms >= longMs && longest.ms >= elapsedMs / 2) return `one has run for ${span(longest.ms)} on ${longest.worker}`
  // The first task tells nothing yet of the others.
  return done < 2 ? "" : `about ${span((elapsedMs * (of - done)) / done)} more`
}

function span(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  return seconds < 100 ? `${seconds} s` : `${Math.round(seconds / 60)} min`
}
