/**
 * A chart as a specification of Vega-Lite: data, drawn here by `chart-svg.ts`, and by Jupyter's pages, the Vega editor and others, so that who
 * reads the page can zoom, restyle or read off a value. How it looks is not said here but by who draws it.
 */
import type { Bar, Chart } from "./chart.js"
import { formatNumber } from "./number.js"

export type VegaLite = Readonly<Record<string, unknown>>

/** By which a page knows it. */
export const vegaLiteMime = "application/vnd.vegalite.v5+json"

/** Of an older version than the one that draws here: it says the same in both, and pages of today know it. */
const schema = "https://vega.github.io/schema/vega-lite/v5.json"

const [width, height, barStep] = [600, 240, 18]
/** Taller, a picture is no longer looked at. */
const mostBars = 1_000
/** A page keeps every value as text: of a longer line its picture alone is given. */
const mostKept = 5_000
/** Of so few each value is a dot on the line; one value alone has no line. */
const mostDots = 60

/** Whether a page should keep the specification beside the picture. */
export function isKept(chart: Chart): boolean {
  return chart.kind === "bars" || chart.values.length <= mostKept
}

/** @param formatTime a time with its date, as the session's zone says it; the axis then says the same. */
export function vegaLite(chart: Chart, title: string, formatTime: (ms: number) => string): VegaLite {
  return chart.kind === "bars" ? bars(chart.rows, title) : line(chart, title, formatTime)
}

function bars(all: readonly Bar[], title: string): VegaLite {
  const rows = all.slice(0, mostBars)
  const subtitle = rows.length < all.length ? `the first ${formatNumber(rows.length)} of ${formatNumber(all.length)}` : undefined
  // Bars of the same label are two bars.
  const values = rows.map(({ label, value }, row) => ({ row, label, value: finite(value), text: formatNumber(value) }))
  const labels = `[${values.map(({ label }) => JSON.stringify(label)).join(", ")}][datum.value]`
  return {
    $schema: schema,
    ...(title === "" && subtitle === undefined ? {} : { title: subtitle === undefined ? title : { text: title, subtitle } }),
    width,
    height: { step: barStep },
    data: { values },
    encoding: {
      y: { field: "row", type: "ordinal", title: null, axis: { labelExpr: labels, labelLimit: 300 } },
      x: { field: "value", type: "quantitative", title: null },
    },
    layer: [
      { mark: "bar", encoding: { description: { field: "label", type: "nominal" } } },
      {
        // Right of a bar that goes left, too: there are the labels.
        transform: [{ calculate: "max(0, datum.value)", as: "end" }],
        mark: { type: "text", align: "left", baseline: "middle", dx: 4, aria: false },
        encoding: { x: { field: "end", type: "quantitative" }, text: { field: "text", type: "nominal" } },
      },
    ],
  }
}

function line({ values, times }: Extract<Chart, { kind: "line" }>, title: string, formatTime: (ms: number) => string): VegaLite {
  const at = times === undefined ? undefined : clockTimes(times, formatTime)
  return {
    $schema: schema,
    ...(title === "" ? {} : { title }),
    width,
    height,
    data: { values: values.map((value, i) => ({ at: at === undefined ? i + 1 : at.values[i], value: finite(value) })) },
    mark: { type: "line", point: values.length <= mostDots, aria: false },
    encoding: {
      x:
        at === undefined
          ? { field: "at", type: "quantitative", title: null, scale: { zero: false, nice: false }, axis: { tickMinStep: 1 } }
          : { field: "at", title: at.ends, ...at.axis },
      // Of a thousand or so what moves is a few: an axis from nothing on would hide it.
      y: { field: "value", type: "quantitative", title: null, scale: { zero: false } },
    },
  }
}

/** What is not finite is a gap. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

/**
 * Times as the zone's clocks show them, said as if they were UTC's: who draws knows UTC and his own machine's zone, not the session's. Where
 * clocks are set back they show an hour twice: then UTC's own.
 */
function clockTimes(times: readonly number[], formatTime: (ms: number) => string) {
  const zoned = times.map(ms => `${formatTime(ms).replace(" ", "T")}Z`)
  const clock = zoned.map(text => Date.parse(text))
  const isClear = clock.every((ms, i) => !Number.isNaN(ms) && (i === 0 || ms >= clock[i - 1]!))
  const texts = isClear ? zoned : times.map(ms => new Date(ms).toISOString())
  const [first, last] = [texts[0]!, texts.at(-1)!].map(text => text.replace(/(\.000)?Z$/, "").split("T")) as [string[], string[]]
  const until = first[0] === last[0] ? last[1] : last.join(" ")
  return { ...axisOf(texts), ends: `${first.join(" ")} – ${until}${isClear ? "" : " UTC"}` }
}

/** Labels no finer than the axis is divided. Parts of a second are numbers: of times within one Vega draws a single tick. */
function axisOf(texts: readonly string[]): { readonly values: readonly (string | number)[]; readonly axis: object } {
  const spanMs = Date.parse(texts.at(-1)!) - Date.parse(texts[0]!)
  if (spanMs >= 8_000) return { values: texts, axis: { type: "temporal", scale: { type: "utc" }, axis: { format: timeFormat(spanMs) } } }
  const axis = { labelExpr: "utcFormat(datum.value, '%H:%M:%S.%L')", tickCount: 6, tickMinStep: 1 }
  return { values: texts.map(text => Date.parse(text)), axis: { type: "quantitative", scale: { zero: false, nice: false }, axis } }
}

function timeFormat(spanMs: number): string {
  if (spanMs < 5 * 60_000) return "%H:%M:%S"
  if (spanMs < 36 * 3_600_000) return "%H:%M"
  return spanMs < 5 * 24 * 3_600_000 ? "%m-%d %H:%M" : "%Y-%m-%d"
}
