/**
 * Demand-driven scheduling of stages and tasks (the paper's §4.1 and §4.2: each task starts when its parents are there,
 * tasks of many intervals overlap, jobs may depend on what a running job makes).
 *
 * The problem: results are lost at any time, are shared by jobs that come and go, and must be made again without anyone
 * keeping a plan of what was. The solution: nothing is planned ahead. A job *needs* an output; a stage that is needed
 * needs what its tasks read; a task runs when all it reads is there, which is looked up again at the last moment. What
 * nobody needs any more is dropped. What is lost is absent again, so whoever needs it has it made, from lineage.
 *
 * Methods never call out: what happened is read from `take()`, what is to be sent is in the outbox.
 */

import { RivuletError } from "../../engine/errors.js"
import { trimStage } from "../../engine/plan.js"
import type { InputRef, OutputId } from "../../engine/rdd.js"
import type { StageSpec, TaskFailure } from "../../engine/task.js"
import { type BlockTracker, emptyPart, type Part } from "../master/block-tracker.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import { launchInputs, type Missing, missing, type Places } from "./inputs.js"
import type { Outbox } from "./outbox.js"
import type { Placement, Pool } from "./placement.js"
import { canSkip } from "./skip.js"
import { stragglers } from "./speculation.js"
import { type Attempt, isTemporary, makeStage, makeTask, type Stage, type Task, TaskQueue } from "./stage.js"
import type { StateChains } from "./state-chains.js"

/** What the scheduler asks of the model. May throw a RivuletError (what is needed is no longer retained): the job fails with it. */
export interface Planner {
  /** The stages that a stage reads from: one for each shuffle or stored dependency. */
  dependencies(spec: StageSpec): readonly StageSpec[]
  reads(spec: StageSpec, partition: number): readonly InputRef[]
  /** The stage that makes a state's step of that interval. */
  state(stream: string, interval: number): StageSpec | null
  /** Whether a shuffle is to stay when nobody reads it just now: running streams read it in every interval. */
  keeps(output: OutputId): boolean
  /** The stage that reads a replayable source's block again, and all sealed blocks of that split with their intervals. Null: it cannot be had again. */
  replay(block: string): { readonly spec: StageSpec; readonly blocks: ReadonlyMap<string, number> } | null
}

export interface Job {
  readonly id: string
  readonly target: OutputId
  readonly pool: Pool
  readonly order: number
  state: "running" | "done" | "failed"
}

export type Happening =
  | { readonly kind: "job"; readonly job: string; readonly failure: TaskFailure | null }
  | { readonly kind: "made"; readonly spec: StageSpec; readonly partition: number; readonly worker: NodeId; readonly done: TaskDone }

export interface SchedulerOptions {
  readonly tracker: BlockTracker
  readonly chains: StateChains
  readonly placement: Placement
  readonly outbox: Outbox
  readonly planner: Planner
  readonly taskTimeoutMs: number
}

const triesOfUserFailure = 2
const triesOfMachineFailure = 4
const triesOfFetch = 20

export class Scheduler {
  readonly #o: SchedulerOptions
  readonly #places: Places
  readonly #stages = new Map<OutputId, Stage>()
  readonly #jobs = new Map<string, Job>()
  readonly #attempts = new Map<string, Attempt>()
  readonly #ready: Record<Pool, TaskQueue> = { stream: new TaskQueue(), query: new TaskQueue() }
  /** Ready tasks that belong to one worker. */
  readonly #bound: Record<Pool, Map<NodeId, TaskQueue>> = { stream: new Map(), query: new Map() }
  /** Tasks to look at: a list, not recursion, since lineage may be deep. */
  #toAnalyse: Task[] = []
  #analysing = false
  /** Tasks that wait for input of which no copy is known, and since when. */
  readonly #stranded = new Map<Task, { readonly block: string; readonly sinceMs: number | null }>()
  readonly #strandedSinceMs = new Map<string, number>()
  /** Splits being read again: the lost blocks that are expected of each, with their intervals. */
  readonly #replays = new Map<OutputId, Map<string, number>>()
  /** Shuffles that stay for intervals to come. */
  readonly #kept = new Set<OutputId>()
  #happenings: Happening[] = []
  /** Of queries: by pool and order, which stages have from their job. */
  readonly #stats = new Map<string, { movedBytes: number; recomputed: number }>()

  constructor(options: SchedulerOptions) {
    this.#o = options
    const stages = this.#stages
    this.#places = {
      tracker: options.tracker,
      chains: options.chains,
      partitionsOf: output => stages.get(output)?.spec.partitions ?? Number.POSITIVE_INFINITY,
    }
  }

  // ── jobs ──

  /** Starts a job for an output: it ends in a `job` happening. `order`: lower goes first. */
  start(job: { id: string; spec: StageSpec; pool: Pool; order: number; timeoutMs?: number }): void {
    if (this.#jobs.has(job.id)) return
    this.#jobs.set(job.id, { id: job.id, target: job.spec.output, pool: job.pool, order: job.order, state: "running" })
    if (job.pool === "query") this.#stats.set(statsKey(job.pool, job.order), { movedBytes: 0, recomputed: 0 })
    try {
      this.#need(job.spec, null, `job:${job.id}`, job.pool, job.order, job.timeoutMs ?? this.#o.taskTimeoutMs)
    } catch (error) {
      this.#endJob(job.id, failureOf(error))
      return
    }
    this.settle()
    const stage = this.#stages.get(job.spec.output)
    if (stage !== undefined && stage.open === 0) this.#endJob(job.id, null)
  }

  job(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  stage(output: OutputId): Stage | undefined {
    return this.#stages.get(output)
  }

  /** Lets a job go, done or not: what only it wanted is cancelled, and what was kept for it is forgotten. */
  release(id: string): void {
    const job = this.#jobs.get(id)
    if (job === undefined) return
    this.#jobs.delete(id)
    this.#stats.delete(statsKey(job.pool, job.order))
    this.#unneed(job.target, `job:${id}`)
    this.settle()
  }

  /** What a job cost so far: bytes that tasks had to fetch, stored results that had to be made again. */
  statsOf(id: string): { readonly movedBytes: number; readonly recomputed: number } {
    const job = this.#jobs.get(id)
    return this.#stats.get(job === undefined ? "" : statsKey(job.pool, job.order)) ?? { movedBytes: 0, recomputed: 0 }
  }

  /** What has happened since the last call. */
  take(): Happening[] {
    const happenings = this.#happenings
    this.#happenings = []
    return happenings
  }

  /** Tasks at the workers, by stream pool and query pool. */
  get running(): number {
    return this.#attempts.size
  }

  /** All stages a job's target reads from, nearest first: for people who ask. */
  stagesOf(id: string): readonly Stage[] {
    const target = this.#jobs.get(id)?.target
    const found: Stage[] = []
    const seen = new Set<OutputId>()
    const visit = (output: OutputId): void => {
      const stage = this.#stages.get(output)
      if (stage === undefined || seen.has(output)) return
      seen.add(output)
      found.push(stage)
      for (const dependency of stage.dependencies?.keys() ?? []) visit(dependency)
    }
    if (target !== undefined) visit(target)
    return found
  }

  // ── workers ──

  addWorker(node: NodeId, host: string, cores: number): void {
    this.#o.placement.add(node, host, cores)
  }

  /** A worker is lost: its places are gone, its tasks run elsewhere, needed results are made again. */
  removeWorker(node: NodeId): { readonly parts: number; readonly inputs: readonly string[] } {
    this.#o.placement.remove(node)
    this.#o.outbox.drop(node)
    const lost = this.#o.tracker.dropWorker(node)
    this.restart(node)
    for (const pool of ["stream", "query"] as const) {
      const queue = this.#bound[pool].get(node)
      this.#bound[pool].delete(node)
      for (let task = queue?.pop(); task !== undefined; task = queue?.pop()) if (task.state === "ready") this.#analyseLater(task)
    }
    for (const part of lost.parts) this.lost(part.output, part.partition)
    this.settle()
    return { parts: lost.parts.length, inputs: lost.inputs }
  }

  /** What was launched there is not known to run: it is launched anew, perhaps elsewhere. */
  restart(node: NodeId): void {
    for (const attempt of [...this.#attempts.values()]) {
      if (attempt.worker !== node) continue
      this.#endAttempt(attempt)
      if (attempt.task.state === "running" && attempt.task.attempts.size === 0) this.#analyseLater(attempt.task)
    }
    this.settle()
  }

  /** A part is no longer anywhere. If it is wanted, it is made again. */
  lost(output: OutputId, partition: number): void {
    const stage = this.#stages.get(output)
    if (stage === undefined) return
    const task = stage.tasks.get(partition)
    // Without a task it was there when the stage was first wanted.
    if (task === undefined) this.#want(stage, partition)
    else if (task.state === "done") {
      this.#open(stage)
      this.#analyseLater(task)
    }
    this.settle()
  }

  // ── results ──

  tasksDone(worker: NodeId, done: readonly TaskDone[], nowMs: number): void {
    for (const one of done) {
      const attempt = this.#attempts.get(one.task)
      if (attempt !== undefined) {
        this.#endAttempt(attempt)
        if (one.failure === undefined) this.#made(attempt.task, worker, one, nowMs)
        else this.#failed(attempt.task, worker, one.failure)
        continue
      }
      // An attempt given up earlier: its bytes are as good as any other's, if they are still wanted.
      const task = one.failure === undefined ? this.#taskOf(one.task) : undefined
      if (task !== undefined && task.state !== "done") this.#made(task, worker, one, nowMs)
      else for (const output of one.outputs) this.#o.outbox.forget(worker, output.block)
    }
    this.settle()
  }

  #made(task: Task, worker: NodeId, done: TaskDone, nowMs: number): void {
    const { stage, partition } = task
    const wasDone = task.state === "done"
    this.#cancelAttempts(task)
    if (wasDone || task.state === "dropped") {
      for (const output of done.outputs) this.#o.outbox.forget(worker, output.block)
      return
    }
    const output = stage.spec.write.kind === "read" || stage.spec.write.kind === "file" ? undefined : done.outputs[0]
    const part: Part =
      output === undefined
        ? emptyPart
        : {
            block: output.block,
            rows: output.rows,
            bytes: output.bytes,
            ...(output.sectionRows === undefined ? {} : { sectionRows: output.sectionRows }),
            ...(output.base === undefined ? {} : { base: output.base }),
            ...(output.keys === undefined ? {} : { keys: output.keys }),
          }
    this.#replayed(stage, worker, done)
    stage.durationsMs.push(done.ms)
    stage.endedMs = nowMs
    // Before the job's end, which it may bring.
    this.#happenings.push({ kind: "made", spec: stage.spec, partition, worker, done })
    this.#finish(task, part, worker)
  }

  /** A split was read again: its blocks stand in for those that were lost. */
  #replayed(stage: Stage, worker: NodeId, done: TaskDone): void {
    const wanted = this.#replays.get(stage.spec.output)
    if (wanted === undefined) return
    this.#replays.delete(stage.spec.output)
    const byInterval = new Map<number, string[]>()
    for (const [lost, interval] of wanted) {
      const those = byInterval.get(interval)
      if (those === undefined) byInterval.set(interval, [lost])
      else those.push(lost)
    }
    for (const output of done.outputs) {
      let kept = false
      for (const lost of output.interval === undefined ? wanted.keys() : (byInterval.get(output.interval) ?? [])) {
        this.#o.tracker.hold(output.block, worker, output.bytes, output.rows)
        this.#o.tracker.replaced(lost, output.block)
        kept = true
      }
      if (!kept) this.#o.outbox.forget(worker, output.block)
    }
  }

  #finish(task: Task, part: Part, worker: NodeId | null): void {
    const { stage, partition } = task
    const root = stage.spec.root
    if (stage.spec.write.kind === "state" && root.kind === "state" && part.block === null) {
      this.#o.chains.skip(root.stream, partition, root.interval)
    }
    if (!this.#o.tracker.put(stage.spec.output, partition, part, worker) && part.block !== null && worker !== null) {
      if (this.#o.tracker.part(stage.spec.output, partition)?.block !== part.block) this.#o.outbox.forget(worker, part.block)
    }
    task.state = "done"
    stage.open -= 1
    const waiting = stage.partWaiters.get(partition)
    if (waiting !== undefined) {
      stage.partWaiters.delete(partition)
      for (const waiter of waiting) this.#arrived(waiter)
    }
    if (stage.open > 0) return
    for (const waiter of stage.waiters.splice(0)) this.#arrived(waiter)
    for (const output of [...stage.holding]) this.#unneed(output, stage.spec.output)
    stage.holding.clear()
    for (const consumer of [...stage.consumers]) if (consumer.startsWith("job:")) this.#endJob(consumer.slice(4), null)
  }

  #arrived(task: Task): void {
    task.waits -= 1
    if (task.waits <= 0 && task.state === "waiting") this.#analyseLater(task)
  }

  #failed(task: Task, worker: NodeId, failure: TaskFailure): void {
    if (task.state !== "running") return
    switch (failure.kind) {
      case "user":
      case "timeout":
        // Deterministic functions fail alike; only a machine can differ (DESIGN §5). So: once more, elsewhere.
        task.avoid.add(worker)
        if (++task.userFailures >= triesOfUserFailure) return this.#failStage(task.stage, failure)
        break
      case "fetch":
        if (failure.block !== undefined && failure.from !== undefined) this.dropPlace(failure.block, failure.from)
        if (++task.fetchFailures >= triesOfFetch) return this.#failStage(task.stage, failure)
        break
      case "machine":
        task.avoid.add(worker)
        if (++task.machineFailures >= triesOfMachineFailure) return this.#failStage(task.stage, failure)
        break
      case "killed":
        break
    }
    if (task.attempts.size === 0) this.#analyseLater(task)
  }

  /** The block was not found where it was thought to be. */
  dropPlace(block: string, node: NodeId): void {
    const owner = this.#o.tracker.owner(block)
    if (this.#o.tracker.drop(block, node) && owner !== null) this.lost(owner.output, owner.partition)
  }

  // ── needs ──

  #need(spec: StageSpec, only: readonly number[] | null, consumer: string, pool: Pool, order: number, timeoutMs: number): Stage {
    let stage = this.#stages.get(spec.output)
    if (stage === undefined) {
      stage = makeStage(spec, pool, order, timeoutMs)
      this.#stages.set(spec.output, stage)
    }
    stage.consumers.add(consumer)
    if (spec.write.kind === "state" && spec.root.kind === "state") {
      const { stream, interval, partitions } = spec.root
      this.#o.chains.enter(stream, partitions, { interval, output: spec.output }, only ?? undefined)
    }
    if (only === null) for (let p = 0; p < spec.partitions; p++) this.#want(stage, p)
    else for (const p of only) this.#want(stage, p)
    return stage
  }

  #want(stage: Stage, partition: number): void {
    const task = stage.tasks.get(partition)
    if (task !== undefined && (task.state !== "done" || this.#o.tracker.part(stage.spec.output, partition) !== undefined)) return
    if (task === undefined && this.#o.tracker.part(stage.spec.output, partition) !== undefined) return
    const fresh = task ?? makeTask(stage, partition)
    stage.tasks.set(partition, fresh)
    this.#open(stage)
    this.#analyseLater(fresh)
  }

  /** One more task of the stage is to be done: what it reads is held from the first to the last. */
  #open(stage: Stage): void {
    stage.open += 1
    if (stage.open > 1 && stage.holding.size > 0) return
    if (stage.dependencies === null) {
      const dependencies = new Map<OutputId, StageSpec>()
      for (const spec of this.#o.planner.dependencies(stage.spec)) dependencies.set(spec.output, spec)
      stage.dependencies = dependencies
    }
    for (const spec of stage.dependencies.values()) {
      if (spec.write.kind !== "shuffle") continue
      stage.holding.add(spec.output)
      this.#need(spec, null, stage.spec.output, stage.pool, stage.order, stage.timeoutMs)
    }
  }

  #unneed(output: OutputId, consumer: string): void {
    const stage = this.#stages.get(output)
    if (stage === undefined) return
    stage.consumers.delete(consumer)
    if (stage.consumers.size > 0) return
    this.#stages.delete(output)
    for (const task of stage.tasks.values()) {
      this.#cancelAttempts(task)
      task.state = "dropped"
    }
    if (stage.spec.write.kind === "shuffle" && this.#o.planner.keeps(output)) this.#kept.add(output)
    else if (isTemporary(stage.spec)) {
      for (const gone of this.#o.tracker.remove(output)) for (const holder of gone.holders) this.#o.outbox.forget(holder, gone.block)
    } else if (stage.spec.write.kind === "state") {
      // Of state, the chains tell what is empty.
      for (const [p, part] of [...this.#o.tracker.parts(output).entries()]) {
        if (part !== undefined && part.block === null) this.#o.tracker.removePart(output, p)
      }
    }
    for (const held of stage.holding) this.#unneed(held, output)
    stage.holding.clear()
    // Whoever waited for it though it no longer holds it looks again.
    for (const waiter of stage.waiters) this.#arrived(waiter)
    for (const waiters of stage.partWaiters.values()) for (const waiter of waiters) this.#arrived(waiter)
  }

  /** A stream was stopped: what was kept for it goes, as soon as nobody reads it. */
  forgetKept(): void {
    for (const output of this.#kept) {
      if (this.#o.planner.keeps(output)) continue
      this.#kept.delete(output)
      if (this.#stages.has(output)) continue
      for (const gone of this.#o.tracker.remove(output)) for (const holder of gone.holders) this.#o.outbox.forget(holder, gone.block)
    }
  }

  #analyseLater(task: Task): void {
    if (task.state === "dropped") return
    task.state = "waiting"
    this.#toAnalyse.push(task)
  }

  /** Works off what has become ready or missing. Called by every other method; by itself after places were noted from outside. */
  settle(): void {
    if (this.#analysing) return
    this.#analysing = true
    // The list grows while it is worked off.
    for (let i = 0; i < this.#toAnalyse.length; i++) {
      const task = this.#toAnalyse[i] as Task
      if (task.state !== "waiting") continue
      try {
        this.#analyse(task)
      } catch (error) {
        this.#failStage(task.stage, failureOf(error))
      }
    }
    this.#toAnalyse = []
    this.#analysing = false
  }

  #analyse(task: Task): void {
    const { stage, partition } = task
    task.reads ??= this.#o.planner.reads(stage.spec, partition)
    task.waits = 0
    // Counted before it can be reached, so that nothing that arrives meanwhile makes it ready too soon.
    let waits = 0
    for (const ref of task.reads) {
      const absent = missing(ref, this.#places)
      if (absent !== null) waits += this.#have(task, absent)
    }
    task.waits = waits
    if (waits > 0) return
    if (canSkip(stage.spec, partition, task.reads, this.#places)) {
      this.#finish(task, emptyPart, null)
      return
    }
    task.state = "ready"
    const home = this.#homeOf(task)
    if (home === null) this.#ready[stage.pool].push(task)
    else this.#boundQueue(stage.pool, home.worker).push(task)
  }

  /** Has what is absent made, and the task wait for it. Gives for how many things it waits. */
  #have(task: Task, absent: Missing): number {
    const { stage } = task
    const self = stage.spec.output
    switch (absent.kind) {
      case "shuffle":
      case "output": {
        const spec = stage.dependencies?.get(absent.output)
        if (spec === undefined) throw new Error(`${self} reads ${absent.output}, which is none of its dependencies`)
        stage.holding.add(spec.output)
        const only = absent.kind === "shuffle" ? null : [absent.partition]
        const made = this.#need(spec, only, self, stage.pool, stage.order, stage.timeoutMs)
        if (absent.kind === "output") return waitForPart(made, absent.partition, task)
        if (made.open === 0) return 0
        made.waiters.push(task)
        return 1
      }
      case "state": {
        let waits = 0
        for (const step of absent.steps) {
          const spec = this.#stages.get(step.output)?.spec ?? this.#o.planner.state(absent.stream, step.interval)
          if (spec === null) throw new Error(`${absent.stream} has no step at ${step.interval}`)
          stage.holding.add(spec.output)
          const made = this.#need(spec, [absent.partition], self, stage.pool, stage.order, stage.timeoutMs)
          waits += waitForPart(made, absent.partition, task)
        }
        return waits
      }
      case "block": {
        const replay = this.#o.planner.replay(absent.ref.block)
        if (replay === null) {
          // A worker that was taken for dead may come back with it.
          this.#stranded.set(task, { block: absent.ref.block, sinceMs: this.#strandedSinceMs.get(absent.ref.block) ?? null })
          return 1
        }
        stage.holding.add(replay.spec.output)
        const wanted = this.#replays.get(replay.spec.output) ?? new Map<string, number>()
        // With one block of a split all others that its worker held are lost as well: one reading brings them back.
        const { tracker } = this.#o
        for (const [block, interval] of replay.blocks) if (tracker.holders(tracker.current(block)).size === 0) wanted.set(block, interval)
        this.#replays.set(replay.spec.output, wanted)
        const made = this.#need(replay.spec, null, self, stage.pool, stage.order, stage.timeoutMs)
        if (made.open === 0) {
          // It was read before this one was lost: once more.
          if (++task.fetchFailures >= triesOfFetch) {
            throw new Error(`the input block ${absent.ref.block} was not found when its file was read again`)
          }
          for (const partition of made.tasks.keys()) {
            tracker.removePart(replay.spec.output, partition)
            this.lost(replay.spec.output, partition)
          }
        }
        made.waiters.push(task)
        return 1
      }
    }
  }

  /** A worker came (back) with blocks that nobody asked it for: whoever waits for such looks again. */
  found(): void {
    for (const task of this.#stranded.keys()) if (task.state === "waiting") this.#analyseLater(task)
    this.#stranded.clear()
    this.settle()
  }

  /** A part came back with its worker: whoever was to make it again need not. */
  restored(output: OutputId, partition: number): void {
    const task = this.#stages.get(output)?.tasks.get(partition)
    const part = this.#o.tracker.part(output, partition)
    if (task === undefined || part === undefined || task.state === "done" || task.state === "dropped") return
    this.#cancelAttempts(task)
    this.#finish(task, part, null)
  }

  #cancelAttempts(task: Task): void {
    for (const attempt of [...task.attempts.values()]) {
      this.#o.outbox.cancel(attempt.worker, attempt.id)
      this.#endAttempt(attempt)
    }
  }

  /** Fails what has waited since before `beforeMs` for input that nobody holds. */
  giveUp(nowMs: number, beforeMs: number): void {
    for (const [task, { block, sinceMs }] of this.#stranded) {
      if (task.state !== "waiting") this.#stranded.delete(task)
      else if (sinceMs === null) {
        this.#strandedSinceMs.set(block, nowMs)
        this.#stranded.set(task, { block, sinceMs: nowMs })
      } else if (sinceMs <= beforeMs) {
        this.#stranded.delete(task)
        const message = `the input block ${block} is lost: every worker that held a copy of it is gone`
        this.#failStage(task.stage, { kind: "machine", message })
      }
    }
    if (this.#stranded.size === 0) this.#strandedSinceMs.clear()
  }

  // ── launching ──

  /** Sends ready tasks to workers that have room. Called once at the end of a step, so that launches are batched. */
  dispatch(nowMs: number): void {
    for (const pool of ["stream", "query"] as const) {
      for (const slot of this.#o.placement.slots) {
        const queue = this.#bound[pool].get(slot.node)
        while (queue !== undefined && queue.size > 0 && this.#o.placement.hasRoom(slot.node, pool)) {
          const task = queue.pop() as Task
          if (task.state === "ready") this.#launch(task, slot.node, nowMs)
        }
      }
      const queue = this.#ready[pool]
      while (queue.size > 0 && this.#o.placement.anyRoom(pool)) {
        const task = queue.pop() as Task
        if (task.state === "ready") this.#launch(task, null, nowMs)
      }
    }
    this.settle()
  }

  /** Copies of tasks that take much longer than their stage's others (§5.2). */
  speculate(nowMs: number): number {
    let copies = 0
    for (const stage of this.#stages.values()) {
      for (const task of stragglers(stage, nowMs)) {
        const only = [...task.attempts.values()][0] as Attempt
        const avoid = new Set([only.worker, ...task.avoid])
        const found = task.reads === null ? null : launchInputs(task.reads, this.#places)
        if (found === null || this.#o.placement.size < 2) continue
        const worker = this.#o.placement.choose(stage.pool, found.local, found.total, avoid)
        if (worker === null || worker === only.worker) continue
        this.#submit(task, worker, found.inputs, nowMs)
        copies += 1
      }
    }
    return copies
  }

  #launch(task: Task, bound: NodeId | null, nowMs: number): void {
    const found = task.reads === null ? null : launchInputs(task.reads, this.#places)
    if (found === null) {
      this.#analyseLater(task)
      return
    }
    const worker = bound ?? this.#o.placement.choose(task.stage.pool, found.local, found.total, task.avoid)
    if (worker === null) {
      // Others have room, but not for it: the next free one takes it.
      this.#analyseLater(task)
      return
    }
    const stats = this.#stats.get(statsKey(task.stage.pool, task.stage.order))
    if (stats !== undefined) {
      stats.movedBytes += found.total - (found.local.get(worker) ?? 0)
      if (!isTemporary(task.stage.spec)) stats.recomputed += 1
    }
    this.#submit(task, worker, found.inputs, nowMs)
  }

  #submit(task: Task, worker: NodeId, inputs: Parameters<Outbox["launch"]>[2]["inputs"], nowMs: number): void {
    const { stage, partition } = task
    task.attempt += 1
    const id = `${stage.spec.output}/${partition}.${task.attempt}`
    const attempt: Attempt = { id, task, worker, startedMs: nowMs }
    task.attempts.set(id, attempt)
    this.#attempts.set(id, attempt)
    task.state = "running"
    stage.startedMs ??= nowMs
    const slot = this.#o.placement.slot(worker)
    if (slot !== undefined) slot.running[stage.pool] += 1
    stage.sent ??= trimStage(stage.spec)
    this.#o.outbox.launch(worker, stage.sent, {
      task: id,
      partition,
      attempt: task.attempt,
      pool: stage.pool,
      timeoutMs: stage.timeoutMs,
      affinity: this.#affinityOf(task, worker),
      inputs,
    })
  }

  #endAttempt(attempt: Attempt): void {
    this.#attempts.delete(attempt.id)
    attempt.task.attempts.delete(attempt.id)
    const slot = this.#o.placement.slot(attempt.worker)
    if (slot !== undefined) slot.running[attempt.task.stage.pool] -= 1
  }

  /** State and its followers stay where the state is. */
  #homeOf(task: Task): { readonly worker: NodeId; readonly affinity: number } | null {
    const { spec } = task.stage
    let home = null
    const reads = task.reads ?? []
    const state = reads.find(ref => ref.kind === "state")
    if (state?.kind === "state") {
      const n = this.#o.chains.partitions(state.stream)
      if (n > 0) home = this.#o.placement.home(n, state.partition)
    } else if (spec.write.kind === "state" || (spec.write.kind === "store" && reads.some(ref => ref.kind === "shuffle"))) {
      home = this.#o.placement.home(spec.partitions, task.partition)
    }
    if (home === null || (task.avoid.has(home.worker) && this.#o.placement.size > task.avoid.size)) return null
    return home
  }

  #affinityOf(task: Task, worker: NodeId): number | null {
    const home = this.#homeOf(task)
    if (home !== null) return home.worker === worker ? home.affinity : task.partition
    return task.stage.spec.write.kind === "state" ? task.partition : null
  }

  #boundQueue(pool: Pool, node: NodeId): TaskQueue {
    let queue = this.#bound[pool].get(node)
    if (queue === undefined) {
      queue = new TaskQueue()
      this.#bound[pool].set(node, queue)
    }
    return queue
  }

  // ── ends ──

  #endJob(id: string, failure: TaskFailure | null): void {
    const job = this.#jobs.get(id)
    if (job === undefined || job.state !== "running") return
    job.state = failure === null ? "done" : "failed"
    this.#happenings.push({ kind: "job", job: id, failure })
  }

  /** Every job that wants it, near or far, fails. */
  #failStage(stage: Stage, failure: TaskFailure): void {
    const seen = new Set<OutputId>()
    const visit = (at: Stage): void => {
      if (seen.has(at.spec.output)) return
      seen.add(at.spec.output)
      for (const consumer of at.consumers) {
        if (consumer.startsWith("job:")) this.#endJob(consumer.slice(4), failure)
        else {
          const above = this.#stages.get(consumer)
          if (above !== undefined) visit(above)
        }
      }
    }
    visit(stage)
  }

  #taskOf(id: string): Task | undefined {
    const slash = id.lastIndexOf("/")
    const dot = id.lastIndexOf(".")
    return this.#stages.get(id.slice(0, slash))?.tasks.get(Number(id.slice(slash + 1, dot)))
  }
}

const statsKey = (pool: Pool, order: number): string => `${pool} ${order}`

function waitForPart(stage: Stage, partition: number, task: Task): number {
  const made = stage.tasks.get(partition)
  if (made === undefined || made.state === "done") return 0
  const waiters = stage.partWaiters.get(partition)
  if (waiters === undefined) stage.partWaiters.set(partition, [task])
  else waiters.push(task)
  return 1
}

/** A failure that the master itself met while it worked out what is needed. */
function failureOf(error: unknown): TaskFailure {
  if (error instanceof RivuletError) return { kind: "machine", message: error.message, ...(error.try !== undefined && { try: error.try }) }
  if (error instanceof Error) return { kind: "machine", message: error.message, errorName: error.name }
  return { kind: "machine", message: String(error) }
}
