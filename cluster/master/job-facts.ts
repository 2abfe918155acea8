/**
 * What the newest intervals' jobs were like: of each stage how long its tasks took and where, and which keys were heavy in what it
 * read. `why.ts` makes causes of it. Times are those that workers measured; nothing here decides what is computed.
 */

import type { StreamId } from "../../engine/definition.js"
import { stageDependencies } from "../../engine/plan.js"
import type { OutputId, RddNode } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { deleteOldest } from "../oldest.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import type { IntervalJob } from "../scheduler/job-generator.js"
import { Slowness } from "./slowness.js"
import { heavyPartitions, type StageFacts, TaskTimes } from "./stage-facts.js"
import { Totals } from "./totals.js"

/** `to`: of a stretch the end of its last interval. `endedMs`: when, by the master's clock. */
export interface IntervalFacts {
  readonly from: number
  readonly to: number
  readonly endedMs: number
  /** From the interval's end to the job's start, and from there to its end. */
  readonly delayMs: number
  readonly ms: number
  /** Target first. */
  readonly stages: readonly StageFacts[]
}

const intervalsKept = 60
const stagesKept = 4_096
const streamsKept = 512
const loadOverS = 15
/** Which machines are slow, so many stages tell as well as those of hundreds of streams. */
const comparedASecond = 32

export class JobFacts {
  /** By what the stage makes, oldest first. */
  readonly #stages = new Map<OutputId, StageFacts & { readonly tasks: TaskTimes }>()
  readonly #intervals = new Map<StreamId, IntervalFacts[]>()
  readonly slowness = new Slowness()
  readonly totals = new Totals()
  #compared = { second: 0, stages: 0 }
  /** Spent in tasks in each of the newest seconds: `[second, ms]`. */
  readonly #busy: [number, number][] = []

  made(spec: StageSpec, partition: number, worker: NodeId, { ms, outputs }: TaskDone, nowMs: number): void {
    let stage = this.#stages.get(spec.output)
    if (stage === undefined) {
      stage = { label: spec.label, tasks: new TaskTimes(), heavy: new Map(), firstMs: nowMs - ms, lastMs: nowMs, rows: 0, reads: [] }
      this.#stages.set(spec.output, stage)
      if (this.#stages.size > stagesKept) deleteOldest(this.#stages)
    }
    stage.lastMs = nowMs
    stage.tasks.add(partition, worker, ms)
    for (const { rows, heavy = [] } of outputs) {
      stage.rows += rows
      for (const one of heavy) {
        const before = stage.heavy.get(one.key)
        stage.heavy.set(one.key, before === undefined ? one : { ...one, rows: before.rows + one.rows })
      }
    }
    if (spec.stream !== null) this.#worked(ms, nowMs)
  }

  #worked(ms: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    const last = this.#busy.at(-1)
    if (last?.[0] === second) last[1] += ms
    else this.#busy.push([second, ms])
    while (this.#busy[0] !== undefined && this.#busy[0][0] <= second - loadOverS) this.#busy.shift()
  }

  /** Work of streams a second of wall time, in executors that are busy all the time. */
  load(nowMs: number): number {
    const second = Math.floor(nowMs / 1000)
    // The second that is under way is not over.
    const whole = this.#busy.filter(([at]) => at < second && at > second - loadOverS)
    if (whole.length === 0) return 0
    return whole.reduce((sum, [, ms]) => sum + ms, 0) / 1000 / (second - whole[0]![0])
  }

  /** A job of a stream is done. `nowMs` by both clocks, as jobs and intervals are measured. */
  ended(
    { stream, interval, target, startedMs, endedMs }: IntervalJob,
    times: { readonly monotonicMs: number; readonly timeMs: number },
  ): void {
    if (target === null) return
    const ms = (endedMs ?? times.monotonicMs) - startedMs
    const stages = this.#stagesOf(target, startedMs)
    const kept = this.#intervals.get(stream) ?? []
    const delayMs = Math.max(0, times.timeMs - ms - interval.to)
    this.totals.interval(stream, ms, delayMs)
    kept.push({ ...interval, endedMs: times.timeMs, delayMs, ms, stages })
    if (kept.length > intervalsKept) kept.shift()
    // The newest streams are kept, those that are no more go in time.
    this.#intervals.delete(stream)
    this.#intervals.set(stream, kept)
    if (this.#intervals.size > streamsKept) deleteOldest(this.#intervals)
    for (const stage of stages) if (this.#mayCompare(times.timeMs)) this.slowness.add(stage, heavyPartitions(stage), times.timeMs)
  }

  #mayCompare(timeMs: number): boolean {
    const second = Math.floor(timeMs / 1000)
    if (this.#compared.second !== second) this.#compared = { second, stages: 0 }
    this.#compared.stages += 1
    return this.#compared.stages <= comparedASecond
  }

  /** What was made while the job ran: earlier panes of a window were not its work. */
  #stagesOf(target: StageSpec, startedMs: number): StageFacts[] {
    const found = new Map<OutputId, StageFacts>()
    const visit = (output: OutputId, root: RddNode): StageFacts | undefined => {
      const known = found.get(output)
      if (known !== undefined) return known
      const stage = this.#stages.get(output)
      if (stage === undefined || stage.firstMs < startedMs - clockStepMs) return undefined
      found.set(output, stage)
      const reads: StageFacts[] = []
      for (const { output: made, parent } of stageDependencies(root)) {
        const parentStage = visit(made, parent)
        if (parentStage !== undefined) reads.push(parentStage)
      }
      stage.reads = reads
      return stage
    }
    visit(target.output, target.root)
    return [...found.values()]
  }

  /** Oldest first. */
  of(stream: StreamId): readonly IntervalFacts[] {
    return this.#intervals.get(stream) ?? []
  }
}

/** A task's time is its worker's; when it came back is the master's. */
const clockStepMs = 50
