/** The cell being typed: prompt, text with its cursor, grey ghost text; a long cell shows the lines around the cursor. */
import { Text } from "ink"
import type { ReactNode } from "react"
import type { ShellState } from "../session.js"

export function InputView({ state, rows }: { readonly state: ShellState; readonly rows: number }): ReactNode {
  const { buffer, ghost } = state
  const prompt = state.lostForS === null ? state.prompt : `${state.prompt.replace(/> $/, "")} (reconnecting ${state.lostForS} s)> `
  const indent = " ".repeat(prompt.length)
  const lines = buffer.text.split("\n")
  const cursorLine = buffer.text.slice(0, buffer.cursor).split("\n").length - 1
  const first = Math.max(0, Math.min(cursorLine - Math.floor(rows / 2), lines.length - rows))
  const offset = lines.slice(0, cursorLine).reduce((sum, line) => sum + line.length + 1, 0)
  return (
    <>
      {lines.slice(first, first + rows).map((line, i) => {
        const index = first + i
        const lead = index === 0 ? prompt : indent
        if (index !== cursorLine)
          return (
            <Text key={index} wrap="wrap">
              <Text dimColor>{lead}</Text>
              {line}
            </Text>
          )
        const column = buffer.cursor - offset
        const under = graphemeAt(line, column)
        const rest = line.slice(column + under.length)
        return (
          <Text key={index} wrap="wrap">
            <Text dimColor>{lead}</Text>
            {line.slice(0, column)}
            <Text inverse>{under === "" ? (ghost[0] ?? " ") : under}</Text>
            {rest}
            {under === "" && ghost.length > 1 ? <Text dimColor>{ghost.slice(1)}</Text> : null}
          </Text>
        )
      })}
    </>
  )
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })

function graphemeAt(line: string, column: number): string {
  const next = segmenter
    .segment(line.slice(column, column + 64))
    [Symbol.iterator]()
    .next()
  return next.done ? "" : next.value.segment
}
