/**
 * Chains that count pieces of text, of whatever form: rows cut at one byte (or whole), each piece paired with a number that is always the same, sums by piece.
 * They have a kernel of their own (`wasm/words.ts`).
 */

import type { Expression, Lambda } from "../expression/expression.js"
import type { Pieces } from "../wasm/words.js"
import type { ReadStep } from "./rows.js"

type Shape =
  | { readonly kind: "row" | "piece" }
  /** Its length, or whether it has one. */
  | { readonly kind: "size" }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "tuple"; readonly items: readonly Shape[] }
  | { readonly kind: "list"; readonly each: Shape }

/** It is something else. */
class Another extends Error {}

/** Null: it is something else. */
export function piecesOf(steps: readonly ReadStep[], merge: Lambda): Pieces | null {
  if (!isSum(merge)) return null
  const reading = new Reading()
  try {
    let shape: Shape = { kind: "row" }
    for (const { kind, f } of steps) shape = reading.step(kind, f, shape)
    if (shape.kind !== "tuple") return null
    const [key, added] = shape.items
    const { separator, skip } = reading
    if (key?.kind !== (separator === null ? "row" : "piece") || added?.kind !== "number") return null
    return { separator, skip, added: added.value }
  } catch (error) {
    if (error instanceof Another) return null
    throw error
  }
}

export function isSum(merge: Lambda): boolean {
  const { body } = merge
  return body.kind === "arithmetic" && body.operator === "+" && isOfBoth(merge, body.left, body.right)
}

/** The greatest or the least of two numbers. */
export function isExtreme(merge: Lambda): boolean {
  const { body } = merge
  if (body.kind !== "call" || (body.name !== "Math.min" && body.name !== "Math.max")) return false
  const [left, right, ...more] = body.args
  return left !== undefined && right !== undefined && more.length === 0 && isOfBoth(merge, left, right)
}

function isOfBoth({ parameters: [a, b] }: Lambda, left: Expression, right: Expression): boolean {
  if (left.kind !== "parameter" || right.kind !== "parameter") return false
  return (left.id === a && right.id === b) || (left.id === b && right.id === a)
}

type Scope = ReadonlyMap<number, Shape>

class Reading {
  separator: number | null = null
  skip = false

  step(kind: ReadStep["kind"], f: Lambda, value: Shape): Shape {
    switch (kind) {
      case "map":
        return this.apply(f, value)
      case "keyBy":
        return { kind: "tuple", items: [this.apply(f, value), value] }
      case "mapValues": {
        if (value.kind !== "tuple" || value.items.length < 2) throw new Another()
        return { kind: "tuple", items: [value.items[0]!, this.apply(f, value.items[1]!)] }
      }
      case "filter":
        this.keep(this.apply(f, value))
        return value
      case "flatMap": {
        const list = this.apply(f, value)
        if (list.kind !== "list") throw new Another()
        return list.each
      }
    }
  }

  private apply({ parameters, body }: Lambda, value: Shape, outside: Scope = new Map()): Shape {
    const scope = new Map(outside)
    if (parameters[0] !== undefined) scope.set(parameters[0], value)
    return this.shape(body, scope)
  }

  /** Only what asks whether a piece is empty. Of a row that is to be cut it would be another question. */
  private keep(condition: Shape): void {
    if (condition.kind !== "piece" && condition.kind !== "size") throw new Another()
    this.skip = true
  }

  private shape(node: Expression, scope: Scope): Shape {
    switch (node.kind) {
      case "parameter": {
        const value = scope.get(node.id)
        if (value === undefined) throw new Another()
        return value
      }
      case "literal":
        if (typeof node.value === "number") return { kind: "number", value: node.value }
        if (typeof node.value === "string") return { kind: "text", value: node.value }
        throw new Another()
      case "tuple":
        return { kind: "tuple", items: node.items.map(item => this.shape(item, scope)) }
      case "item": {
        const of = this.shape(node.of, scope)
        const item = of.kind === "tuple" ? of.items[node.index] : undefined
        if (item === undefined) throw new Another()
        return item
      }
      case "field":
        if (node.name !== "length" || this.shape(node.of, scope).kind !== "piece") throw new Another()
        return { kind: "size" }
      case "compare":
        return this.compare(node.operator, this.shape(node.left, scope), this.shape(node.right, scope))
      case "method":
        return this.method(node, scope)
      default:
        throw new Another()
    }
  }

  private compare(operator: string, left: Shape, right: Shape): Shape {
    const empty = operator === "!==" && left.kind === "piece" && right.kind === "text" && right.value === ""
    const nothing = (operator === "!==" || operator === ">") && left.kind === "size" && right.kind === "number" && right.value === 0
    if (!empty && !nothing) throw new Another()
    return { kind: "size" }
  }

  private method(node: Extract<Expression, { kind: "method" }>, scope: Scope): Shape {
    const of = this.shape(node.of, scope)
    const [arg, ...more] = node.args
    if (arg === undefined || more.length > 0) throw new Another()
    if (of.kind === "list" && arg.kind === "lambda") {
      if (node.name === "map") return { kind: "list", each: this.apply(arg, of.each, scope) }
      if (node.name !== "filter") throw new Another()
      this.keep(this.apply(arg, of.each, scope))
      return of
    }
    if (of.kind !== "row" || node.name !== "split" || arg.kind !== "literal" || typeof arg.value !== "string") throw new Another()
    const bytes = Buffer.from(arg.value, "utf8")
    if (bytes.length !== 1 || this.separator !== null) throw new Another()
    this.separator = bytes[0]!
    return { kind: "list", each: { kind: "piece" } }
  }
}
