/**
 * The screen, from the reducer's state and nothing else. Finished output goes up through `<Static>` and is never painted
 * again; only panels, the input and the status line are dynamic, and together they always stay below the screen's height
 * (Ink clears the whole screen when they do not).
 */
import { Box, Static, Text } from "ink"
import type { ReactNode } from "react"
import type { Printed, ShellState, StyledLine } from "../session.js"
import { InputView } from "./input.js"
import { CompletionView, SearchView } from "./lists.js"
import { PanelsView } from "./panels.js"
import { StatusLine } from "./status.js"

export function App({ state }: { readonly state: ShellState }): ReactNode {
  const { columns, rows } = state
  const panelRows = Math.max(0, Math.floor(rows / 3))
  const listRows = Math.max(3, Math.min(10, rows - panelRows - 5))
  return (
    <>
      <Static items={state.printed as Printed[]}>{item => <PrintedLines key={item.id} lines={item.lines} />}</Static>
      {state.left ? null : (
        <Box flexDirection="column" width={columns}>
          <PanelsView panels={state.panels} width={columns} rows={panelRows} />
          {state.search ? (
            <SearchView search={state.search} width={columns} rows={listRows} />
          ) : (
            <InputView state={state} rows={Math.max(1, rows - panelRows - 3)} />
          )}
          {state.completion ? <CompletionView list={state.completion} width={columns} rows={listRows} /> : null}
          {rows >= 6 ? (
            <StatusLine
              status={state.status}
              lostForS={state.lostForS}
              running={state.running !== null}
              waiting={state.queue.length}
              width={columns}
            />
          ) : null}
        </Box>
      )}
    </>
  )
}

function PrintedLines({ lines }: { readonly lines: readonly StyledLine[] }): ReactNode {
  return (
    <Box flexDirection="column">
      {lines.map((line, i) => (
        <Line key={i} line={line} />
      ))}
    </Box>
  )
}

function Line({ line }: { readonly line: StyledLine }): ReactNode {
  const text = line.text === "" ? " " : line.text
  switch (line.style) {
    case "dim":
      return <Text dimColor>{text}</Text>
    case "error":
      return <Text color="red">{text}</Text>
    case "warning":
      return <Text color="yellow">{text}</Text>
    case "bold":
      return <Text bold>{text}</Text>
    default:
      return <Text>{text}</Text>
  }
}
