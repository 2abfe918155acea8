/** A figure as a picture: lines over two axes, nothing that needs a browser's scripts. */
import type { Figure } from "./figures.js"

const width = 640
const height = 360
const margin = { left: 64, right: 180, top: 40, bottom: 48 }
const colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b"]

export function svgOf({ title, x, y, lines }: Figure): string {
  const xs = lines.flatMap(({ points }) => points.map(([at]) => at))
  const ys = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite)
  const [xMost, yMost] = [Math.max(...xs), Math.max(1e-9, ...ys) * 1.1]
  const [plotWidth, plotHeight] = [width - margin.left - margin.right, height - margin.top - margin.bottom]
  const px = (value: number) => margin.left + (value / xMost) * plotWidth
  const py = (value: number) => margin.top + plotHeight - (value / yMost) * plotHeight
  const parts = [text(margin.left, 20, title, 14), text(margin.left + plotWidth / 2, height - 10, x), text(8, margin.top - 8, y)]
  for (let i = 0; i <= 4; i++) {
    const value = (yMost * i) / 4
    parts.push(`<line x1="${margin.left}" x2="${margin.left + plotWidth}" y1="${py(value)}" y2="${py(value)}" stroke="#ddd"/>`)
    parts.push(text(8, py(value) + 4, number(value)))
  }
  for (const value of new Set(xs)) parts.push(text(px(value) - 4, height - margin.bottom + 18, number(value)))
  for (const [i, { name, points }] of lines.entries()) {
    const colour = colours[i % colours.length]!
    const there = points.filter(([, value]) => Number.isFinite(value))
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${there.map(([at, value]) => `${px(at).toFixed(1)},${py(value).toFixed(1)}`).join(" ")}"/>`,
    )
    for (const [at, value] of there) parts.push(`<circle cx="${px(at).toFixed(1)}" cy="${py(value).toFixed(1)}" r="3" fill="${colour}"/>`)
    parts.push(text(margin.left + plotWidth + 10, margin.top + 16 * (i + 1), name, 11, colour))
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">\n<title>${escaped(title)}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${parts.join("\n")}\n</svg>\n`
}

export const number = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "never")

function text(x: number, y: number, words: string, size = 11, colour = "#333"): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}" fill="${colour}">${escaped(words)}</text>`
}

export const escaped = (words: string) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
