/** What names stand for while a function is read, and how patterns give them. */

import type { AnyNode, ArrowFunctionExpression, FunctionExpression, MemberExpression, Pattern, Expression as Syntax } from "acorn"
import { type Expression, NotUnderstood } from "./expression.js"

/** What a name may stand for. */
export type Known =
  | Expression
  | { readonly kind: "regex"; readonly source: string; readonly flags: string }
  /** A function that is taken in where it is called. */
  | { readonly kind: "function"; read(): readonly [AnyNode, Names] }

/** Null: something that is not understood. */
export type Names = ReadonlyMap<string, Known | null>

export function functionOf(node: AnyNode): ArrowFunctionExpression | FunctionExpression {
  const inner = node.type === "ParenthesizedExpression" ? (node.expression as Syntax) : node
  if (inner.type !== "ArrowFunctionExpression" && inner.type !== "FunctionExpression") throw new NotUnderstood("is no function")
  const f = inner as ArrowFunctionExpression | FunctionExpression
  if (f.async || f.generator) throw new NotUnderstood("is a generator or async")
  return f
}

/** A function's own name hides what is outside. */
export function namesWithin(f: ArrowFunctionExpression | FunctionExpression, outside: Names): Map<string, Known | null> {
  const names = new Map(outside)
  if (f.type === "FunctionExpression" && f.id) names.set(f.id.name, null)
  return names
}

export function regexOf(node: AnyNode, names: Names): { readonly source: string; readonly flags: string } | null {
  if (node.type === "Literal" && node.regex) return { source: node.regex.pattern, flags: node.regex.flags }
  const known = node.type === "Identifier" ? names.get(node.name) : undefined
  return known?.kind === "regex" ? { source: known.source, flags: known.flags } : null
}

export function nameOf({ property }: MemberExpression): string {
  if (property.type !== "Identifier") throw new NotUnderstood("uses a private field")
  return property.name
}

export const after = (first: readonly Expression[], body: Expression): Expression =>
  first.length === 0 ? body : { kind: "sequence", first, body }

/** Gives what is sure to throw where nothing can be taken apart. */
export function bind(pattern: Pattern, value: Expression, names: Map<string, Known | null>): Expression[] {
  const parts: (readonly [Pattern, Expression])[] = []
  switch (pattern.type) {
    case "Identifier":
      names.set(pattern.name, value)
      return []
    case "ArrayPattern":
      pattern.elements.forEach((element, index) => {
        if (element) parts.push([element, { kind: "item", of: value, index }])
      })
      break
    case "ObjectPattern":
      for (const property of pattern.properties) {
        if (property.type !== "Property" || property.computed || property.key.type !== "Identifier")
          throw new NotUnderstood("takes its parameter apart")
        parts.push([property.value, { kind: "field", of: value, name: property.key.name }])
      }
      break
    default:
      throw new NotUnderstood("has a default or rest parameter")
  }
  if (parts.length === 0) throw new NotUnderstood("takes its parameter apart")
  return [parts[0]![1], ...parts.flatMap(([part, of]) => bind(part, of, names))]
}

export function hide(pattern: Pattern, names: Map<string, Known | null>): void {
  switch (pattern.type) {
    case "Identifier":
      names.set(pattern.name, null)
      return
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) hide(element, names)
      return
    case "ObjectPattern":
      for (const property of pattern.properties) if (property.type === "Property") hide(property.value, names)
      return
    default:
      throw new NotUnderstood("has a default or rest parameter")
  }
}
