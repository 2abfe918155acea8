/** Methods in generated code: of text, and by their type of whatever else has some. */

import { type Expression, NotUnderstood } from "../expression/expression.js"
import { dateMethod, numberMethod } from "./calls.js"
import type { Code } from "./code.js"
import { aOrAn, type TextValue, type Value } from "./values.js"

type Method = (code: Code, of: TextValue, args: readonly Value[], nodes: readonly Expression[]) => Value | null

/** `of.name(...args)`; `nodes`: the arguments as they stand. Throws NotUnderstood. */
export function textMethod(code: Code, of: Value, name: string, args: readonly Value[], nodes: readonly Expression[]): Value {
  const unknown = () => new NotUnderstood(`calls ${name} of ${aOrAn(of)}`)
  let result: Value | null = null
  if (of.type === "date") result = dateMethod(code, of.js, name, args)
  else if (of.type === "number") result = numberMethod(code, of, name, args)
  else if ((of.type === "text" || of.type === "maybe" || of.type === "json") && Object.hasOwn(methods, name))
    result = methods[name]!(code, code.textOf(of, `calls ${name} of`), args, nodes)
  if (result === null) throw unknown()
  return result
}

const none =
  (method: (code: Code, of: TextValue) => Value): Method =>
  (code, of, args) =>
    args.length === 0 ? method(code, of) : null

/** With one text as argument. */
const finding =
  (name: "includes" | "startsWith" | "endsWith"): Method =>
  (code, of, [sought, ...more], [node]) => {
    if (sought === undefined || more.length > 0) return null
    const js =
      node!.kind === "literal" && typeof node!.value === "string"
        ? `text.${name}(${of.data}, ${of.from}, ${of.to}, ${code.constant(code.bytesOf(node!.value))})`
        : found(name, of, code.textOf(sought, `looks for`))
    const result = code.fresh("b")
    code.line(`const ${result} = ${js}`)
    return { type: "boolean", js: result }
  }

const found = (name: string, of: TextValue, sought: TextValue) =>
  `text.${name}(${of.data}, ${of.from}, ${of.to}, ${sought.data}.subarray(${sought.from}, ${sought.to}))`

const slicing =
  (name: "sliced" | "substring"): Method =>
  (code, of, args) => {
    if (args.length === 0 || args.length > 2) return null
    const places = args.map(arg => code.numberOf(arg))
    if (places.some(place => place.type !== "number")) return null
    code.guardAscii(of)
    const [size, a, b] = [code.fresh("n"), code.fresh("p"), code.fresh("q")]
    const [first, last] = places.map(place => (place as { js: string }).js)
    code.line(`const ${size} = ${of.to} - ${of.from}`)
    if (name === "sliced") {
      code.line(
        `const ${a} = text.place(${first}, ${size}), ${b} = Math.max(${a}, ${last === undefined ? size : `text.place(${last}, ${size})`})`,
      )
      return { ...of, from: `(${of.from} + ${a})`, to: `(${of.from} + ${b})` }
    }
    const [from, to] = [code.fresh("p"), code.fresh("q")]
    code.line(`const ${from} = text.clamped(${first}, ${size}), ${to} = ${last === undefined ? size : `text.clamped(${last}, ${size})`}`)
    code.line(`const ${a} = Math.min(${from}, ${to}), ${b} = Math.max(${from}, ${to})`)
    return { ...of, from: `(${of.from} + ${a})`, to: `(${of.from} + ${b})` }
  }

const methods: Readonly<Record<string, Method>> = {
  trim: none((code, of) => trimmed(code, of, true, true)),
  trimStart: none((code, of) => trimmed(code, of, true, false)),
  trimEnd: none((code, of) => trimmed(code, of, false, true)),
  toLowerCase: none((code, of) => folded(code, of, 65, 32)),
  toUpperCase: none((code, of) => folded(code, of, 97, -32)),
  toString: none((_code, of) => of),
  includes: finding("includes"),
  startsWith: finding("startsWith"),
  endsWith: finding("endsWith"),
  slice: slicing("sliced"),
  substring: slicing("substring"),
  indexOf(code, of, [sought, ...more]) {
    if (sought === undefined || more.length > 0) return null
    const other = code.textOf(sought, "looks for")
    code.guardAscii(of)
    return code.number(`text.indexOf(${of.data}, ${of.from}, ${of.to}, ${other.data}, ${other.from}, ${other.to})`)
  },
  charCodeAt(code, of, [place, ...more]) {
    const at = place === undefined ? { type: "number" as const, js: "0" } : code.numberOf(place)
    if (at.type !== "number" || more.length > 0) return null
    code.guardAscii(of)
    return code.number(`text.codeAt(${of.data}, ${of.from}, ${of.to}, ${at.js})`)
  },
  split(code, of, args, [node]) {
    if (args.length !== 1 || node!.kind !== "literal" || typeof node!.value !== "string" || node!.value === "") return null
    return split(code, of, code.bytesOf(node!.value))
  },
}

/** Before the first and after the last separator there is a piece, if empty. */
function split(code: Code, of: TextValue, separator: Uint8Array): Value {
  const name = separator.length === 1 ? null : code.constant(separator)
  const first = separator[0]!
  const next = (at: string) =>
    name === null ? `text.byte(${of.data}, ${at}, ${of.to}, ${first})` : `text.next(${of.data}, ${at}, ${of.to}, ${name})`
  const piece = (from: string, to: string): TextValue => ({ ...of, from, to })
  return {
    type: "list",
    each(take) {
      const [from, at, end] = [code.fresh("p"), code.fresh("q"), code.fresh("e")]
      code.line(`let ${at} = ${of.from}; const ${end} = ${of.to}`)
      code.block("for (;;)", () => {
        code.line(`const ${from} = ${at}`)
        // In line: most of what word count does beside its table.
        if (name === null) code.line(`while (${at} < ${end} && ${of.data}[${at}] !== ${first}) ${at}++`)
        else code.line(`${at} = ${next(at)}`)
        take(piece(from, at))
        code.line(`if (${at} >= ${end}) break`)
        code.line(`${at} += ${separator.length}`)
      })
    },
    item(index) {
      const [from, to, k] = [code.fresh("p"), code.fresh("q"), code.fresh("i")]
      code.line(`let ${from} = ${of.from}, ${to} = ${next(of.from)}`)
      code.line(
        `for (let ${k} = 0; ${k} < ${index} && ${from} >= 0; ${k}++) if (${to} >= ${of.to}) ${from} = -1; else { ${from} = ${to} + ${separator.length}; ${to} = ${next(from)} }`,
      )
      code.guard(`${from} >= 0`)
      return piece(from, to)
    },
    length() {
      const [n, at] = [code.fresh("n"), code.fresh("q")]
      code.line(`let ${n} = 1`)
      code.line(`for (let ${at} = ${next(of.from)}; ${at} < ${of.to}; ${at} = ${next(`${at} + ${separator.length}`)}) ${n}++`)
      return { type: "number", js: n }
    },
  }
}

function trimmed(code: Code, of: TextValue, start: boolean, end: boolean): Value {
  code.guardAscii(of)
  const [from, to] = [code.fresh("p"), code.fresh("q")]
  code.line(`const ${from} = ${start ? `text.trimmedStart(${of.data}, ${of.from}, ${of.to})` : of.from}`)
  code.line(`const ${to} = ${end ? `text.trimmedEnd(${of.data}, ${from}, ${of.to})` : of.to}`)
  return { ...of, from, to }
}

function folded(code: Code, of: TextValue, first: number, distance: number): Value {
  code.guardAscii(of)
  const into = code.scratch()
  code.line(`${into}.fold(${of.data}, ${of.from}, ${of.to}, ${first}, ${distance})`)
  return { ...code.textIn(into), ascii: true }
}
