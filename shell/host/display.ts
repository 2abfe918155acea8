/**
 * What the shell shows for a value: a stream's newest interval under a header, an RDD's first rows, a series as sparkline and
 * last value, rows as a table; under every answer its stamp. Gives plain lines; asking is the handles' business.
 */
import { handleData } from "../../engine/fluent/brand.js"
import type { RDD, Series, SnapshotDStream, Stamp, StateDStream, StreamInfo } from "../../engine/fluent/types.js"
import { formatTime, parseDuration } from "../../engine/time.js"
import { showValue } from "../../engine/values/values.js"
import { rowsOf } from "../cli/output.js"
import type { StyledLine } from "../session.js"
import { type Chart, chartLines, chartOf, isHistogram } from "../view/chart.js"
import { formatNumber } from "../view/number.js"
import { fieldLines, jsonLines, type RowMode } from "../view/rows-as.js"
import { sparkline } from "../view/sparkline.js"
import { stampLine } from "../view/stamp.js"
import { cellText, table, truncate } from "../view/table.js"
import { isRanked, isSeries, settled } from "./answers.js"
import { courseOf, type Numbers } from "./course.js"
import { isPanelWatch } from "./panel-watch.js"

export interface DisplayContext {
  /** False: answers are shown without them (notebooks). */
  readonly stamps?: boolean
  readonly tz: string
  readonly width: number
  readonly now: () => number
  /** Aborts the question behind the display. */
  readonly signal: AbortSignal
  /** How the rest of an answer is seen: a key, where there is a pager. */
  readonly rest?: string
  /** A table unless it says otherwise. */
  readonly mode?: RowMode
}

type ValueContext = Pick<DisplayContext, "tz" | "width" | "now" | "rest" | "mode">

const bareRows = 10
const answerRows = 20
const chartHeight = 10

/** An answer that came with a stamp, kept apart from its value until it is shown. */
export interface Stamped {
  readonly value: unknown
  readonly stamp: Stamp | undefined
}

/** What is shown, and the answer behind it: of a handle the rows that were asked for. */
export interface Shown {
  readonly lines: StyledLine[]
  readonly rows: readonly unknown[]
  readonly stamp: Stamp | undefined
}

export async function display(stamped: Stamped, context: DisplayContext): Promise<StyledLine[]> {
  return (await show(stamped, context)).lines
}

export async function show({ value, stamp }: Stamped, context: DisplayContext): Promise<Shown> {
  const handle = handleData(value)
  if (handle?.kind === "stream") return showStream(value as StateDStream<unknown, unknown>, context)
  if (handle?.kind === "rdd") return firstRows(value as RDD<unknown>, context)
  if (handle?.kind === "snapshots") return showSnapshots(value as { count(): Counting }, context)
  if (isPanelWatch(value)) return { lines: [{ text: "  .unwatch closes it", style: "dim" }], rows: [], stamp: undefined }
  const { lines, shown } =
    value === undefined && stamp ? { lines: [{ text: "  undefined" }], shown: undefined } : valueLines(value, context, answerRows)
  return { lines: stamp ? [...lines, stampOf(stamp, context, shown)] : lines, rows: rowsOf(value), stamp }
}

async function showStream(stream: StateDStream<unknown, unknown>, context: DisplayContext): Promise<Shown> {
  const info = await stream.info()
  const header: StyledLine = { text: streamHeader(info, context), style: "bold" }
  if (info.kind === "output") return { lines: [header], rows: [], stamp: undefined }
  const first = await firstRows((stream as SnapshotDStream<unknown>).latest(), context)
  const [newest, ...others] = first.rows
  const lines =
    info.kind === "records" && typeof newest === "number" && others.length === 0
      ? [await numberLine(stream as unknown as Numbers, parseDuration(info.interval), newest, context), ...first.lines.slice(1)]
      : first.lines
  return { ...first, lines: [header, ...lines] }
}

/** What has one number an interval, as a stream's `count()`: how it went of late. */
async function numberLine(stream: Numbers, intervalMs: number, newest: number, context: DisplayContext): Promise<StyledLine> {
  const text = `  ${formatNumber(newest)}`
  const course = await courseOf(stream, intervalMs, context.signal)
  if (course === null) return { text }
  const { numbers } = course
  const range = `last ${formatNumber(numbers.length)} intervals: ${formatNumber(Math.min(...numbers))} – ${formatNumber(Math.max(...numbers))}`
  const room = context.width - text.length - range.length - 8
  return { text: `${text}   ${sparkline(numbers, Math.max(8, Math.min(numbers.length, room)))}   ${range}` }
}

/** Rows of a bare handle: pairs with a number by the number then the key, all else in partition order. */
async function firstRows(rdd: RDD<unknown>, context: DisplayContext): Promise<Shown> {
  const taken = await settled(rdd.take(bareRows), context.signal)
  const ranked =
    taken.value.length > 0 && taken.value.every(isRanked)
      ? await settled((rdd as RDD<[unknown, number]>).top(bareRows), context.signal)
      : taken
  const { value: rows, stamp } = ranked
  const lines: StyledLine[] = rows.length === 0 ? [{ text: "  (no records)", style: "dim" }] : valueLines(rows, context, bareRows).lines
  return { lines: [...lines, ...stampUnder(stamp, context, await shownOf(rdd, rows.length, context))], rows, stamp }
}

/** So many of how many. Of a version only, which knows that without reading its rows; undefined: these are all, or it is not known. */
async function shownOf(rdd: RDD<unknown>, rows: number, context: DisplayContext): Promise<readonly [number, number] | undefined> {
  const data = handleData(rdd)
  if (rows < bareRows || context.stamps === false || data?.kind !== "rdd" || data.node.kind !== "version") return undefined
  const { value: all } = await settled(rdd.count(), context.signal)
  return all > rows ? [rows, all] : undefined
}

function stampUnder(stamp: Stamp, context: DisplayContext, shown?: readonly [number, number]): StyledLine[] {
  return context.stamps === false ? [] : [stampOf(stamp, context, shown)]
}

type Counting = Parameters<typeof settled<Series<number>>>[0]

async function showSnapshots(snapshots: { count(): Counting }, context: DisplayContext): Promise<Shown> {
  const { value: counts, stamp } = await settled(snapshots.count(), context.signal)
  if (counts.length === 0)
    return { lines: [...valueLines(counts, context, answerRows).lines, ...stampUnder(stamp, context)], rows: [], stamp }
  const lines: StyledLine[] = [
    { text: `${formatNumber(counts.length)} versions; an action gives one result a version: .count() .top(10) .last()`, style: "dim" },
    ...valueLines(counts, context, answerRows).lines,
  ]
  return { lines, rows: rowsOf(counts), stamp: undefined }
}

export function streamHeader(info: StreamInfo, context: Pick<DisplayContext, "tz" | "now">): string {
  const parts = [
    info.kind,
    info.interval,
    `${info.program}${info.owner !== info.program ? ` (${info.owner})` : ""}`,
    info.state,
    info.reaches > 0 ? `back to ${formatTime(info.reaches, context.tz, { nowMs: context.now() })}` : "nothing yet",
    info.keys === undefined ? "" : `${formatNumber(info.keys)} keys`,
  ]
  // What has no name of its own has only the place where it was made.
  const name = info.name.includes("@") ? info.name.replace(/@.*/, "()") : info.name
  return `${name}   ${parts.filter(part => part !== "").join(" · ")}`
}

export function stampOf(stamp: Stamp, context: Pick<DisplayContext, "tz" | "now">, shown?: readonly [number, number]): StyledLine {
  return { text: `  ${stampLine(stamp, { tz: context.tz, nowMs: context.now(), ...(shown ? { shown } : {}) })}`, style: "dim" }
}

/** `n   10 000`: a short value beside its name, rows below it. */
export function declaredLines(name: string, value: unknown, context: ValueContext): StyledLine[] {
  const { lines } = valueLines(value, context, bareRows)
  if (lines.length === 0) return [{ text: `${name}   undefined` }]
  return lines.length === 1 && !Array.isArray(value)
    ? [{ text: `${name}   ${lines[0]!.text.trim()}` }]
    : [{ text: name, style: "bold" }, ...lines]
}

interface ValueLines {
  readonly lines: StyledLine[]
  readonly shown?: readonly [shown: number, of: number]
}

export function valueLines(value: unknown, context: ValueContext, maxRows: number): ValueLines {
  if (value === undefined) return { lines: [] }
  if (isSeries(value)) return { lines: seriesLines(value, context) }
  const rows = value instanceof Map ? [...value] : value instanceof Set ? [...value] : value
  if (Array.isArray(rows)) {
    if (rows.length === 0) return { lines: [{ text: "  (none)", style: "dim" }] }
    const format = (time: Date) => timeOf(time.getTime(), context)
    if (context.mode === "line" || context.mode === "json") {
      const lines = context.mode === "json" ? jsonLines(rows, maxRows) : fieldLines(rows, maxRows, format)
      const shown = Math.min(rows.length, maxRows)
      return { lines: [...lines.map(text => ({ text })), ...moreLine(rows.length - shown, context)], shown: [shown, rows.length] }
    }
    if (isHistogram(rows)) return { lines: chartText(chartOf(rows)!, context) }
    const plainPairs = rows.every(row => Array.isArray(row) && row.length === 2 && !isObject(row[0]) && !isObject(row[1]))
    const text = table(rows, { width: context.width, maxRows, header: !plainPairs && rows.some(isObject), formatTime: format })
    const lines = [...text.lines.map(line => ({ text: line })), ...moreLine(text.total - text.shown, context)]
    return { lines, shown: [text.shown, text.total] }
  }
  if (typeof value === "number" || typeof value === "bigint") return { lines: [{ text: `  ${formatNumber(value)}` }] }
  if (typeof value === "function") return { lines: [{ text: `  ${truncate(value.toString().split("\n")[0]!, context.width - 4)}` }] }
  if (typeof value === "string") return { lines: [{ text: `  ${JSON.stringify(value)}` }] }
  if (value instanceof Date) return { lines: [{ text: `  ${value.toISOString()}` }] }
  return {
    lines: showValue(value, 4000)
      .split("\n")
      .map(line => ({ text: `  ${line}` })),
  }
}

function moreLine(more: number, { rest }: ValueContext): StyledLine[] {
  return more > 0 ? [{ text: `  … ${formatNumber(more)} more${rest ? ` · ${rest}` : ""}`, style: "dim" }] : []
}

function seriesLines(series: Series<unknown>, context: ValueContext): StyledLine[] {
  if (series.length === 0) return [{ text: "  (no versions)", style: "dim" }]
  const values = series.values()
  if (values.every(value => typeof value === "number" || value === undefined)) {
    const numbers = values.map(value => (typeof value === "number" ? value : Number.NaN))
    const first = numbers.find(Number.isFinite) ?? Number.NaN
    const spark = sparkline(numbers, Math.max(8, Math.min(60, context.width - 50)))
    return [
      {
        text: `  last ${cellText(values.at(-1))}   ${spark}   ${formatNumber(series.length)} versions: ${formatNumber(first)} → ${cellText(values.at(-1))}`,
      },
    ]
  }
  const last = valueLines(series.last, context, answerRows).lines
  return [{ text: `  ${formatNumber(series.length)} versions; the last:`, style: "dim" }, ...last]
}

/** A value as a chart, its keys as cells show them; undefined for what is none. */
export function drawnOf(value: unknown, context: ValueContext): Chart | undefined {
  return chartOf(value, key => cellText(key, { formatTime: time => timeOf(time.getTime(), context) }))
}

export function chartText(chart: Chart, context: ValueContext): StyledLine[] {
  const size = { width: context.width, height: chartHeight, maxRows: 2 * answerRows, formatTime: (ms: number) => timeOf(ms, context) }
  return chartLines(chart, size).map(text => ({ text }))
}

function timeOf(ms: number, { tz, now }: ValueContext): string {
  return formatTime(ms, tz, { nowMs: now() })
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(value instanceof Date)
}
