/**
 * Which workers take longer than others for tasks of the same stages. Tasks of one stage do the same to as much data, so the ratio
 * says something about the machine; a partition with a heavy key is left out, wherever it lies.
 */

import type { NodeId } from "../ports.js"
import { deleteFirst, type StageFacts } from "./stage-facts.js"

/** `times`: as long as elsewhere. `since`: the master's clock. */
export interface Slow {
  readonly worker: NodeId
  readonly times: number
  readonly ownMs: number
  readonly othersMs: number
  readonly since: number
}

interface Compared {
  readonly ownMs: number
  readonly othersMs: number
}

const workersKept = 1_024
const stagesCompared = 64
const leastStages = 16
const slowTimes = 1.6
/** In a mean of short tasks less than this is noise; and a pause makes few of them long, a slow machine most. */
const leastDifferenceMs = 1
const mostly = 0.7

export class Slowness {
  readonly #compared = new Map<NodeId, Compared[]>()
  readonly #since = new Map<NodeId, number>()
  readonly #counted = new WeakSet<StageFacts>()

  /** A stage that several streams share counts once. */
  add(stage: StageFacts, leftOut: ReadonlySet<number>, timeMs: number): void {
    if (this.#counted.has(stage)) return
    this.#counted.add(stage)
    const sums = new Map<NodeId, { tasks: number; ms: number }>()
    for (const { partition, worker, ms } of stage.tasks) {
      if (leftOut.has(partition)) continue
      const sum = sums.get(worker) ?? { tasks: 0, ms: 0 }
      sum.tasks += 1
      sum.ms += ms
      sums.set(worker, sum)
    }
    if (sums.size < 2) return
    for (const [worker, own] of sums) {
      let tasks = 0
      let ms = 0
      for (const [other, sum] of sums) {
        if (other === worker) continue
        tasks += sum.tasks
        ms += sum.ms
      }
      const kept = this.#compared.get(worker) ?? []
      kept.push({ ownMs: own.ms / own.tasks, othersMs: ms / tasks })
      if (kept.length > stagesCompared) kept.shift()
      // The dead go in time: a worker that comes back is another node.
      this.#compared.delete(worker)
      this.#compared.set(worker, kept)
      if (this.#compared.size > workersKept) deleteFirst(this.#compared)
      if (this.#of(worker, timeMs) === null) this.#since.delete(worker)
      else if (!this.#since.has(worker)) this.#since.set(worker, timeMs)
    }
  }

  /** Null: as fast as the others, or too little is known. */
  of(worker: NodeId): Slow | null {
    return this.#of(worker, 0)
  }

  #of(worker: NodeId, timeMs: number): Slow | null {
    const kept = this.#compared.get(worker) ?? []
    if (kept.length < leastStages) return null
    const ownMs = mean(kept.map(one => one.ownMs))
    const othersMs = mean(kept.map(one => one.othersMs))
    const times = othersMs > 0 ? ownMs / othersMs : 1
    const longer = kept.filter(one => one.ownMs > one.othersMs).length
    if (longer < mostly * kept.length || times < slowTimes || ownMs - othersMs < leastDifferenceMs) return null
    return { worker, times, ownMs, othersMs, since: this.#since.get(worker) ?? timeMs }
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
