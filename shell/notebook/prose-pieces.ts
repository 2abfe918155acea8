/** The text between a page's cells as cells of Jupyter's: of Markdown, of raw text, and the blank lines between them. */
import { marked, type Token, type Tokens } from "marked"
import { fenced, ownLineEnds } from "./document.js"

/** Parts two cells of Markdown. */
export const separator = "<!-- cell -->"

export interface Piece {
  readonly kind: "markdown" | "raw" | "gap"
  readonly text: string
}

/** The pieces' texts, a raw one's in its fence, are the prose, to the byte. */
export function piecesOf(prose: string): Piece[] {
  const pieces: Piece[] = []
  let text = ""
  const gap = (blank: string): void => {
    if (blank !== "") pieces.push({ kind: "gap", text: blank })
  }
  const flush = (): void => {
    const [lead] = /^(?:[ \t]*\n)*(?:[ \t]*$)?/.exec(text)!
    const rest = text.slice(lead.length)
    const [trail] = /(?:\n(?:[ \t]*\n)*[ \t]*)?$/.exec(rest)!
    gap(lead)
    if (rest.length > trail.length) pieces.push({ kind: "markdown", text: rest.slice(0, rest.length - trail.length) })
    gap(trail)
    text = ""
  }
  for (const token of ownLineEnds(marked.lexer(prose))) {
    if (token.type === "html" && token.raw.trim() === separator) {
      flush()
      gap(token.raw)
    } else if (isRaw(token)) {
      flush()
      pieces.push({ kind: "raw", text: (token as Tokens.Code).text })
    } else text += token.raw
  }
  flush()
  return pieces
}

/** Only as this program writes it, so that it is the same when it is written again. */
function isRaw(token: Pick<Token, "type" | "raw">): boolean {
  return token.type === "code" && (token as Tokens.Code).lang === "raw" && token.raw === fenced("raw", (token as Tokens.Code).text)
}
