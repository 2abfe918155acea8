/** The walk over a syntax tree that resolves every name to the scope that declares it, or to none: then it is free. */

import type { AnyNode, Class, Function as FunctionNode, Identifier, Pattern } from "acorn"
import { children, headNames, lexicalNames, patternNames, varNames } from "./declared-names.js"

/** A construct that cannot travel, with its place. Whoever captures decides which are refused where. */
export interface Finding {
  readonly what: "this" | "arguments" | "super" | "import()" | "import.meta" | "eval" | "async"
  readonly at: number
}

/** How one free name is used. */
export interface Uses {
  readonly name: string
  readonly at: number
  assignedAt: number | null
  typeofs: number
  members: Set<string> | null
}

/** Which `this` a piece of code sees. */
type This = "outer" | "own"

export class ScopeWalk {
  readonly free = new Map<string, Uses>()
  readonly findings: Finding[] = []
  private scopes: Set<string>[] = []

  enter(node: AnyNode): undefined {
    this.visit(node, "outer")
  }

  private within(names: Iterable<string>, body: () => void): undefined {
    this.scopes.push(new Set(names))
    body()
    this.scopes.pop()
  }

  private found(what: Finding["what"], node: AnyNode): undefined {
    this.findings.push({ what, at: node.start - 1 })
  }

  private use(node: Identifier, how: "read" | "write" | "readWrite" | "typeof", member?: string): undefined {
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

  private visit(node: AnyNode | null | undefined, self: This): undefined {
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
  private functionScope(node: FunctionNode, self: This, own: This): undefined {
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

  private classScope(node: Class, self: This): undefined {
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
  private pattern(node: Pattern, self: This): undefined {
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

  private assigned(node: Pattern, how: "write" | "readWrite", self: This): undefined {
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
