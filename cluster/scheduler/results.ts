/** What tasks come to: their blocks are noted and whoever waits for them looks again, or they are tried once more. */

import { moreThan } from "../../engine/actions/collect.js"
import { partName } from "../../engine/input/replay.js"
import type { StretchNode } from "../../engine/rdd.js"
import { stepId } from "../../engine/stretch.js"
import { type TaskFailure, writesFile } from "../../engine/task.js"
import { refused } from "../../engine/task-error.js"
import { nodeName } from "../node-id.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import { type Board, triesOfFetch } from "./board.js"
import type { Launching } from "./launching.js"
import type { Needs } from "./needs.js"
import { avoidedBy, type Stage, type Task, troubleOf } from "./stage.js"
import { emptyPart, type MadePart, type Part } from "./tracked-block.js"

const triesOfUserFailure = 2
const triesOfMachineFailure = 4

export class Results {
  readonly #board: Board
  readonly #needs: Needs
  readonly #launching: Launching

  constructor(board: Board, needs: Needs, launching: Launching) {
    this.#board = board
    this.#needs = needs
    this.#launching = launching
  }

  taskDone(worker: NodeId, done: TaskDone, nowMs: number): void {
    const attempt = this.#board.attemptOf(done.task)
    if (attempt !== undefined) {
      this.#launching.endAttempt(attempt)
      if (done.failure === undefined) {
        this.#launching.stragglers.took(attempt, nowMs)
        this.#made(attempt.task, worker, done, nowMs)
      } else this.#failed(attempt.task, worker, done.failure)
      return
    }
    // An attempt given up earlier: its bytes are as good as any other's, if they are still wanted.
    const task = done.failure === undefined ? this.#board.taskOf(done.task) : undefined
    if (task !== undefined && task.state !== "done") this.#made(task, worker, done, nowMs)
    else this.#unwanted(worker, done)
  }

  /** A part came back with its worker: whoever was to make it again need not. */
  restored(task: Task, part: Part): void {
    this.#launching.cancelAttempts(task)
    this.finish(task, part, null)
  }

  /** The task need not run: what it would read is empty. */
  skip(task: Task): void {
    const { root } = task.stage.spec
    if (root.kind === "stretch") {
      const { stream } = root.first
      for (const start of root.starts) this.#board.options.chains.skip(stream, task.partition, start)
    }
    this.finish(task, emptyPart, null)
  }

  /** The task's part is there (`worker` null: it needed no run). */
  finish(task: Task, part: MadePart, worker: NodeId | null): void {
    const { stage, partition } = task
    const { chains, tracker, outbox } = this.#board.options
    const root = stage.spec.root
    if (stage.spec.write.kind === "state" && root.kind === "state" && part.block === null) {
      chains.skip(root.stream, partition, root.interval)
    }
    if (!tracker.put(stage.spec.output, partition, part, worker) && part.block !== null && worker !== null) {
      if (tracker.part(stage.spec.output, partition)?.block !== part.block) outbox.forget(worker, part.block)
    }
    task.state = "done"
    stage.open -= 1
    const waiting = stage.partWaiters.get(partition)
    if (waiting !== undefined) {
      stage.partWaiters.delete(partition)
      for (const waiter of waiting) this.#board.arrived(waiter)
    }
    if (stage.open > 0) return
    this.#board.openGates(stage)
    for (const waiter of stage.waiters.splice(0)) this.#board.arrived(waiter)
    this.#launching.stragglers.ended(stage)
    this.#needs.unhold(stage)
    for (const consumer of [...stage.consumers]) if (consumer.startsWith("job:")) this.#board.endJob(consumer.slice(4), null)
  }

  #made(task: Task, worker: NodeId, done: TaskDone, nowMs: number): void {
    const { stage, partition } = task
    const wasDone = task.state === "done"
    this.#launching.cancelAttempts(task)
    if (wasDone || task.state === "dropped") return this.#unwanted(worker, done)
    const cost = this.#board.cost(stage.pool, stage.order)
    if (cost !== undefined) {
      cost.diskBytes += done.diskBytes ?? 0
      cost.threw += done.threw ?? 0
    }
    this.#replayed(stage, worker, done)
    const othersMs = stage.durationsMs.length === 0 ? null : stage.totalMs / stage.durationsMs.length
    if (stage.pool === "stream") this.#board.options.placement.took(worker, done.ms, othersMs)
    stage.durationsMs.push(done.ms)
    stage.totalMs += done.ms
    if (stage.slowest === null || done.ms > stage.slowest.ms) stage.slowest = { worker, ms: done.ms, partition: task.partition }
    stage.endedMs = nowMs
    // Before the job's end, which it may bring.
    this.#board.happened({ kind: "made", spec: stage.spec, partition, worker, done })
    if (stage.spec.root.kind === "stretch") {
      this.#stretched(stage.spec.root, partition, done.outputs, worker)
      this.finish(task, emptyPart, null)
    } else this.finish(task, partOf(stage, done), worker)
    const tooMany = this.#collectsTooMany(stage)
    if (tooMany !== null) this.#board.failStage(stage, tooMany)
  }

  /** Of the first half of a `collect`: its tasks have more between them than it may give. What they would still find nobody can have. */
  #collectsTooMany({ spec: { root, output } }: Stage): TaskFailure | null {
    const half = root.kind === "within" ? root.parent : root
    if (half.kind !== "partial" || half.action.kind !== "collect" || half.series === true) return null
    const { max } = half.action
    let rows = 0
    for (const part of this.#board.options.tracker.parts(output)) rows += part?.rows ?? 0
    return rows > max ? refused(...moreThan(max)) : null
  }

  /** Each interval's block becomes what that interval's own job would have left; an interval without one changed nothing here. */
  #stretched(stretch: StretchNode, partition: number, outputs: TaskDone["outputs"], worker: NodeId): void {
    const { chains, tracker, outbox } = this.#board.options
    const made = new Map(outputs.map(output => [output.interval, output]))
    for (const start of stretch.starts) {
      const output = made.get(start)
      if (output === undefined) {
        chains.skip(stretch.first.stream, partition, start)
        continue
      }
      const id = stepId(stretch, start)
      // Made before its worker was lost for a while: that one stays.
      if (!tracker.put(id, partition, output, worker) && tracker.part(id, partition)?.block !== output.block)
        outbox.forget(worker, output.block)
    }
  }

  #unwanted(worker: NodeId, done: TaskDone): void {
    for (const output of done.outputs) this.#board.options.outbox.forget(worker, output.block)
  }

  /** A split was read again: its blocks stand in for those that were lost. */
  #replayed(stage: Stage, worker: NodeId, done: TaskDone): void {
    const { replays, options } = this.#board
    const wanted = replays.get(stage.spec.output)
    if (wanted === undefined) return
    replays.delete(stage.spec.output)
    const byPart = new Map<string, string[]>()
    for (const [lost, part] of wanted) {
      const those = byPart.get(part)
      if (those === undefined) byPart.set(part, [lost])
      else those.push(lost)
    }
    for (const output of done.outputs) {
      let kept = false
      for (const lost of byPart.get(partName(output)) ?? []) {
        options.tracker.hold(output.block, worker, output.bytes, output.rows)
        options.tracker.replaced(lost, output.block)
        kept = true
      }
      if (!kept) options.outbox.forget(worker, output.block)
    }
  }

  /**
   * Deterministic functions fail alike; only a machine can differ. So: once more, elsewhere. But somebody waits for a question, and its
   * time is its thread's own: a loop is one everywhere. Unless the worker was slow, and another has the task by now: that one's end is it.
   */
  #triedEnough(task: Task, { kind, origin }: TaskFailure): boolean {
    const trouble = troubleOf(task)
    trouble.origin ??= origin
    trouble.userFailures += 1
    const once = kind === "timeout" && task.first === null && !this.#board.servesStreams(task.stage)
    return trouble.userFailures >= (once ? 1 : triesOfUserFailure)
  }

  #failed(task: Task, worker: NodeId, failure: TaskFailure): void {
    if (task.state !== "running") return
    switch (failure.kind) {
      case "user":
      case "timeout":
        avoid(task, worker)
        if (failure.refused === true) return this.#board.failStage(task.stage, failure)
        if (this.#triedEnough(task, failure)) return this.#board.failStage(task.stage, failureOf(task, failure))
        break
      case "fetch":
        if (failure.block !== undefined && failure.from !== undefined) {
          // Perhaps another worker reaches it: two that do not hear each other would be brought together again and again.
          if (failure.unanswered === true) avoid(task, worker)
          if (failure.unanswered === true && !this.#needs.replaceable(failure.block)) break
          this.#needs.dropPlace(failure.block, failure.from)
        }
        if (++troubleOf(task).fetchFailures >= triesOfFetch) return this.#board.failStage(task.stage, failure)
        break
      case "machine":
        avoid(task, worker)
        if (++troubleOf(task).machineFailures >= triesOfMachineFailure) return this.#board.failStage(task.stage, failure)
        break
      case "killed":
        break
    }
    if (failure.kind !== "killed")
      this.#board.happened({ kind: "retried", spec: task.stage.spec, partition: task.partition, worker, failure })
    if (task.first === null) this.#board.analyseLater(task)
  }
}

/** With what the task's other attempt could tell, and this one not. */
function failureOf(task: Task, failure: TaskFailure): TaskFailure {
  const { origin } = troubleOf(task)
  return { ...failure, ...(origin !== undefined && { origin }), workers: avoidedBy(task).map(nodeName) }
}

function avoid(task: Task, worker: NodeId): void {
  const trouble = troubleOf(task)
  if (!trouble.avoid.includes(worker)) trouble.avoid = [...trouble.avoid, worker]
}

/** What a task made: read splits and files leave no part of their stage. */
function partOf(stage: Stage, done: TaskDone): MadePart {
  const output = stage.spec.write.kind === "read" || writesFile(stage.spec.write) ? undefined : done.outputs[0]
  return output ?? emptyPart
}
