/**
 * Type errors of a cell in a line each: what is wrong, in the words of who typed it, and what may have been meant. Many that a compiler
 * must call errors are none at a prompt: names that come later, what is declared again. Those are left out.
 */
import type ts from "typescript"
import { literalWords } from "./literal-words.js"
import type { Finding } from "./messages.js"
import type { OpenCell } from "./open-cell.js"
import { accessOf } from "./places.js"
import { mayBeAbsent, missingArgument, noForm, notCallable, unknownMember, wrongArgument, wrongReceiver } from "./words.js"

/** A wall helps nobody. */
const mostFindings = 3
const longestChars = 160

/** Said by the evaluator, or none at a prompt: unknown names and modules, redeclarations, assignment to what was imported, `this`; and what is of an unknown type, as records are of which none have come. */
const left = new Set([
  1108, 1155, 1202, 1203, 1208, 1308, 1375, 1378, 1431, 1432, 2300, 2304, 2305, 2306, 2307, 2318, 2440, 2451, 2503, 2552, 2580, 2581, 2582,
  2583, 2584, 2588, 2591, 2592, 2593, 2614, 2632, 2669, 2683, 2694, 2695, 2749, 2792, 2867, 2868, 5097, 7005, 7006, 7016, 7017, 7022, 7023,
  7024, 7031, 7034, 7041, 7044, 7053, 2571, 18004, 18046, 18050,
])

export function findingsIn(open: OpenCell): Finding[] {
  const { ts, service, path, map, cell } = open
  const found = service
    .getSemanticDiagnostics(path)
    .filter(({ category, code, start }) => category === ts.DiagnosticCategory.Error && !left.has(code) && map.toCell(start ?? 0) >= 0)
  return found.slice(0, mostFindings).map(diagnostic => {
    const { at, message } = said(open, diagnostic)
    const from = map.toCell(at.getStart(open.file))
    return { at: Math.min(from, cell.length), end: Math.min(map.toCell(at.end), cell.length), message: shortened(message) }
  })
}

interface Said {
  readonly at: ts.Node
  readonly message: string
}

function said(open: OpenCell, diagnostic: ts.Diagnostic): Said {
  const { ts } = open
  const node = nodeAt(open, diagnostic.start ?? 0, diagnostic.length ?? 0)
  switch (diagnostic.code) {
    case 2339:
    case 2550:
    case 2551:
      return { at: node, message: unknownMember(open, node) ?? plain(ts, diagnostic) }
    case 2684:
      return { at: accessOf(open, node)?.name ?? node, message: wrongReceiver(open, node) ?? plain(ts, diagnostic) }
    case 2349:
      return { at: node, message: notCallable(open, node) ?? plain(ts, diagnostic) }
    case 2554:
    case 2555:
      return { at: node, message: missingArgument(open, node) ?? plain(ts, diagnostic) }
    case 2345:
      return { at: node, message: wrongArgument(open, node) ?? plain(ts, diagnostic) }
    case 2769:
      return { at: node, message: noForm(open, node) ?? plain(ts, diagnostic) }
    case 2531:
    case 2532:
    case 2533:
    case 18047:
    case 18048:
    case 18049:
      return { at: node, message: mayBeAbsent(open, node, diagnostic.code) }
    default:
      return { at: node, message: plain(ts, diagnostic) }
  }
}

/** The compiler's first line. */
function plain(ts: OpenCell["ts"], { messageText }: ts.Diagnostic): string {
  const [first = ""] = ts.flattenDiagnosticMessageText(messageText, "\n").split("\n")
  const words = literalWords(first)
  if (words !== undefined) return words
  return first
    .replace(/import\("[^"]*"\)\./g, "")
    .replace(/\bRivulet\./g, "")
    .replace(/\.$/, "")
}

function shortened(message: string): string {
  const line = message.replace(/\s+/g, " ")
  return line.length > longestChars ? `${line.slice(0, longestChars - 1)}…` : line
}

function nodeAt({ ts, file }: OpenCell, start: number, length: number): ts.Node {
  let found: ts.Node = file
  const visit = (node: ts.Node): void => {
    if (node.getStart(file) > start || node.end < start + length) return
    found = node
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(file, visit)
  return found
}
