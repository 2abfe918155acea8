/**
 * States from text to numbers as an executor of questions has them: columns, brought forward by the deltas of the versions that are asked for. Older
 * versions than the one at hand are made from the chain.
 */

import { partitionOf } from "../partition.js"
import type { RddNode, TaskContext } from "../rdd.js"
import type { TaskScope } from "../task-context.js"
import type { Kernels } from "./map-side.js"
import type { NumberState } from "./number-state.js"
import { NumberStates } from "./number-states.js"
import { Left } from "./packed-key.js"
import { scanned, stateQuestion } from "./state-scan.js"

type Chains = Pick<TaskScope, "chain" | "counts" | "recount">

type StateAt = Extract<RddNode, { kind: "stateAt" }>

export class AskedStates {
  private readonly states = new NumberStates("anything")

  /** What a question's half, or a look for keys, gives of one partition; null: it must be computed. */
  rows(node: RddNode, partition: number, context: TaskContext, chains: Chains, kernels: Kernels): readonly unknown[] | null {
    if (node.kind === "stateAt") return this.found(node, partition, chains)
    if (node.kind === "partial" && node.action.kind === "count" && node.series !== true) {
      const before = chains.counts()
      const count = exactly(() => kernels.counted(node.parent, partition, context))
      if (count !== null) return [count]
      chains.recount(before)
    }
    const question = node.kind === "partial" ? stateQuestion(node) : null
    const scan = question === null ? null : kernels.scan(question)
    if (question === null || scan === null) return null
    const state = this.state(question.of, partition, chains)
    if (state === null) return null
    return exactly(() => scanned(state, scan, question))
  }

  /** As for `NumberStates`. */
  forget(stream: string, before: number): void {
    this.states.forget(stream, before)
  }

  private found({ read, partitions, ...of }: StateAt, partition: number, chains: Chains): unknown[] | null {
    if (read.kind !== "key" || !read.keys.every(key => typeof key === "string")) return null
    const state = this.state(of, partition, chains)
    if (state === null) return null
    const rows: unknown[] = []
    for (const key of read.keys as string[]) {
      if (partitionOf(key, partitions) !== partition) continue
      // Half a character is in no key of UTF-8.
      const slot = Buffer.from(key, "utf8").toString("utf8") === key ? state.slotOf(key) : -1
      if (slot >= 0) rows.push([key, state.value(slot)])
    }
    return rows
  }

  private state({ stream, at }: Pick<StateAt, "stream" | "at">, partition: number, chains: Chains): NumberState | null {
    if (at === -Infinity) return null
    return this.states.read(stream, partition, at, chains.chain({ kind: "state", stream, partition, at }))
  }
}

/** Null: only the functions are exact. */
function exactly<T>(run: () => T): T | null {
  try {
    return run()
  } catch (error) {
    if (error instanceof Left) return null
    throw error
  }
}
