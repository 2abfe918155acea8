/**
 * A cell as V8's REPL mode is to run it. Pure: text in, text out.
 *
 *  - top-level `const`/`let` initialisers and expressions are awaited when they are thenable (API row 15);
 *  - every top-level declaration becomes `let`, so that any name may be declared again as anything; that a `const` is not
 *    assigned to is checked here;
 *  - functions move to the front, as hoisting wants it; imports before them, through the evaluator's loader;
 *  - a leading `.name(` goes on with the last expression (API row 16).
 *
 * The text is put together from pieces of the user's, so every place in it leads back to where it was typed.
 */

import type { AnyNode, Expression, ModuleDeclaration, Statement, VariableDeclaration } from "acorn"
import { children, patternNames } from "../../engine/capture/declared-names.js"
import { ScopeWalk } from "../../engine/capture/scope-walk.js"
import { isContinuation } from "./complete-cell.js"
import { EditedText, locate, type Piece } from "./edited-text.js"
import { type JavaScript, toJavaScript } from "./javascript.js"
import { CellSyntaxError } from "./strip-types.js"

export type DeclaredKind = "const" | "let" | "var" | "function" | "class" | "import"

export interface RewrittenCell {
  readonly code: string
  readonly declared: readonly { readonly name: string; readonly kind: DeclaredKind }[]
  /** The last statement is an expression: its value is the cell's. */
  readonly hasValue: boolean
  /** Where `await` may have to be written out, by the number that the settling helper is called with. */
  readonly sites: readonly AwaitSite[]
  readonly continues: boolean
  /** Offset in the user's text of an offset in `code`. */
  toText(offset: number): number
}

export interface AwaitSite {
  readonly at: number
  readonly end: number
  /** `await a ?? b` would await `a`. */
  readonly needsParentheses: boolean
  /** `await` is there already. */
  readonly written: boolean
}

/**
 * @param constants names that earlier cells declared as `const` or imported
 * @param helper the expression through which the cell reaches its evaluator: `last`, `value(v)`,
 *   `settle(site, v)` (whether to wait, for what is in `settled`), `load(name)`
 * @throws CellSyntaxError
 */
export function rewriteCell(cell: string, constants: ReadonlySet<string> = new Set(), helper = "__rivulet"): RewrittenCell {
  const continues = isContinuation(cell)
  const lead = continues ? `${helper}.last` : ""
  const parsed = asExpression(cell) ?? toJavaScript(lead + cell)
  const shift = continues ? lead.length : 0
  const rewriter = new Rewriter(parsed, helper, offset => Math.max(0, parsed.toText(offset) - shift))
  rewriter.run()
  const declared = [...rewriter.declared].map(([name, kind]) => ({ name, kind }))
  checkConstants(parsed, rewriter.declared, constants, rewriter.toText)
  const { pieces } = rewriter
  return {
    code: pieces.map(piece => piece.text).join(""),
    declared,
    hasValue: rewriter.hasValue,
    sites: rewriter.sites,
    continues,
    toText: offset => rewriter.toText(locate(pieces, offset)),
  }
}

/** The cell with `await` written out where it was done, and `_` where it goes on: what history and `.save` keep. */
export function writtenOut(cell: string, rewritten: RewrittenCell, awaited: ReadonlySet<number>): string {
  const inserts: { at: number; text: string }[] = []
  if (rewritten.continues) inserts.push({ at: /^\s*/.exec(cell)![0].length, text: "_" })
  rewritten.sites.forEach((site, index) => {
    if (!awaited.has(index) || site.written) return
    inserts.push({ at: site.at, text: site.needsParentheses ? "await (" : "await " })
    if (site.needsParentheses) inserts.push({ at: site.end, text: ")" })
  })
  inserts.sort((a, b) => b.at - a.at)
  return inserts.reduce((text, { at, text: insert }) => text.slice(0, at) + insert + text.slice(at), cell)
}

/** `{ a: 1 }` is an object, as in Node's own REPL. */
function asExpression(cell: string): JavaScript | null {
  if (!/^\s*\{[\s\S]*\}\s*$/.test(cell)) return null
  try {
    const parsed = toJavaScript(`(${cell}\n)`)
    return { ...parsed, toText: offset => Math.max(0, parsed.toText(offset) - 1) }
  } catch {
    return null
  }
}

class Rewriter {
  readonly declared = new Map<string, DeclaredKind>()
  readonly sites: AwaitSite[] = []
  hasValue = false
  private readonly edits: EditedText
  private readonly front: Piece[] = []
  private readonly body: Piece[] = []

  constructor(
    private readonly js: JavaScript,
    private readonly helper: string,
    readonly toText: (offset: number) => number,
  ) {
    this.edits = new EditedText(js.code)
  }

  get pieces(): readonly Piece[] {
    return [...this.front, ...this.body]
  }

  run(): undefined {
    const { body } = this.js.program
    this.refuseMeta(this.js.program)
    const functions = new Map<string, AnyNode>()
    for (const statement of body) {
      const inner = exportedDeclaration(statement)
      if (inner.type === "FunctionDeclaration" && inner.id) functions.set(inner.id.name, inner)
    }
    let at = 0
    body.forEach((statement, index) => {
      this.emit(at, statement.start)
      at = statement.end
      this.statement(statement, functions, index === body.length - 1)
    })
    this.emit(at, this.js.code.length)
  }

  private statement(statement: Statement | ModuleDeclaration, functions: ReadonlyMap<string, AnyNode>, isLast: boolean): undefined {
    const inner = exportedDeclaration(statement)
    switch (inner.type) {
      case "ImportDeclaration":
        return this.importDeclaration(inner)
      case "ExportAllDeclaration":
      case "ExportNamedDeclaration":
        return this.own("undefined;")
      case "FunctionDeclaration": {
        const name = inner.id?.name
        if (name === undefined || functions.get(name) !== inner) return
        this.declared.set(name, "function")
        this.front.push({ text: `let ${name}=`, from: null })
        this.collect(inner)
        this.front.push(...this.edits.take(inner.start, inner.end))
        this.front.push({ text: ";", from: null })
        return
      }
      case "ClassDeclaration":
        if (!inner.id) return
        this.declared.set(inner.id.name, "class")
        this.own(`let ${inner.id.name}=`)
        this.collect(inner)
        this.emit(inner.start, inner.end)
        return this.own(";")
      case "VariableDeclaration":
        this.variables(inner)
        return this.emit(inner.start, inner.end)
      case "ExpressionStatement":
        return this.expression(inner.expression, inner.end, isLast)
      default:
        this.collect(inner)
        if (isExpression(inner)) return this.expression(inner, inner.end, isLast)
        return this.emit(inner.start, inner.end)
    }
  }

  private variables(node: VariableDeclaration): undefined {
    const names = node.declarations.flatMap(one => patternNames(one.id))
    const kind = node.kind === "const" || node.kind === "let" || node.kind === "var" ? node.kind : "let"
    const keyword = { from: node.start, to: node.start + node.kind.length }
    if (kind === "var" && node.declarations.every(one => one.id.type === "Identifier")) {
      // A `var` may be declared twice, and read before it is set: declared once, then assigned to.
      const fresh = names.filter((name, index) => !this.declared.has(name) && names.indexOf(name) === index)
      this.edits.add({ ...keyword, text: fresh.length > 0 ? `let ${fresh.join(",")};` : "" })
    } else this.edits.add({ ...keyword, text: "let".padEnd(node.kind.length) })
    for (const name of names) this.declared.set(name, kind)
    for (const { init } of node.declarations) {
      if (!init) continue
      this.collect(init)
      if (mayBeThenable(init)) this.settle(init)
    }
  }

  private expression(node: Expression, end: number, isLast: boolean): undefined {
    this.collect(node)
    // A line that begins with a parenthesis of ours would go on with the line before it.
    this.own(";")
    if (node.type === "AssignmentExpression" && node.operator === "=") {
      if (mayBeThenable(node.right)) this.settle(node.right)
    } else if (mayBeThenable(node)) this.settle(node)
    if (isLast) {
      this.hasValue = true
      this.own(`${this.helper}.value((`)
      this.emit(node.start, node.end)
      this.own("));")
    } else {
      this.own("(")
      this.emit(node.start, node.end)
      this.own(");")
    }
    this.body.push(...this.edits.take(node.end, end, /[();]/g))
  }

  /** Wraps an expression so that it is awaited when it is thenable. */
  private settle(node: Expression): undefined {
    const site = this.sites.push(this.siteOf(node, false)) - 1
    this.edits.add({ from: node.start, to: node.start, text: `(${this.helper}.settle(${site},(` })
    // `await` of what is no promise would still yield: the rest would run where an interrupt does not reach the caller.
    this.edits.add({ from: node.end, to: node.end, text: `))?await ${this.helper}.settled:${this.helper}.settled)` })
  }

  private siteOf(node: Expression, written: boolean): AwaitSite {
    const needsParentheses = !/^(Member|Call|New|TaggedTemplate|Import)Expression$|^Identifier$/.test(node.type)
    return { at: this.toText(node.start), end: this.toText(node.end), needsParentheses, written }
  }

  /** The awaits and imports inside a statement that belong to the cell itself. */
  private collect(node: AnyNode, inFunction = false): undefined {
    if (node.type === "ImportExpression") {
      this.edits.add({ from: node.start, to: node.start + "import".length, text: `${this.helper}.load` })
    }
    if (node.type === "AwaitExpression" && !inFunction) {
      const site = this.sites.push(this.siteOf(node.argument, true)) - 1
      this.edits.add({ from: node.argument.start, to: node.argument.start, text: `(${this.helper}.settle(${site},(` })
      this.edits.add({ from: node.argument.end, to: node.argument.end, text: `)),${this.helper}.settled)` })
    }
    const inside = inFunction || /Function/.test(node.type)
    for (const child of children(node)) this.collect(child, inside)
  }

  private importDeclaration(node: Extract<ModuleDeclaration, { type: "ImportDeclaration" }>): undefined {
    const load = `await ${this.helper}.load(${JSON.stringify(node.source.value)});`
    const named: string[] = []
    let namespace: string | null = null
    for (const one of node.specifiers) {
      this.declared.set(one.local.name, "import")
      if (one.type === "ImportNamespaceSpecifier") namespace = one.local.name
      else {
        const imported =
          one.type === "ImportDefaultSpecifier"
            ? "default"
            : one.imported.type === "Identifier"
              ? one.imported.name
              : String(one.imported.value)
        named.push(`${JSON.stringify(imported)}:${one.local.name}`)
      }
    }
    const text =
      namespace !== null
        ? `let ${namespace}=${load}${named.length ? `let {${named.join(",")}}=${namespace};` : ""}`
        : named.length
          ? `let {${named.join(",")}}=${load}`
          : load
    this.front.push({ text, from: null })
  }

  private refuseMeta(node: AnyNode): undefined {
    if (node.type === "MetaProperty" && node.meta.name === "import") {
      throw new CellSyntaxError("import.meta is for files: a cell has none", this.toText(node.start), Number.POSITIVE_INFINITY)
    }
    for (const child of children(node)) this.refuseMeta(child)
  }

  private emit(from: number, to: number): undefined {
    this.body.push(...this.edits.take(from, to))
  }

  private own(text: string): undefined {
    this.body.push({ text, from: null })
  }
}

/** `export` is left out: in a cell everything is at hand. */
function exportedDeclaration(statement: Statement | ModuleDeclaration): AnyNode {
  if (statement.type === "ExportNamedDeclaration" && statement.declaration) return statement.declaration
  if (statement.type === "ExportDefaultDeclaration") return statement.declaration as AnyNode
  return statement
}

function isExpression(node: AnyNode): node is Expression & AnyNode {
  return /Expression$|^Identifier$|Literal$/.test(node.type)
}

/** Whether a value may be a promise by its form; functions keep the name of their variable when they are left alone. */
function mayBeThenable(node: Expression): boolean {
  return !/^(Literal|TemplateLiteral|ArrowFunctionExpression|FunctionExpression|ClassExpression|ObjectExpression|ArrayExpression|AwaitExpression|UpdateExpression|BinaryExpression|UnaryExpression)$/.test(
    node.type,
  )
}

/** V8 sees only `let`: assigning to what the user declared `const` is found here. */
function checkConstants(
  { program }: JavaScript,
  declared: ReadonlyMap<string, DeclaredKind>,
  constants: ReadonlySet<string>,
  toText: (offset: number) => number,
): undefined {
  const walk = new ScopeWalk()
  for (const statement of program.body) walk.enter(exportedDeclaration(statement))
  for (const { name, assignedAt } of walk.free.values()) {
    if (assignedAt === null) continue
    const kind = declared.get(name)
    if (kind === undefined ? constants.has(name) : kind === "const" || kind === "import") {
      // The walk's offsets are those of a text in parentheses.
      throw new CellSyntaxError(
        `${name} is a const: declare it again, const ${name} = …, or declare it with let`,
        toText(assignedAt + 1),
        Number.POSITIVE_INFINITY,
      )
    }
  }
}
