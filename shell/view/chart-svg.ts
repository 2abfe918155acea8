/**
 * A specification of Vega-Lite drawn as a picture, by Vega. To load Vega takes a quarter of a second and more, so this file is imported when
 * there is something to draw (`chart-file.ts`, `page.ts`).
 */
import * as vega from "vega"
import { compile, type TopLevelSpec } from "vega-lite"
import { formatNumber } from "./number.js"
import type { VegaLite } from "./vega-lite.js"
import { cellWidth } from "./width.js"

const [ink, grey, pale] = ["#222", "#888", "#e5e5e5"]

/** Quiet: the data is what is seen. */
const config = {
  background: "#fff",
  padding: 12,
  numberFormat: ",~f",
  title: { anchor: "start", frame: "bounds", fontSize: 14, fontWeight: "normal", color: ink, subtitleColor: grey },
  view: { stroke: null },
  axis: { labelColor: ink, labelFontSize: 11, titleColor: grey, titleFontSize: 11, titleFontWeight: "normal", gridColor: pale },
  axisY: { domain: false, ticks: false, labelPadding: 8 },
  axisXTemporal: { grid: false, tickCount: 7 },
  axisXQuantitative: { tickCount: 8 },
  line: { strokeWidth: 1.6, strokeJoin: "round" },
  point: { size: 16 },
  text: { color: grey, fontSize: 11 },
} as const

/** Numbers as the shell shows them. */
const locale = {
  number: { decimal: ".", thousands: formatNumber(1000).slice(1, 2), grouping: [3], currency: ["", ""] as [string, string] },
}

// Exported for such as have no canvas, but not by its types.
const { textMetrics } = vega as unknown as { textMetrics: { width(item: Measured, text: unknown): number } }
// Without a canvas, and so that there is the same picture where there is one: letters without serifs are about this wide.
textMetrics.width = (item, text) => {
  const width = cellWidth(String(text ?? "").trim()) * (item.fontSize ?? 11) * 0.58
  return item.limit !== undefined && item.limit > 0 ? Math.min(item.limit, width) : width
}

interface Measured {
  readonly fontSize?: number
  readonly limit?: number
}

/** The same text for the same specification. Ends with a new line; an element a line, so that a difference is seen as such. */
export async function svgOf(specification: VegaLite): Promise<string> {
  const log = new Log()
  const { spec } = compile(specification as unknown as TopLevelSpec, { config: config as object, logger: log })
  const view = new vega.View(vega.parse(spec), { renderer: "none", locale, logger: log } as object)
  try {
    const svg = await view.toSVG().catch(error => {
      throw log.failure ?? error
    })
    if (log.failure !== undefined) throw log.failure
    return `${svg.replace(/>(?=<\/?(?:g|path|line|rect|text)\b)/g, ">\n")}\n`
  } finally {
    view.finalize()
  }
}

/** Vega says on the console what went wrong, where a screen may be. */
class Log {
  failure: Error | undefined

  error(...parts: readonly unknown[]): this {
    this.failure ??= parts[0] instanceof Error ? parts[0] : new Error(parts.join(" "))
    return this
  }

  level(): number {
    return vega.Error
  }

  warn(): this {
    return this
  }

  info(): this {
    return this
  }

  debug(): this {
    return this
  }
}
