/**
 * What can be drawn, and how: numbers over time as a line, amounts by name as bars. Rows of text for the terminal; for files and
 * pages see `vega-lite.ts`.
 */
import { isSeries } from "../host/answers.js"
import { formatNumber } from "./number.js"
import { cellText, pad } from "./table.js"
import { cellWidth } from "./width.js"

export type Chart =
  /** `times`: epoch ms of each value, where they have times. What is not finite is a gap. */
  | { readonly kind: "line"; readonly values: readonly number[]; readonly times?: readonly number[] }
  | { readonly kind: "bars"; readonly rows: readonly Bar[] }

export interface Bar {
  readonly label: string
  readonly value: number
}

type Bucket = readonly [from: number, to: number, n: number]

/** `[from, to, n]`, each beginning where the one before ends: what `histogram` gives. */
export function isHistogram(value: unknown): boolean {
  return Array.isArray(value) && value.length > 1 && value.every((row, i) => isBucket(row) && (i === 0 || row[0] === value[i - 1]?.[1]))
}

function isBucket(row: unknown): row is Bucket {
  if (!Array.isArray(row) || row.length !== 3 || !row.every(part => typeof part === "number")) return false
  const [from, to, n] = row as unknown as Bucket
  return from <= to && Number.isInteger(n)
}

/** Undefined for what is neither numbers nor amounts by name. A series of rows is drawn as of its last version. */
export function chartOf(value: unknown, cell: (key: unknown) => string = cellText): Chart | undefined {
  if (isSeries(value)) {
    const entries = [...value]
    if (entries.length === 0 || !entries.every(entry => isNumeric(entry.value))) return chartOf(value.last, cell)
    return { kind: "line", values: entries.map(entry => Number(entry.value)), times: entries.map(({ interval }) => interval.from) }
  }
  const rows = value instanceof Map ? [...value] : value
  if (!Array.isArray(rows) || rows.length === 0) return undefined
  if (isHistogram(rows)) return { kind: "bars", rows: histogramBars(rows as Bucket[]) }
  if (rows.every(isNumeric)) return { kind: "line", values: rows.map(Number) }
  if (rows.every(row => Array.isArray(row) && row.length === 2 && isNumeric(row[1])))
    return { kind: "bars", rows: (rows as [unknown, number | bigint][]).map(([key, n]) => ({ label: cell(key), value: Number(n) })) }
  return undefined
}

/** What is drawn without being asked for, where pictures can be shown: more than one number over time, or a histogram. */
export function chartByItself(value: unknown): Chart | undefined {
  const isLine = isSeries(value) && value.length > 1 && value.values().every(isNumeric)
  return isLine || isHistogram(value) ? chartOf(value) : undefined
}

function isNumeric(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint"
}

/** Half-open but for the last. */
function histogramBars(buckets: readonly Bucket[]): Bar[] {
  const ends = [...buckets.map(([from]) => from), buckets.at(-1)![1]].map(edge => formatNumber(edge))
  const left = Math.max(...ends.slice(0, -1).map(cellWidth))
  const right = Math.max(...ends.slice(1).map(cellWidth))
  return buckets.map(([, , n], i) => ({
    label: `${ends[i]!.padStart(left)} – ${ends[i + 1]!.padStart(right)}${i === buckets.length - 1 ? " ]" : " )"}`,
    value: n,
  }))
}

export interface ChartSize {
  readonly width: number
  /** Of a line. */
  readonly height: number
  /** Of bars; more are counted. */
  readonly maxRows: number
  readonly formatTime: (ms: number) => string
}

/** Rows of text, none wider than `width`. */
export function chartLines(chart: Chart, size: ChartSize): string[] {
  return chart.kind === "bars" ? barLines(chart.rows, size.width, size.maxRows) : lineLines(chart, size)
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

/** Each beside its amount; the longest takes what is left. Amounts below nothing are drawn by their size, with their sign in the number. */
export function barLines(rows: readonly Bar[], width: number, maxRows: number): string[] {
  const shown = rows.slice(0, maxRows)
  const numbers = shown.map(({ value }) => formatNumber(value))
  const labelWidth = Math.min(Math.max(8, Math.floor(width * 0.4)), Math.max(...shown.map(({ label }) => cellWidth(label))))
  const numberWidth = Math.max(...numbers.map(cellWidth))
  const room = Math.max(4, width - 2 - labelWidth - 2 - numberWidth - 2)
  const greatest = Math.max(...shown.map(({ value }) => (Number.isFinite(value) ? Math.abs(value) : 0)))
  const lines = shown.map(({ label, value }, i) =>
    `  ${pad(label, labelWidth, false)}  ${numbers[i]!.padStart(numberWidth)}  ${bar(value, greatest, room)}`.trimEnd(),
  )
  return rows.length > shown.length ? [...lines, `  … ${formatNumber(rows.length - shown.length)} more`] : lines
}

function bar(value: number, greatest: number, room: number): string {
  if (!Number.isFinite(value) || value === 0 || greatest === 0) return ""
  // What is not nothing is seen.
  const parts = Math.max(1, Math.round((Math.abs(value) / greatest) * room * 8))
  return "█".repeat(Math.floor(parts / 8)) + eighths[parts % 8]
}

/** Dots of a Braille character: two across, four down. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

function lineLines({ values, times }: Extract<Chart, { kind: "line" }>, { width, height, formatTime }: ChartSize): string[] {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return ["  (no numbers)"]
  const [low, high] = extent(finite)
  const labels = [formatNumber(high), formatNumber(low)]
  const labelWidth = Math.max(...labels.map(cellWidth))
  const across = Math.max(4, width - labelWidth - 5)
  const down = Math.max(2, height)
  const cells = Array.from({ length: down }, () => new Uint8Array(across))
  const dot = (x: number, y: number) => {
    const row = cells[y >> 2]!
    row[x >> 1] = row[x >> 1]! | dots[x & 1]![y & 3]!
  }
  const points = Array.from({ length: across * 2 }, (_, x) => at(values, x / Math.max(1, across * 2 - 1)))
  const bottom = down * 4 - 1
  const y = (value: number) => (high === low ? bottom >> 1 : Math.round((1 - (value - low) / (high - low)) * bottom))
  points.forEach((value, x) => {
    if (!Number.isFinite(value)) return
    const here = y(value)
    const before = x > 0 && Number.isFinite(points[x - 1]) ? y(points[x - 1]!) : here
    for (let step = Math.min(before, here); step <= Math.max(before, here); step++) dot(x, step)
  })
  const lines = cells.map((row, i) => {
    const label = i === 0 ? labels[0]! : i === down - 1 && high !== low ? labels[1]! : ""
    const drawn = Array.from(row, bits => (bits === 0 ? " " : String.fromCharCode(0x2800 + bits))).join("")
    return `  ${label.padStart(labelWidth)} ${label === "" ? "│" : "┤"}${drawn}`.trimEnd()
  })
  const [left, right] = endLabels(values, times, formatTime)
  const blank = Math.max(1, across - left.length - right.length)
  return [
    ...lines,
    `  ${" ".repeat(labelWidth)} └${"─".repeat(across)}`,
    `  ${" ".repeat(labelWidth)}  ${left}${" ".repeat(blank)}${right}`,
  ]
}

/** What stands below the ends of a line: times, or how many values there are. */
function endLabels(
  values: readonly number[],
  times: readonly number[] | undefined,
  formatTime: (ms: number) => string,
): [left: string, right: string] {
  return times === undefined ? ["1", formatNumber(values.length)] : [formatTime(times[0]!), formatTime(times.at(-1)!)]
}

function extent(values: readonly number[]): [low: number, high: number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
}

/** The value at a share of the way, between its neighbours. */
function at(values: readonly number[], share: number): number {
  const place = share * (values.length - 1)
  const before = values[Math.floor(place)]!
  const after = values[Math.ceil(place)]!
  return before + (after - before) * (place - Math.floor(place))
}
