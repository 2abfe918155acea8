/**
 * Scope analysis of one function's or class's source text: which names are free in it, how each is used, and what in it
 * can never travel. Pure: text in, facts out. Offsets are into `expression`.
 */

import { type AnyNode, type Class, type Literal, type Program, parse } from "acorn"
import { type Finding, ScopeWalk, type Uses } from "./scope-walk.js"

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
  /**
   * Classes: what is evaluated once, when the class is defined, may no longer be readable. So the superclass is `name`, whose
   * value is the class's prototype, and static fields are without initialiser, except functions, which stay (`kept`).
   */
  readonly superclass: string | null
  readonly keptStatics: readonly string[]
  readonly privateFields: { readonly instance: string | null; readonly static: string | null }
}

/** A text that is not a function's source (native, bound) or that cannot be read in strict mode. */
export class UnreadableSource extends Error {}

/**
 * @param source what `Function.prototype.toString` gives: arrow, function, class, method shorthand or accessor
 * @throws UnreadableSource when it is none of them in strict mode
 */
export function analyse(source: string): FunctionShape {
  const read = readSource(source)
  const { isMethod } = read
  const definition = read.node.type === "ClassExpression" ? classDefinition(read.expression, read.node as unknown as Class) : null
  const expression = definition?.expression ?? read.expression
  const node = definition ? tryParse(expression)! : read.node
  const walk = new ScopeWalk()
  walk.enter(node)
  return {
    expression,
    kind: definition ? "class" : node.type === "ArrowFunctionExpression" ? "arrow" : "function",
    isMethod,
    free: [...walk.free.values()].map(toFreeVariable).sort((a, b) => (a.name < b.name ? -1 : 1)),
    findings: walk.findings,
    superclass: definition?.superclass ?? null,
    keptStatics: definition?.keptStatics ?? [],
    privateFields: definition ? privateFields(node as unknown as Class) : { instance: null, static: null },
  }
}

/** Offsets of nodes are one too great everywhere: `tryParse` puts a parenthesis before the text. */
function classDefinition(source: string, node: Class): Pick<FunctionShape, "expression" | "superclass" | "keptStatics"> {
  const keptStatics: string[] = []
  let expression = source
  const blank = (from: number, to: number): void => {
    expression = expression.slice(0, from) + expression.slice(from, to).replace(/[^\n]/g, " ") + expression.slice(to)
  }
  for (const member of node.body.body) {
    if (member.type === "StaticBlock") blank(member.start - 1, member.end - 1)
    if (member.type !== "PropertyDefinition" || !member.static || !member.value || member.key.type === "PrivateIdentifier") continue
    if (/^(Arrow)?FunctionExpression$/.test(member.value.type)) {
      if (!member.computed) keptStatics.push(member.key.type === "Identifier" ? member.key.name : String((member.key as Literal).value))
      continue
    }
    const equals = source.indexOf("=", member.key.end - 1)
    blank(equals, member.value.end - 1)
  }
  const { superClass } = node
  if (!superClass || superClass.type === "Literal") return { expression, superclass: null, keptStatics }
  if (superClass.type === "Identifier") return { expression, superclass: superClass.name, keptStatics }
  // Any expression may stand there; it comes before the body, so no offset above has moved.
  const superclass = "rivuletSuperclass"
  const head = source.slice(0, superClass.start - 1)
  const tail = expression.slice(superClass.end - 1)
  return { expression: head + superclass + tail, superclass, keptStatics }
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
  throw new UnreadableSource(parseError(source))
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

function toFreeVariable(uses: Uses): FreeVariable {
  const { name, at, assignedAt, typeofs } = uses
  return { name, at, assignedAt, guarded: typeofs > 0, members: uses.members ? [...uses.members].sort() : null }
}
