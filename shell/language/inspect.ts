/** What stands under the cursor: its type or signature, a sentence about it, an example; and all that is known of it. */
import type ts from "typescript"
import { firstLine } from "./complete.js"
import { exampleKinds, exampleOf } from "./examples.js"
import type { Inspected } from "./messages.js"
import type { OpenCell } from "./open-cell.js"
import { docOf, fittingThis, isHandle, recordOf, signatureText, typeOf, typeText } from "./signatures.js"

export function inspectionAt(open: OpenCell, cursor: number): Inspected | null {
  const name = nameAt(open, cursor) ?? calledAt(open, cursor)
  if (!name) return null
  const { ts, checker } = open
  const symbol = checker.getSymbolAtLocation(name)
  if (!symbol) return null
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const type = target.flags & ts.SymbolFlags.Value ? checker.getTypeAtLocation(name) : checker.getDeclaredTypeOfSymbol(target)
  const receiver = ts.isPropertyAccessExpression(name.parent) && name.parent.name === name ? name.parent.expression : undefined
  const on = receiver && checker.getTypeAtLocation(receiver)
  const declared = target.flags & ts.SymbolFlags.Value ? typeOf(open, target) : type
  const signatures = (declared.getCallSignatures().length > 0 ? declared : type).getCallSignatures()
  const known = signatures.map(one => (on ? fittingThis(open, one, on) : new Map<string, string>()))
  const label = symbol.name
  const forms = signatures.map((one, i) => `${label}${signatureText(open, one, known[i] ?? new Map())}`)
  const fitting = forms.filter((_, i) => known[i] !== null)
  const heads = forms.length > 0 ? (fitting.length > 0 ? fitting : forms) : [`${label}: ${typeText(open, type)}`]
  const meant =
    signatures[
      Math.max(
        0,
        known.findIndex(one => one !== null),
      )
    ]
  const doc = docOf(open, target, meant)
  const example = isOfApi(open, target) ? exampleOf(label, parentName(target)) : undefined
  const shownExample = example === undefined ? [] : [`  ${example}`]
  const first = firstLine(doc)
  const members = forms.length > 0 ? [] : fieldLines(open, type)
  return {
    brief: [heads[0]!, ...(first === "" ? [] : [first]), ...shownExample],
    all: [...new Set([...heads, ...forms]), ...(doc === "" ? [] : doc.split("\n")), ...members, ...shownExample],
  }
}

/** The name that holds the cursor or ends there. */
function nameAt({ ts, file, map }: OpenCell, cursor: number): ts.Identifier | undefined {
  const at = map.toModule(cursor)
  let found: ts.Identifier | undefined
  const visit = (node: ts.Node): void => {
    if (at < node.getStart(file) || at > node.end) return
    if (ts.isIdentifier(node) && node.text !== "") found = node
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found && map.toCell(found.getStart(file)) >= 0 ? found : undefined
}

/** Of the call in whose parentheses the cursor stands. */
function calledAt({ ts, file, map }: OpenCell, cursor: number): ts.Identifier | undefined {
  const at = map.toModule(cursor)
  let found: ts.Identifier | undefined
  const visit = (node: ts.Node): void => {
    if (at < node.getFullStart() || at > node.end) return
    if (ts.isCallExpression(node) && at > node.expression.end && map.toCell(node.getStart(file)) >= 0) {
      const { expression } = node
      if (ts.isPropertyAccessExpression(expression) && ts.isIdentifier(expression.name)) found = expression.name
      else if (ts.isIdentifier(expression) && expression.text !== "") found = expression
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A word of the library, not of a record or of a cell. */
function isOfApi({ sessionPath }: OpenCell, symbol: ts.Symbol): boolean {
  const kind = parentName(symbol)
  if (kind !== undefined) return exampleKinds.some(one => one === kind)
  return symbol.declarations?.[0]?.getSourceFile().fileName === sessionPath
}

/** The interface that declares a member. */
function parentName(symbol: ts.Symbol): string | undefined {
  return (symbol.declarations?.[0]?.parent as Partial<ts.InterfaceDeclaration> | undefined)?.name?.text
}

const mostFields = 40

/** The fields of a handle's records, or of an object: a line each. */
function fieldLines(open: OpenCell, type: ts.Type): string[] {
  const { ts, checker } = open
  const argument = isHandle(type) ? recordOf(open, type) : type
  if (!argument || !(argument.flags & ts.TypeFlags.Object) || checker.isTupleType(argument) || checker.isArrayType(argument)) return []
  const fields = argument.getProperties().filter(one => typeOf(open, one).getCallSignatures().length === 0)
  return fields.slice(0, mostFields).map(one => `  ${one.name}: ${typeText(open, typeOf(open, one))}`)
}
