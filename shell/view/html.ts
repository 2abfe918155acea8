/** Values as HTML, where a page can show more than text: rows as a table, a series of numbers as a drawn line. */
import { isSeries } from "../host/answers.js"
import { formatNumber } from "./number.js"
import { columnsOf } from "./table.js"

const rowsShown = 100
const [width, height] = [480, 120]

/** Undefined where text says as much. */
export function valueHtml(value: unknown): string | undefined {
  if (isSeries(value)) {
    const numbers = value.values()
    return numbers.length > 1 && numbers.every(one => typeof one === "number") ? plotSvg(numbers as number[]) : undefined
  }
  const rows = value instanceof Map ? [...value] : value instanceof Set ? [...value] : value
  return Array.isArray(rows) && rows.length > 0 ? rowsHtml(rows) : undefined
}

function rowsHtml(rows: readonly unknown[]): string {
  const shown = rows.slice(0, rowsShown)
  const columns = columnsOf(shown, { width: Number.POSITIVE_INFINITY, maxRows: rowsShown })
  const cell = (tag: string, text: string, right: boolean) => `<${tag}${right ? ' style="text-align:right"' : ""}>${escaped(text)}</${tag}>`
  const head = columns.map(({ title, right }) => cell("th", title, right)).join("")
  const body = shown.map((_, row) => `<tr>${columns.map(({ cells, right }) => cell("td", cells[row] ?? "", right)).join("")}</tr>`)
  const more = rows.length > shown.length ? `<caption>${formatNumber(rows.length - shown.length)} more</caption>` : ""
  return `<table>${more}<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`
}

/** A line over the versions, oldest left; a value that is not finite is a gap. The least and the greatest are written beside it. */
export function plotSvg(values: readonly number[]): string {
  const finite = values.filter(Number.isFinite)
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  const x = (i: number) => ((i / Math.max(1, values.length - 1)) * width).toFixed(1)
  const y = (value: number) => (high === low ? height / 2 : height - ((value - low) / (high - low)) * height).toFixed(1)
  const points = values.map((value, i) => (Number.isFinite(value) ? `${x(i)},${y(value)}` : null))
  const lines = points.reduce<string[][]>(
    (runs, point) => {
      if (point === null) runs.push([])
      else runs.at(-1)!.push(point)
      return runs
    },
    [[]],
  )
  const drawn = lines
    .filter(run => run.length > 0)
    .map(run => `<polyline points="${run.join(" ")}" fill="none" stroke="currentColor" stroke-width="1.5"/>`)
  const label = (at: number, value: number) =>
    `<text x="${width + 6}" y="${at}" font-size="11" fill="currentColor">${formatNumber(value)}</text>`
  const labels = finite.length === 0 ? "" : label(10, high) + (high === low ? "" : label(height, low))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 ${width + 92} ${height + 4}" width="${width + 94}" height="${height + 4}">${drawn.join("")}${labels}</svg>`
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`)
}
