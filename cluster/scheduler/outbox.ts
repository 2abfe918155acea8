/**
 * What one step of the master sends. Tasks are tiny and many, so all that one step launches, cancels or forgets at one
 * worker goes in one message each.
 */

import type { StreamId } from "../../engine/definition.js"
import { stageFor } from "../../engine/plan.js"
import type { StageSpec } from "../../engine/task.js"
import type { Command, NodeId } from "../ports.js"
import type { LaunchTask, Message } from "../protocol.js"
import type { SentStage } from "./stage.js"

interface Batch {
  readonly stages: SentStage[]
  readonly tasks: LaunchTask[]
  readonly cancel: string[]
  forget: string[]
}

export class Outbox {
  #commands: Command[] = []
  #wakeMs = Number.POSITIVE_INFINITY
  readonly #batches = new Map<NodeId, Batch>()
  /** Whole intervals of streams that all workers forget: those before the time. */
  readonly #forgetBefore = new Map<StreamId, number>()
  #workers: Iterable<{ readonly node: NodeId }> = []

  /** Several parts may ask to be woken: the earliest time is what the runtime is told. */
  push(command: Command): void {
    if (command.kind === "wake") this.#wakeMs = Math.min(this.#wakeMs, command.atMonotonicMs)
    else this.#commands.push(command)
  }

  send(to: NodeId, message: Message): void {
    this.#commands.push({ kind: "send", to, message })
  }

  /** The stage's index in the message that is to go there. */
  place(to: NodeId, stage: SentStage): number {
    const batch = this.#batch(to)
    // Tasks go out stage by stage: mostly it is the last one.
    const index = batch.stages.lastIndexOf(stage)
    return index >= 0 ? index : batch.stages.push(stage) - 1
  }

  launch(to: NodeId, task: LaunchTask): void {
    this.#batch(to).tasks.push(task)
  }

  cancel(to: NodeId, task: string): void {
    this.#batch(to).cancel.push(task)
  }

  forget(to: NodeId, block: string): void {
    this.#batch(to).forget.push(block)
  }

  /** All of the stream's intervals that end at or before it, at all workers that there are at the end of the step. */
  forgetBefore(workers: Iterable<{ readonly node: NodeId }>, stream: StreamId, before: number): void {
    this.#workers = workers
    this.#forgetBefore.set(stream, Math.max(before, this.#forgetBefore.get(stream) ?? before))
  }

  /** A worker is gone: nothing is for it. */
  drop(node: NodeId): void {
    this.#batches.delete(node)
  }

  /** The commands of the step, in order: cancelled, launched, forgotten. */
  flush(): Command[] {
    for (const [to, batch] of this.#batches) {
      if (batch.cancel.length > 0) this.send(to, { kind: "cancel", tasks: batch.cancel })
      if (batch.tasks.length > 0) this.send(to, { kind: "launch", stages: stagesFor(batch), tasks: batch.tasks })
    }
    if (this.#forgetBefore.size > 0) this.#forgetIntervals()
    for (const [to, { forget }] of this.#batches) if (forget.length > 0) this.send(to, { kind: "forget", blocks: forget, streams: [] })
    this.#batches.clear()
    if (this.#wakeMs < Number.POSITIVE_INFINITY) this.#commands.push({ kind: "wake", atMonotonicMs: this.#wakeMs })
    this.#wakeMs = Number.POSITIVE_INFINITY
    const commands = this.#commands
    this.#commands = []
    return commands
  }

  /** With the single blocks that the worker is to forget. */
  #forgetIntervals(): void {
    const streams = [...this.#forgetBefore].map(([stream, before]) => ({ stream, before }))
    for (const { node } of this.#workers) {
      const batch = this.#batches.get(node)
      this.send(node, { kind: "forget", blocks: batch?.forget ?? [], streams })
      if (batch !== undefined) batch.forget = []
    }
    this.#forgetBefore.clear()
    this.#workers = []
  }

  #batch(to: NodeId): Batch {
    let batch = this.#batches.get(to)
    if (batch === undefined) {
      batch = { stages: [], tasks: [], cancel: [], forget: [] }
      this.#batches.set(to, batch)
    }
    return batch
  }
}

/** Each stage as far as the tasks that go with it need it. */
function stagesFor({ stages, tasks }: Batch): StageSpec[] {
  return stages.map(({ spec, divisible }, i) => {
    if (!divisible) return spec
    return stageFor(
      spec,
      tasks.filter(({ stage }) => stage === i).map(({ partition }) => partition),
    )
  })
}
