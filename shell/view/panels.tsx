/** Live panels above the input: each a bordered table of fixed height, at most a third of the rows together. */
import { Text } from "ink"
import type { ReactNode } from "react"
import stringWidth from "string-width"
import type { PanelView } from "../session.js"
import { pad, truncate } from "./table.js"

export function PanelsView({
  panels,
  width,
  rows,
}: {
  readonly panels: readonly PanelView[]
  readonly width: number
  readonly rows: number
}): ReactNode {
  if (panels.length === 0 || rows < 3)
    return panels.length === 0 ? null : <Text dimColor>{`${panels.length} panels: the terminal is too low to show them`}</Text>
  const share = Math.max(3, Math.floor(rows / panels.length))
  const fitting = Math.max(1, Math.floor(rows / share))
  return (
    <>
      {panels.slice(0, fitting).map(panel => (
        <Panel key={panel.name} panel={panel} width={width} rows={share} />
      ))}
      {panels.length > fitting ? <Text dimColor>{`… ${panels.length - fitting} more panels`}</Text> : null}
    </>
  )
}

function Panel({ panel, width, rows }: { readonly panel: PanelView; readonly width: number; readonly rows: number }): ReactNode {
  const inner = Math.max(10, width - 4)
  const body = rows - 2
  const more = panel.lines.length > body ? panel.lines.length - body + 1 : 0
  const lines = more > 0 ? [...panel.lines.slice(0, Math.max(0, body - 1)), `… ${more} more`] : panel.lines
  const note = ` ${panel.note} `
  const title = truncate(`╭ ${panel.title} `, Math.max(4, width - stringWidth(note) - 2))
  const top = `${title}${"─".repeat(Math.max(0, width - stringWidth(title) - stringWidth(note) - 1))}${note}╮`
  return (
    <>
      <Text dimColor={!panel.live}>{truncate(top, width)}</Text>
      {lines.map((line, i) => (
        <Text key={i} dimColor={!panel.live}>{`│ ${pad(line, inner, false)} │`}</Text>
      ))}
      <Text dimColor={!panel.live}>{`╰${"─".repeat(Math.max(0, width - 2))}╯`}</Text>
    </>
  )
}
