/**
 * Questions of a state from text to numbers, over its columns (`number-state.ts`): `count`, `top`, each after filters, and the value of a key. What
 * they give is, bit for bit, what `operators/state-at.ts` and `actions/eval.ts` give.
 */

import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FunctionLink } from "../function-ref.js"
import type { RddNode, StateAtNode } from "../rdd.js"
import { assembled } from "./assemble.js"
import { Generator } from "./generate.js"
import type { NumberColumns, NumberState } from "./number-state.js"
import type { Value } from "./values.js"

type Partial = Extract<RddNode, { kind: "partial" }>
/** Calls `take` for each key that is alive and passes. Throws Left: the functions must be called. */
export type Scan = (state: NumberColumns, take: (slot: number, rank: number) => void) => void

/** So many are kept in order while others come. */
const mostTop = 1024

/** What a question asks of a state, and the functions of its filters, first first; null: something else. */
export interface StateQuestion {
  readonly of: StateAtNode
  readonly filters: readonly FunctionLink[]
  readonly n: number | null
  readonly by: FunctionLink | null
  readonly descending: boolean
}

export function stateQuestion({ action, parent, series }: Partial): StateQuestion | null {
  if (series || (action.kind !== "count" && action.kind !== "top")) return null
  if (action.kind === "top" && action.n > mostTop) return null
  const filters: FunctionLink[] = []
  let node = parent
  for (;;) {
    if (node.kind === "filter") filters.unshift(node.f)
    else if (node.kind !== "within") break
    node = node.parent
  }
  if (node.kind !== "stateAt" || node.read.kind !== "rows") return null
  const top = action.kind === "top" ? action : null
  return { of: node, filters, n: top?.n ?? null, by: top?.by ?? null, descending: top?.order !== "asc" }
}

/** The code that goes over the keys. Throws NotUnderstood. */
export function scanOf(filters: readonly Lambda[], by: Lambda | null): Scan {
  const code = new Generator()
  code.exit = "throw new text.Left()"
  code.block("for (let slot = 0; slot < slots; slot++)", () => {
    code.line("const place = slot * 12, row = slot * 6")
    code.line("if (doubles[row + 1] === 0) continue")
    code.line("const start = ints[place + 6], end = start + ints[place + 7], value = doubles[row]")
    const first = code.lines.length
    const pair: Value = {
      type: "tuple",
      items: [
        { type: "text", data: "data", from: "start", to: "end" },
        { type: "number", js: "value" },
      ],
    }
    for (const filter of filters) code.line(`if (!${code.holds(filter, [pair])}) continue`)
    const rank: Value = by === null ? { type: "number", js: "value" } : code.apply(by, [pair])
    if (rank.type !== "number") throw new NotUnderstood("orders by something else than a number")
    code.line(`take(slot, ${rank.js})`)
    if (code.needsAscii) code.lines.splice(first, 0, "if (!text.ascii(data, start, end)) throw new text.Left()")
  })
  const run = assembled(code, ["data", "state", "take"], "const { ints, doubles, slots } = state") as (
    ...args: [data: Uint8Array, ...Parameters<Scan>]
  ) => void
  return (state, take) => run(state.text, state, take)
}

/** The rows that the partition's half of the action gives. */
export function scanned(state: NumberState, scan: Scan, { n, descending }: StateQuestion): unknown[] {
  const columns = state.columns
  if (n === null) {
    let count = 0
    scan(columns, () => void count++)
    return [count]
  }
  const first = new Firsts(columns, n, descending)
  scan(columns, (slot, rank) => first.offer(slot, rank))
  return first.slots.map(slot => [state.key(slot), state.value(slot)])
}

/** The n first by rank; NaN comes last, equal ranks go by the smaller key. */
class Firsts {
  readonly slots: number[] = []
  private readonly ranks: number[] = []

  constructor(
    private readonly columns: NumberColumns,
    private readonly n: number,
    private readonly descending: boolean,
  ) {}

  offer(slot: number, rank: number): void {
    const { slots, ranks, n } = this
    let at = slots.length
    if (at === n && (n === 0 || !this.before(rank, slot, at - 1))) return
    while (at > 0 && this.before(rank, slot, at - 1)) at--
    slots.splice(at, 0, slot)
    ranks.splice(at, 0, rank)
    if (slots.length > n) {
      slots.pop()
      ranks.pop()
    }
  }

  private before(rank: number, slot: number, than: number): boolean {
    const other = this.ranks[than]!
    if (rank !== other) {
      const [none, otherNone] = [Number.isNaN(rank), Number.isNaN(other)]
      if (none !== otherNone) return otherNone
      if (!none) return rank > other === this.descending
    }
    return this.compareKeys(slot, this.slots[than]!) < 0
  }

  /** Bytes of UTF-8 are in the order of code points. */
  private compareKeys(a: number, b: number): number {
    const { ints, text: data } = this.columns
    const [from, start] = [ints[a * 12 + 6]!, ints[b * 12 + 6]!]
    const [length, other] = [ints[a * 12 + 7]!, ints[b * 12 + 7]!]
    for (let i = 0; i < length && i < other; i++) if (data[from + i] !== data[start + i]) return data[from + i]! - data[start + i]!
    return length - other
  }
}
