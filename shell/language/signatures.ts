/** Types and signatures as people read them: short, without what only the compiler needs. */
import type ts from "typescript"
import type { OpenCell } from "./open-cell.js"

export function typeOf({ checker, file }: OpenCell, symbol: ts.Symbol): ts.Type {
  return checker.getTypeOfSymbolAtLocation(symbol, file)
}

export function typeText({ ts, checker, file }: OpenCell, type: ts.Type): string {
  const text = checker.typeToString(type, file, ts.TypeFormatFlags.NoTruncation)
  return text.replace(/import\("[^"]*"\)\./g, "").replace(/\bRivulet\./g, "")
}

/** `(f: (value: AccessLog) => U): DStream<U>`; `names` stand for type parameters that are known. */
export function signatureText(
  { ts, checker, file }: OpenCell,
  signature: ts.Signature,
  names: ReadonlyMap<string, string> = new Map(),
): string {
  const text = checker.signatureToString(signature, file, ts.TypeFormatFlags.NoTruncation)
  const short = withoutThis(withoutParameters(text))
    .replace(/import\("[^"]*"\)\./g, "")
    .replace(/\bRivulet\./g, "")
  return [...names].reduce((said, [name, known]) => said.replace(new RegExp(`\\b${name}\\b(?!:|\\()`, "g"), () => known), short)
}

function withoutParameters(text: string): string {
  if (!text.startsWith("<")) return text
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "<") depth++
    else if (text[at] === ">" && text[at - 1] !== "=" && --depth === 0) return text.slice(at + 1)
  }
  return text
}

/** `this: DStream<[K, V]>` says on what it can be called. */
function withoutThis(text: string): string {
  if (!text.startsWith("(this: ")) return text
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if ("(<[{".includes(character)) depth++
    else if (")]}".includes(character) || (character === ">" && text[at - 1] !== "=")) {
      if (--depth === 0) return `()${text.slice(at + 1)}`
    } else if (character === "," && depth === 1) return `(${text.slice(at + 1).trimStart()}`
  }
  return text
}

/** The doc comment of the form that is meant; of what has no forms, its own. */
export function docOf({ ts, checker }: OpenCell, symbol: ts.Symbol, form: ts.Signature | undefined): string {
  const own = ts.displayPartsToString(form?.getDocumentationComment(checker) ?? [])
  return own !== "" ? own : ts.displayPartsToString(symbol.getDocumentationComment(checker))
}

/**
 * Whether a method can be called on what stands before the dot: it says on what by the type of its `this`. The type parameters that
 * are known by that, by name; null when it cannot be.
 */
export function fittingThis(open: OpenCell, signature: ts.Signature, receiver: ts.Type): ReadonlyMap<string, string> | null {
  const { checker, file } = open
  const declared = signature.thisParameter
  if (!declared) return new Map()
  const names = new Map<string, string>()
  return fits(open, receiver, checker.getTypeOfSymbolAtLocation(declared, file), names) ? names : null
}

function fits(open: OpenCell, actual: ts.Type, wanted: ts.Type, names: Map<string, string>): boolean {
  const { ts, checker } = open
  if (wanted.flags & ts.TypeFlags.TypeParameter) {
    names.set(wanted.symbol.name, typeText(open, actual))
    return true
  }
  if (actual.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return true
  if (checker.isTupleType(wanted)) {
    const [have, want] = [checker.isTupleType(actual) ? argumentsOf(open, actual) : [], argumentsOf(open, wanted)]
    return have.length === want.length && want.every((one, i) => fits(open, have[i]!, one, names))
  }
  const [record] = isHandle(wanted) ? argumentsOf(open, wanted) : []
  if (!record || !isHandle(actual)) return checker.isTypeAssignableTo(actual, wanted)
  // A state's records are pairs, of which it names key and value.
  const [first, second] = argumentsOf(open, actual)
  if (!second) return first !== undefined && fits(open, first, record, names)
  return !checker.isTupleType(record) || argumentsOf(open, record).every((one, i) => fits(open, i === 0 ? first! : second, one, names))
}

function argumentsOf({ checker }: OpenCell, type: ts.Type): readonly ts.Type[] {
  const all = checker.getTypeArguments(type as ts.TypeReference)
  return type.symbol?.name === "StateDStream" ? all.slice(0, 2) : checker.isTupleType(type) ? all : all.slice(0, 1)
}

/** What can be asked and has operators. */
export function isHandle(type: ts.Type): boolean {
  return /^(DStream|InputDStream|SnapshotDStream|StateDStream|RDD|Snapshots)$/.test(type.symbol?.name ?? "")
}

/** The type of a handle's records. */
export function recordOf(open: OpenCell, type: ts.Type): ts.Type | undefined {
  return isHandle(type) ? argumentsOf(open, type)[0] : undefined
}

/** The same in words: of a state its pairs. */
export function recordText(open: OpenCell, type: ts.Type): string {
  const texts = argumentsOf(open, type).map(one => typeText(open, one))
  return texts.length === 2 ? `[${texts.join(", ")}]` : texts.join("")
}
