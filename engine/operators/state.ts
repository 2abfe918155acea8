/**
 * state: one interval's step of a keyed state. Its records are the rows of the interval's delta (`state/delta.ts`); the task
 * runner decides whether a whole base is written in its place.
 */

import type { Dependency, RddNode, StateNode } from "../rdd.js"
import { deltaRows } from "../state/delta.js"
import { stepState } from "../state/step-state.js"
import type { OperatorFactory } from "./operator.js"

export const state: OperatorFactory<StateNode> = () => ({
  partitions: node => node.partitions,
  dependencies: node => inputsOf(node).map((parent): Dependency => ({ kind: "narrow", parent })),
  compute(node, partition, context, push) {
    const at = node.previous?.at ?? -Infinity
    for (const row of deltaRows(stepState(node, partition, context, context.state(node.stream, partition, at), at))) push(row)
  },
  partitioner: () => null,
  reads: (node, partition) => (node.previous === null ? [] : [{ kind: "state", stream: node.stream, partition, at: node.previous.at }]),
  readsOne({ stream, previous }) {
    if (previous === null) return null
    const { at } = previous
    return partition => ({ kind: "state", stream, partition, at })
  },
})

/** What the step reads beside the previous version. */
export function inputsOf({ input, initial, window, op }: StateNode): RddNode[] {
  const panes = window ? [...window.expired, ...window.added] : []
  if (window && op.kind === "reduceByWindow" && op.inverse === null) panes.push(...window.inside)
  return [initial, input, ...panes].filter(node => node !== null)
}
