/**
 * Streams and questions that have stopped getting on. A function that never ends would else fill the workers: each has room for so many tasks at
 * a time, and those of its stream's next intervals, or a question's other partitions, come before what others have to do. So tasks of whom
 * none has ended for a while do not count, and no more of them are sent until one has. A stream whose tasks merely take long goes on
 * with each that ends.
 */

import type { NodeId } from "../ports.js"
import type { Placement, Pool } from "./placement.js"
import type { Attempt, Stage, Task } from "./stage.js"

/** By the clock. */
const stalledMs = 1_000
const lookEveryMs = 100

interface Group {
  readonly pool: Pool
  /** Tasks at workers. */
  readonly at: Map<NodeId, number>
  running: number
  /** When the first of these was sent, or one ended. */
  movedMs: number
  stalled: boolean
  /** Ready, and not sent. */
  readonly kept: Task[]
}

/** The stream or question that a stage is of. */
function groupOf(pool: Pool, { spec }: Stage): string {
  return `${pool} ${pool === "query" ? spec.output.split("/", 1)[0]! : (spec.stream ?? spec.output)}`
}

export class Stalls {
  readonly #placement: Placement
  /** Those with tasks at workers. */
  readonly #groups = new Map<string, Group>()
  #lookMs = Number.NEGATIVE_INFINITY

  constructor(placement: Placement) {
    this.#placement = placement
  }

  began({ task, pool, worker: node }: Attempt, nowMs: number): void {
    const name = groupOf(pool, task.stage)
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = { pool, at: new Map(), running: 0, movedMs: nowMs, stalled: false, kept: [] }
      this.#groups.set(name, group)
    }
    group.running += 1
    group.at.set(node, (group.at.get(node) ?? 0) + 1)
    if (!group.stalled) this.#placement.began(node, pool)
  }

  /** One of its tasks is no more at the worker, however that came. Gives those that may be sent now. */
  ended({ task, pool, worker: node }: Attempt, nowMs: number): readonly Task[] {
    const name = groupOf(pool, task.stage)
    const group = this.#groups.get(name)
    if (group === undefined) return []
    group.running -= 1
    const left = (group.at.get(node) ?? 0) - 1
    if (left > 0) group.at.set(node, left)
    else group.at.delete(node)
    if (group.running === 0) this.#groups.delete(name)
    group.movedMs = nowMs
    if (!group.stalled) {
      this.#placement.ended(node, group.pool)
      return []
    }
    group.stalled = false
    for (const [at, tasks] of group.at) for (let i = 0; i < tasks; i++) this.#placement.began(at, group.pool)
    return group.kept.splice(0)
  }

  /** Whether the task is kept back: its stream's or question's do not get on. */
  keeps(task: Task): boolean {
    const group = this.#groups.get(groupOf(task.stage.pool, task.stage))
    if (group?.stalled !== true) return false
    group.kept.push(task)
    return true
  }

  /** Tasks at the worker that do not count in its placement. */
  stalledAt(node: NodeId): number {
    let tasks = 0
    for (const group of this.#groups.values()) if (group.stalled) tasks += group.at.get(node) ?? 0
    return tasks
  }

  /** Who has come to a stop since. True: there is more room. */
  look(nowMs: number): boolean {
    if (nowMs < this.#lookMs) return false
    this.#lookMs = nowMs + lookEveryMs
    let freed = false
    for (const group of this.#groups.values()) {
      if (group.stalled || nowMs - group.movedMs < stalledMs) continue
      group.stalled = true
      freed = true
      for (const [at, tasks] of group.at) for (let i = 0; i < tasks; i++) this.#placement.ended(at, group.pool)
    }
    return freed
  }
}
