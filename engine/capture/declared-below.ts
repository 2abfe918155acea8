/**
 * Whether a variable that a function sees has no value yet because its `const` stands further down: V8 shows it as undefined, and a copy that is
 * taken now would keep that for ever, where JavaScript would throw or, called later, have the value.
 *
 *   export const slow = views.filter(v => v.ms > limit)      // `limit` as a copy: undefined
 *   const limit = 500
 */

import { type AnyNode, parse } from "acorn"
import { children, headNames, lexicalNames, patternNames, varNames } from "./declared-names.js"

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

/** @param at a place within the function, in characters of the script's text. What cannot be read is taken to have its value. */
export function isDeclaredBelow(script: string, at: number, name: string): boolean {
  const around = enclosing(script, at)
  const end = around.find(({ type }) => functions.has(type))?.end
  if (end === undefined) return false
  for (const scope of around) {
    if (headOf(scope).includes(name)) return false
    if (!("body" in scope) || !Array.isArray(scope.body) || scope.type === "ClassBody") continue
    const statement = (scope.body as AnyNode[]).map(exported).find(one => lexicalNames([one]).includes(name))
    if (statement !== undefined) return statement.start >= end && givesValue(statement, name)
  }
  return false
}

/** The nodes around a place, innermost first. */
function enclosing(script: string, at: number): AnyNode[] {
  const around: AnyNode[] = []
  let node = parsed(script)
  while (node !== undefined) {
    around.unshift(node)
    node = children(node).find(child => child.start <= at && at < child.end)
  }
  return around
}

function parsed(script: string): AnyNode | undefined {
  for (const sourceType of ["module", "script"] as const) {
    try {
      return parse(script, { ecmaVersion: "latest", sourceType, allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true })
    } catch {
      // Perhaps as the other.
    }
  }
  return undefined
}

/** What a scope declares beside its statements: those have their value, or are undefined by right. */
function headOf(scope: AnyNode): string[] {
  switch (scope.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [...scope.params.flatMap(patternNames), ...varNames(scope.body)]
    case "ForStatement":
      return headNames(scope.init)
    case "ForInStatement":
    case "ForOfStatement":
      return headNames(scope.left)
    case "CatchClause":
      return scope.param ? patternNames(scope.param) : []
    default:
      return []
  }
}

const exported = (statement: AnyNode): AnyNode => (statement.type === "ExportNamedDeclaration" && statement.declaration) || statement

/** `let x` alone is undefined when it has been reached, too. */
function givesValue(statement: AnyNode, name: string): boolean {
  if (statement.type !== "VariableDeclaration") return statement.type === "ClassDeclaration"
  return statement.declarations.some(({ id, init }) => init != null && patternNames(id).includes(name))
}
