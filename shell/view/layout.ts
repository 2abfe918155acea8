/** Text laid out by Ink: wrapped at words, with its styles kept. A module of its own, loaded when there is something to wrap (`printed.ts`). */
import { renderToString, Text } from "ink"
import { createElement } from "react"

/** Rows of at most `columns` cells, one below the other. */
export function laidOut(text: string, columns: number): string {
  return renderToString(createElement(Text, null, text), { columns })
}
