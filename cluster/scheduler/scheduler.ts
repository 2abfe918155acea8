/**
 * Demand-driven scheduling of stages and tasks (the paper's §4.1 and §4.2: each task starts when its parents are there,
 * tasks of many intervals overlap, jobs may depend on what a running job makes).
 *
 * The problem: results are lost at any time, are shared by jobs that come and go, and must be made again without anyone
 * keeping a plan of what was. The solution: nothing is planned ahead. A job *needs* an output; a stage that is needed
 * needs what its tasks read; a task runs when all it reads is there, which is looked up again at the last moment. What
 * nobody needs any more is dropped. What is lost is absent again, so whoever needs it has it made, from lineage.
 *
 *     needs.ts ─ what is wanted ─▶ analysis.ts ─ is it there? ─▶ launching.ts ─ where ─▶ results.ts ─ what it came to
 *
 * Methods never call out: what happened is read from `take()`, what is to be sent is in the outbox.
 */

import type { OutputId } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import { Analysis, failureOf } from "./analysis.js"
import { Board, type Happening, type Job, type JobCost, noCost, type SchedulerOptions } from "./board.js"
import { Launching } from "./launching.js"
import { Needs } from "./needs.js"
import type { Pool } from "./placement.js"
import { Results } from "./results.js"
import type { Stage } from "./stage.js"

export class Scheduler {
  readonly #board: Board
  readonly #launching: Launching
  readonly #needs: Needs
  readonly #results: Results
  readonly #analysis: Analysis

  constructor(options: SchedulerOptions) {
    this.#board = new Board(options)
    this.#launching = new Launching(this.#board)
    this.#needs = new Needs(this.#board, this.#launching)
    this.#results = new Results(this.#board, this.#needs, this.#launching)
    this.#analysis = new Analysis(this.#board, this.#needs, this.#launching, this.#results)
  }

  // ── jobs ──

  /** Starts a job for an output: it ends in a `job` happening. `order`: lower goes first. */
  start(job: { id: string; spec: StageSpec; pool: Pool; order: number; timeoutMs?: number }): void {
    const board = this.#board
    if (board.jobs.has(job.id)) return
    board.jobs.set(job.id, { id: job.id, target: job.spec.output, pool: job.pool, order: job.order, state: "running" })
    if (job.pool === "query") board.countCost(job.pool, job.order)
    try {
      this.#needs.need(job.spec, null, `job:${job.id}`, job.pool, job.order, job.timeoutMs ?? board.options.taskTimeoutMs)
    } catch (error) {
      board.endJob(job.id, failureOf(error))
      return
    }
    this.settle()
    const stage = board.stages.get(job.spec.output)
    if (stage !== undefined && stage.open === 0) board.endJob(job.id, null)
  }

  job(id: string): Job | undefined {
    return this.#board.jobs.get(id)
  }

  stage(output: OutputId): Stage | undefined {
    return this.#board.stages.get(output)
  }

  /** Lets a job go, done or not: what only it wanted is cancelled, and what was kept for it is forgotten. */
  release(id: string): void {
    const job = this.#board.jobs.get(id)
    if (job === undefined) return
    this.#board.jobs.delete(id)
    this.#board.forgetCost(job.pool, job.order)
    this.#needs.unneed(job.target, `job:${id}`)
    this.settle()
  }

  statsOf(id: string): Readonly<JobCost> {
    const job = this.#board.jobs.get(id)
    return (job === undefined ? undefined : this.#board.cost(job.pool, job.order)) ?? noCost
  }

  /** What has happened since the last call. */
  take(): Happening[] {
    return this.#board.takeHappenings()
  }

  /** Tasks at the workers. */
  get running(): number {
    return this.#board.running
  }

  /** All stages a job's target reads from, nearest first: for people who ask. */
  stagesOf(id: string): readonly Stage[] {
    const { jobs, stages } = this.#board
    const target = jobs.get(id)?.target
    const found: Stage[] = []
    const seen = new Set<OutputId>()
    const visit = (output: OutputId): void => {
      const stage = stages.get(output)
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
    this.#board.options.placement.add(node, host, cores)
    this.#analysis.workerCame()
  }

  /** A worker is lost, whose process has `ended` or which is only silent: its places are gone, its tasks run elsewhere, needed results are made again. */
  removeWorker(node: NodeId, ended: boolean): { readonly parts: number; readonly inputs: readonly string[] } {
    const { placement, outbox, tracker } = this.#board.options
    placement.remove(node)
    outbox.drop(node)
    const lost = tracker.dropWorker(node)
    this.#analysis.workerLost()
    this.#launching.lost(node, ended)
    this.settle()
    this.#launching.unbind(node)
    for (const part of lost.parts) this.lost(part.output, part.partition)
    this.settle()
    return { parts: lost.parts.length, inputs: lost.inputs }
  }

  /** Tasks at the worker for which it has room all the same: of streams and questions that do not get on. */
  stalledAt(node: NodeId): number {
    return this.#launching.stalledAt(node)
  }

  /** The worker is given nothing more; what runs there ends there. */
  drain(node: NodeId): void {
    this.#board.options.placement.drain(node)
    this.#launching.unbind(node)
    this.settle()
  }

  undrain(node: NodeId): void {
    this.#board.options.placement.undrain(node)
    this.settle()
  }

  runsAt(node: NodeId): boolean {
    return this.#board.attemptsAt(node).length > 0
  }

  /** What was launched there is not known to run: it is launched anew, perhaps elsewhere. */
  restart(node: NodeId): void {
    this.#launching.restart(node)
    this.settle()
  }

  /** A part is no longer anywhere. If it is wanted, it is made again. */
  lost(output: OutputId, partition: number): void {
    this.#needs.lost(output, partition)
    this.settle()
  }

  /** The block was not found where it was thought to be. */
  dropPlace(block: string, node: NodeId): void {
    this.#needs.dropPlace(block, node)
    this.settle()
  }

  /** A worker came (back) with blocks that nobody asked it for: whoever waits for such looks again. */
  found(): void {
    this.#analysis.found()
    this.settle()
  }

  /** A part came back with its worker: whoever was to make it again need not. */
  restored(output: OutputId, partition: number): void {
    const task = this.#board.stages.get(output)?.tasks.get(partition)
    const part = this.#board.options.tracker.part(output, partition)
    if (task === undefined || part === undefined || task.state === "done" || task.state === "dropped") return
    this.#results.restored(task, part)
  }

  /** The master stood still for so long. */
  excuse(ms: number): void {
    this.#analysis.excuse(ms)
  }

  /** Fails what has waited since before `beforeMs` for input that nobody holds. */
  giveUp(nowMs: number, beforeMs: number): void {
    this.#analysis.giveUp(nowMs, beforeMs)
  }

  /** A stream was stopped: what was kept for it goes, as soon as nobody reads it. */
  forgetKept(): void {
    this.#needs.forgetKept()
  }

  // ── tasks ──

  tasksDone(worker: NodeId, done: readonly TaskDone[], nowMs: number): void {
    for (const one of done) this.#results.taskDone(worker, one, nowMs)
    this.settle()
  }

  /** Works off what has become ready or missing. Called by every other method; by itself after places were noted from outside. */
  settle(): void {
    this.#analysis.settle()
  }

  /** Sends ready tasks to workers that have room. Called once at the end of a step, so that launches are batched. */
  dispatch(nowMs: number): void {
    this.#launching.dispatch(nowMs)
    this.settle()
  }

  /** Copies of tasks that take much longer than their stage's others (§5.2). Gives how many. */
  speculate(nowMs: number): number {
    return this.#launching.speculate(nowMs)
  }
}
