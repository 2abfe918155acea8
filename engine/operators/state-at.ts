/**
 * stateAt: a version of a keyed state, read from its chain of blocks. What is handed out are copies: the chain's values serve
 * older versions and other tasks too.
 */

import { sameValue } from "../keys/key.js"
import { partitionOf } from "../partition.js"
import type { Push, StateAtNode } from "../rdd.js"
import type { KeyedState } from "../state/keyed-state.js"
import { copyValue } from "../values/copy-value.js"
import type { OperatorFactory } from "./operator.js"

export const stateAt: OperatorFactory<StateAtNode> = () => ({
  partitions: node => asked(node)?.length ?? node.partitions,
  dependencies: () => [],
  compute(node, partition, context, push) {
    const place = asked(node)?.[partition] ?? partition
    const rows = node.read.kind === "key" ? (context.shortcut?.(node, place) ?? null) : null
    if (rows !== null) {
      for (const row of rows) push(row)
      return
    }
    readers[node.read.kind](node, place, context.state(node.stream, place, node.at), push)
  },
  partitioner: node => (node.read.kind === "rows" ? { kind: "hash", partitions: node.partitions } : null),
  reads(node, partition) {
    const { stream, at, read } = node
    const place = asked(node)?.[partition] ?? partition
    const since = read.kind === "changes" || read.kind === "history" ? read.since : read.kind === "counts" ? Math.min(...read.ats) : at
    return [{ kind: "state", stream, partition: place, at, ...(since < at && since !== -Infinity ? { since } : {}) }]
  },
})

/** The partitions that hold the asked keys; null: all are asked. */
function asked({ read, partitions }: StateAtNode): number[] | null {
  if (read.kind === "history") return [partitionOf(read.key, partitions)]
  if (read.kind !== "key") return null
  return [...new Set(read.keys.map(key => partitionOf(key, partitions)))].sort((a, b) => a - b)
}

type Reader = (node: StateAtNode, place: number, state: KeyedState, push: Push) => void

const readers: Readonly<Record<StateAtNode["read"]["kind"], Reader>> = {
  rows: ({ at }, _place, state, push) => state.forEach(at, (key, value) => push([copyValue(key), copyValue(value)])),

  key({ at, read, partitions }, place, state, push) {
    if (read.kind !== "key") return
    for (const key of read.keys) {
      if (partitionOf(key, partitions) !== place) continue
      const row = state.find(key, at)
      if (row >= 0) push([copyValue(key), copyValue(state.value(row))])
    }
  },

  changes({ at, read }, _place, state, push) {
    if (read.kind !== "changes") return
    state.changed(read.since, at, (key, old, now) => {
      const before = old < 0 ? undefined : state.value(old)
      const after = now < 0 ? undefined : state.value(now)
      if (old >= 0 === now >= 0 && sameValue(before, after)) return
      const change = { key: copyValue(key), before: copyValue(before), after: copyValue(after) }
      push(isNumber(before, old) && isNumber(after, now) ? { ...change, delta: (after ?? 0) - (before ?? 0) } : change)
    })
  },

  history({ at, read }, _place, state, push) {
    if (read.kind !== "history") return
    state.history(read.key, read.since, at, (from, row) => push([from, row < 0 ? undefined : copyValue(state.value(row))]))
  },

  counts({ read }, _place, state, push) {
    if (read.kind === "counts") for (const [index, at] of read.ats.entries()) push([index, state.count(at)])
  },
}

/** A number, or nothing on the side where there is no row. */
const isNumber = (value: unknown, row: number): value is number | undefined => typeof value === "number" || row < 0
