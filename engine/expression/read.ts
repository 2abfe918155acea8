/**
 * Reads a function's text as an expression: functions are read, not only called. Nothing here guesses: what is not known to
 * mean exactly the same is not understood, and runs as the function that it is.
 */

import {
  type AnyNode,
  type ArrowFunctionExpression,
  type CallExpression,
  type FunctionExpression,
  type MemberExpression,
  type Pattern,
  parseExpressionAt,
} from "acorn"
import type { BuiltinName, FunctionRef } from "../function-ref.js"
import {
  type ArithmeticOperator,
  arithmeticOperators,
  type CompareOperator,
  compareOperators,
  type Expression,
  type Lambda,
  NotUnderstood,
} from "./expression.js"

const parameter = (id: number): Expression => ({ kind: "parameter", id })
const unary = (body: Expression): Lambda => ({ kind: "lambda", parameters: [0], body })

const builtinLambdas: Readonly<Record<BuiltinName, Lambda | null>> = {
  identity: unary(parameter(0)),
  first: unary({ kind: "item", of: parameter(0), index: 0 }),
  second: unary({ kind: "item", of: parameter(0), index: 1 }),
  one: unary({ kind: "literal", value: 1 }),
  sum: {
    kind: "lambda",
    parameters: [0, 1],
    body: { kind: "arithmetic", operator: "+", left: parameter(0), right: parameter(1) },
  },
  max: null,
  min: null,
}

/** A built-in function as an expression. Throws NotUnderstood. */
export function readBuiltin(name: BuiltinName): Lambda {
  const lambda = builtinLambdas[name]
  if (lambda === null) throw new NotUnderstood(`reduces by ${name}`)
  return lambda
}

/** A user's function as an expression. Throws NotUnderstood, whose message says what is not. */
export function readFunction(ref: Pick<FunctionRef, "source" | "captured">): Lambda {
  let node: AnyNode
  try {
    // In parentheses, as it is compiled: `function f() {}` is then an expression.
    node = parseExpressionAt(`(${ref.source}\n)`, 0, { ecmaVersion: "latest", sourceType: "module" })
  } catch {
    throw new NotUnderstood("is not plain JavaScript")
  }
  const captured = new Map<string, Expression | null>()
  for (const { name, value } of ref.captured) captured.set(name, isPlain(value) ? { kind: "literal", value } : null)
  return new Reader().lambda(node, captured)
}

const isPlain = (value: unknown): value is string | number | boolean | null => value === null || typeof value !== "object"

const phrases: { readonly [type: string]: string } = {
  ThisExpression: "uses this",
  ChainExpression: "uses ?.",
  NewExpression: "makes an object",
  ObjectExpression: "makes an object",
  ConditionalExpression: "chooses by ? :",
  TaggedTemplateExpression: "builds text",
  AssignmentExpression: "assigns",
  UpdateExpression: "assigns",
}

/** Names to what they stand for; null: a captured value that is no text, number or boolean. */
type Names = ReadonlyMap<string, Expression | null>

class Reader {
  private parameters = 0

  lambda(node: AnyNode, outside: Names): Lambda {
    if (node.type !== "ArrowFunctionExpression" && node.type !== "FunctionExpression") throw new NotUnderstood("is no function")
    const f = node as ArrowFunctionExpression | FunctionExpression
    if (f.async || f.generator) throw new NotUnderstood("is a generator or async")
    const names = new Map(outside)
    // A function's own name hides what is outside.
    if (f.type === "FunctionExpression" && f.id) names.set(f.id.name, null)
    const ids = f.params.map(pattern => {
      const id = this.parameters++
      bind(pattern, { kind: "parameter", id }, names)
      return id
    })
    return { kind: "lambda", parameters: ids, body: this.expression(bodyOf(f), names) }
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
      case "TemplateLiteral":
        if (node.expressions.length === 0) return { kind: "literal", value: node.quasis[0]!.value.cooked! }
        throw new NotUnderstood("builds text")
      case "Identifier": {
        const known = names.get(node.name)
        if (known) return known
        throw new NotUnderstood(known === null ? `uses the captured ${node.name}` : `uses ${node.name}`)
      }
      case "ArrayExpression":
        return {
          kind: "tuple",
          items: node.elements.map(element => {
            if (element === null || element.type === "SpreadElement") throw new NotUnderstood("spreads an array")
            return this.expression(element, names)
          }),
        }
      case "UnaryExpression":
        if (node.operator === "!") return { kind: "not", of: this.expression(node.argument, names) }
        if (node.operator === "-" && node.argument.type === "Literal" && typeof node.argument.value === "number")
          return { kind: "literal", value: -node.argument.value }
        throw new NotUnderstood(`uses ${node.operator}`)
      case "LogicalExpression": {
        const { operator } = node
        if (operator === "??") throw new NotUnderstood("uses ??")
        return { kind: "logic", operator, left: this.expression(node.left, names), right: this.expression(node.right, names) }
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
      default:
        throw new NotUnderstood(phrases[node.type] ?? `has a ${node.type}`)
    }
  }

  private member(node: MemberExpression, names: Names): Expression {
    const of = this.object(node, names)
    if (node.computed) {
      const { property } = node
      if (property.type === "Literal" && Number.isInteger(property.value)) return { kind: "item", of, index: property.value as number }
      throw new NotUnderstood("computes the name of a field")
    }
    return { kind: "field", of, name: nameOf(node) }
  }

  private call(node: CallExpression, names: Names): Expression {
    const { callee } = node
    if (node.optional || callee.type !== "MemberExpression" || callee.computed)
      throw new NotUnderstood(callee.type === "Identifier" ? `calls ${callee.name}` : "calls a function")
    const args = node.arguments.map(argument => {
      if (argument.type === "SpreadElement") throw new NotUnderstood("spreads its arguments")
      if (argument.type === "Identifier" && argument.name === "Boolean" && nameOf(callee) === "filter" && !names.has("Boolean"))
        return this.identity()
      const isFunction = argument.type === "ArrowFunctionExpression" || argument.type === "FunctionExpression"
      return isFunction ? this.lambda(argument, names) : this.expression(argument, names)
    })
    return { kind: "method", of: this.object(callee, names), name: nameOf(callee), args }
  }

  /** `Boolean` as a condition: the value is one as it is. */
  private identity(): Lambda {
    const id = this.parameters++
    return { kind: "lambda", parameters: [id], body: { kind: "parameter", id } }
  }

  private object(node: MemberExpression, names: Names): Expression {
    if (node.optional) throw new NotUnderstood("uses ?.")
    if (node.object.type === "Super") throw new NotUnderstood("uses super")
    return this.expression(node.object, names)
  }
}

function nameOf({ property }: MemberExpression): string {
  if (property.type !== "Identifier") throw new NotUnderstood("uses a private field")
  return property.name
}

/** The one expression that the function gives. */
function bodyOf(f: ArrowFunctionExpression | FunctionExpression): AnyNode {
  if (f.body.type !== "BlockStatement") return f.body
  const [statement, ...more] = f.body.body
  if (statement?.type !== "ReturnStatement" || more.length > 0 || !statement.argument) throw new NotUnderstood("has statements")
  return statement.argument
}

function bind(pattern: Pattern, value: Expression, names: Map<string, Expression | null>): void {
  switch (pattern.type) {
    case "Identifier":
      names.set(pattern.name, value)
      return
    case "ArrayPattern":
      pattern.elements.forEach((element, index) => {
        if (element) bind(element, { kind: "item", of: value, index }, names)
      })
      return
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type !== "Property" || property.computed || property.key.type !== "Identifier")
          throw new NotUnderstood("takes its parameter apart")
        bind(property.value, { kind: "field", of: value, name: property.key.name }, names)
      }
      return
    default:
      throw new NotUnderstood("has a default or rest parameter")
  }
}
