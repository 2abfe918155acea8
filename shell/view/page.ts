/** What a page shows of a value in place of the terminal's text. */
import { type Chart, chartByItself } from "./chart.js"
import { dated } from "./chart-file.js"
import { chartSvg } from "./chart-svg.js"
import { valueHtml } from "./html.js"
import { type VegaLite, vegaLite } from "./vega-lite.js"

export interface PageView {
  readonly html: string | undefined
  /** Of what is drawn, for pages that rather draw it themselves. Jupyter's prefer the HTML. */
  readonly vegaLite?: VegaLite
}

/** Rows as a table; numbers over time and histograms drawn. */
export function pageView(value: unknown, tz: string): PageView {
  const chart = chartByItself(value)
  return chart === undefined ? { html: valueHtml(value) } : drawing(chart, "", tz)
}

export function drawing(chart: Chart, title: string, tz: string): PageView {
  const time = dated(tz)
  const specification = vegaLite(chart, title, time)
  return { html: chartSvg(chart, title, time), ...(specification && { vegaLite: specification }) }
}
