/** One function or class as a record: its text, checked, with the values of its free variables. */

import type { ClassRecord, Encoded, FunctionRecord } from "../function-ref.js"
import { driverGlobals, hiddenGlobals, replacedGlobals, sharedGlobals } from "./globals.js"
import { type Link, linkTo } from "./refusal.js"
import { analyse, type FreeVariable, type FunctionShape, UnreadableSource } from "./scope.js"
import type { Finding } from "./scope-walk.js"
import type { Found, ScopeReader } from "./scopes.js"

/** What an operator's functions may do; the defaults are those of operators that run in tasks. */
export interface FunctionPolicy {
  /** `transform`, `transformWith`, `foreachRDD`: captured RDDs and streams travel. */
  readonly allowHandles: boolean
  /** `foreachRDD`: may be async, and use what a driver thread has. */
  readonly allowAsync: boolean
}

/** What a body's values are written to (`heap-writer.ts`). */
export interface CaptureWriter {
  readonly options: FunctionPolicy & { readonly reader: ScopeReader }
  encode(value: unknown, link: Link): Encoded
  refuse(link: Link, what: string, remedy: string): never
}

const assignRemedy =
  "give the new value back instead; what is kept from record to record belongs in runningReduce, track or updateStateByKey"

/** @throws CaptureError through `writer.refuse` */
export function encodeBody(writer: CaptureWriter, f: Function, link: Link): { record: FunctionRecord | ClassRecord; shape: FunctionShape } {
  const source = Function.prototype.toString.call(f)
  let shape: FunctionShape
  try {
    shape = analyse(source)
  } catch (error) {
    if (!(error instanceof UnreadableSource)) throw error
    if (error.message === "native code") return refuseNative(writer, f, link)
    return writer.refuse(link, `cannot be read as strict JavaScript: ${error.message}`, "write it as an arrow function")
  }
  const isMember = /^[.[]/.test(link.step.step)
  const refused = refusedFinding(shape, writer.options, isMember || hasPrototypeMembers(f))
  if (refused) writer.refuse(link, refused.what, refused.remedy)
  if (shape.privateFields.static) {
    writer.refuse(
      link,
      `has the private static field ${shape.privateFields.static}, which cannot be read`,
      "make it a module's const, or inside the function",
    )
  }
  const { names, values } = encodeVariables(writer, f, shape, link)
  return { record: { kind: shape.kind === "class" ? "class" : "function", source: shape.expression, names, values }, shape }
}

function refuseNative(writer: CaptureWriter, f: Function, link: Link): never {
  const bound = f.name.startsWith("bound ")
  return writer.refuse(
    link,
    bound ? "is a bound function, whose parts cannot be read" : "is a native function",
    bound ? "write it as an arrow function: v => f(v)" : "compute what you need from it before, and capture the result",
  )
}

function hasPrototypeMembers(f: Function): boolean {
  const prototype: unknown = Object.getOwnPropertyDescriptor(f, "prototype")?.value
  return typeof prototype === "object" && prototype !== null && Reflect.ownKeys(prototype).length > 1
}

/** @param ownThis the function is a method or a constructor: its `this` is given by its caller */
export function refusedFinding(
  shape: FunctionShape,
  policy: FunctionPolicy,
  ownThis: boolean,
): { what: string; remedy: string; at: number } | null {
  for (const finding of shape.findings) {
    const refused = describe(finding, shape, policy, ownThis)
    if (refused) return { ...refused, at: finding.at }
  }
  return null
}

function describe(
  finding: Finding,
  shape: FunctionShape,
  policy: FunctionPolicy,
  ownThis: boolean,
): { what: string; remedy: string } | null {
  switch (finding.what) {
    case "this":
      if (ownThis && shape.kind === "function") return null
      return { what: "uses `this`, which does not travel", remedy: "capture the value instead: const limit = this.limit    and use limit" }
    case "super":
      return { what: "uses `super`, which does not travel", remedy: "call the function by its name, or capture the object it belongs to" }
    case "arguments":
      return { what: "uses the `arguments` of the function around it", remedy: "name the parameters: (...args) => …" }
    case "import()":
      return { what: "uses import()", remedy: "import the module at the top, and use what it exports" }
    case "import.meta":
      return { what: "uses import.meta", remedy: "capture the value that you need: const url = import.meta.url" }
    case "eval":
      return { what: "uses eval, whose variables cannot be seen", remedy: "write the code out" }
    case "async":
      // A method may lie unused.
      if (policy.allowAsync || shape.kind === "class" || (ownThis && shape.kind === "function")) return null
      return { what: "is async", remedy: "join with an RDD, or do it in foreachRDD" }
  }
}

export interface Variables {
  readonly names: string[]
  readonly values: Encoded[]
  /** The live values, for the echo. */
  readonly live: unknown[]
}

/** Reads and encodes the free variables that are not globals of the language. */
export function encodeVariables(writer: CaptureWriter, f: Function, shape: FunctionShape, link: Link | null): Variables {
  const names: string[] = []
  const values: Encoded[] = []
  const live: unknown[] = []
  const isGlobal = (name: string): boolean =>
    replacedGlobals.includes(name) || sharedGlobals.has(name) || hiddenGlobals.has(name) || driverGlobals.has(name)
  const declared = writer.options.reader.read(
    f,
    shape.free.map(one => one.name),
  )
  for (const variable of shape.free) {
    const { name, assignedAt, guarded } = variable
    const found = name === shape.superclass ? superclassOf(f, declared.get(name)) : declared.get(name)
    const linkOf = (value: unknown): Link => linkTo(link, name, value)
    const nowhere: Link = { parent: link, step: { step: name, type: "global" } }
    if (assignedAt !== null) {
      writer.refuse(linkOf(found?.value), "is assigned to, and what a copy writes there is lost", assignRemedy)
    }
    if (isGlobal(name) && (!found || found.isGlobal)) {
      const hidden = hiddenGlobals.get(name)
      if (hidden === undefined || guarded || shape.kind === "class" || (writer.options.allowAsync && driverGlobals.has(name))) continue
      writer.refuse(nowhere, "is not there inside a task", hidden)
    }
    if (!found) {
      if (guarded) continue
      writer.refuse(nowhere, "is not defined", "define it before, or import it")
    }
    if (found.value === undefined && !found.isGlobal && writer.options.reader.isUnborn(f, name))
      writer.refuse(linkOf(found.value), "has no value yet: it is declared further down", "declare it above the stream")
    names.push(name)
    values.push(writer.encode(narrowed(found.value, variable), linkOf(found.value)))
    live.push(found.value)
  }
  return { names, values, live }
}

/** The name that stands after `extends` may no longer be readable; the class itself knows what it extends. */
function superclassOf(f: Function, found: Found | undefined): Found {
  return { value: Object.getPrototypeOf(f), isGlobal: found?.isGlobal ?? false }
}

/** Of an imported namespace only the members that are asked for travel. */
function narrowed(value: unknown, variable: FreeVariable): unknown {
  if (
    variable.members === null ||
    typeof value !== "object" ||
    value === null ||
    Object.prototype.toString.call(value) !== "[object Module]"
  )
    return value
  const used: Record<string, unknown> = Object.create(null)
  for (const member of variable.members) if (member in value) used[member] = (value as Record<string, unknown>)[member]
  return used
}
