/**
 * Scope analysis of one function's or class's source text: which names are free in it, how each is used, and what in it
 * can never travel. Pure: text in, facts out. Offsets are into `expression`.
 */

import { type AnyNode, type Class, type Function as FunctionNode, type Identifier, type Pattern, type Program, parse } from "acorn"

export interface FreeVariable {
  readonly name: string
  /** Offset of the first use. */
  readonly at: number
  /** Offset of the first assignment to it, if there is one. */
  readonly assignedAt: number | null
  /** Every use is `typeof name`, or the text asks `typeof name` before it uses it: it need not exist. */
  readonly guarded: boolean
  /** The members asked for when every use is `name.member`; otherwise null. */
  readonly members: readonly string[] | null
}

export interface FunctionShape {
  /** The source as an expression: a method shorthand becomes a function expression. */
  readonly expression: string
  readonly kind: "arrow" | "function" | "class"
  readonly isMethod: boolean
  /** In order of name. */
  readonly free: readonly FreeVariable[]
  readonly findings: readonly Finding[]
  /** Classes: whether instances, or the class itself, hold `#private` fields that cannot be read from outside. */
  readonly privateFields: { readonly instance: string | null; readonly static: string | null }
}

/** A construct that cannot travel, with its place. Whoever captures decides which are refused where. */
export interface Finding {
  readonly what: "this" | "arguments" | "super" | "import()" | "import.meta" | "eval" | "async"
  readonly at: number
}

/** A text that is not a function's source (native, bound) or that cannot be read in strict mode. */
export class UnreadableSource extends Error {}

/**
 * @param source what `Function.prototype.toString` gives: arrow, function, class, method shorthand or accessor
 * @throws UnreadableSource when it is none of them in strict mode
 */
export function analyse(source: string): FunctionShape {
  // The parenthesis that `tryParse` puts before the text is why offsets of nodes are corrected by one.
  const { expression, node, isMethod } = readSource(source)
  const walk = new Walk()
  walk.enter(node)
  return {
    expression,
    kind: node.type === "ClassExpression" ? "class" : node.type === "ArrowFunctionExpression" ? "arrow" : "function",
    isMethod,
    free: [...walk.free.values()].map(toFreeVariable).sort((a, b) => (a.name < b.name ? -1 : 1)),
    findings: walk.findings,
    privateFields: node.type === "ClassExpression" ? privateFields(node as unknown as Class) : { instance: null, static: null },
  }
}

function readSource(source: string): { expression: string; node: AnyNode; isMethod: boolean } {
  const direct = tryParse(source)
  if (direct) return { expression: source, node: direct, isMethod: false }
  const object = tryParse(`{${source}}`)
  const member = object?.type === "ObjectExpression" ? object.properties[0] : undefined
  if (member?.type !== "Property" || member.value.type !== "FunctionExpression") {
    if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) throw new UnreadableSource("native code")
    throw new UnreadableSource(parseError(source))
  }
  const { value } = member
  // `{` and the parenthesis shift the text by two.
  const body = source.slice(value.start - 2)
  const key = member.key
  const name = !member.computed && key.type === "Identifier" ? key.name : ""
  const head = `${value.async ? "async " : ""}function${value.generator ? "*" : ""}`
  for (const candidate of [`${head} ${name}`, head]) {
    const expression = candidate + body
    const node = tryParse(expression)
    if (node) return { expression, node, isMethod: true }
  }
  // `super` is legal in a method only; the caller is told so.
  throw new UnreadableSource(/\bsuper\b/.test(body) ? "it uses super" : parseError(source))
}

const parseOptions = { ecmaVersion: "latest", sourceType: "module", allowSuperOutsideMethod: true } as const

function tryParse(text: string): AnyNode | null {
  try {
    const program: Program = parse(`(${text}\n)`, parseOptions)
    const statement = program.body[0]
    if (program.body.length !== 1 || statement?.type !== "ExpressionStatement") return null
    return statement.expression
  } catch {
    return null
  }
}

function parseError(source: string): string {
  try {
    parse(`(${source}\n)`, parseOptions)
    return "not a function"
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function privateFields(node: Class): { instance: string | null; static: string | null } {
  const found: { instance: string | null; static: string | null } = { instance: null, static: null }
  for (const member of node.body.body) {
    if (member.type !== "PropertyDefinition" || member.key.type !== "PrivateIdentifier") continue
    found[member.static ? "static" : "instance"] ??= `#${member.key.name}`
  }
  return found
}

interface Uses {
  readonly name: string
  readonly at: number
  assignedAt: number | null
  typeofs: number
  members: Set<string> | null
}

function toFreeVariable(uses: Uses): FreeVariable {
  const { name, at, assignedAt, typeofs } = uses
  return { name, at, assignedAt, guarded: typeofs > 0, members: uses.members ? [...uses.members].sort() : null }
}

/** Which `this` a piece of code sees. */
type This = "outer" | "own"

class Walk {
  readonly free = new Map<string, Uses>()
  readonly findings: Finding[] = []
  private scopes: Set<string>[] = []

  enter(node: AnyNode): void {
    this.visit(node, "outer")
  }

  private within(names: Iterable<string>, body: () => void): void {
    this.scopes.push(new Set(names))
    body()
    this.scopes.pop()
  }

  private found(what: Finding["what"], node: AnyNode): void {
    this.findings.push({ what, at: node.start - 1 })
  }

  private use(node: Identifier, how: "read" | "write" | "readWrite" | "typeof", member?: string): void {
    const { name } = node
    for (let i = this.scopes.length - 1; i >= 0; i--) if (this.scopes[i]!.has(name)) return
    if (name === "undefined") return
    if (name === "arguments") return this.found("arguments", node)
    let uses = this.free.get(name)
    if (!uses) {
      uses = { name, at: node.start - 1, assignedAt: null, typeofs: 0, members: new Set() }
      this.free.set(name, uses)
    }
    if (how === "typeof") {
      uses.typeofs++
      return
    }
    if (member !== undefined && how === "read") uses.members?.add(member)
    else uses.members = null
    if (how !== "read") uses.assignedAt ??= node.start - 1
  }

  private visit(node: AnyNode | null | undefined, self: This): void {
    if (!node) return
    switch (node.type) {
      case "Identifier":
        return this.use(node, "read")
      case "ThisExpression":
        if (self === "outer") this.found("this", node)
        return
      case "Super":
        if (self === "outer") this.found("super", node)
        return
      case "MetaProperty":
        if (node.meta.name === "import") this.found("import.meta", node)
        return
      case "ImportExpression":
        this.found("import()", node)
        return this.visit(node.source, self)
      case "FunctionExpression":
      case "FunctionDeclaration":
      case "ArrowFunctionExpression":
        return this.functionScope(node as FunctionNode & AnyNode, self, "outer")
      case "ClassExpression":
      case "ClassDeclaration":
        return this.classScope(node as Class & AnyNode, self)
      case "ObjectExpression":
        for (const property of node.properties) {
          if (property.type === "SpreadElement") this.visit(property.argument, self)
          else {
            if (property.computed) this.visit(property.key, self)
            const isMethod = property.method || property.kind !== "init"
            if (isMethod && property.value.type === "FunctionExpression") this.functionScope(property.value, self, "own")
            else this.visit(property.value, self)
          }
        }
        return
      case "MemberExpression":
        if (node.object.type === "Identifier" && !node.computed && node.property.type === "Identifier")
          this.use(node.object, "read", node.property.name)
        else this.visit(node.object, self)
        if (node.computed) this.visit(node.property, self)
        return
      case "CallExpression":
        if (node.callee.type === "Identifier" && node.callee.name === "eval") this.found("eval", node)
        break
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier") return this.use(node.argument, "typeof")
        break
      case "AssignmentExpression":
        this.assigned(node.left, node.operator === "=" ? "write" : "readWrite", self)
        return this.visit(node.right, self)
      case "UpdateExpression":
        return this.assigned(node.argument as Pattern, "readWrite", self)
      case "VariableDeclaration":
        for (const declaration of node.declarations) {
          this.pattern(declaration.id, self)
          this.visit(declaration.init, self)
        }
        return
      case "BlockStatement":
      case "StaticBlock":
        return this.within(lexicalNames(node.body), () => {
          for (const statement of node.body) this.visit(statement, self)
        })
      case "SwitchStatement":
        this.visit(node.discriminant, self)
        return this.within(lexicalNames(node.cases.flatMap(one => one.consequent)), () => {
          for (const one of node.cases) {
            this.visit(one.test, self)
            for (const statement of one.consequent) this.visit(statement, self)
          }
        })
      case "ForStatement":
        return this.within(headNames(node.init), () => {
          for (const part of [node.init, node.test, node.update, node.body]) this.visit(part, self)
        })
      case "ForInStatement":
      case "ForOfStatement":
        return this.within(headNames(node.left), () => {
          if (node.left.type === "VariableDeclaration") this.visit(node.left, self)
          else this.assigned(node.left, "write", self)
          this.visit(node.right, self)
          this.visit(node.body, self)
        })
      case "CatchClause":
        return this.within(node.param ? patternNames(node.param) : [], () => {
          if (node.param) this.pattern(node.param, self)
          this.visit(node.body, self)
        })
      case "LabeledStatement":
        return this.visit(node.body, self)
      case "BreakStatement":
      case "ContinueStatement":
        return
    }
    for (const child of children(node)) this.visit(child, self)
  }

  /** @param own what a non-arrow function's `this` is: "own" for methods of an object literal or class */
  private functionScope(node: FunctionNode, self: This, own: This): void {
    if (node.async) this.findings.push({ what: "async", at: node.start - 1 })
    const arrow = node.type === "ArrowFunctionExpression"
    const names = new Set<string>(arrow ? [] : ["arguments"])
    if (node.id && node.type === "FunctionExpression") names.add(node.id.name)
    for (const param of node.params) for (const name of patternNames(param)) names.add(name)
    if (node.body.type === "BlockStatement") {
      for (const name of varNames(node.body)) names.add(name)
    }
    const inside = arrow ? self : own
    this.within(names, () => {
      for (const param of node.params) this.pattern(param, inside)
      this.visit(node.body, inside)
    })
  }

  private classScope(node: Class, self: This): void {
    this.within(node.id ? [node.id.name] : [], () => {
      this.visit(node.superClass, self)
      for (const member of node.body.body) {
        if (member.type === "StaticBlock") {
          this.within(varNames(member), () => this.visit(member, "own"))
          continue
        }
        if (member.computed) this.visit(member.key, self)
        if (member.type === "MethodDefinition") {
          const before = this.findings.length
          this.functionScope(member.value, self, "own")
          // An async method of a class may lie unused; only what is called as an operator is refused.
          if (member.value.async) this.findings.splice(before, 1)
        } else this.visit(member.value, "own")
      }
    })
  }

  /** Defaults and computed keys of a declaring pattern; the names in it are declared already. */
  private pattern(node: Pattern, self: This): void {
    switch (node.type) {
      case "AssignmentPattern":
        this.pattern(node.left, self)
        return this.visit(node.right, self)
      case "ObjectPattern":
        for (const property of node.properties) {
          if (property.type === "RestElement") this.pattern(property.argument, self)
          else {
            if (property.computed) this.visit(property.key, self)
            this.pattern(property.value, self)
          }
        }
        return
      case "ArrayPattern":
        for (const element of node.elements) if (element) this.pattern(element, self)
        return
      case "RestElement":
        return this.pattern(node.argument, self)
      default:
    }
  }

  private assigned(node: Pattern, how: "write" | "readWrite", self: This): void {
    switch (node.type) {
      case "Identifier":
        return this.use(node, how)
      case "AssignmentPattern":
        this.assigned(node.left, how, self)
        return this.visit(node.right, self)
      case "ObjectPattern":
        for (const property of node.properties) {
          if (property.type === "RestElement") this.assigned(property.argument, how, self)
          else {
            if (property.computed) this.visit(property.key, self)
            this.assigned(property.value, how, self)
          }
        }
        return
      case "ArrayPattern":
        for (const element of node.elements) if (element) this.assigned(element, how, self)
        return
      case "RestElement":
        return this.assigned(node.argument, how, self)
      default:
        return this.visit(node, self)
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
}

/** Child nodes in source order of their fields (acorn builds them so). */
export function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const one of value) if (isNode(one)) found.push(one)
    } else if (isNode(value)) found.push(value)
  }
  return found
}

/** The names that a pattern declares. */
export function patternNames(node: Pattern): string[] {
  switch (node.type) {
    case "Identifier":
      return [node.name]
    case "AssignmentPattern":
      return patternNames(node.left)
    case "RestElement":
      return patternNames(node.argument)
    case "ArrayPattern":
      return node.elements.flatMap(element => (element ? patternNames(element) : []))
    case "ObjectPattern":
      return node.properties.flatMap(property => patternNames(property.type === "RestElement" ? property.argument : property.value))
    default:
      return []
  }
}

/** `let`, `const`, `class` and function declarations directly in a block. */
export function lexicalNames(body: readonly AnyNode[]): string[] {
  return body.flatMap(statement => {
    if (statement.type === "VariableDeclaration" && statement.kind !== "var")
      return statement.declarations.flatMap(one => patternNames(one.id))
    if (statement.type === "ClassDeclaration" || statement.type === "FunctionDeclaration") return statement.id ? [statement.id.name] : []
    return []
  })
}

function headNames(node: AnyNode | null | undefined): string[] {
  return node ? lexicalNames([node]) : []
}

/** `var` declarations of a function body, however deep, not those of functions inside it. */
export function varNames(body: AnyNode): string[] {
  const names: string[] = []
  const walk = (node: AnyNode): void => {
    if (node.type === "VariableDeclaration" && node.kind === "var") names.push(...node.declarations.flatMap(one => patternNames(one.id)))
    if (/Function|^Class/.test(node.type)) return
    for (const child of children(node)) walk(child)
  }
  walk(body)
  return names
}
