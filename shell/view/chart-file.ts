/** A chart in a file: by its ending a picture, a page around it, or the specification alone. */
import { RivuletError } from "../../engine/errors.js"
import { formatTime } from "../../engine/time.js"
import type { Chart } from "./chart.js"
import { escaped } from "./html.js"
import { isKept, type VegaLite, vegaLite, vegaLiteMime } from "./vega-lite.js"

/** What a name of such a file ends with. */
export const chartFileEnding = /\.(svg|html|vl\.json)$/

/** Throws a RivuletError of code 2 for another ending, or more values than a specification should hold. */
export async function chartFile(path: string, chart: Chart, title: string, tz: string): Promise<string> {
  const specification = vegaLite(chart, title, dated(tz))
  switch (chartFileEnding.exec(path)?.[1]) {
    case "svg":
      return drawn(specification, title)
    case "html":
      return chartPage(title, await drawn(specification, title), isKept(chart) ? specification : undefined)
    case "vl.json":
      if (isKept(chart)) return `${JSON.stringify(specification, null, 1)}\n`
      throw new RivuletError(`${path}: too many values for a specification`, { code: 2, try: "a .svg, or a shorter range" })
    default:
      throw new RivuletError(`${path}: which kind of picture?`, { code: 2, try: "a name that ends with .svg, .html or .vl.json" })
  }
}

/** Times in pictures have their date: a file is looked at later. */
export function dated(tz: string): (ms: number) => string {
  return ms => formatTime(ms, tz, { date: "always", nowMs: ms })
}

/** Where who looks at it has chosen dark, light on dark: its own ground with it, so that it is read on any. */
const dark = `<style>@media (prefers-color-scheme: dark) {
svg.marks > rect { fill: #1b1b1b }
svg.marks text { fill: #ddd }
svg.marks .role-axis-grid line { stroke: #383838 }
svg.marks .mark-line path { stroke: #7aa6d6 }
svg.marks .mark-symbol path, svg.marks .mark-rect path { fill: #7aa6d6 }
}</style>
`

async function drawn(specification: VegaLite, title: string): Promise<string> {
  const { svgOf } = await import("./chart-svg.js")
  const name = title === "" ? "" : `<title>${escaped(title)}</title>\n`
  return (await svgOf(specification)).replace("\n", () => `\n${name}${dark}`)
}

/** Shows the picture without any script or network; what reads Vega-Lite finds the specification in it. */
function chartPage(title: string, svg: string, specification: VegaLite | undefined): string {
  const data =
    specification === undefined
      ? ""
      : `<script type="${vegaLiteMime}">\n${JSON.stringify(specification).replaceAll("<", "\\u003c")}\n</script>\n`
  const style =
    "<style>:root { color-scheme: light dark } svg { max-width: 100%; height: auto }\n@media (prefers-color-scheme: dark) { body { background: #1b1b1b } }</style>"
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${escaped(title)}</title>\n${style}\n<body>\n${svg}${data}</body>\n</html>\n`
}
