/** What the files of actions share. */

import type { Push, TaskContext } from "../rdd.js"
import type { Action } from "./action.js"

/** What a first half throws at the record after which it needs no other: whoever computes them stops. */
export const enough: unique symbol = Symbol("enough")

/** Takes records or partial rows; `end` pushes what they come to. */
export interface Half {
  readonly add: Push
  end(push: Push): void
}

export type Context = Pick<TaskContext, "fn" | "partition">

/** `start` runs over a partition, `finish` over what all partitions came to, in their order. */
export interface Halves<A extends Action> {
  start(action: A, context: Context): Half
  finish(action: A, context: Context): Half
}

/** The halves of one kind of action. */
export type HalvesOf<K extends Action["kind"]> = Halves<Extract<Action, { kind: K }>>
