/** The errors that TypeScript words badly, in words of our own. Undefined: there is nothing better to say. */
import type ts from "typescript"
import { nearest } from "../../engine/nearest.js"
import type { OpenCell } from "./open-cell.js"
import { accessOf, argumentOf, callOf, literalText, streamOfRecord, subject, textOf } from "./places.js"
import { fittingThis, isHandle, recordOf, recordText, signatureText, typeOf, typeText } from "./signatures.js"

/** `staus is not a field of views: status?` */
export function unknownMember(open: OpenCell, node: ts.Node): string | undefined {
  const { ts, checker } = open
  const access = node.parent
  if (!ts.isPropertyAccessExpression(access) || access.name !== node) return undefined
  const name = access.name.text
  const type = checker.getNonNullableType(checker.getTypeAtLocation(access.expression))
  const members = checker.getPropertiesOfType(checker.getApparentType(type))
  const near = nearest(
    name,
    members.map(one => one.name).filter(one => /^[\p{ID_Start}$]/u.test(one)),
  )
  const meant = near === undefined ? "" : `: ${near}?`
  const called = ts.isCallExpression(access.parent) && access.parent.expression === access
  if (isHandle(type)) {
    const others = kindsWith(open, name)
    if (others.length > 0) return `${name} is of ${others.join(" and of ")}; ${subject(open, access.expression)} is ${kindText(type)}`
    return `${name} is not an operator of ${subject(open, access.expression)}, ${kindText(type)}${meant}`
  }
  const stream = streamOfRecord(open, access.expression)
  const what = called ? "a method" : "a field"
  if (stream !== undefined) {
    if (checker.isTupleType(type)) return `${name} is not a field of ${stream}: each is ${typeText(open, type)}`
    const fields = members.filter(one => typeOf(open, one).getCallSignatures().length === 0).map(one => one.name)
    const list = meant !== "" || fields.length === 0 || fields.length > 40 ? meant : `. They have ${fields.slice(0, 8).join(", ")}`
    return `${name} is not ${what} of ${stream}${list}`
  }
  return `${name} is not ${what} of ${textOf(open, access.expression)} (${typeText(open, type)})${meant}`
}

const kinds: Readonly<Record<string, string>> = {
  DStream: "streams of records",
  InputDStream: "inputs",
  SnapshotDStream: "snapshot streams",
  StateDStream: "state streams",
  RDD: "RDDs",
  Snapshots: "slices of snapshot streams",
}
const kindTexts: Readonly<Record<string, string>> = {
  DStream: "a stream of records",
  InputDStream: "a stream of records",
  SnapshotDStream: "a snapshot stream",
  StateDStream: "a state stream",
  RDD: "an RDD",
  Snapshots: "versions of a snapshot stream",
}

function kindText(type: ts.Type): string {
  return kindTexts[type.symbol.name] ?? type.symbol.name
}

/** Kinds of handles that have a member of the name. */
function kindsWith({ ts, checker, file }: OpenCell, name: string): string[] {
  const session = checker.getSymbolsInScope(file, ts.SymbolFlags.Alias)
  const found = Object.keys(kinds).filter(kind => {
    const symbol = session.find(one => one.name === kind)
    if (!symbol) return false
    const type = checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol))
    return checker.getPropertiesOfType(type).some(one => one.name === name)
  })
  // What a kind has of another is named once.
  const within = (kind: string, other: string) => found.includes(kind) && found.includes(other)
  return found
    .filter(kind => !(kind === "InputDStream" && within("InputDStream", "DStream")))
    .filter(kind => !(kind === "StateDStream" && within("StateDStream", "SnapshotDStream")))
    .map(kind => kinds[kind]!)
}

/** `reduceByKey needs pairs [key, value]; views has AccessLog` */
export function wrongReceiver(open: OpenCell, node: ts.Node): string | undefined {
  const { checker } = open
  const access = accessOf(open, node)
  if (!access) return undefined
  const type = checker.getTypeAtLocation(access.expression)
  const has = isHandle(type) ? recordText(open, type) : typeText(open, type)
  const wants = wantedRecords(open, access)
  const make = wants.startsWith("pairs") ? `: map(r => [key, ${wants.includes("number") ? "1" : "value"}]) makes them` : ""
  return `${access.name.text} needs ${wants}; ${subject(open, access.expression)} has ${has}${make}`
}

/** What a method asks of the records of its handle. */
function wantedRecords(open: OpenCell, access: ts.PropertyAccessExpression): string {
  const { checker, file } = open
  const [signature] = checker.getTypeAtLocation(access.name).getCallSignatures()
  const self = signature?.thisParameter && checker.getTypeOfSymbolAtLocation(signature.thisParameter, file)
  const record = self && recordOf(open, self)
  if (!record) return "another kind of stream"
  if (!checker.isTupleType(record)) return `${typeText(open, record)}s`
  const value = checker.getTypeArguments(record as ts.TypeReference)[1]
  return value && typeText(open, value) === "number" ? "pairs [key, number]" : "pairs [key, value]"
}

export function notCallable(open: OpenCell, node: ts.Node): string | undefined {
  const { ts, checker } = open
  const callee = ts.isCallExpression(node) ? node.expression : (callOf(open, node)?.expression ?? node)
  return `${textOf(open, callee)} is not a function: it is ${typeText(open, checker.getTypeAtLocation(callee))}`
}

/** `reduceByWindow lacks f: reduceByWindow(length, f, inverse?, slide?, options?)` */
export function missingArgument(open: OpenCell, node: ts.Node): string | undefined {
  const { ts, checker } = open
  const call = callOf(open, node)
  if (!call) return undefined
  const signature = checker.getResolvedSignature(call)
  const name = textOf(open, ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression)
  if (!signature) return undefined
  const parameters = signature.getParameters()
  const form = `${name}(${parameters.map(one => `${one.name}${isOptional(ts, one) ? "?" : ""}`).join(", ")})`
  const lacking = parameters.slice(call.arguments.length).filter(one => !isOptional(ts, one))
  if (lacking.length > 0) return `${name} lacks ${lacking.map(one => one.name).join(" and ")}: ${form}`
  return `${name} takes ${parameters.length === 0 ? "nothing" : `${parameters.length} at most`}: ${form}`
}

function isOptional(ts: OpenCell["ts"], symbol: ts.Symbol): boolean {
  const declaration = symbol.valueDeclaration
  return declaration !== undefined && ts.isParameter(declaration) && Boolean(declaration.questionToken ?? declaration.initializer)
}

/** `join takes pairs here; views has AccessLog` and `window takes a Duration here, not number` */
export function wrongArgument(open: OpenCell, node: ts.Node): string | undefined {
  const { ts, checker, file } = open
  const call = argumentOf(open, node)
  if (!call) return undefined
  const { given, index } = call
  const signature = checker.getResolvedSignature(call.call)
  const parameter = signature?.getParameters()[index]
  if (!parameter) return undefined
  const name = textOf(open, ts.isPropertyAccessExpression(call.call.expression) ? call.call.expression.name : call.call.expression)
  const have = checker.getTypeAtLocation(given)
  if (isHandle(have)) {
    const wanted = typeText(open, checker.getTypeOfSymbolAtLocation(parameter, file))
    const takes = /\[\w+, \w+\]|Pairs/.test(wanted) ? "pairs [key, value]" : wanted
    return `${name} takes ${takes}; ${textOf(open, given)} is ${kindText(have)}, with ${recordText(open, have)}`
  }
  const wanted = typeText(open, checker.getTypeOfSymbolAtLocation(parameter, file))
  const example = /^Duration\b/.test(wanted) || /^`\$\{number\}ms`/.test(wanted) ? 'a Duration like "30s"' : wanted
  return `${name} takes ${example} as ${parameter.name}, not ${literalText(open, given) ?? typeText(open, have)}`
}

/** Of several forms the one with as many arguments. */
export function noForm(open: OpenCell, node: ts.Node): string | undefined {
  const { ts, checker } = open
  const call = argumentOf(open, node)?.call ?? callOf(open, node)
  if (!call) return undefined
  const callee = call.expression
  const name = textOf(open, ts.isPropertyAccessExpression(callee) ? callee.name : callee)
  const receiver = ts.isPropertyAccessExpression(callee) ? checker.getTypeAtLocation(callee.expression) : undefined
  const forms = checker.getTypeAtLocation(callee).getCallSignatures()
  const fitting = receiver ? forms.filter(one => fittingThis(open, one, receiver) !== null) : forms
  if (fitting.length === 0) return wrongReceiver(open, ts.isPropertyAccessExpression(callee) ? callee.expression : callee)
  const enough =
    fitting.find(one => one.getParameters().filter(each => !isOptional(ts, each)).length >= call.arguments.length) ?? fitting[0]!
  const lacking = enough
    .getParameters()
    .slice(call.arguments.length)
    .filter(one => !isOptional(ts, one))
  const form = `${name}${signatureText(open, enough)}`
  return lacking.length > 0
    ? `${name} lacks ${lacking.map(one => one.name).join(" and ")}: ${form}`
    : `${name} does not take these: ${form}`
}

export function mayBeAbsent(open: OpenCell, node: ts.Node, code: number): string {
  const what = code === 18047 || code === 2531 ? "null" : code === 18048 || code === 2532 ? "undefined" : "null or undefined"
  const text = textOf(open, node)
  return open.ts.isPropertyAccessExpression(node.parent)
    ? `${text} may be ${what}: ${text}?.${node.parent.name.text}`
    : `${text} may be ${what}`
}
