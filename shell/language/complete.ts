/** What may stand at the cursor, by types: fields of records, members that the handle has, names with what they are. */
import type ts from "typescript"
import type { TypedCompletions, TypedItem } from "./messages.js"
import type { OpenCell } from "./open-cell.js"
import { docOf, fittingThis, signatureText, typeOf, typeText } from "./signatures.js"

/** More are cut off: nobody reads on. */
const mostItems = 200

export function completionsIn(open: OpenCell, cursor: number): TypedCompletions | null {
  const { ts, service, path, cell, map } = open
  const at = map.toModule(cursor)
  const found = service.getCompletionsAtPosition(path, at, { includeSymbol: true, includeCompletionsWithInsertText: false })
  if (!found) return null
  const before = cell.slice(0, cursor)
  const inText = found.entries.some(({ kind }) => kind === ts.ScriptElementKind.string)
  const prefix = (inText ? /[^"'`]*$/ : /[\p{ID_Continue}$]*$/u).exec(before)![0]
  const isMember = found.isMemberCompletion && !inText
  const receiver = isMember ? receiverAt(open, at - prefix.length) : undefined
  const items: (TypedItem & { readonly order: number })[] = []
  for (const entry of found.entries) {
    const { name, symbol } = entry
    if (!name.startsWith(prefix) || (!inText && !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name))) continue
    if (name.startsWith("_") && !prefix.startsWith("_")) continue
    if (inText) items.push({ text: name, type: "", doc: "", isField: true, order: items.length })
    else if (symbol && (isMember || isOwn(open, symbol))) {
      const item = described(open, symbol, receiver)
      if (item) items.push({ ...item, order: placeOf(symbol) })
    }
    if (items.length >= mostItems) break
  }
  const fieldsFirst = items.sort((a, b) => Number(b.isField) - Number(a.isField) || a.order - b.order)
  if (fieldsFirst.length === 0) return null
  const named = fieldsFirst.map(({ order: _, ...item }) => item)
  return { items: named, from: cursor - prefix.length, to: cursor, only: isMember || inText }
}

/** The type of what stands before the dot. */
function receiverAt({ ts, checker, file }: OpenCell, at: number): ts.Type | undefined {
  const visit = (node: ts.Node): ts.Type | undefined => {
    if (at < node.getFullStart() || at > node.end) return undefined
    const inner = ts.forEachChild(node, visit)
    if (inner) return inner
    return ts.isPropertyAccessExpression(node) && node.expression.end < at && node.name.getFullStart() <= at
      ? checker.getTypeAtLocation(node.expression)
      : undefined
  }
  return visit(file)
}

/** Declared by this cell or by the session: the language's own names are known elsewhere. */
function isOwn({ ts, checker, path, sessionPath }: OpenCell, symbol: ts.Symbol): boolean {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  if (!(target.flags & ts.SymbolFlags.Value)) return false
  return (symbol.declarations ?? []).some(declaration => {
    const { fileName } = declaration.getSourceFile()
    return fileName === path || fileName === sessionPath
  })
}

/** A name, what it is and what is said of it; undefined for a method that what stands before the dot cannot have. */
function described(open: OpenCell, symbol: ts.Symbol, receiver: ts.Type | undefined): TypedItem | undefined {
  const { ts, checker } = open
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const type = typeOf(open, target)
  const signatures = type.getCallSignatures()
  const isMethod = signatures.length > 0
  const fitting = receiver ? signatures.map(one => fittingThis(open, one, receiver)) : signatures.map(() => new Map<string, string>())
  const index = fitting.findIndex(one => one !== null)
  if (isMethod && index < 0) return undefined
  const doc = firstLine(docOf(open, target, signatures[index]))
  if (!isMethod) return { text: symbol.name, type: typeText(open, type), doc, isField: receiver !== undefined && !isHandle(open, receiver) }
  return { text: symbol.name, type: signatureText(open, signatures[index]!, fitting[index]!), doc, isField: false }
}

/** What it says of itself (`name`, `intervalMs`) is no field of its records. */
function isHandle({ checker }: OpenCell, type: ts.Type): boolean {
  return ["lineage", "explain"].every(name => checker.getPropertyOfType(type, name) !== undefined)
}

export function firstLine(doc: string): string {
  return doc.replace(/\s*\n\s*/g, " ").replace(/^(.*?\.)\s.*$/, "$1")
}

/** In the order in which things were declared. */
function placeOf(symbol: ts.Symbol): number {
  const declaration = symbol.declarations?.[0]
  if (!declaration) return Number.MAX_SAFE_INTEGER
  const { name } = declaration.parent as Partial<ts.InterfaceDeclaration>
  // What a handle shares with all others comes after its own.
  return declaration.pos + (name?.text === "Handle" ? Number.MAX_SAFE_INTEGER / 2 : 0)
}
