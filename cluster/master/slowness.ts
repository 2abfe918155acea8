/**
 * Which workers take longer than others for tasks of the same stages. Tasks of one stage do the same to as much data, so the ratio
 * says something about the machine; a partition with a heavy key is left out, wherever it lies.
 */

import { deleteOldest } from "../oldest.js"
import type { NodeId } from "../ports.js"
import type { StageFacts } from "./stage-facts.js"

/** `times`: as long as elsewhere. `since`: the master's clock. */
export interface Slow {
  readonly worker: NodeId
  readonly times: number
  readonly ownMs: number
  readonly othersMs: number
  readonly since: number
}

/** A worker's newest stages: how long its tasks of each took, and those of others. */
class Compared {
  readonly #ownMs: number[] = []
  readonly #othersMs: number[] = []
  #next = 0
  #ownSum = 0
  #othersSum = 0
  /** In how many its own took longer. */
  longer = 0
  /** Of the stage that is being added. */
  tasks = 0
  ms = 0

  get stages(): number {
    return this.#ownMs.length
  }

  get ownMs(): number {
    return this.#ownSum / this.#ownMs.length
  }

  get othersMs(): number {
    return this.#othersSum / this.#ownMs.length
  }

  add(ownMs: number, othersMs: number): void {
    const at = this.#next
    this.#next = (at + 1) % stagesCompared
    const [own, others] = [this.#ownMs[at] ?? 0, this.#othersMs[at] ?? 0]
    if (own > others) this.longer -= 1
    if (ownMs > othersMs) this.longer += 1
    this.#ownSum += ownMs - own
    this.#othersSum += othersMs - others
    this.#ownMs[at] = ownMs
    this.#othersMs[at] = othersMs
  }
}

const workersKept = 1_024
const stagesCompared = 64
const leastStages = 16
const slowTimes = 1.6
/** In a mean of short tasks less than this is noise; and a pause makes few of them long, a slow machine most. */
const leastDifferenceMs = 1
const mostly = 0.7

export class Slowness {
  readonly #compared = new Map<NodeId, Compared>()
  readonly #since = new Map<NodeId, number>()
  readonly #counted = new WeakSet<StageFacts>()

  /** A stage that several streams share counts once. */
  add(stage: StageFacts, leftOut: ReadonlySet<number>, timeMs: number): void {
    if (this.#counted.has(stage)) return
    this.#counted.add(stage)
    const workers: NodeId[] = []
    let tasks = 0
    let ms = 0
    stage.tasks.forEach((partition, worker, tookMs) => {
      if (leftOut.has(partition)) return
      const own = this.#comparedOf(worker)
      if (own.tasks === 0) workers.push(worker)
      own.tasks += 1
      own.ms += tookMs
      tasks += 1
      ms += tookMs
    })
    for (const worker of workers) {
      const kept = this.#comparedOf(worker)
      const own = { tasks: kept.tasks, ms: kept.ms }
      kept.tasks = 0
      kept.ms = 0
      if (workers.length < 2) return
      kept.add(own.ms / own.tasks, (ms - own.ms) / (tasks - own.tasks))
      if (this.#of(worker, kept, timeMs) === null) this.#since.delete(worker)
      else if (!this.#since.has(worker)) this.#since.set(worker, timeMs)
    }
  }

  #comparedOf(worker: NodeId): Compared {
    let kept = this.#compared.get(worker)
    if (kept === undefined) {
      kept = new Compared()
      this.#compared.set(worker, kept)
      // The dead go in time: a worker that comes back is another node.
      if (this.#compared.size > workersKept) deleteOldest(this.#compared)
    }
    return kept
  }

  /** Null: as fast as the others, or too little is known. */
  of(worker: NodeId): Slow | null {
    const kept = this.#compared.get(worker)
    return kept === undefined ? null : this.#of(worker, kept, 0)
  }

  #of(worker: NodeId, kept: Compared, timeMs: number): Slow | null {
    if (kept.stages < leastStages || kept.longer < mostly * kept.stages) return null
    const { ownMs, othersMs } = kept
    const times = othersMs > 0 ? ownMs / othersMs : 1
    if (times < slowTimes || ownMs - othersMs < leastDifferenceMs) return null
    return { worker, times, ownMs, othersMs, since: this.#since.get(worker) ?? timeMs }
  }
}
