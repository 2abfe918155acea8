/** Two outputs side by side: the lines that only one has, as a diff shows them. */

/** Empty if they are the same. Lines in common are left out; at most `most` lines come back. */
export function differences(expected: string, actual: string, most = 20): string[] {
  if (expected === actual) return []
  const [old, now] = [expected === "" ? [] : expected.split("\n"), actual === "" ? [] : actual.split("\n")]
  // Longest common subsequence: outputs are short.
  const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(now.length + 1))
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      common[i]![j] = old[i] === now[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
  const lines: string[] = []
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      i++
      j++
    } else if (i < old.length && (j === now.length || common[i + 1]![j]! >= common[i]![j + 1]!)) lines.push(`- ${old[i++]}`)
    else lines.push(`+ ${now[j++]}`)
  }
  return lines.length > most ? [...lines.slice(0, most), `  … ${lines.length - most} more`] : lines
}
