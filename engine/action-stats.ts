/** stats(): exact, so that asking twice gives the same. */

/** API `Stats`. `stdev` is of the population, percentiles are by nearest rank; of nothing all but count and sum are NaN. */
export function statsOf(parts: readonly Float64Array[]) {
  const count = parts.reduce((n, part) => n + part.length, 0)
  const sorted = new Float64Array(count)
  let at = 0
  for (const part of parts) {
    sorted.set(part, at)
    at += part.length
  }
  let sum = 0
  for (const value of sorted) sum += value
  const mean = sum / count
  let squares = 0
  for (const value of sorted) squares += (value - mean) ** 2
  sorted.sort()
  const rank = (share: number) => (count === 0 ? Number.NaN : sorted[Math.max(0, Math.ceil(share * count) - 1)]!)
  const min = count === 0 ? Number.NaN : sorted[0]!
  return { count, sum, mean, stdev: Math.sqrt(squares / count), min, p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: rank(1) }
}
