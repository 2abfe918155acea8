/** What becomes of the map side of a reduction by key: the code for it, or why there is none. */

import { NotUnderstood } from "../expression/expression.js"
import type { FunctionLink } from "../function-ref.js"
import type { FormatSpec } from "../rdd.js"
import type { Pieces } from "../wasm/words.js"
import type { ChainStep } from "./chain.js"
import { type CombineKernel, combineKernel, type SumKernel, sumKernel } from "./combine.js"
import { isExtreme, isSum, piecesOf } from "./pieces.js"
import { nameOf, type ReadFunctions } from "./read-functions.js"

/** Why a chain runs as closures: of which step (the reduction counts as the last), and what about it. */
export interface Refusal {
  readonly step: number
  readonly why: string
}

/**
 * `pieces`, `sums`: what there is a faster table for; they leave to the kernel what is too long for it. `orderless`: the result is the same to the bit in whatever
 * order records come and however they are grouped: counts, the greatest, the least. Sums of fractions are rounded otherwise.
 */
export type Plan =
  | {
      readonly name: string
      readonly kernel: CombineKernel
      readonly pieces: Pieces | null
      readonly sums: SumKernel | null
      readonly orderless: boolean
    }
  | { readonly refusal: Refusal }

export class Plans {
  private readonly plans = new Map<string, Plan>()

  constructor(private readonly functions: ReadFunctions) {}

  /** What becomes of a chain that ends in a reduction by key. */
  plan(format: FormatSpec, steps: readonly ChainStep[], create: FunctionLink, merge: FunctionLink): Plan {
    const name = [
      format.kind,
      ...(format.kind === "csv" ? [JSON.stringify(format.header)] : []),
      ...steps.map(({ kind, f }) => `${kind} ${nameOf(f)}`),
      nameOf(create),
      nameOf(merge),
    ].join("|")
    let plan = this.plans.get(name)
    if (plan === undefined) {
      plan = this.makePlan(name, format, steps, create, merge)
      this.plans.set(name, plan)
    }
    return plan
  }

  private makePlan(name: string, format: FormatSpec, steps: readonly ChainStep[], create: FunctionLink, merge: FunctionLink): Plan {
    let step = 0
    try {
      const read = steps.map(({ kind, f }, index) => {
        step = index
        return { kind, f: this.functions.lambda(f) }
      })
      step = steps.length
      if (create.kind !== "builtin" || create.name !== "identity") throw new NotUnderstood("makes combiners of its own")
      const f = this.functions.lambda(merge)
      if (format.kind === "function") throw new NotUnderstood("reads a format that is a function")
      const text = format.kind === "text" || format.kind === "values"
      const kernel = combineKernel(format, read, f, at => (step = at))
      const pieces = text ? piecesOf(read, f) : null
      const sums = pieces === null && !kernel.packed && isSum(f) ? sumKernel(format, read) : null
      return { name, kernel, pieces, sums, orderless: isExtreme(f) || (kernel.counts && isSum(f)) }
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
      return { refusal: { step, why: error.message } }
    }
  }
}
