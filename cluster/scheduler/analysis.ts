/** What a task reads: is it there? What is absent is needed, and the task waits; when all is there it is ready. */

import { RivuletError } from "../../engine/errors.js"
import type { OutputId } from "../../engine/rdd.js"
import type { TaskFailure } from "../../engine/task.js"
import { type Board, triesOfFetch } from "./board.js"
import { type Missing, missing } from "./inputs.js"
import type { Launching } from "./launching.js"
import type { Needs } from "./needs.js"
import type { Results } from "./results.js"
import { canSkip } from "./skip.js"
import { type Stage, type Task, troubleOf } from "./stage.js"

/** When something happened. Null: too long ago to matter. "now": in this step, whose time the next `giveUp` fills in. */
type Moment = number | "now" | null

function later(moment: Moment, nowMs: number, beforeMs: number): Moment {
  return moment === "now" ? nowMs : moment !== null && moment <= beforeMs ? null : moment
}

interface Stranded {
  /** The block, or the failure's message. */
  readonly what: string
  readonly sinceMs: number | null
  readonly failure: TaskFailure | null
}

export class Analysis {
  readonly #board: Board
  readonly #needs: Needs
  readonly #launching: Launching
  readonly #results: Results
  #analysing = false
  /** Tasks that wait for input of which no copy is known (or for what they cannot be made without, as `failure` says), and since when. */
  readonly #stranded = new Map<Task, Stranded>()
  readonly #strandedSinceMs = new Map<string, number>()
  /** When a worker was lost last, and when one came (or this master), if that is not long ago. */
  #lostMs: Moment = null
  #cameMs: Moment = "now"

  constructor(board: Board, needs: Needs, launching: Launching, results: Results) {
    this.#board = board
    this.#needs = needs
    this.#launching = launching
    this.#results = results
  }

  /** Works off what has become ready or missing. */
  settle(): void {
    // What there is depends on what workers hold: without any, all of it would seem to be lost.
    if (this.#analysing || this.#board.options.placement.size === 0) return
    this.#analysing = true
    try {
      // The list grows while it is worked off.
      for (let i = 0; i < this.#board.toAnalyse.length; i++) this.#settleOne(this.#board.toAnalyse[i] as Task)
    } finally {
      this.#board.toAnalyse = []
      this.#analysing = false
    }
  }

  #settleOne(task: Task): void {
    if (task.state !== "waiting") return
    try {
      this.#analyse(task)
    } catch (error) {
      const failure = failureOf(error)
      // What is not there any more may come back with a worker that was lost a moment ago, or has not found this master yet.
      if (this.#mayComeBack && error instanceof RivuletError && error.code === 5) this.#strand(task, failure.message, failure)
      else this.#board.failStage(task.stage, failure)
    }
  }

  /** A worker came (back) with blocks that nobody asked it for: whoever waits for such looks again. */
  found(): void {
    for (const task of this.#stranded.keys()) if (task.state === "waiting") this.#board.analyseLater(task)
    this.#stranded.clear()
  }

  /** It may only seem so, and come back. */
  workerLost(): void {
    this.#lostMs = "now"
  }

  /** What it holds it says by and by, and others may come with it. */
  workerCame(): void {
    this.#cameMs = "now"
  }

  get #mayComeBack(): boolean {
    return this.#lostMs !== null || this.#cameMs !== null
  }

  #strand(task: Task, what: string, failure: TaskFailure | null): void {
    this.#stranded.set(task, { what, sinceMs: this.#strandedSinceMs.get(what) ?? null, failure })
  }

  /** The master stood still for so long: who might have come back meanwhile has not been heard. */
  excuse(ms: number): void {
    if (typeof this.#lostMs === "number") this.#lostMs += ms
    if (typeof this.#cameMs === "number") this.#cameMs += ms
    for (const [what, sinceMs] of this.#strandedSinceMs) this.#strandedSinceMs.set(what, sinceMs + ms)
    for (const [task, { what, sinceMs, failure }] of this.#stranded)
      if (sinceMs !== null) this.#stranded.set(task, { what, sinceMs: sinceMs + ms, failure })
  }

  /** Fails what has waited since before `beforeMs` for input that nobody holds. */
  giveUp(nowMs: number, beforeMs: number): void {
    this.#lostMs = later(this.#lostMs, nowMs, beforeMs)
    this.#cameMs = later(this.#cameMs, nowMs, beforeMs)
    for (const [task, { what, sinceMs, failure }] of this.#stranded) {
      if (task.state !== "waiting") this.#stranded.delete(task)
      else if (sinceMs === null) {
        this.#strandedSinceMs.set(what, nowMs)
        this.#stranded.set(task, { what, sinceMs: nowMs, failure })
      } else if (sinceMs <= beforeMs) {
        this.#stranded.delete(task)
        this.#board.failStage(task.stage, failure ?? failureOf(this.#isLost(what)))
      }
    }
    if (this.#stranded.size === 0) this.#strandedSinceMs.clear()
  }

  #isLost(block: string): RivuletError {
    const records = this.#board.options.planner.recordsIn(block) ?? `the records of block ${block}`
    return new RivuletError(`${records} are lost: every worker that held a copy of them is gone`, {
      code: 5,
      try: "ask for other times; what is archived, or received with `rivulet master --durable`, outlives all workers at once",
    })
  }

  #analyse(task: Task): void {
    const { stage, partition } = task
    const { places } = this.#board
    const reads = this.#board.readsOf(task)
    task.waits = 0
    // Counted before it can be reached, so that nothing that arrives meanwhile makes it ready too soon.
    let waits = 0
    for (const ref of reads) {
      const absent = missing(ref, places)
      if (absent !== null) waits += this.#have(task, absent)
    }
    task.waits = waits
    if (waits > 0) return
    if (canSkip(stage.spec, partition, reads, places)) this.#results.skip(task)
    else this.#launching.ready(task, reads)
  }

  /** Has what is absent made, and the task wait for it. Gives for how many things it waits. */
  #have(task: Task, absent: Missing): number {
    const { stage } = task
    const { stages, options } = this.#board
    const self = stage.spec.output
    switch (absent.kind) {
      case "shuffle":
      case "output": {
        const spec = stage.dependencies?.get(absent.output)
        if (spec === undefined) throw new Error(`${self} reads ${absent.output}, which is none of its dependencies`)
        const made = this.#make(stage, spec, absent.kind === "shuffle" ? null : [absent.partition])
        if (absent.kind === "output") return waitForPart(made, absent.partition, task)
        if (made.open === 0) return 0
        made.waiters.push(task)
        return 1
      }
      case "state": {
        if (absent.steps.length === 0) throw options.planner.forgotten(absent.stream, absent.at)
        let waits = 0
        for (const step of absent.steps) {
          const stretch = this.#board.stretches.get(step.output)
          if (stretch !== undefined && stretch !== stage && stretch.tasks.get(absent.partition)?.state !== "done") {
            waits += waitForPart(this.#make(stage, stretch.spec, [absent.partition]), absent.partition, task)
            continue
          }
          const spec = stages.get(step.output)?.spec ?? options.planner.state(absent.stream, step.interval)
          if (spec === null) throw new Error(`${absent.stream} has no step at ${step.interval}`)
          waits += waitForPart(this.#make(stage, spec, [absent.partition]), absent.partition, task)
        }
        return waits
      }
      case "block":
        return this.#haveAgain(task, absent.ref.block)
    }
  }

  /** An input block of which no copy is left: its split is read again, or its worker waited for. */
  #haveAgain(task: Task, block: string): number {
    const { options, replays } = this.#board
    const { tracker } = options
    const replay = options.planner.replay(block)
    if (replay === null) {
      // A worker that was taken for dead may come back with it: for so long it is waited for, and not by each question anew.
      if (!this.#mayComeBack) throw this.#isLost(block)
      this.#strand(task, block, null)
      return 1
    }
    const output: OutputId = replay.spec.output
    const wanted = replays.get(output) ?? new Map<string, string>()
    // With one block of a split all others that its worker held are lost as well: one reading brings them back.
    for (const [lost, part] of replay.blocks) if (tracker.holders(tracker.current(lost)).length === 0) wanted.set(lost, part)
    replays.set(output, wanted)
    const made = this.#make(task.stage, replay.spec, null)
    if (made.open === 0) {
      // It was read before this one was lost: once more.
      if (++troubleOf(task).fetchFailures >= triesOfFetch)
        throw new Error(`the input block ${block} was not found when its file was read again`)
      made.tasks.forEach(({ partition }) => {
        tracker.removePart(output, partition)
        this.#needs.lost(output, partition)
      })
    }
    made.waiters.push(task)
    return 1
  }

  /** The stage that makes it, held by the one that waits. */
  #make(stage: Stage, spec: Stage["spec"], only: readonly number[] | null): Stage {
    stage.holding.add(spec.output)
    return this.#needs.need(spec, only, stage.spec.output, stage.pool, stage.order, stage.timeoutMs)
  }
}

function waitForPart(stage: Stage, partition: number, task: Task): number {
  const made = stage.tasks.get(partition)
  if (made === undefined || made.state === "done") return 0
  const waiters = stage.partWaiters.get(partition)
  if (waiters === undefined) stage.partWaiters.set(partition, [task])
  else waiters.push(task)
  return 1
}

/** A failure that the master itself met while it worked out what is needed. */
export function failureOf(error: unknown): TaskFailure {
  if (error instanceof RivuletError) return { kind: "machine", message: error.message, ...(error.try !== undefined && { try: error.try }) }
  if (error instanceof Error) return { kind: "machine", message: error.message, errorName: error.name }
  return { kind: "machine", message: String(error) }
}
