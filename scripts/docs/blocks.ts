/** The code blocks of a page, and what each says that it is by the words after its fence (CONTRIBUTING.md). */
import { marked, type Token, type Tokens } from "marked"

/**
 * cell: TypeScript, run in order as a notebook's. file: written to the name it gives. commands: run by a shell, in order. transcript: what is
 * typed after `local>` is run by Rivulet's shell. shown: a drawing, a transcript, or commands for which this machine is not enough, whose verbs
 * and flags are looked up.
 */
export type BlockKind = "cell" | "file" | "commands" | "transcript" | "output" | "shown" | "unmarked"

export interface Block {
  readonly kind: BlockKind
  /** Of its fence, from 1. */
  readonly line: number
  /** The fence's words: `ts`, `file=x.ts`. */
  readonly words: readonly string[]
  readonly text: string
}

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let from = 0
  for (const { raw, lang, text } of codeTokens(page)) {
    const at = Math.max(from, page.indexOf(raw.split("\n")[0]!, from))
    from = at + 1
    const words = (lang ?? "").trim().split(/\s+/)
    blocks.push({ kind: kindOf(words), line: page.slice(0, at).split("\n").length, words, text: text.replace(/\n+$/, "") })
  }
  return blocks
}

function codeTokens(page: string): Tokens.Code[] {
  const found: Tokens.Code[] = []
  marked.walkTokens(marked.lexer(page), (token: Token) => {
    if (token.type === "code") found.push(token as Tokens.Code)
  })
  return found
}

function kindOf([language, ...words]: readonly string[]): BlockKind {
  if (words.some(word => word.startsWith("file="))) return "file"
  if ((language === "sh" && words.includes("shown")) || language === "text") return "shown"
  if (language === "ts") return "cell"
  if (language === "sh") return "commands"
  if (language === "console") return "transcript"
  if (language === "output") return "output"
  return "unmarked"
}

export function fileName(block: Block): string | undefined {
  return block.words.find(word => word.startsWith("file="))?.slice("file=".length)
}

/** What is typed at the prompt: the rest of a line after `local>`, and the lines below that stand as far in. */
export function typedCells({ text }: Block): string[] {
  const cells: string[] = []
  let typing = false
  for (const line of text.split("\n")) {
    const typed = /^local> (.*)$/.exec(line)?.[1]
    if (typed !== undefined) cells.push(typed)
    else if (typing && line.startsWith(" ".repeat("local> ".length))) cells.push(`${cells.pop()}\n${line.slice("local> ".length)}`)
    typing = typed !== undefined || (typing && line.startsWith(" ".repeat("local> ".length)))
  }
  return cells
}

/** Each command as words, continued lines joined, comments and what is piped or redirected apart: `a && b | c` is three. */
export function commandsOf({ text }: Block): { readonly words: readonly string[]; readonly line: number }[] {
  const commands: { words: string[]; line: number }[] = []
  for (const [index, line] of text.replace(/\\\n/g, "  ").split("\n").entries()) {
    const unquoted = line.replace(/'[^']*'|"[^"]*"/g, quoted => quoted.replace(/[\s|&;#<>]/g, "_"))
    for (const part of unquoted.replace(/(^|\s)#.*$/, "").split(/&&|\|\|?|;|&|[<>]+/)) {
      const words = part
        .trim()
        .split(/\s+/)
        .filter(word => word !== "")
      if (words.length > 0) commands.push({ words, line: index })
    }
  }
  return commands
}
