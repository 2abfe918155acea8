/** Numbers as people read them in a column: digits in groups of three, a thin gap between. */

export function formatNumber(value: number | bigint): string {
  if (typeof value === "bigint") return group(value.toString())
  if (!Number.isFinite(value)) return String(value)
  if (Object.is(value, -0)) return "-0"
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return group(String(value))
  const magnitude = Math.abs(value)
  if (magnitude >= 1e15 || magnitude < 1e-4) return value.toExponential(4)
  const text = magnitude >= 100 ? value.toFixed(1) : String(Number(value.toPrecision(6)))
  const [whole, fraction] = text.split(".") as [string, string | undefined]
  return fraction === undefined ? group(whole) : `${group(whole)}.${fraction}`
}

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, " ")
}

/** `12.4 MB`, in powers of 1,000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ["KB", "MB", "GB", "TB"]
  let size = bytes
  let unit = -1
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`
}

/** `2 000`, `20.0k`, `1.3M`: for rates on the status line. */
export function formatRate(perSecond: number): string {
  if (perSecond < 1000) return String(Math.round(perSecond))
  if (perSecond < 1e6) return `${(perSecond / 1000).toFixed(1)}k`
  return `${(perSecond / 1e6).toFixed(1)}M`
}

/** As `formatRate`, with a tenth of what is less than ten. */
export function aSecond(perSecond: number): string {
  return perSecond < 10 ? String(Number(perSecond.toFixed(1))) : formatRate(perSecond)
}
