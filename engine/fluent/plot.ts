/** Numbers as a line of text. */

import type { Plot } from "./answer-types.js"

const bars = "▁▂▃▄▅▆▇█"

/** A bar a value, at most `width` (groups are averaged): from the least to the greatest; what is no number is a space. */
export function sparkline(values: readonly unknown[], width = 60): string {
  const numbers = shrink(values.map(asNumber), width)
  const present = numbers.filter(Number.isFinite)
  if (present.length === 0) return ""
  const low = present.reduce((a, b) => Math.min(a, b))
  const high = present.reduce((a, b) => Math.max(a, b))
  const bar = (n: number) => bars[high === low ? 0 : Math.min(7, Math.floor(((n - low) / (high - low)) * 8))]
  return numbers.map(n => (Number.isFinite(n) ? bar(n) : " ")).join("")
}

/** The line with its range: `▁▂▇█  412 – 2 514 904`. */
export function plotNumbers(values: readonly unknown[]): Plot {
  const present = values.map(asNumber).filter(Number.isFinite)
  const line = sparkline(values)
  if (line === "") return { toString: () => "(no numbers)" }
  const low = present.reduce((a, b) => Math.min(a, b))
  const high = present.reduce((a, b) => Math.max(a, b))
  return { toString: () => `${line}  ${low === high ? grouped(low) : `${grouped(low)} – ${grouped(high)}`}` }
}

/** Thousands apart by a space, as everywhere on the screen. */
function grouped(n: number): string {
  if (!Number.isInteger(n)) return String(Number(n.toPrecision(6)))
  const digits = String(Math.abs(n)).replace(/\B(?=(\d{3})+$)/g, " ")
  return n < 0 ? `-${digits}` : digits
}

function asNumber(value: unknown): number {
  if (typeof value === "number") return value
  return typeof value === "bigint" ? Number(value) : Number.NaN
}

function shrink(numbers: readonly number[], width: number): number[] {
  if (numbers.length <= width) return [...numbers]
  return Array.from({ length: width }, (_, i) => {
    const group = numbers.slice(Math.floor((i * numbers.length) / width), Math.floor(((i + 1) * numbers.length) / width))
    const present = group.filter(Number.isFinite)
    return present.length === 0 ? Number.NaN : present.reduce((a, b) => a + b, 0) / present.length
  })
}
