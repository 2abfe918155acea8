/**
 * Which fields of its record a function asks for, where it cannot come to the others: it names it only to read a field. It may be whatever else it
 * is.
 */

import type { AnyNode, Pattern } from "acorn"
import type { FunctionRef } from "../function-ref.js"
import { NotUnderstood } from "./expression.js"
import { parsed } from "./read.js"

/** Null: that is not known. */
export function fieldsRead({ source }: Pick<FunctionRef, "source">): ReadonlySet<string> | null {
  const fields = new Set<string>()
  try {
    const f = unwrapped(parsed(source))
    if (f.type !== "ArrowFunctionExpression" && f.type !== "FunctionExpression") return null
    const [record, ...others] = f.params
    if (record !== undefined && record.type !== "Identifier") named(record, fields)
    for (const part of [...others, f.body]) walk(part, f, record?.type === "Identifier" ? record.name : null, fields)
    return fields
  } catch (error) {
    if (error instanceof Unknown || error instanceof NotUnderstood) return null
    throw error
  }
}

class Unknown extends Error {}

const unwrapped = (node: AnyNode): AnyNode => (node.type === "ParenthesizedExpression" ? unwrapped(node.expression) : node)

/** Parents of `record.field` that do more than read it, or hand the record on as `this`. */
const doing = new Set(["AssignmentExpression", "UpdateExpression", "ArrayPattern", "ObjectPattern", "AssignmentPattern", "RestElement"])

function walk(node: AnyNode, parent: AnyNode, record: string | null, fields: Set<string>): void {
  switch (node.type) {
    case "Identifier":
      if (node.name === record || node.name === "arguments" || node.name === "eval") throw new Unknown()
      return
    case "MemberExpression":
      if (!node.computed && node.object.type === "Identifier" && node.object.name === record && node.property.type === "Identifier") {
        if (doing.has(parent.type) && !(parent.type === "AssignmentExpression" && parent.right === node)) throw new Unknown()
        if (parent.type.startsWith("For")) throw new Unknown()
        if (parent.type === "UnaryExpression" && parent.operator === "delete") throw new Unknown()
        if (parent.type === "CallExpression" && parent.callee === node) throw new Unknown()
        if (parent.type === "TaggedTemplateExpression") throw new Unknown()
        fields.add(node.property.name)
        return
      }
      walk(node.object, node, record, fields)
      if (node.computed) walk(node.property, node, record, fields)
      return
    case "ObjectPattern":
      // `({ a: record.b } = …)` assigns.
      for (const one of node.properties) if (one.type === "Property" && one.value.type === "MemberExpression") throw new Unknown()
      break
    case "VariableDeclarator":
      if (record !== null && node.init?.type === "Identifier" && node.init.name === record && node.id.type === "ObjectPattern") {
        named(node.id, fields)
        return
      }
      break
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      if (node.computed) walk(node.key, node, record, fields)
      if (node.value) walk(node.value, node, record, fields)
      return
  }
  for (const part of Object.values(node) as unknown[]) {
    for (const one of Array.isArray(part) ? part : [part]) if (isNode(one)) walk(one, node, record, fields)
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

/** The fields that a pattern takes out of a record: each by its own name. */
function named(pattern: Pattern, fields: Set<string>): void {
  if (pattern.type !== "ObjectPattern") throw new Unknown()
  for (const property of pattern.properties) {
    if (property.type !== "Property" || property.computed || property.key.type !== "Identifier" || property.value.type !== "Identifier")
      throw new Unknown()
    fields.add(property.key.name)
  }
}
