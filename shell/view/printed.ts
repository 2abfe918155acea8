/**
 * Finished output as text for the terminal. Most lines are narrower than the screen and go out as they are, but for their style; wider ones
 * are wrapped, and go on under where their text begins. Only cells, and what holds control characters, is laid out by Ink: that takes some milliseconds a time, and loading it a good
 * part of an attach, so it is loaded when the prompt stands.
 */
import type { StyledLine } from "../session-types.js"
import { type Span, styleOfSpan } from "./highlight.js"
import { visible } from "./input.js"
import { bold, dim, red, yellow } from "./style.js"
import { cellWidth, isNarrow, measurable } from "./width.js"
import { charactersACell, wrapped } from "./wrapped.js"

let layout: typeof import("./layout.js") | undefined
let loading: Promise<void> | undefined

/** Resolves when lines of any kind can be printed. */
export function loadLayout(): Promise<void> {
  loading ??= import("./layout.js").then(module => {
    layout = module
  })
  return loading
}

/** The lines one below the other, each ended. Null: some need the layout, which is not loaded yet. */
export function printedText(lines: readonly StyledLine[], columns: number): string | null {
  const parts: string[] = []
  let wide: string[] = []
  const flush = () => {
    if (wide.length > 0) parts.push(layout!.laidOut(wide.join("\n"), columns))
    wide = []
  }
  for (const { text, style, spans } of lines) {
    const shown = style === "input" ? visible(text) : measurable(text)
    const styled = shown === "" ? " " : spans ? inColours(text, spans) : styleOf(style)(shown)
    if (fits(shown, columns)) {
      flush()
      parts.push(styled)
    } else if (style !== "input" && !control.test(shown)) {
      flush()
      parts.push(...wrapped(shown, columns + 1, hanging(shown, columns)).map(styleOf(style)))
    } else if (layout === undefined) return null
    else wide.push(styled)
  }
  flush()
  return parts.map(part => `${part}\n`).join("")
}

/** When nobody waits for the layout any more: the terminal itself wraps, at any character. */
export function unwrapped(lines: readonly StyledLine[]): string {
  return lines.map(({ text, style }) => `${styleOf(style)(visible(text))}\n`).join("")
}

function inColours(text: string, spans: readonly Span[]): string {
  const cell = spans.reduce((length, span) => length + span.text.length, 0)
  return visible(text.slice(0, text.length - cell)) + spans.map(span => styleOfSpan(span.kind)(visible(span.text))).join("")
}

function fits(text: string, columns: number): boolean {
  if (isNarrow(text)) return text.length <= columns
  return text.length <= columns * charactersACell && !control.test(text) && cellWidth(text) <= columns
}

const control = /[\u0000-\u001f\u007f-\u009f]/

/** What a long line goes on under: its text, behind the word that says what it is (`  try        …`). */
function hanging(text: string, columns: number): number {
  const indent = /^ {2}[a-z]+(?: [a-z]+)? {2,}(?=\S)|^ */.exec(text)![0].length
  return indent <= columns / 3 ? indent : 0
}

function styleOf(style: StyledLine["style"]): (text: string) => string {
  switch (style) {
    case "dim":
      return dim
    case "error":
      return red
    case "warning":
      return yellow
    case "bold":
      return bold
    default:
      return asItIs
  }
}

const asItIs = (text: string) => text
