/** What can be checked of a page without running anything: its links, the files it names, and that each code block says what it is. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import glob from "fast-glob"
import { marked, type Token, type Tokens } from "marked"
import { parseNotebook } from "../../shell/notebook/document.js"
import { blocksOf, commandsOf, typedCells } from "./blocks.js"

/** Made by commands that the pages name. */
const made = ["docs/api", "dist"]
const notOurs = ["node_modules/**", ".tests/**", ...made.map(one => `${one}/**`)]

/** The pages' paths, sorted. `root` is the repository. */
export async function pagesOf(root: string): Promise<string[]> {
  return (await glob("**/*.md", { cwd: root, ignore: notOurs })).sort()
}

/** Breaches as `page:line  what`. */
export function checkPage(root: string, page: string): string[] {
  const text = readFileSync(join(root, page), "utf8")
  const breaches: string[] = []
  let from = 0
  const say = (raw: string, what: string): void => {
    const at = text.indexOf(raw, from) < 0 ? text.indexOf(raw) : text.indexOf(raw, from)
    breaches.push(`${page}:${text.slice(0, Math.max(0, at)).split("\n").length}  ${what}`)
  }
  marked.walkTokens(marked.lexer(text), (token: Token) => {
    if (token.type === "link" || token.type === "image") {
      const wrong = wrongLink(root, page, (token as Tokens.Link).href)
      if (wrong !== undefined) say(token.raw, wrong)
    } else if (token.type === "codespan" && !page.startsWith("docs/decisions/")) {
      const path = (token as Tokens.Codespan).text
      if (namesFile.test(path) && !fileExists(root, path)) say(token.raw, `there is no ${path}`)
    } else if (token.type === "html") {
      for (const wrong of wrongHtml(root, page, token.raw)) say(token.raw, wrong)
    } else if (token.type === "text" && (token as Tokens.Text).tokens === undefined && /\[[^\]]+\]\[[^\]]*\]/.test(token.raw)) {
      say(token.raw, "a link to what is not defined")
    } else return
    from = Math.max(from, text.indexOf(token.raw, from))
  })
  breaches.push(...wrongBlocks(root, page, text))
  return breaches
}

/** Pages whose commands, files and transcripts `npm run pages` runs; the cells of notebooks are run by their tests. */
export const isRun = (page: string): boolean => /^(README\.md|docs\/[^/]+\.md)$/.test(page)

const marks = "ts, ts file=x.ts, sh, sh shown, console, output, text"

/** Each block runs, or says that it is there to be seen; no mark may promise what nobody does. */
function wrongBlocks(root: string, page: string, text: string): string[] {
  const breaches: string[] = []
  const runs = isRun(page)
  const cells = runs || page.startsWith("notebooks/") ? cellLines(text, page) : new Set<number>()
  const orphans = orphanOutputs(marked.lexer(text))
  for (const block of blocksOf(text)) {
    const say = (what: string, line = 0) => breaches.push(`${page}:${block.line + line}  ${what}`)
    if (block.kind === "unmarked") say(`a code block that says not what it is: ${marks}`)
    if (block.kind === "cell" && !cells.has(block.line))
      say("a cell that nobody runs: on a page that is not run, in a list, or marked skip")
    if (/^(commands|transcript|file)$/.test(block.kind) && !runs) say(`nobody runs this page's ${block.words.join(" ")}: sh shown, text`)
    if (block.kind === "transcript" && typedCells(block).length === 0) say("a transcript in which nothing is typed at local>")
    if (block.kind === "shown" && block.words[0] === "text" && isCode.test(block.text)) say("commands or code that nobody runs, as text")
    if (block.kind === "output" && orphans.has(block.text)) say("an output that stands below no cell and no commands")
    if (block.words[0] !== "sh") continue
    for (const { words, line } of commandsOf(block)) {
      const wrong = wrongScript(root, words)
      if (wrong !== undefined) say(wrong, line + 1)
    }
  }
  return breaches
}

/** Of a drawing or a transcript no line begins so. */
const isCode = /^(?:\$ )?(?:(?:npx )?rivulet [a-z]|npm (?:run|test|start|ci)\b|(?:const|let|import|export) )/m

/** HTML can hide code from all that looks for it, and links from what follows them. */
function wrongHtml(root: string, page: string, html: string): string[] {
  const code = /<(?:pre|code)\b/i.test(html) ? ["code as HTML, which nobody runs: a block between ```"] : []
  const links = [...html.matchAll(/\b(?:href|src)\s*=\s*["']?([^"'\s>]+)/gi)].flatMap(([, href]) => wrongLink(root, page, href!) ?? [])
  return [...code, ...links]
}

/** Where the fences of the cells stand that a run of the page sees. */
function cellLines(text: string, page: string): Set<number> {
  const { parts } = parseNotebook(text, page)
  return new Set(parts.flatMap(part => (part.kind === "cell" ? [part.line - 1] : [])))
}

/** Texts of outputs that do not come right after what could have shown them. */
function orphanOutputs(tokens: readonly Token[], found = new Set<string>()): Set<string> {
  let before: Token | undefined
  for (const token of tokens) {
    if (token.type === "space") continue
    const words = (one: Token | undefined) => (one?.type === "code" ? ((one as Tokens.Code).lang ?? "") : "")
    if (/^output\b/.test(words(token)) && (!/^(ts|sh)\b/.test(words(before)) || /\bfile=/.test(words(before))))
      found.add((token as Tokens.Code).text.replace(/\n+$/, ""))
    const nested = (token as { tokens?: Token[] }).tokens ?? (token as Tokens.List).items
    if (nested !== undefined) orphanOutputs(nested, found)
    before = token
  }
  return found
}

/** A decision is cited by its number, so that no two may share one; its heading says the same number as its file. */
export function checkDecisions(root: string, pages: readonly string[]): string[] {
  const breaches: string[] = []
  const taken = new Map<number, string>()
  for (const page of pages) {
    const number = Number(/^docs\/decisions\/(\d{4})-/.exec(page)?.[1] ?? Number.NaN)
    if (Number.isNaN(number)) continue
    const other = taken.get(number)
    if (other !== undefined) breaches.push(`${page}:1  has the number of ${other}`)
    taken.set(number, page)
    if (!readFileSync(join(root, page), "utf8").startsWith(`# ${number}. `))
      breaches.push(`${page}:1  its heading does not begin with ${number}.`)
  }
  return breaches
}

const namesFile = /^(engine|cluster|shell|test|scripts|docs|notebooks)\/[\w{},./*-]*$/

/** Names of files are written without their ending where it is `.ts`, and several at once as `master/{admission,seal}`. */
function fileExists(root: string, path: string): boolean {
  if (made.some(one => path.startsWith(one))) return true
  return expanded(path).every(one => {
    if (one.includes("*")) return glob.sync(one, { cwd: root }).length > 0
    return [one, `${one}.ts`, `${one}.tsx`, `${one}.md`].some(name => existsSync(join(root, name)))
  })
}

function expanded(path: string): string[] {
  const braces = /^(.*?)\{([^}]*)\}(.*)$/.exec(path)
  return braces === null ? [path] : braces[2]!.split(",").flatMap(one => expanded(braces[1]! + one + braces[3]!))
}

function wrongLink(root: string, page: string, href: string): string | undefined {
  if (/^[a-z]+:/i.test(href)) return URL.canParse(href) ? undefined : `${href} is no address`
  const [path, anchor] = href.split("#") as [string, string?]
  const target = path === "" ? page : normalize(join(dirname(page), decodeURI(path)))
  if (made.some(one => target.startsWith(one))) return undefined
  if (!existsSync(join(root, target))) return `${href}: there is no ${target}`
  if (anchor === undefined) return undefined
  return anchorsOf(readFileSync(join(root, target), "utf8")).has(anchor) ? undefined : `${href}: ${target} has no heading of that name`
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): Set<string> {
  const headings = marked.lexer(text).filter((token): token is Tokens.Heading => token.type === "heading")
  return new Set(
    headings.map(({ text }) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  )
}

/** npm's scripts and the files that node runs. */
function wrongScript(root: string, words: readonly string[]): string | undefined {
  if (words[0] === "npm") {
    const name = words[1] === "run" ? words[2]! : words[1]!
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
    return name in scripts || /^(ci|install)$/.test(name) ? undefined : `npm has no script ${name}`
  }
  if (words[0] !== "node") return undefined
  const missing = words.find(word => /^(\.\/)?(scripts|test|shell|dist)\/.*\.(ts|mjs|js)$/.test(word) && !existsSync(join(root, word)))
  return missing === undefined || missing.startsWith("dist/") ? undefined : `there is no ${missing}`
}
