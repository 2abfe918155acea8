/**
 * A cell as a TypeScript module that imports the session's names. Text is only put in, never taken out, so that every place leads
 * back to where it was typed.
 */
import type ts from "typescript"
import { isContinuation } from "../evaluator/complete-cell.js"
import type { Typescript } from "../typescript.js"

/** What opens something belongs to what follows it, what closes to what is before. */
interface Insert {
  readonly at: number
  readonly text: string
  readonly closes?: true
}

export interface CellText {
  readonly text: string
  toModule(offset: number): number
  /** Of a place in what was put in: the place where it was put; before the cell: -1. */
  toCell(offset: number): number
}

export interface CellOptions {
  /** The session's names. */
  readonly names: readonly string[]
  /** How a cell imports the session. */
  readonly session: string
  /** What is being typed there is left as it is. */
  readonly cursor?: number
}

/** The cell as it is before it runs: what the shell awaits is awaited. */
export function cellText(ts: Typescript, cell: string, options: CellOptions): CellText {
  const lead = continuation(cell)
  const file = parse(ts, cell, lead)
  const inserts: Insert[] = []
  for (const statement of file.statements) {
    if (options.cursor !== undefined && options.cursor >= statement.getStart(file) && options.cursor <= statement.end + 1) continue
    for (const node of awaited(ts, statement))
      inserts.push({ at: node.getStart(file) - lead.length, text: "(await (" }, { at: node.end - lead.length, text: "))", closes: true })
  }
  return assembled(ts, cell, lead, file, inserts, options)
}

/** Under this name a finished cell gives its value. */
export const valueName = "$value"

/** A cell that has run, with all that it declares exported, and its value. Names that are `present` are neither null nor undefined. */
export function finishedText(ts: Typescript, cell: string, present: readonly string[], options: CellOptions): CellText {
  const lead = continuation(cell)
  const file = parse(ts, cell, lead)
  const inserts: Insert[] = []
  const put = (at: number, text: string, closes?: true) => inserts.push({ at: at - lead.length, text, ...(closes && { closes }) })
  for (const statement of file.statements) {
    const isExported = ts.canHaveModifiers(statement) && statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
    if (declares(ts, statement) && !isExported) put(statement.getStart(file), "export ")
    if (ts.isVariableStatement(statement))
      for (const { name, initializer } of statement.declarationList.declarations)
        if (initializer && ts.isIdentifier(name) && present.includes(name.text)) {
          put(initializer.getStart(file), "(")
          put(initializer.end, ")!", true)
        }
  }
  const last = file.statements.at(-1)
  if (last && ts.isExpressionStatement(last)) put(last.getStart(file), `export const ${valueName} = `)
  return assembled(ts, cell, lead, file, inserts, options)
}

/** A cell that begins with a dot goes on with the last value. */
function continuation(cell: string): string {
  return isContinuation(cell) ? "_" : ""
}

function parse(ts: Typescript, cell: string, lead: string): ts.SourceFile {
  return ts.createSourceFile("cell.ts", lead + cell, ts.ScriptTarget.ESNext, false, ts.ScriptKind.TS)
}

function assembled(
  ts: Typescript,
  cell: string,
  lead: string,
  file: ts.SourceFile,
  inserts: readonly Insert[],
  { names, session }: CellOptions,
): CellText {
  const own = declaredNames(ts, file)
  const imports = `import { ${names.filter(name => !own.has(name)).join(", ")} } from ${JSON.stringify(session)}`
  const before = inserts.filter(({ at }) => at < 0).map(({ text }) => text)
  const header = `${imports}\n${before.join("")}${lead}`
  const sorted = inserts.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)
  let text = header
  let at = 0
  for (const insert of sorted) {
    text += cell.slice(at, insert.at) + insert.text
    at = insert.at
  }
  text += cell.slice(at)
  return {
    text,
    toModule: offset =>
      header.length +
      offset +
      sorted.reduce((sum, one) => (one.at < offset || (one.at === offset && !one.closes) ? sum + one.text.length : sum), 0),
    toCell: offset => {
      let rest = offset - header.length
      if (rest < 0) return -1
      for (const one of sorted) {
        if (one.at >= rest) break
        rest = Math.max(one.at, rest - one.text.length)
      }
      return rest
    },
  }
}

/** Top-level names of a text: values and types. */
export function declaredNames(ts: Typescript, file: ts.SourceFile): Set<string> {
  const names = new Set<string>()
  const bind = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text)
    else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name)
  }
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) bind(name)
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {}
      if (name) names.add(name.text)
      if (namedBindings && ts.isNamespaceImport(namedBindings)) names.add(namedBindings.name.text)
      else if (namedBindings) for (const element of namedBindings.elements) names.add(element.name.text)
    } else if (declares(ts, statement)) {
      const { name } = statement as ts.DeclarationStatement
      if (name && ts.isIdentifier(name)) names.add(name.text)
    }
  }
  return names
}

function declares(ts: Typescript, statement: ts.Statement): boolean {
  return (
    ts.isVariableStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  )
}

/** What the evaluator awaits when it is thenable: initialisers and statements that may be. */
function awaited(ts: Typescript, statement: ts.Statement): ts.Expression[] {
  const expressions = ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.flatMap(({ initializer }) => initializer ?? [])
    : ts.isExpressionStatement(statement)
      ? [statement.expression]
      : []
  return expressions.filter(
    node => ts.isCallExpression(node) || ts.isPropertyAccessExpression(node) || ts.isIdentifier(node) || ts.isConditionalExpression(node),
  )
}
