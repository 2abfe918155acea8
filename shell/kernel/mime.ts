/** What the shell's lines are for a page: text without the screen's margin, HTML where there is some. */
import type { PanelView, StyledLine } from "../session.js"
import { escaped } from "../view/html.js"
import type { PageView } from "../view/page.js"
import { vegaLiteMime } from "../view/vega-lite.js"

function plainText(lines: readonly StyledLine[]): string {
  const all = lines.flatMap(({ text }) => text.split("\n")).map(line => line.trimEnd())
  const margin = Math.min(...all.filter(line => line !== "").map(line => /^ */.exec(line)![0].length))
  return all.map(line => line.slice(Number.isFinite(margin) ? margin : 0)).join("\n")
}

/** A stamp stands below its answer, in HTML too. */
export function mimeOf(lines: readonly StyledLine[], { html, vegaLite }: PageView): Record<string, unknown> {
  const plain = { "text/plain": plainText(lines) }
  if (html === undefined) return plain
  const notes = lines.filter(({ style }) => style === "dim").map(({ text }) => `<div style="opacity:.6">${escaped(text.trim())}</div>`)
  return { ...plain, "text/html": html + notes.join(""), ...(vegaLite && { [vegaLiteMime]: vegaLite }) }
}

export function panelMime({ title, note, lines, live }: PanelView): Record<string, string> {
  const head = `${title} · ${note}`
  const style = `border-left:3px solid;padding-left:.8em;${live ? "" : "opacity:.5"}`
  return {
    "text/plain": [head, ...lines].join("\n"),
    "text/html": `<div style="${style}"><b>${escaped(title)}</b> · ${escaped(note)}<pre>${escaped(lines.join("\n"))}</pre></div>`,
  }
}
