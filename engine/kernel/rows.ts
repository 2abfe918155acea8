/** The loop over the rows of a block, and in it a chain's steps. */

import { type Expression, type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FormatSpec } from "../rdd.js"
import type { Generator } from "./generate.js"
import { rowOf } from "./row.js"
import { aOrAn, type Value } from "./values.js"

export interface ReadStep {
  readonly kind: "map" | "flatMap" | "filter" | "mapValues" | "keyBy"
  readonly f: Lambda
}

/**
 * Writes the loop over rows [0, rows) of `data`, cut by `offsets`; `end` writes what becomes of each value. A row that the code is not exact for is given to
 * `slow`, by its number, and left by `leave` after it. `at` is told which step is looked at. Throws NotUnderstood.
 */
export function writeRows(
  code: Generator,
  format: FormatSpec,
  steps: readonly ReadStep[],
  leave: string,
  at: (step: number) => void,
  end: (value: Value) => void,
): void {
  const exit = `{ slow(line); ${leave}; continue each }`
  const each = (rest: readonly ReadStep[]) => {
    code.exit = exit
    // Whether rows must be looked at first is known once all is written.
    const first = code.lines.length
    // The first step may have become several, or none.
    const index = (step: number) => at(Math.max(0, step + steps.length - rest.length))
    follow(code, rest, 0, rowOf(code, format), index, value => {
      at(steps.length)
      end(value)
    })
    if (code.needsAscii) code.lines.splice(first, 0, `if (!allAscii && !text.ascii(data, start, end)) ${exit}`)
  }
  const search = format.kind === "text" || format.kind === "values" ? searchOf(steps) : null
  if (search === null) {
    code.block("each: for (let line = 0; line < rows; line++)", () => {
      code.line("const start = offsets[line], end = offsets[line + 1]")
      each(steps)
    })
    return
  }
  const sought = code.text(search.text)
  code.line(`const found = text.finder(data, ${sought.data})`)
  code.block("each: for (let row = 0, from = 0, hit; (hit = found(from)) >= 0; )", () => {
    code.line("while (offsets[row + 1] <= hit) row++")
    code.line("const line = row, start = offsets[row], end = offsets[row + 1]")
    // A match that goes on into the next row is none.
    code.line(`if (hit + ${sought.to} > end) { from = hit + 1; continue }`)
    code.line("row++; from = end")
    each(search.rest)
  })
}

/**
 * A first step that asks whether a row has a text (perhaps among other conditions): all rows are searched for it at once, several
 * times as fast as one by one.
 */
function searchOf([first, ...others]: readonly ReadStep[]): { readonly text: string; readonly rest: readonly ReadStep[] } | null {
  if (first?.kind !== "filter") return null
  const { parameters, body } = first.f
  const conditions = conjuncts(body)
  for (const condition of conditions) {
    if (condition.kind !== "method" || condition.name !== "includes" || condition.args.length !== 1) continue
    const { of, args } = condition
    const [arg] = args
    if (of.kind !== "parameter" || of.id !== parameters[0] || arg!.kind !== "literal") continue
    if (typeof arg!.value !== "string" || arg!.value === "") continue
    const more = conditions.filter(one => one !== condition).map((one): ReadStep => ({ kind: "filter", f: { ...first.f, body: one } }))
    return { text: arg!.value, rest: [...more, ...others] }
  }
  return null
}

/** What must all hold. As conditions: what a function gives is asked for its truth alone. */
function conjuncts(body: Expression): Expression[] {
  return body.kind === "logic" && body.operator === "&&" ? [...conjuncts(body.left), ...conjuncts(body.right)] : [body]
}

/** Writes steps `index` and on for one value. */
function follow(
  code: Generator,
  steps: readonly ReadStep[],
  index: number,
  value: Value,
  at: (step: number) => void,
  end: (value: Value) => void,
): void {
  const step = steps[index]
  if (step === undefined) {
    end(value)
    return
  }
  at(index)
  const next = (result: Value) => follow(code, steps, index + 1, result, at, end)
  switch (step.kind) {
    case "map":
      next(code.apply(step.f, [value]))
      return
    case "keyBy":
      next({ type: "tuple", items: [code.apply(step.f, [value]), value] })
      return
    case "mapValues": {
      const [key, old] = pairOf(value)
      next({ type: "tuple", items: [key, code.apply(step.f, [old])] })
      return
    }
    case "filter":
      code.block(`if (${code.holds(step.f, [value])})`, () => next(value))
      return
    case "flatMap": {
      const list = code.apply(step.f, [value])
      // What an element before it has given cannot be taken back.
      code.exit = "throw new text.Left()"
      if (list.type === "list") list.each(element => code.block("", () => next(element)))
      else if (list.type === "tuple") for (const item of list.items) code.block("", () => next(item))
      else throw new NotUnderstood(`gives ${aOrAn(list)}`)
    }
  }
}

export function pairOf(value: Value): readonly [key: Value, value: Value] {
  if (value.type !== "tuple" || value.items.length < 2) throw new NotUnderstood("is no pair")
  return [value.items[0]!, value.items[1]!]
}
