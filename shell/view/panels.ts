/** Live panels above the input: each a bordered table of fixed height, at most a third of the rows together. */
import type { PanelView } from "../session.js"
import { dim } from "./style.js"
import { pad, truncate } from "./table.js"
import { cellWidth } from "./width.js"

export function panelLines(panels: readonly PanelView[], width: number, rows: number): string[] {
  if (panels.length === 0) return []
  if (rows < 3) return [dim(truncate(`${panels.length} panels: the terminal is too low to show them`, width))]
  const share = Math.max(3, Math.floor(rows / panels.length))
  const fitting = Math.max(1, Math.floor(rows / share))
  const lines = panels.slice(0, fitting).flatMap(panel => linesOf(panel, width, share))
  if (panels.length > fitting) lines.push(dim(`… ${panels.length - fitting} more panels`))
  return lines
}

/** A panel that has not changed is not laid out again for each key. */
const done = new WeakMap<PanelView, { readonly width: number; readonly rows: number; readonly lines: string[] }>()

function linesOf(panel: PanelView, width: number, rows: number): string[] {
  const before = done.get(panel)
  if (before?.width === width && before.rows === rows) return before.lines
  const lines = layOut(panel, width, rows)
  done.set(panel, { width, rows, lines })
  return lines
}

function layOut(panel: PanelView, width: number, rows: number): string[] {
  const inner = Math.max(1, width - 4)
  const body = rows - 2
  const more = panel.lines.length > body ? panel.lines.length - body + 1 : 0
  const shown = more > 0 ? [...panel.lines.slice(0, Math.max(0, body - 1)), `… ${more} more`] : panel.lines
  const note = truncate(` ${panel.note} `, Math.max(0, width - 8))
  const title = truncate(`╭ ${panel.title} `, Math.max(2, width - cellWidth(note) - 2))
  const top = `${title}${"─".repeat(Math.max(0, width - cellWidth(title) - cellWidth(note) - 1))}${note}╮`
  const lines = [truncate(top, width), ...shown.map(line => `│ ${pad(line, inner, false)} │`), `╰${"─".repeat(Math.max(0, width - 2))}╯`]
  return panel.live ? lines : lines.map(dim)
}
