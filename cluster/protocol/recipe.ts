/** How one partition of an interval is made, for a client that makes it once more: to compare bytes, or under a debugger. */

import type { Asset } from "../../engine/function-ref.js"
import type { InputRef } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import type { Interval } from "../../engine/time.js"

/** Blocks are numbered as the answer's parts are. */
export interface Recipe {
  /** `program/name` */
  readonly stream: string
  readonly interval: Interval
  readonly partition: number
  readonly partitions: number
  /** Tasks, parents first; the last one makes the partition. */
  readonly steps: readonly RecipeStep[]
  /** All functions and data that they use. */
  readonly assets: readonly Asset[]
  /** What the cluster holds of it. `empty`: it is known to have nothing; `none`: it is not held, or never was. */
  readonly kept:
    | { readonly kind: "block"; readonly block: number; readonly workers: readonly string[] }
    | { readonly kind: "empty" | "none" }
}

export interface RecipeStep {
  readonly stage: StageSpec
  readonly partition: number
  readonly reads: readonly { readonly ref: InputRef; readonly parts: readonly RecipePart[] }[]
}

/** A block that is fetched, or what an earlier step makes; of a shuffle's region the section. `interval` and `base` as of a state's chain. */
export interface RecipePart {
  readonly of: { readonly kind: "block" | "step"; readonly index: number }
  readonly section?: number
  readonly interval?: number
  readonly base?: boolean
}
