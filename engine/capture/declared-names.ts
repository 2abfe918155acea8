/** Which names the declarations in a syntax tree introduce, by kind of scope. Pure. */

import type { AnyNode, Pattern } from "acorn"

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

/** Of a loop's head. */
export function headNames(node: AnyNode | null | undefined): string[] {
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
