/** Finished output: it goes up and is never painted again. What stands below it is not Ink's (`frames.ts`). */
import { Static, Text } from "ink"
import type { ReactNode } from "react"
import type { Printed, StyledLine } from "../session.js"
import { visible } from "./input.js"
import { bold, dim, red, yellow } from "./style.js"

export function App({ printed }: { readonly printed: readonly Printed[] }): ReactNode {
  return <Static items={printed as Printed[]}>{item => <PrintedLines key={item.id} lines={item.lines} />}</Static>
}

function PrintedLines({ lines }: { readonly lines: readonly StyledLine[] }): ReactNode {
  // One text: a node for each line costs more than all else that printing does.
  return <Text>{lines.map(styled).join("\n")}</Text>
}

function styled({ text, style }: StyledLine): string {
  if (text === "") return " "
  switch (style) {
    case "dim":
      return dim(text)
    case "error":
      return red(text)
    case "warning":
      return yellow(text)
    case "bold":
      return bold(text)
    case "input":
      return visible(text)
    default:
      return text
  }
}
