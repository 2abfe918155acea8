/** What people type who come from another prompt: psql's backslashes, DuckDB's dots, IPython's percent signs, SQL, names of spark-shell's. */
import { RivuletError } from "../../engine/errors.js"

const broken = "it is for a cluster of one's own: npm start, rivulet shell --local, and what rivulet run gives a page"

/** Names that are no names here: what to type. */
export const foreignNames: Readonly<Record<string, string>> = {
  spark: "readStream, stream, textFile and parallelize are names of their own here · .help",
  sc: "readStream, stream, textFile and parallelize are names of their own here · .help",
  ssc: "readStream, stream, textFile and parallelize are names of their own here · .help",
  sqlContext: "readStream, stream, textFile and parallelize are names of their own here · .help",
  quit: "Ctrl-D, or .exit",
  exit: "Ctrl-D, or .exit",
  kill: broken,
  restart: broken,
  slow: broken,
  print: "type the expression alone, or console.log(…)",
}

/** As a command of ours. */
const same: readonly (readonly [RegExp, (rest: string) => string])[] = [
  [/^(?:help(?:\(\))?|\?|[:\\](?:help|h|\?))$/, () => ".help"],
  [/^help\(\s*([\w$.]+)\s*\)$/, name => `${name}?`],
  [/^\\d[tvsm]?\+?$/, () => ".streams"],
  [/^(?:show (?:tables|streams|views)|\.tables)$/i, () => ".streams"],
  [/^(?:show (?:databases|schemas)|\.databases)$/i, () => ".programs"],
  [/^drop (?:table|stream|view) +([\w/.-]+)$/i, name => `.stop ${name}`],
  [/^\.read +(\S+)$/, path => `.load ${path}`],
  [/^\\d\+? +([\w/.-]+)$/, name => `.info ${name}`],
  [/^(?:describe|desc) +([\w/.-]+)$/i, name => `.schema ${name}`],
  [/^explain +([\w/.-]+)$/i, name => `.explain ${name}`],
  [/^\\watch(?: +[\d.]+)?$/, () => ".watch"],
  [/^\\i +(\S+)$/, path => `.load ${path}`],
]

/** What is no cell here, and what to type. */
const others: readonly (readonly [RegExp, string, string])[] = [
  [/^(?:\\q|:q|:quit)$/, "leaving is Ctrl-D here", ".exit"],
  [/^\\timing\b|^%+time|^\.timer\b/, "every answer's last line says how long it took", ".stamp is all of it"],
  [/^\\x\b/, "one record a page is in the pager", "Ctrl-O, then x"],
  [/^\\e\b/, "the cell in $EDITOR", "Ctrl-X Ctrl-E"],
  [/^%/, "there are no % commands", ".help"],
  [/^\\/, "there are no \\ commands", ".help"],
  [/^:\w/, "there are no : commands", ".help"],
  [/^!(?:ls|cat|pwd|cd|ps|head|tail|grep|curl)\b/, "there are no ! commands: Ctrl-Z suspends the shell, fg brings it back", ".help"],
]

const sql =
  /^(?:select\s+\S|from\s+[\w"/.-]+(?:\s|$)|use\s+[\w/.-]+$|insert\s+into\s|create\s+(?:table|stream|view)\s|with\s+\w+\s+as\s*\()/i

const piped = "cells are TypeScript: in place of a pipe a method is called"
const clause = "cells are TypeScript: a clause is a method here"

/** Behind a name of this session what SQL or a pipe would have there, and the method in its place. */
const behindName: readonly (readonly [RegExp, string, (name: string, rest: string) => string])[] = [
  [/^\|\s*(?:head|limit|take|first)(?:\s+(?:-n\s*|-)?(\d+))?$/, piped, (name, n) => `${name}.take(${n || 10})`],
  [/^\|\s*(?:sort|top)(?:\s.*?(\d+)?)?$/, piped, (name, n) => `${name}.top(${n || 10})`],
  [/^\|\s*(?:wc|count)(?:\s+-l)?$/, piped, name => `${name}.count()`],
  [
    /^\|\s*e?grep(?:\s+-\w+)*\s+(\S+)$/,
    piped,
    (name, word) => `${name}.filter(v => JSON.stringify(v).includes("${word.replace(/["']/g, "")}"))`,
  ],
  [/^\|\s*(?:less|more)$/, piped, name => `${name}, then Ctrl-O`],
  [/^(?:limit|take|head|first)\s+(\d+)$/i, clause, (name, n) => `${name}.take(${n})`],
  [/^top\s+(\d+)$/i, clause, (name, n) => `${name}.top(${n})`],
  [/^count$/i, clause, name => `${name}.count()`],
  [/^(?:order|sort)\s+by\s+[\w."]+(?:\s+(?:asc|desc))?(?:\s+limit\s+(\d+))?$/i, clause, (name, n) => `${name}.top(${n || 10}, v => …)`],
  [
    /^where\s+([A-Za-z_]\w*\s*(?:[<>]=?|==?)\s*\S+)$/i,
    clause,
    (name, test) => `${name}.filter(v => v.${test.replace(/([^<>=])=([^=])/, "$1===$2")})`,
  ],
  [/^(?:where|group\s+by|join)\s/i, clause, name => `${name}. and Tab: filter, map, reduceByKey, join`],
]

/** `views limit 5`, `counts | head`. What is an expression of names of this session is none. */
function checkClause(typed: string, word: string, names: readonly string[]): void {
  const rest = typed.slice(word.length).trim()
  const next = /^\|?\s*([\w$]+)/.exec(rest)?.[1]
  if (next === undefined || (rest.startsWith("|") && names.includes(next))) return
  for (const [form, what, ours] of behindName) {
    const match = form.exec(rest)
    if (match) throw new RivuletError(what, { code: 2, try: ours(word, match[1] ?? "") })
  }
}

/** The dot-command, or question, that a cell of another prompt stands for; undefined: it is none, or a name of this session. */
export function fromElsewhere(cell: string, names: () => readonly string[]): string | undefined {
  const typed = cell.trim().replace(/;$/, "")
  const word = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(typed)?.[0]
  if (typed.includes("\n")) return undefined
  if (word !== undefined && names().includes(word)) {
    checkClause(typed, word, names())
    return undefined
  }
  for (const [form, ours] of same) {
    const match = form.exec(typed)
    if (match) return ours(match[1] ?? "")
  }
  for (const [form, what, advice] of others) if (form.test(typed)) throw new RivuletError(what, { code: 2, try: advice })
  if (sql.test(typed))
    throw new RivuletError("cells are TypeScript, not SQL", {
      code: 2,
      try: 'views.last("5m").filter(v => v.status >= 500).map(v => [v.url, 1]).reduceByKey(sum).top(5)',
    })
  return undefined
}
