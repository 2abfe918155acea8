/** What stands where in a cell: calls, their arguments, the stream that a record is of. */
import type ts from "typescript"
import type { OpenCell } from "./open-cell.js"
import { isHandle, recordOf } from "./signatures.js"

export function textOf({ file, map, cell }: OpenCell, node: ts.Node): string {
  const text = cell.slice(map.toCell(node.getStart(file)), map.toCell(node.end)).replace(/\s+/g, " ")
  return text.length > 40 ? `…${text.slice(-39)}` : text
}

export function literalText({ ts, file }: OpenCell, node: ts.Node): string | undefined {
  return ts.isLiteralExpression(node) ? node.getText(file) : undefined
}

export function callOf({ ts }: OpenCell, node: ts.Node): ts.CallExpression | undefined {
  for (let at: ts.Node | undefined = node; at; at = at.parent) if (ts.isCallExpression(at)) return at
  return undefined
}

/** The call that has the node, or what it is in, as an argument. */
export function argumentOf(
  { ts }: OpenCell,
  node: ts.Node,
): { readonly call: ts.CallExpression; readonly given: ts.Expression; readonly index: number } | undefined {
  for (let at: ts.Node = node; at.parent; at = at.parent) {
    if (!ts.isCallExpression(at.parent)) continue
    const index = at.parent.arguments.indexOf(at as ts.Expression)
    if (index >= 0) return { call: at.parent, given: at as ts.Expression, index }
  }
  return undefined
}

/** The member that is asked of an expression, or of what a call is made on. */
export function accessOf(open: OpenCell, node: ts.Node): ts.PropertyAccessExpression | undefined {
  const { ts } = open
  if (ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node) return node.parent
  const callee = callOf(open, node)?.expression
  return callee && ts.isPropertyAccessExpression(callee) ? callee : undefined
}

/** A chain by the name that it begins with. */
export function subject(open: OpenCell, expression: ts.Expression): string {
  const { ts } = open
  return ts.isIdentifier(expression) ? expression.text : textOf(open, expression)
}

/** The stream whose records a function's parameter stands for. */
export function streamOfRecord(open: OpenCell, expression: ts.Expression): string | undefined {
  const { ts, checker } = open
  if (!ts.isIdentifier(expression)) return undefined
  const parameter = checker.getSymbolAtLocation(expression)?.valueDeclaration
  if (!parameter || !ts.isParameter(parameter) || !ts.isArrowFunction(parameter.parent)) return undefined
  const call = parameter.parent.parent
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return undefined
  const type = checker.getTypeAtLocation(call.expression.expression)
  if (!isHandle(type)) return undefined
  const record = recordOf(open, type)
  for (let at: ts.Expression = call.expression.expression; ; ) {
    const here = checker.getTypeAtLocation(at)
    if (!isHandle(here) || recordOf(open, here) !== record) break
    if (ts.isIdentifier(at)) return at.text === "_" ? "the last answer's records" : at.text
    if (!ts.isCallExpression(at) || !ts.isPropertyAccessExpression(at.expression)) break
    at = at.expression.expression
  }
  return "these records"
}
