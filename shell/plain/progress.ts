/** What the plain shell says of a question that takes long: words without a bar, and seldom, for a screen reader reads every line. */

import { type Progress, progressText } from "../view/progress.js"

const firstMs = 1_000
const againMs = 10_000

/** To be told of each progress; calls `say` for what is worth a line. */
export function seldom(say: (text: string) => void): (progress: Progress) => void {
  let saidMs = Number.NEGATIVE_INFINITY
  let lastMs = 0
  return progress => {
    const { elapsedMs } = progress
    // Another question has begun.
    if (elapsedMs < lastMs) saidMs = Number.NEGATIVE_INFINITY
    lastMs = elapsedMs
    if (elapsedMs < firstMs || elapsedMs < saidMs + againMs) return
    saidMs = elapsedMs
    say(progressText(progress))
  }
}
