/** Of several words the one that may have been meant; undefined when none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const scored = names.map(name => ({ name, distance: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = scored.sort((a, b) => a.distance - b.distance)[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined
}

/** Levenshtein's, with two letters that changed places as one step. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const steps = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(swapped ? Math.min(steps, before[j - 2]! + 1) : steps)
    }
    before = row
    row = next
  }
  return row[b.length]!
}
