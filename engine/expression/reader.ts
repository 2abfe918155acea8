/** The walk over a function's syntax. `read.ts` says what comes into it. */

import type {
  AnyNode,
  ArrowFunctionExpression,
  CallExpression,
  FunctionExpression,
  MemberExpression,
  NewExpression,
  ObjectExpression,
  Statement,
} from "acorn"
import {
  type ArithmeticOperator,
  arithmeticOperators,
  type CompareOperator,
  compareOperators,
  type Expression,
  type Lambda,
  NotUnderstood,
} from "./expression.js"
import { after, bind, functionOf, hide, type Names, nameOf, namesWithin, regexOf } from "./names.js"

const phrases: { readonly [type: string]: string } = {
  ThisExpression: "uses this",
  NewExpression: "makes an object",
  TaggedTemplateExpression: "builds text",
  AssignmentExpression: "assigns",
  UpdateExpression: "assigns",
}

/** Functions of numbers, and of a value; what each is to code is known to whoever writes it (`kernel/calls.ts`). */
const ofMath = new Set(["floor", "ceil", "round", "trunc", "abs", "sign", "sqrt", "min", "max"].map(name => `Math.${name}`))
const ofNumber = new Set(["isNaN", "isFinite", "isInteger", "parseInt", "parseFloat"].map(name => `Number.${name}`))
const globals = new Set(["Number", "String", "Boolean", "parseInt", "parseFloat"])

/** Functions within functions, each called by the one before. */
const deepest = 16

export class Reader {
  private parameters = 0
  private depth = 0

  lambda(node: AnyNode, outside: Names): Lambda {
    const f = functionOf(node)
    const names = namesWithin(f, outside)
    const first: Expression[] = []
    const ids = f.params.map(pattern => {
      const id = this.parameters++
      first.push(...bind(pattern, { kind: "parameter", id }, names))
      return id
    })
    return { kind: "lambda", parameters: ids, body: after(first, this.body(f, names)) }
  }

  private body(f: ArrowFunctionExpression | FunctionExpression, names: Names): Expression {
    if (f.body.type !== "BlockStatement") return this.expression(f.body, names)
    return this.statements(f.body.body, names)
  }

  /** Constants, conditions that return, and a return. */
  private statements(list: readonly Statement[], outside: Names): Expression {
    const names = new Map(outside)
    // Before its line a name is not there, and does not mean what is outside either.
    for (const one of list) if (one.type === "VariableDeclaration") for (const { id } of one.declarations) hide(id, names)
    const first: Expression[] = []
    for (const [at, one] of list.entries()) {
      if (one.type === "EmptyStatement") continue
      if (one.type === "VariableDeclaration" && (one.kind === "const" || one.kind === "let")) {
        for (const { id, init } of one.declarations) {
          if (!init) throw new NotUnderstood("assigns")
          const value = this.expression(init, names)
          first.push(value, ...bind(id, value, names))
        }
        continue
      }
      return after(first, this.ending(one, list.slice(at + 1), names))
    }
    throw new NotUnderstood("returns nothing")
  }

  private ending(node: Statement, rest: readonly Statement[], names: Names): Expression {
    switch (node.type) {
      case "ReturnStatement":
        if (!node.argument) throw new NotUnderstood("returns nothing")
        return this.expression(node.argument, names)
      case "BlockStatement":
        return this.statements(node.body, names)
      case "IfStatement":
        return {
          kind: "conditional",
          test: this.expression(node.test, names),
          yes: this.ending(node.consequent, [], names),
          no: node.alternate ? this.ending(node.alternate, [], names) : this.statements(rest, names),
        }
      default:
        throw new NotUnderstood("has statements")
    }
  }

  private expression(node: AnyNode, names: Names): Expression {
    switch (node.type) {
      case "ParenthesizedExpression":
        return this.expression(node.expression, names)
      case "Literal": {
        const { value } = node
        if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || node.raw === "null")
          return { kind: "literal", value: value as string }
        throw new NotUnderstood(node.regex ? "uses a regular expression" : "uses a bigint")
      }
      case "TemplateLiteral": {
        const texts = node.quasis.map(({ value }) => value.cooked!)
        if (node.expressions.length === 0) return { kind: "literal", value: texts[0]! }
        return { kind: "template", texts, parts: node.expressions.map(part => this.expression(part, names)) }
      }
      case "Identifier": {
        const known = names.get(node.name)
        if (known?.kind === "regex") throw new NotUnderstood("uses a regular expression")
        if (known && known.kind !== "function") return known
        throw new NotUnderstood(known === undefined ? `uses ${node.name}` : `uses the captured ${node.name}`)
      }
      case "ArrayExpression":
        return {
          kind: "tuple",
          items: node.elements.map(element => {
            if (element === null || element.type === "SpreadElement") throw new NotUnderstood("spreads an array")
            return this.expression(element, names)
          }),
        }
      case "ObjectExpression":
        return this.object(node, names)
      case "UnaryExpression":
        if (node.operator === "!") return { kind: "not", of: this.expression(node.argument, names) }
        if (node.operator === "-") {
          const { argument } = node
          if (argument.type === "Literal" && typeof argument.value === "number") return { kind: "literal", value: -argument.value }
          return { kind: "call", name: "-", args: [this.expression(argument, names)] }
        }
        if (node.operator === "+") return { kind: "call", name: "+", args: [this.expression(node.argument, names)] }
        throw new NotUnderstood(`uses ${node.operator}`)
      case "LogicalExpression":
        return {
          kind: "logic",
          operator: node.operator,
          left: this.expression(node.left, names),
          right: this.expression(node.right, names),
        }
      case "ConditionalExpression":
        return {
          kind: "conditional",
          test: this.expression(node.test, names),
          yes: this.expression(node.consequent, names),
          no: this.expression(node.alternate, names),
        }
      case "BinaryExpression": {
        if (node.left.type === "PrivateIdentifier") throw new NotUnderstood("uses a private field")
        const { operator } = node
        const compared = compareOperators.includes(operator as CompareOperator)
        if (!compared && !arithmeticOperators.includes(operator as ArithmeticOperator)) throw new NotUnderstood(`uses ${operator}`)
        const [left, right] = [this.expression(node.left, names), this.expression(node.right, names)]
        return compared
          ? { kind: "compare", operator: operator as CompareOperator, left, right }
          : { kind: "arithmetic", operator: operator as ArithmeticOperator, left, right }
      }
      case "MemberExpression":
        return this.member(node, names)
      case "CallExpression":
        return this.call(node, names)
      case "NewExpression":
        return this.made(node, names)
      case "ChainExpression":
        throw new NotUnderstood("uses ?.")
      default:
        throw new NotUnderstood(phrases[node.type] ?? `has a ${node.type}`)
    }
  }

  private object(node: ObjectExpression, names: Names): Expression {
    const fields = node.properties.map(property => {
      if (property.type !== "Property" || property.computed || property.kind !== "init" || property.method)
        throw new NotUnderstood("makes an object")
      const { key } = property
      const name = key.type === "Identifier" ? key.name : key.type === "Literal" ? String(key.value) : "__proto__"
      if (name === "__proto__") throw new NotUnderstood("makes an object")
      return { name, value: this.expression(property.value, names) }
    })
    return { kind: "object", fields }
  }

  private member(node: MemberExpression, names: Names): Expression {
    const of = this.objectOf(node, names)
    if (!node.computed) return { kind: "field", of, name: nameOf(node) }
    const { property } = node
    const known = property.type === "Identifier" ? names.get(property.name) : undefined
    const value = property.type === "Literal" ? property.value : known?.kind === "literal" ? known.value : undefined
    if (Number.isInteger(value) && (value as number) >= 0) return { kind: "item", of, index: value as number }
    if (typeof value === "string") return { kind: "field", of, name: value }
    throw new NotUnderstood("computes the name of a field")
  }

  private call(node: CallExpression, names: Names): Expression {
    const { callee } = node
    if (node.optional) throw new NotUnderstood("uses ?.")
    if (callee.type === "Identifier") return this.named(callee.name, node, names)
    if (callee.type !== "MemberExpression" || callee.computed) throw new NotUnderstood("calls a function")
    const name = nameOf(callee)
    const { object } = callee
    if (object.type === "Identifier" && !names.has(object.name)) {
      const full = `${object.name}.${name}`
      if (ofMath.has(full) || ofNumber.has(full)) return { kind: "call", name: full, args: this.arguments(node, names) }
    }
    const regex = name === "test" ? regexOf(object, names) : null
    if (regex !== null) {
      const [of, ...more] = this.arguments(node, names)
      if (of === undefined || more.length > 0) throw new NotUnderstood("calls test")
      return { kind: "test", ...regex, of }
    }
    const args = node.arguments.map(argument => {
      if (argument.type === "SpreadElement") throw new NotUnderstood("spreads its arguments")
      if (argument.type === "Identifier" && argument.name === "Boolean" && name === "filter" && !names.has("Boolean"))
        return this.identity()
      const isFunction = argument.type === "ArrowFunctionExpression" || argument.type === "FunctionExpression"
      return isFunction ? this.lambda(argument, names) : this.expression(argument, names)
    })
    return { kind: "method", of: this.objectOf(callee, names), name, args }
  }

  private arguments(node: CallExpression | NewExpression, names: Names): Expression[] {
    return node.arguments.map(argument => {
      if (argument.type === "SpreadElement") throw new NotUnderstood("spreads its arguments")
      return this.expression(argument, names)
    })
  }

  /** A function that is called by its name: one of the language, or of the user's. */
  private named(name: string, node: CallExpression, names: Names): Expression {
    const known = names.get(name)
    if (known === undefined && globals.has(name)) return { kind: "call", name, args: this.arguments(node, names) }
    if (known?.kind !== "function" || this.depth >= deepest) throw new NotUnderstood(`calls ${name}`)
    const args = this.arguments(node, names)
    this.depth++
    const [syntax, outside] = known.read()
    const f = functionOf(syntax)
    const within = namesWithin(f, outside)
    const first = [...args]
    for (const [i, pattern] of f.params.entries()) {
      const arg = args[i]
      if (arg === undefined) throw new NotUnderstood(`calls ${name} with too few arguments`)
      first.push(...bind(pattern, arg, within))
    }
    const body = this.body(f, within)
    this.depth--
    return after(first, body)
  }

  private made(node: NewExpression, names: Names): Expression {
    const args = this.arguments(node, names)
    if (node.callee.type !== "Identifier" || node.callee.name !== "Date" || names.has("Date") || args.length !== 1)
      throw new NotUnderstood("makes an object")
    return { kind: "call", name: "Date", args }
  }

  /** `Boolean` as a condition: the value is one as it is. */
  private identity(): Lambda {
    const id = this.parameters++
    return { kind: "lambda", parameters: [id], body: { kind: "parameter", id } }
  }

  private objectOf(node: MemberExpression, names: Names): Expression {
    if (node.optional) throw new NotUnderstood("uses ?.")
    if (node.object.type === "Super") throw new NotUnderstood("uses super")
    return this.expression(node.object, names)
  }
}
