/**
 * Removes TypeScript's types from a cell by writing spaces over them, so that every line and column stays where the user
 * typed it. Enums, namespaces, parameter properties and decorators are not just types: `null` says that a real
 * transform is needed.
 */

import type ts from "typescript"
import { type Typescript, typescript } from "../typescript.js"

export class CellSyntaxError extends SyntaxError {
  /** 0-based offset into the text. */
  readonly at: number
  readonly atEnd: boolean

  constructor(message: string, at: number, length: number) {
    super(message)
    this.name = "SyntaxError"
    this.at = at
    this.atEnd = at >= length
  }
}

/**
 * @returns text of the same length, or null when the cell needs a transform
 * @throws CellSyntaxError
 */
export function stripTypes(text: string): string | null {
  const ts = typescript()
  const file = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const { parseDiagnostics = [] } = file as unknown as { parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }
  const problem = parseDiagnostics[0]
  if (problem) throw new CellSyntaxError(ts.flattenDiagnosticMessageText(problem.messageText, "\n"), problem.start, text.trimEnd().length)
  const blanks: [number, number][] = []
  const blanker = new Blanker(ts, file, blanks)
  blanker.visit(file)
  if (blanker.needsTransform) return null
  const characters = [...Array(text.length).keys()].map(index => text[index]!)
  for (const [from, to] of blanks) {
    for (let index = from; index < to; index++) if (!/[\r\n]/.test(characters[index]!)) characters[index] = " "
  }
  return characters.join("")
}

class Blanker {
  needsTransform = false

  constructor(
    private readonly ts: Typescript,
    private readonly file: ts.SourceFile,
    private readonly blanks: [number, number][],
  ) {}

  private blank(from: number, to: number): undefined {
    this.blanks.push([from, to])
  }

  private blankNode(node: ts.Node): undefined {
    this.blank(node.getStart(this.file), node.end)
  }

  /** From the character `before` (a colon, `<`) that precedes a node, to the node's end and the character after. */
  private blankList(list: ts.NodeArray<ts.Node> | undefined): undefined {
    if (!list) return
    const { text } = this.file
    const close = text.indexOf(">", list.end)
    this.blank(list.pos - 1, close + 1)
  }

  private blankType(node: { readonly type?: ts.TypeNode | undefined; readonly name?: ts.Node | undefined }): undefined {
    if (!node.type) return
    const colon = this.file.text.lastIndexOf(":", node.type.getStart(this.file))
    this.blank(colon, node.type.end)
  }

  visit(node: ts.Node): undefined {
    const { ts } = this
    if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) return this.blankNode(node)
    if (ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node) || ts.isDecorator(node) || ts.isImportEqualsDeclaration(node)) {
      if (!hasModifier(ts, node, ts.SyntaxKind.DeclareKeyword)) this.needsTransform = true
      return this.blankNode(node)
    }
    if (hasModifier(ts, node, ts.SyntaxKind.DeclareKeyword)) return this.blankNode(node)
    if (ts.isImportDeclaration(node)) return this.importDeclaration(node)
    if (ts.isExportDeclaration(node) && node.isTypeOnly) return this.blankNode(node)
    if (ts.isFunctionLike(node)) return this.functionLike(node)
    if (ts.isClassLike(node)) return this.classLike(node)
    if (ts.isVariableDeclaration(node)) {
      if (node.exclamationToken) this.blankNode(node.exclamationToken)
      this.blankType(node)
      this.visit(node.name)
      if (node.initializer) this.visit(node.initializer)
      return
    }
    if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
      this.blank(node.expression.end, node.end)
      return this.visit(node.expression)
    }
    if (ts.isTypeAssertionExpression(node)) {
      this.blank(node.getStart(this.file), node.expression.getStart(this.file))
      return this.visit(node.expression)
    }
    if (ts.isNonNullExpression(node)) {
      this.blank(node.end - 1, node.end)
      return this.visit(node.expression)
    }
    if (
      ts.isCallExpression(node) ||
      ts.isNewExpression(node) ||
      ts.isTaggedTemplateExpression(node) ||
      ts.isExpressionWithTypeArguments(node)
    ) {
      this.blankList(node.typeArguments)
    }
    ts.forEachChild(node, child => {
      if (!ts.isTypeNode(child) || ts.isExpressionWithTypeArguments(child)) this.visit(child)
    })
  }

  private importDeclaration(node: ts.ImportDeclaration): undefined {
    const { ts } = this
    if (node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return this.blankNode(node)
    const named = node.importClause?.namedBindings
    if (!named || !ts.isNamedImports(named)) return
    for (const one of named.elements) if (one.isTypeOnly) this.blankItem(one)
  }

  /** An item of a list with the comma after it. */
  private blankItem(node: ts.Node): undefined {
    const comma = /^\s*,/.exec(this.file.text.slice(node.end))
    this.blank(node.getStart(this.file), node.end + (comma?.[0].length ?? 0))
  }

  private functionLike(node: ts.SignatureDeclaration): undefined {
    const { ts } = this
    const body = (node as ts.FunctionLikeDeclaration).body
    if (!body) return this.blankNode(node)
    this.memberModifiers(node)
    this.blankList(node.typeParameters)
    const { questionToken } = node as ts.MethodDeclaration
    if (questionToken) this.blankNode(questionToken)
    for (const parameter of node.parameters) {
      if (ts.isIdentifier(parameter.name) && parameter.name.text === "this") {
        this.blankItem(parameter)
        continue
      }
      if (parameter.modifiers?.length) this.needsTransform = true
      if (parameter.questionToken) this.blankNode(parameter.questionToken)
      this.blankType(parameter)
      this.visit(parameter.name)
      if (parameter.initializer) this.visit(parameter.initializer)
    }
    if (node.type) {
      const close = this.file.text.lastIndexOf(")", node.type.getStart(this.file))
      this.blank(close + 1, node.type.end)
    }
    if (node.name && ts.isComputedPropertyName(node.name)) this.visit(node.name)
    this.visit(body)
  }

  private classLike(node: ts.ClassLikeDeclaration): undefined {
    const { ts } = this
    this.memberModifiers(node)
    this.blankList(node.typeParameters)
    for (const clause of node.heritageClauses ?? []) {
      if (clause.token === ts.SyntaxKind.ImplementsKeyword) this.blankNode(clause)
      else for (const type of clause.types) this.visit(type)
    }
    for (const member of node.members) {
      if (ts.isIndexSignatureDeclaration(member) || hasModifier(ts, member, ts.SyntaxKind.AbstractKeyword)) this.blankNode(member)
      else if (ts.isPropertyDeclaration(member)) {
        if (hasModifier(ts, member, ts.SyntaxKind.DeclareKeyword)) {
          this.blankNode(member)
          continue
        }
        this.memberModifiers(member)
        if (member.questionToken) this.blankNode(member.questionToken)
        if (member.exclamationToken) this.blankNode(member.exclamationToken)
        this.blankType(member)
        this.visit(member.name)
        if (member.initializer) this.visit(member.initializer)
      } else this.visit(member)
    }
  }

  private memberModifiers(node: ts.Node): undefined {
    const { ts } = this
    if (!ts.canHaveModifiers(node)) return
    const types = [
      ts.SyntaxKind.PublicKeyword,
      ts.SyntaxKind.PrivateKeyword,
      ts.SyntaxKind.ProtectedKeyword,
      ts.SyntaxKind.ReadonlyKeyword,
      ts.SyntaxKind.OverrideKeyword,
      ts.SyntaxKind.AbstractKeyword,
    ]
    for (const modifier of node.modifiers ?? []) if (types.includes(modifier.kind)) this.blankNode(modifier)
    if (ts.canHaveDecorators(node) && ts.getDecorators(node)?.length) this.needsTransform = true
  }
}

function hasModifier(ts: Typescript, node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (node.modifiers?.some(modifier => modifier.kind === kind) ?? false)
}
