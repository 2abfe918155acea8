/**
 * What the scheduler's rooms share: the stages that are wanted, the jobs that want them, the tasks to look at, and what has
 * happened. It decides nothing but whom an end or a failure concerns.
 */

import type { RivuletError } from "../../engine/errors.js"
import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import type { BlockTracker } from "./block-tracker.js"
import type { Places } from "./inputs.js"
import type { Outbox } from "./outbox.js"
import type { Placement, Pool } from "./placement.js"
import { type Attempt, makeStage, type Stage, type Task } from "./stage.js"
import type { StateChains } from "./state-chains.js"

/** What the scheduler asks of the model. May throw a RivuletError (what is needed is no longer retained): the job fails with it. */
export interface Planner {
  /** The stages that a stage reads from: one for each shuffle or stored dependency. */
  dependencies(spec: StageSpec): readonly StageSpec[]
  /** What each partition of the stage reads. */
  reads(spec: StageSpec): (partition: number) => readonly InputRef[]
  /** The stage that makes a state's step of that interval. */
  state(stream: string, interval: number): StageSpec | null
  /** Whether a shuffle is to stay when nobody reads it just now: running streams read it in every interval. */
  keeps(output: OutputId): boolean
  /** The stage that reads a replayable source's block again, and all sealed blocks of that split, each with its part's name (`partName`). Null: it cannot be had again. */
  replay(block: string): { readonly spec: StageSpec; readonly blocks: ReadonlyMap<string, string> } | null
  /** Which records a sealed block holds, for people; null: it is in no seal that is kept. */
  recordsIn(block: string): string | null
  /** What to say of a state's version that no worker has any more, and that cannot be made again. */
  forgotten(stream: string, interval: number): RivuletError
}

export interface Job {
  readonly id: string
  readonly target: OutputId
  readonly pool: Pool
  readonly order: number
  state: "running" | "done" | "failed"
}

export type Happening =
  /** `behind`: what failed is made for another job of the streams, which this one waited for. */
  | { readonly kind: "job"; readonly job: string; readonly failure: TaskFailure | null; readonly behind?: true }
  /** It failed there and is tried once more. */
  | {
      readonly kind: "retried"
      readonly spec: StageSpec
      readonly partition: number
      readonly worker: NodeId
      readonly failure: TaskFailure
    }
  /** A second copy was begun. */
  | { readonly kind: "speculated"; readonly spec: StageSpec; readonly partition: number; readonly worker: NodeId; readonly second: NodeId }
  | { readonly kind: "made"; readonly spec: StageSpec; readonly partition: number; readonly worker: NodeId; readonly done: TaskDone }

export interface SchedulerOptions {
  readonly tracker: BlockTracker
  readonly chains: StateChains
  readonly placement: Placement
  readonly outbox: Outbox
  readonly planner: Planner
  readonly taskTimeoutMs: number
  /** Tasks that are ready wait so long at most for others that go with them. */
  readonly gatherMs: number
  /** No other master of this cluster has or had it: names of tasks begin with it. */
  readonly incarnation: number
  /** Of a task that only questions want: how long it may be at one record. */
  readonly questionStallMs: number
}

/** A fetch that fails is tried elsewhere, and what cannot be had is made again, so often. */
export const triesOfFetch = 20

/** What a question's job cost so far: bytes that tasks had to fetch, stored results that had to be made again, bytes read from disks. */
export interface JobCost {
  movedBytes: number
  recomputed: number
  diskBytes: number
  /** Records that were set aside because a function threw. */
  threw: number
}

export const noCost: Readonly<JobCost> = { movedBytes: 0, recomputed: 0, diskBytes: 0, threw: 0 }

export class Board {
  readonly options: SchedulerOptions
  readonly places: Places
  readonly stages = new Map<OutputId, Stage>()
  /** By their short names. */
  readonly #named = new Map<string, Stage>()
  #stagesMade = 0
  /** Of stretches that are wanted: by what a single interval's job would be wanted for (`engine/stretch.ts`). */
  readonly stretches = new Map<OutputId, Stage>()
  readonly jobs = new Map<string, Job>()
  /** Attempts under way. */
  running = 0
  /** Tasks to look at: a list, not recursion, since lineage may be deep. */
  toAnalyse: Task[] = []
  /** Splits being read again: the lost blocks that are expected of each, with their parts' names. */
  readonly replays = new Map<OutputId, Map<string, string>>()
  readonly #stats = new Map<string, JobCost>()
  #happenings: Happening[] = []

  constructor(options: SchedulerOptions) {
    this.options = options
    const stages = this.stages
    this.places = {
      tracker: options.tracker,
      chains: options.chains,
      partitionsOf: output => stages.get(output)?.spec.partitions ?? Number.POSITIVE_INFINITY,
    }
  }

  make(spec: StageSpec, pool: Pool, order: number, timeoutMs: number): Stage {
    this.#stagesMade += 1
    const stage = makeStage(`${this.options.incarnation}.${this.#stagesMade.toString(36)}`, spec, pool, order, timeoutMs)
    this.stages.set(spec.output, stage)
    this.#named.set(stage.name, stage)
    return stage
  }

  drop(stage: Stage): void {
    this.stages.delete(stage.spec.output)
    this.#named.delete(stage.name)
  }

  analyseLater(task: Task): void {
    if (task.state === "dropped") return
    task.state = "waiting"
    if (task.stage.gates > 0) task.stage.gated.push(task)
    else this.toAnalyse.push(task)
  }

  /** What the stage makes is there, or is given up: those that read it need not wait for it any more. */
  openGates(made: Stage): void {
    for (const reader of made.gateOf) {
      reader.gates -= 1
      if (reader.gates > 0) continue
      for (const task of reader.gated.splice(0)) if (task.state === "waiting") this.toAnalyse.push(task)
    }
    made.gateOf.clear()
  }

  /** One of the things that a task waited for is there, or is given up: it looks again when it was the last. */
  arrived(task: Task): void {
    task.waits -= 1
    if (task.waits <= 0 && task.state === "waiting") this.analyseLater(task)
  }

  /** What the task reads: made anew each time, for there are as many tasks as an interval has partitions. */
  readsOf({ stage, partition }: Task): readonly InputRef[] {
    stage.reads ??= this.options.planner.reads(stage.spec)
    return stage.reads(partition)
  }

  happened(happening: Happening): void {
    this.#happenings.push(happening)
  }

  takeHappenings(): Happening[] {
    const happenings = this.#happenings
    this.#happenings = []
    return happenings
  }

  endJob(id: string, failure: TaskFailure | null, behind = false): void {
    const job = this.jobs.get(id)
    if (job === undefined || job.state !== "running") return
    job.state = failure === null ? "done" : "failed"
    this.happened({ kind: "job", job: id, failure, ...(behind && { behind }) })
  }

  /** Every job that wants it, near or far, fails. Beyond the target of a stream's job others only wait for that stream. */
  failStage(stage: Stage, failure: TaskFailure): void {
    const seen = new Set<OutputId>()
    const beyond: OutputId[] = []
    const visit = (at: Stage, behind: boolean): void => {
      if (seen.has(at.spec.output)) return
      seen.add(at.spec.output)
      const jobs: string[] = []
      const above: OutputId[] = []
      for (const consumer of at.consumers) {
        if (consumer.startsWith("job:")) jobs.push(consumer.slice(4))
        else above.push(consumer)
      }
      const isTarget = jobs.some(id => this.jobs.get(id)?.pool === "stream")
      for (const id of jobs) this.endJob(id, failure, behind)
      for (const output of above) {
        const next = this.stages.get(output)
        if (next === undefined) continue
        if (isTarget && !behind) beyond.push(output)
        else visit(next, behind)
      }
    }
    visit(stage, false)
    for (const output of beyond) {
      const next = this.stages.get(output)
      if (next !== undefined) visit(next, true)
    }
  }

  /** Whether any job of a stream wants it, near or far. What only questions want is their own: it ends sooner, and is not tried twice. */
  servesStreams(stage: Stage): boolean {
    if (stage.pool === "stream") return true
    const seen = new Set<Stage>()
    const visit = (at: Stage): boolean => {
      if (seen.has(at)) return false
      seen.add(at)
      return [...at.consumers].some(consumer => {
        if (consumer.startsWith("job:")) return this.jobs.get(consumer.slice(4))?.pool === "stream"
        const next = this.stages.get(consumer)
        return next !== undefined && visit(next)
      })
    }
    return visit(stage)
  }

  /** By the name of an attempt (`nameOfAttempt`). */
  taskOf(name: string): Task | undefined {
    const slash = name.indexOf("/")
    return this.#named.get(name.slice(0, slash))?.tasks.get(numberAt(name, slash + 1))
  }

  /** The attempt of that name, if it is under way. */
  attemptOf(name: string): Attempt | undefined {
    const task = this.taskOf(name)
    if (task === undefined || task.first === null) return undefined
    const number = numberAt(name, name.lastIndexOf(".") + 1)
    if (task.first.number === number) return task.first
    return task.second?.number === number ? task.second : undefined
  }

  /** Those at a worker. */
  attemptsAt(node: NodeId): Attempt[] {
    const found: Attempt[] = []
    for (const stage of this.stages.values()) {
      if (stage.open === 0) continue
      stage.tasks.forEach(({ first, second }) => {
        if (first?.worker === node) found.push(first)
        if (second?.worker === node) found.push(second)
      })
    }
    return found
  }

  // ── what questions cost: a question's stages share its pool and order ──

  countCost(pool: Pool, order: number): void {
    this.#stats.set(statsKey(pool, order), { ...noCost })
  }

  cost(pool: Pool, order: number): JobCost | undefined {
    return this.#stats.size === 0 ? undefined : this.#stats.get(statsKey(pool, order))
  }

  forgetCost(pool: Pool, order: number): void {
    this.#stats.delete(statsKey(pool, order))
  }
}

const statsKey = (pool: Pool, order: number): string => `${pool} ${order}`

/** The decimal number that begins there. */
function numberAt(text: string, from: number): number {
  let number = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) break
    number = 10 * number + digit
  }
  return number
}
