/** The pager's screen: the head, a page of records or one record whole, and the keys. Rows of text, none wider than the screen. */
import { type PagerState, pageRows, type Size, topFor } from "../pager/pager.js"
import type { Frame } from "./frames.js"
import { formatNumber } from "./number.js"
import { bold, dim, inverse } from "./style.js"
import { pad, truncate } from "./table.js"
import { cellWidth } from "./width.js"

const gap = 2
const keys = "/ find · n N · g G · ← → columns · s sort · x one record a page · w write file · y copy row · Y all · q"

export function pagerFrame(pager: PagerState, size: Size): Frame {
  const { columns } = size
  const page = pageRows(size)
  const top = topFor(pager.top, pager.row, pager.order.length, size)
  const until = Math.min(pager.order.length, top + page)
  const where = `rows ${formatNumber(Math.min(top + 1, until))}–${formatNumber(until)} of ${formatNumber(pager.order.length)}`
  const table = pager.record === null ? tableRows(pager, top, page, columns, where) : null
  const body = table?.rows ?? recordRows(pager, page, columns)
  const rows = [...body.slice(0, page + 1), ...Array.from({ length: Math.max(0, page + 1 - body.length) }, () => "")]
  const { asking, note, answer } = pager
  if (asking) {
    const lead = asking.for === "find" ? "/" : "write (.csv .json .ndjson .arrow): "
    const text = truncate(`${lead}${asking.text}`, columns - 1)
    return { rows: [...rows, text], cursor: { row: rows.length, column: Math.min(cellWidth(text), columns - 1) } }
  }
  const last =
    note === ""
      ? dim(truncate(` ${answer.name}${table?.told === false ? ` · ${where}` : ""} · ${keys}`, columns - 1))
      : bold(truncate(` ${note}`, columns - 1))
  return { rows: [...rows, last], cursor: null }
}

/** `told`: whether the head had room for where one is. */
function tableRows(pager: PagerState, top: number, page: number, width: number, where: string): { rows: string[]; told: boolean } {
  const { answer, order, sorted, column } = pager
  const shown = shownColumns(pager, width)
  const last = Math.min(order.length, top + page)
  const titles = shown.map(({ index, cells }) => {
    const { title, right } = answer.columns[index]!
    const mark = sorted?.column === index ? (sorted.down ? "▼" : "▲") : ""
    const text = pad(`${mark}${title}`, cells, right)
    return index === column ? inverse(text) : bold(text)
  })
  const taken = Math.max(1, shown.reduce((sum, { cells }) => sum + cells + gap, 1) - gap)
  const room = width - 1 - taken - cellWidth(where) - 1
  // Where there is no room for both, the columns' names say more.
  const head = ` ${titles.join("  ")}${room < 0 ? "" : `${" ".repeat(room + 1)}${dim(where)}`}`
  const rows = Array.from({ length: last - top }, (_, i) => {
    const row = order[top + i]!
    const text = ` ${shown.map(({ index, cells }) => pad(answer.columns[index]!.cells[row]!, cells, answer.columns[index]!.right)).join("  ")}`
    return top + i === pager.row ? inverse(pad(text, width - 1, false)) : text
  })
  return { rows: [head, ...rows], told: room >= 0 }
}

/** From the first column that lets the chosen one be seen; the last may be cut. */
function shownColumns({ widths, column }: PagerState, width: number): { readonly index: number; readonly cells: number }[] {
  const room = Math.max(1, width - 2)
  let first = column
  for (let taken = widths[column] ?? 0; first > 0 && taken + widths[first - 1]! + gap <= room; first--) taken += widths[first - 1]! + gap
  const shown: { index: number; cells: number }[] = []
  for (let index = first, left = room; index < widths.length && left > 0; index++) {
    const cells = Math.min(widths[index]!, left)
    // A few cells of a column say nothing.
    if (shown.length > 0 && cells < Math.min(4, widths[index]!)) break
    shown.push({ index, cells })
    left -= cells + gap
  }
  return shown
}

/** A field a line, or as many as its text needs. */
function recordRows({ answer, order, row, record, column }: PagerState, page: number, width: number): string[] {
  const at = order[row] ?? 0
  const head = bold(truncate(` record ${formatNumber(row + 1)} of ${formatNumber(order.length)}`, width - 1))
  const name = Math.min(24, Math.max(0, ...answer.columns.map(({ title }) => cellWidth(title))))
  const room = Math.max(4, width - name - 4)
  const lines = answer.columns.flatMap(({ title, cells }, index) =>
    cut(cells[at] ?? "", room).map((text, i) => {
      const lead = pad(i === 0 ? title : "", name, false)
      return truncate(` ${i === 0 && index === column ? inverse(lead) : bold(lead)}  ${text}`, width - 1)
    }),
  )
  const from = Math.max(0, Math.min(record ?? 0, lines.length - page))
  return [head, ...lines.slice(from, from + page)]
}

/** A text in pieces of at most so many cells. */
function cut(text: string, cells: number): string[] {
  const pieces: string[] = []
  let piece = ""
  let taken = 0
  for (const { segment } of segmenter.segment(text)) {
    const width = cellWidth(segment)
    if (taken + width > cells && piece !== "") {
      pieces.push(piece)
      piece = ""
      taken = 0
    }
    piece += segment
    taken += width
  }
  return [...pieces, piece]
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })
