/**
 * A notebook is a Markdown file: `ts` code blocks are cells, the `output` block after one is what it showed. Whoever
 * renders Markdown can show it; what is neither cell nor output is kept to the byte.
 */

import { marked, type Token, type Tokens } from "marked"
import { parse as parseYaml } from "yaml"
import { RivuletError } from "../../engine/errors.js"
import { parseDuration } from "../../engine/time.js"

export interface Cell {
  readonly kind: "cell"
  readonly code: string
  /** Of the code's first line in the file, from 1. */
  readonly line: number
  /** The cell is there to fail: its output is the error. */
  readonly throws: boolean
  /** What stands under it. Null: nothing. */
  readonly output: string | null
  /** The cell's block as it stands in the file. */
  readonly raw: string
}

/** Anything else: kept as it is. */
export interface Prose {
  readonly kind: "prose"
  readonly raw: string
}

export interface Settings {
  /** Simulated: time goes on by input and `clock.advance` alone. Real: an embedded cluster of processes. */
  readonly clock: "simulated" | "real"
  readonly tz: string
  readonly workers: number
  readonly seed: number
}

export interface Notebook {
  readonly settings: Settings
  readonly parts: readonly (Cell | Prose)[]
}

const defaults: Settings = { clock: "simulated", tz: "UTC", workers: 2, seed: 1 }
const fence = /^ {0,3}(`{3,}|~{3,})/

/** Throws a RivuletError of code 2 for front matter that cannot be. `file` is for the message. */
export function parseNotebook(text: string, file: string): Notebook {
  const front = /^---\r?\n([\s\S]*?)^---[ \t]*(?:\r?\n|$)/m.exec(text)
  const head = front?.index === 0 ? front[0] : ""
  const settings = head === "" ? defaults : parseSettings(front![1]!, file)
  const parts: (Cell | Prose)[] = []
  const prose = (raw: string): void => {
    const last = parts.at(-1)
    if (last?.kind === "prose") parts[parts.length - 1] = { kind: "prose", raw: last.raw + raw }
    else if (raw !== "") parts.push({ kind: "prose", raw })
  }
  prose(head)
  let line = 1 + newlines(head)
  /** A cell that an output block may still follow, with the blank lines since. */
  let open: { cell: Cell; gap: string } | null = null
  const close = (): void => {
    if (open === null) return
    parts.push(open.cell)
    prose(open.gap)
    open = null
  }
  for (const token of ownLineEnds(marked.lexer(text.slice(head.length)))) {
    const { raw } = token
    const language = token.type === "code" && fence.test(raw) ? ((token as Tokens.Code).lang ?? "").trim().split(/\s+/) : null
    if (language !== null && /^(ts|typescript)$/.test(language[0]!) && !language.some(isNoCell)) {
      close()
      const code = (token as Tokens.Code).text
      open = { cell: { kind: "cell", code, line: line + 1, throws: language.includes("throws"), output: null, raw }, gap: "" }
    } else if (language?.[0] === "output" && open !== null && open.gap.trim() === "") {
      const { cell }: { cell: Cell } = open
      open = null
      parts.push({ ...cell, output: (token as Tokens.Code).text })
    } else if (token.type === "space" && open !== null) open = { cell: open.cell, gap: open.gap + raw }
    else {
      close()
      prose(raw)
    }
    line += newlines(raw)
  }
  close()
  return { settings, parts }
}

/** Of a fence's words: TypeScript that is shown, or is a file of its own. */
function isNoCell(word: string): boolean {
  return word === "skip" || word === "shown" || word.startsWith("file=")
}

/** The lexer gives a block's line end now to it and now to the blank lines that follow: here it is the block's, and no other. */
function ownLineEnds(tokens: readonly Token[]): Pick<Token, "type" | "raw">[] {
  const own: (Pick<Token, "type" | "raw"> & object)[] = []
  let owed = false
  for (const token of tokens) {
    const raw: string = owed && token.raw.startsWith("\n") ? token.raw.slice(1) : token.raw
    owed = false
    if (token.type !== "code") own.push({ ...token, raw })
    else {
      const block = raw.replace(/\n*$/, "\n")
      own.push({ ...token, raw: block })
      if (raw.length > block.length) own.push({ type: "space", raw: raw.slice(block.length) })
      owed = raw.length < block.length
    }
  }
  return own.filter(token => token.raw !== "")
}

function newlines(text: string): number {
  return text.split("\n").length - 1
}

/** The file again, with these outputs under its cells (by cell, in order; null: none). */
export function renderNotebook({ parts }: Notebook, outputs: readonly (string | null)[]): string {
  let at = 0
  return parts
    .map(part => {
      if (part.kind === "prose") return part.raw
      const output = outputs[at++] ?? null
      return output === null ? part.raw : `${part.raw}${outputBlock(output)}`
    })
    .join("")
}

/** Its fence is longer than any in the text. */
export function outputBlock(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/^`{3,}/gm)].map(([ticks]) => ticks.length))
  const ticks = "`".repeat(longest + 1)
  return `${ticks}output\n${text}\n${ticks}\n`
}

/** `rivulet: { clock: simulated, tz: UTC, workers: 2, seed: 1 }` */
function parseSettings(text: string, file: string): Settings {
  const wrong = (what: string, attempt: string) => new RivuletError(`${file}: ${what}`, { code: 2, try: attempt })
  let front: unknown
  try {
    front = parseYaml(text)
  } catch (error) {
    throw wrong(`the front matter is no YAML: ${(error as Error).message.split("\n")[0]}`, "rivulet: { clock: simulated, workers: 2 }")
  }
  const given = (typeof front === "object" && front !== null ? (front as { rivulet?: unknown }).rivulet : undefined) ?? {}
  if (typeof given !== "object") throw wrong("rivulet: in the front matter has no settings", "rivulet: { clock: simulated, workers: 2 }")
  const {
    clock = defaults.clock,
    tz = defaults.tz,
    workers = defaults.workers,
    seed = defaults.seed,
    ...rest
  } = given as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw wrong(`no setting ${unknown}`, "clock, tz, workers, seed")
  if (clock !== "simulated" && clock !== "real") throw wrong(`clock: ${String(clock)}`, "clock: simulated, or real")
  if (!Number.isInteger(workers) || (workers as number) < 1 || (workers as number) > 16)
    throw wrong(`workers: ${String(workers)}`, "workers: 1 to 16")
  if (!Number.isSafeInteger(seed)) throw wrong(`seed: ${String(seed)}`, "seed: 7")
  return { clock, tz: String(tz), workers: workers as number, seed: seed as number }
}

/** `w2@3s`: which worker ends when. */
export interface Kill {
  readonly node: string
  readonly atMs: number
}

export function parseKill(text: string): Kill {
  const match = /^(w\d+|master)@(\d+(?:\.\d+)?(?:ms|s|m|h))$/.exec(text)
  if (match === null) throw new RivuletError(`--kill ${text}: not understood`, { code: 2, try: "--kill w2@3s" })
  return { node: match[1]!, atMs: parseDuration(match[2] as `${number}s`) }
}
