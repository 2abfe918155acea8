/**
 * A chart as a specification of Vega-Lite: data that Jupyter's pages, the Vega editor and others draw, so that who reads the page can zoom,
 * restyle or read off a value. Nothing here draws: a file's own picture is `chart-svg.ts`'s.
 */
import type { Chart } from "./chart.js"

export type VegaLite = Readonly<Record<string, unknown>>

/** By which a page knows it. */
export const vegaLiteMime = "application/vnd.vegalite.v5+json"

/** A page keeps every value as text: of a longer line its picture alone is given. */
const mostValues = 5_000
const [width, height, barStep] = [600, 240, 18]

/** @param formatTime a time with its date, as the session's zone says it; the axis then says the same. Undefined for too many values. */
export function vegaLite(chart: Chart, title: string, formatTime: (ms: number) => string): VegaLite | undefined {
  const rows = chart.kind === "line" ? chart.values : chart.rows
  if (rows.length > mostValues) return undefined
  const head = { $schema: "https://vega.github.io/schema/vega-lite/v5.json", ...(title === "" ? {} : { title }), width }
  const amount = { field: "value", type: "quantitative", title: null }
  if (chart.kind === "bars") {
    // Bars of the same label are two bars.
    const values = chart.rows.map(({ label, value }, row) => ({ row, label, value: finite(value) }))
    const labels = `[${values.map(({ label }) => JSON.stringify(label)).join(", ")}][datum.value]`
    const y = { field: "row", type: "ordinal", title: null, axis: { labelExpr: labels, labelLimit: 300 } }
    return { ...head, height: { step: barStep }, data: { values }, mark: "bar", encoding: { y, x: amount } }
  }
  const { times } = chart
  const values = chart.values.map((value, i) => ({ at: times === undefined ? i + 1 : zoned(times[i]!, formatTime), value: finite(value) }))
  const x = times === undefined ? { type: "quantitative" } : { type: "temporal", scale: { type: "utc" } }
  return { ...head, height, data: { values }, mark: "line", encoding: { x: { field: "at", ...x, title: null }, y: amount } }
}

/** What is not finite is a gap. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/** The time as the zone's clocks show it, said as if it were UTC's: who draws it knows UTC and his own machine's zone, not the session's. */
function zoned(ms: number, formatTime: (ms: number) => string): string {
  return `${formatTime(ms).replace(" ", "T")}Z`
}
