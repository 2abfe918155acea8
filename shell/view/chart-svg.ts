/** A chart as a picture in a file of its own: it needs no style from around it, and is read on any background. */
import { type Chart, endLabels, extent } from "./chart.js"
import { escaped } from "./html.js"
import { formatNumber } from "./number.js"

const [width, height, margin] = [720, 320, { left: 76, right: 20, top: 36, bottom: 32 }]
const barHeight = 22
const [ink, grey, blue] = ["#222", "#999", "#2563a8"]

export function chartSvg(chart: Chart, title: string, formatTime: (ms: number) => string): string {
  const { body, tall } = chart.kind === "line" ? line(chart, formatTime) : bars(chart)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" font-family="sans-serif" font-size="12">`,
    ...(title === "" ? [] : [`<title>${escaped(title)}</title>`]),
    `<rect width="${width}" height="${tall}" fill="#fff"/>`,
    text(12, 22, title, { size: 14 }),
    ...body,
    "</svg>",
    "",
  ].join("\n")
}

function line({ values, times }: Extract<Chart, { kind: "line" }>, formatTime: (ms: number) => string) {
  const finite = values.filter(Number.isFinite)
  const [low, high] = finite.length === 0 ? [0, 0] : extent(finite)
  const [across, down] = [width - margin.left - margin.right, height - margin.top - margin.bottom]
  const x = (i: number) => (margin.left + (i / Math.max(1, values.length - 1)) * across).toFixed(1)
  const y = (value: number) => (margin.top + (high === low ? 0.5 : 1 - (value - low) / (high - low)) * down).toFixed(1)
  const runs: string[][] = [[]]
  values.forEach((value, i) => {
    if (Number.isFinite(value)) runs.at(-1)!.push(`${x(i)},${y(value)}`)
    else runs.push([])
  })
  const steps = high === low ? [low] : [0, 0.25, 0.5, 0.75, 1].map(share => low + share * (high - low))
  const [first, last] = endLabels(values, times, formatTime)
  return {
    tall: height,
    body: [
      ...steps.map(step => `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(step)}" y2="${y(step)}" stroke="#e5e5e5"/>`),
      ...steps.map(step => text(margin.left - 8, Number(y(step)) + 4, formatNumber(step), { anchor: "end", fill: grey })),
      ...runs
        .filter(run => run.length > 0)
        .map(run => `<polyline points="${run.join(" ")}" fill="none" stroke="${blue}" stroke-width="1.6" stroke-linejoin="round"/>`),
      text(margin.left, height - 10, first, { fill: grey }),
      text(width - margin.right, height - 10, last, { anchor: "end", fill: grey }),
    ],
  }
}

function bars({ rows }: Extract<Chart, { kind: "bars" }>) {
  const greatest = Math.max(...rows.map(({ value }) => (Number.isFinite(value) ? Math.abs(value) : 0)))
  const [start, end] = [240, width - 90]
  return {
    tall: margin.top + rows.length * barHeight + 12,
    body: rows.flatMap(({ label, value }, i) => {
      const y = margin.top + i * barHeight
      const long = greatest === 0 || !Number.isFinite(value) ? 0 : (Math.abs(value) / greatest) * (end - start)
      const short = label.length > 34 ? `${label.slice(0, 33)}…` : label
      return [
        text(start - 8, y + 15, short, { anchor: "end" }),
        `<rect x="${start}" y="${y + 3}" width="${long.toFixed(1)}" height="${barHeight - 6}" fill="${blue}"/>`,
        text(start + long + 6, y + 15, formatNumber(value), { fill: grey }),
      ]
    }),
  }
}

function text(x: number, y: number, value: string, { anchor = "start", fill = ink, size = 12 } = {}): string {
  const place = anchor === "start" ? "" : ` text-anchor="${anchor}"`
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${place} fill="${fill}" font-size="${size}">${escaped(value)}</text>`
}
