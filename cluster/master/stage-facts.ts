/** What is known of a stage that was computed: where its tasks ran and how long, and the heavy keys of what it read. */

import type { HeavyKey } from "../../engine/keys/heavy-keys.js"
import type { NodeId } from "../ports.js"
import type { JobStatus } from "../protocol.js"

export interface TaskFacts {
  readonly partition: number
  readonly worker: NodeId
  readonly ms: number
}

/** `reads`: the stages it waited for. `heavy` of `rows` went into the shuffle that this stage writes. */
export interface StageFacts {
  readonly label: string
  readonly tasks: TaskTimes
  readonly heavy: Map<string, HeavyKey>
  readonly firstMs: number
  lastMs: number
  rows: number
  reads: readonly StageFacts[]
}

/** Of thousands of tasks an interval, kept for an hour of them: columns, not an object each. */
export class TaskTimes implements Iterable<TaskFacts> {
  readonly #partitions: number[] = []
  readonly #workers: NodeId[] = []
  readonly #ms: number[] = []
  /** Of those that took longest the first. */
  #slowest = 0

  get count(): number {
    return this.#ms.length
  }

  /** The first of those that took longest. */
  get slowest(): TaskFacts | null {
    return this.#ms.length === 0 ? null : this.#at(this.#slowest)
  }

  #at(i: number): TaskFacts {
    return { partition: this.#partitions[i] as number, worker: this.#workers[i] as NodeId, ms: this.#ms[i] as number }
  }

  add(partition: number, worker: NodeId, ms: number): void {
    if (ms > (this.#ms[this.#slowest] ?? ms)) this.#slowest = this.#ms.length
    this.#partitions.push(partition)
    this.#workers.push(worker)
    this.#ms.push(ms)
  }

  /** As iterating, for who goes through those of each stage. */
  forEach(use: (partition: number, worker: NodeId, ms: number) => void): void {
    for (let i = 0; i < this.#partitions.length; i++) use(this.#partitions[i] as number, this.#workers[i] as NodeId, this.#ms[i] as number)
  }

  *[Symbol.iterator](): Iterator<TaskFacts> {
    for (let i = 0; i < this.#ms.length; i++) yield this.#at(i)
  }
}

/** As people are told of them, in the same order; of an interval the first is what makes it. `startedMs`: when its job began. */
export function stagesDone(stages: readonly StageFacts[], startedMs: number, nameOf: (worker: NodeId) => string): JobStatus["stages"] {
  return stages.map(({ label, tasks, firstMs, lastMs, reads }) => {
    const { count, slowest } = tasks
    return {
      name: label,
      tasks: count,
      done: count,
      ms: lastMs - firstMs,
      startMs: firstMs - startedMs,
      reads: reads.map(read => stages.indexOf(read)).filter(place => place >= 0),
      slowest: slowest && { worker: nameOf(slowest.worker), ms: slowest.ms, partition: slowest.partition },
    }
  })
}

const heavyShare = 0.1

/** Partitions of the stage to which one key sent a tenth of all or more. */
export function heavyPartitions(stage: StageFacts): ReadonlySet<number> {
  const found = new Set<number>()
  for (const { heavy, rows } of stage.reads) for (const one of heavy.values()) if (one.rows >= rows * heavyShare) found.add(one.partition)
  return found
}
