/** The contents of Jupyter's messages that need nothing of what runs. */
import { cellsOf, completeness, isDotCommand } from "../evaluator/complete-cell.js"
import type { StyledLine } from "../session.js"

export type Content = Readonly<Record<string, unknown>>

/** How a cell failed. */
export interface Failure {
  readonly name: string
  readonly message: string
  /** As the shell shows it, with the user's line. */
  readonly lines: readonly StyledLine[]
}

/** A dot-command has a line of its own; all else of a cell is one cell. */
export function partsOf(code: string): string[] {
  if (code.trim() === "") return []
  return code.split("\n").some(line => isDotCommand(line)) ? cellsOf(code) : [code]
}

export function isComplete(code: string): Content {
  const complete = completeness(code)
  if (typeof complete === "object") return { status: "invalid" }
  return complete === "incomplete" ? { status: "incomplete", indent: "  " } : { status: "complete" }
}

export function errorContent({ name, message, lines }: Failure): Content {
  const traceback = lines.map(({ text }) => text)
  return { ename: name, evalue: message, traceback: traceback.length > 0 ? traceback : [`${name}: ${message}`] }
}

/** Warnings to stderr, all else to stdout, in order. */
export function streamsOf(lines: readonly StyledLine[]): { name: string; text: string }[] {
  const streams: { name: string; text: string }[] = []
  for (const { text, style } of lines) {
    const name = style === "warning" || style === "error" ? "stderr" : "stdout"
    const last = streams.at(-1)
    if (last?.name === name) last.text += `${text}\n`
    else streams.push({ name, text: `${text}\n` })
  }
  return streams
}

export function kernelInfo(version: string): Content {
  return {
    status: "ok",
    protocol_version: "5.3",
    implementation: "rivulet",
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: "6.0",
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", typescript: true },
    },
    banner: `rivulet ${version}: ask your live stream a question`,
    help_links: [],
  }
}
