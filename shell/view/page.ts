/** What a page shows of a value in place of the terminal's text. */
import { type Chart, chartByItself } from "./chart.js"
import { dated } from "./chart-file.js"
import { valueHtml } from "./html.js"
import { isKept, type VegaLite, vegaLite } from "./vega-lite.js"

export interface PageView {
  readonly html: string | undefined
  /** Of what is drawn, for pages that rather draw it themselves. Jupyter's prefer the HTML. */
  readonly vegaLite?: VegaLite
}

/** Rows as a table; numbers over time and histograms drawn. */
export async function pageView(value: unknown, tz: string): Promise<PageView> {
  const chart = chartByItself(value)
  return chart === undefined ? { html: valueHtml(value) } : drawing(chart, "", tz)
}

export async function drawing(chart: Chart, title: string, tz: string): Promise<PageView> {
  const specification = vegaLite(chart, title, dated(tz))
  const { svgOf } = await import("./chart-svg.js")
  return { html: await svgOf(specification), ...(isKept(chart) && { vegaLite: specification }) }
}
