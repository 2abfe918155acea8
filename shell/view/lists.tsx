/** The two lists that open under the input: completions and the history search. */
import { Box, Text } from "ink"
import type { ReactNode } from "react"
import type { CompletionList, ShellState } from "../session.js"
import { pad, printable, truncate } from "./table.js"

export function CompletionView({
  list,
  width,
  rows,
}: {
  readonly list: CompletionList
  readonly width: number
  readonly rows: number
}): ReactNode {
  const first = Math.max(0, Math.min(list.selected - Math.floor(rows / 2), list.items.length - rows))
  const shown = list.items.slice(first, first + rows)
  const nameWidth = Math.min(32, Math.max(...shown.map(item => item.text.length)))
  return (
    <Box flexDirection="column" paddingLeft={2}>
      {shown.map((item, i) => {
        const line = `${first + i === list.selected ? "▸ " : "  "}${pad(item.text, nameWidth, false)}  ${printable(item.detail)}`
        return (
          <Text key={item.text} inverse={first + i === list.selected}>
            {truncate(line, Math.max(10, width - 3))}
          </Text>
        )
      })}
      {list.items.length > shown.length ? <Text dimColor>{`  … ${list.items.length - shown.length} more`}</Text> : null}
    </Box>
  )
}

export function SearchView({
  search,
  width,
  rows,
}: {
  readonly search: NonNullable<ShellState["search"]>
  readonly width: number
  readonly rows: number
}): ReactNode {
  const shown = search.matches.slice(0, Math.max(1, rows - 1))
  return (
    <Box flexDirection="column">
      <Text>
        <Text dimColor>{"search: "}</Text>
        {search.query}
        <Text inverse> </Text>
        <Text dimColor>{search.matches.length === 0 ? "  nothing" : ""}</Text>
      </Text>
      {shown.map((match, i) => (
        <Text key={match} inverse={i === search.selected}>
          {truncate(`  ${printable(match)}`, Math.max(10, width - 1))}
        </Text>
      ))}
    </Box>
  )
}
