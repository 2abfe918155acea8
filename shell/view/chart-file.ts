/** A chart in a file: by its ending a picture, a page around it, or the specification alone. */
import { RivuletError } from "../../engine/errors.js"
import { formatTime } from "../../engine/time.js"
import type { Chart } from "./chart.js"
import { chartSvg } from "./chart-svg.js"
import { escaped } from "./html.js"
import { vegaLite, vegaLiteMime } from "./vega-lite.js"

/** What a name of such a file ends with. */
export const chartFileEnding = /\.(svg|html|vl\.json)$/

/** Throws a RivuletError of code 2 for another ending, or more values than a specification should hold. */
export function chartFile(path: string, chart: Chart, title: string, tz: string): string {
  const time = dated(tz)
  const svg = () => chartSvg(chart, title, time)
  const specification = vegaLite(chart, title, time)
  switch (chartFileEnding.exec(path)?.[1]) {
    case "svg":
      return svg()
    case "html":
      return chartPage(title, svg(), specification)
    case "vl.json":
      if (specification !== undefined) return `${JSON.stringify(specification, null, 1)}\n`
      throw new RivuletError(`${path}: too many values for a specification`, { code: 2, try: "a .svg, or a shorter range" })
    default:
      throw new RivuletError(`${path}: which kind of picture?`, { code: 2, try: "a name that ends with .svg, .html or .vl.json" })
  }
}

/** Times in pictures have their date: a file is looked at later. */
export function dated(tz: string): (ms: number) => string {
  return ms => formatTime(ms, tz, { date: "always", nowMs: ms })
}

/** Shows the picture without any script or network; what reads Vega-Lite finds the specification in it. */
function chartPage(title: string, svg: string, specification: object | undefined): string {
  const data =
    specification === undefined
      ? ""
      : `<script type="${vegaLiteMime}">\n${JSON.stringify(specification).replaceAll("<", "\\u003c")}\n</script>\n`
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${escaped(title)}</title>\n<body>\n${svg}${data}</body>\n</html>\n`
}
