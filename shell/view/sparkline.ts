const bars = "▁▂▃▄▅▆▇█"

/** One character a share of 1. */
export function shareline(shares: readonly number[]): string {
  return shares.map(share => bars[Math.max(0, Math.min(bars.length - 1, Math.round(share * (bars.length - 1))))]).join("")
}

/** One character a value, scaled between the least and the greatest; a flat series is a low line. NaN is a gap. */
export function sparkline(values: readonly number[], width = values.length): string {
  const shown = values.length > width ? values.slice(-width) : values
  const finite = shown.filter(Number.isFinite)
  const low = Math.min(...finite)
  const high = Math.max(...finite)
  return shown
    .map(value => {
      if (!Number.isFinite(value)) return " "
      if (high === low) return bars[high === 0 ? 0 : 2]
      return bars[Math.min(bars.length - 1, Math.floor(((value - low) / (high - low)) * bars.length))]
    })
    .join("")
}
