/** Live panels above the input: each a bordered table of fixed height, at most a third of the rows together. */
import { panelKeys } from "../focusing.js"
import type { PanelView, Timeline } from "../session-types.js"
import { bold, dim } from "./style.js"
import { pad, truncate } from "./table.js"
import { cellWidth } from "./width.js"

export interface PanelsShown {
  readonly panels: readonly PanelView[]
  readonly timeline: Timeline | null
  readonly focus: number | null
  /** Null: the master is there. Without it what they show is old. */
  readonly lostForS: number | null
}

export function panelLines(shown: PanelsShown, width: number, rows: number): string[] {
  const { panels, timeline, focus, lostForS } = shown
  if (panels.length === 0) return []
  if (rows < 3) return [dim(truncate(`${panels.length} panels: the terminal is too low to show them`, width))]
  const under = [...(timeline ? [scrubber(timeline, width)] : []), ...(focus === null ? [] : [dim(truncate(` ${panelKeys}`, width - 1))])]
  const room = Math.max(3, rows - under.length)
  const share = Math.max(3, Math.floor(room / panels.length))
  const fitting = Math.max(1, Math.floor(room / share))
  // The one that has the keys is seen.
  const first = focus === null ? 0 : Math.max(0, Math.min(focus - fitting + 1, panels.length - fitting))
  const lines = panels.slice(first, first + fitting).flatMap((panel, i) => {
    const laid = linesOf(panel, width, share)
    if (lostForS !== null || !panel.live) return laid.map(dim)
    return first + i === focus ? laid.map((line, row) => (row === 0 || row === laid.length - 1 ? bold(line) : line)) : laid
  })
  if (panels.length > fitting)
    lines.push(dim(truncate(`… ${panels.length - fitting} more panel${panels.length - fitting === 1 ? "" : "s"}`, width)))
  return [...lines, ...under]
}

/** `21:03:58 ├────────●──┤ 21:06:12 · at 21:05:40` */
function scrubber({ from, at, to, share }: Timeline, width: number): string {
  const long = width - 1 - cellWidth(` ${from} ├┤ ${to} · at ${at}`)
  if (long < 6) return bold(truncate(` at ${at} · newest ${to}`, width - 1))
  const place = Math.round(Math.max(0, Math.min(1, share)) * (long - 1))
  return ` ${dim(`${from} ├${"─".repeat(place)}`)}${bold("●")}${dim(`${"─".repeat(long - 1 - place)}┤ ${to}`)} · ${bold(`at ${at}`)}`
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
  // How many are hidden stands in the border: a row for it would hide one more, in a low panel the only one.
  const shown = panel.lines.slice(0, Math.max(1, rows - 2))
  const hidden = panel.lines.length - shown.length
  const more = hidden > 0 ? truncate(`╰─ … ${hidden} more `, Math.max(1, width - 1)) : "╰"
  const note = truncate(` ${panel.note} `, Math.max(0, width - 8))
  const title = truncate(`╭ ${panel.title} `, Math.max(2, width - cellWidth(note) - 2))
  const top = `${title}${"─".repeat(Math.max(0, width - cellWidth(title) - cellWidth(note) - 1))}${note}╮`
  const bottom = `${more}${"─".repeat(Math.max(0, width - cellWidth(more) - 1))}╯`
  return [truncate(top, width), ...shown.map(line => `│ ${pad(line, inner, false)} │`), bottom]
}
