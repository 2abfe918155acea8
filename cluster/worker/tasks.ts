/**
 * The tasks that the master launched here, from launch to report.
 *
 *   gathering ──inputs here──▶ waiting ──executor idle──▶ running ──done──▶ writing ──stored──▶ reported
 *   running ──long, and no place apart──▶ waiting (its inputs stay)
 *   any ──failed, cancelled──▶ reported
 *
 * A cancelled task is reported at once; its thread may finish it (what it made is thrown away), and is ended only when
 * that takes long, because a thread that ends loses the state it has cached. One that waits behind another in the
 * executor's own queue is withdrawn at once.
 */

import { isTable } from "../../engine/output/table.js"
import { type FailedRun, type StageSpec, type TaskFailure, type TaskResult, writesFile } from "../../engine/task.js"
import type { LaunchTask } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import { defined } from "./defined.js"
import { ExecutorPool, type Poolable } from "./executor-pool.js"
import type { Folding } from "./folding.js"
import type { MasterLink } from "./master-link.js"
import type { Outbox } from "./outbox.js"
import { outputPath } from "./output-path.js"
import { Patience, placelessMs } from "./patience.js"
import { TaskInputs, type TaskInputsParts } from "./task-inputs.js"
import { type Keeping, TaskOutputs } from "./task-outputs.js"
import { type Made, madeOf, nothingMade, TaskReports } from "./task-reports.js"

export interface TasksParts extends TaskInputsParts {
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly master: MasterLink
  readonly executors: { readonly stream: number; readonly query: number }
  readonly folding: Folding
}

interface Entry extends Poolable {
  readonly launch: LaunchTask
  readonly stage: StageSpec
  /** As the executors know it: the launch's name, made unique among those still running. */
  readonly name: string
  /** What its executor may have taken in of it already. */
  begun: string | null
  inputs: TaskInputs
  state: "gathering" | "waiting" | "running" | "writing" | "over"
  executor: number
  startedMs: number
  /** When its thread is ended. */
  endMs: number
  cancelled: boolean
  /** It runs in a thread of its own: others need not wait for it. */
  apart: boolean
  /** Its thread has been at it for a while: since when. */
  longSinceMs: number | null
  timedOut: boolean
  killed: boolean
  /** Killed to begin again when there is a place apart. */
  putBack: boolean
  /** What it made is being stored. */
  keeping: Keeping | null
}

/**
 * Executors end a task that takes too long by themselves, and know how much of it was the machine's fault; so much later it is ended
 * from here, whatever it was.
 */
const watchMs = 10_000
const watchTimes = 10

export class Tasks {
  readonly #parts: TasksParts
  readonly #pool: ExecutorPool<Entry>
  readonly #outputs: TaskOutputs
  /** Launched and not yet reported, by the launch's name. */
  readonly #launched = new Map<string, Entry>()
  /** On a thread, cancelled ones too, by the executors' name. */
  readonly #running = new Map<string, Entry>()
  /** Of the tasks launched and not over: those of questions. */
  #asked = 0
  readonly #reports: TaskReports
  readonly #patience = new Patience()
  #names = 0

  constructor(parts: TasksParts) {
    this.#parts = parts
    this.#pool = new ExecutorPool(parts.executors.stream, parts.executors.query, parts.config.executorDepth)
    this.#outputs = new TaskOutputs(parts)
    this.#reports = new TaskReports(parts)
  }

  /** Not yet on a thread. */
  get queued(): number {
    let gathering = 0
    for (const { state } of this.#launched.values()) if (state === "gathering") gathering++
    return this.#pool.waiting + gathering
  }

  /** Whether the block is of a task that is still to be reported. */
  isUntold(block: string): boolean {
    return this.#outputs.isUntold(block)
  }

  load(nowMs: number): number {
    return this.#pool.load(nowMs)
  }

  launch(stages: readonly StageSpec[], tasks: readonly LaunchTask[]): void {
    for (const launch of tasks) {
      if (this.#launched.has(launch.task)) continue
      const stage = stages[launch.stage]
      if (stage === undefined) {
        const message = `task ${launch.task} names stage ${launch.stage}, but ${stages.length} came with it`
        this.#reports.add(launch, 0, nothingMade, { kind: "machine", message })
        continue
      }
      this.#start(launch, stage)
    }
  }

  cancel(tasks: readonly string[]): void {
    for (const task of tasks) {
      const entry = this.#launched.get(task)
      if (entry === undefined) continue
      this.#forget(entry)
      this.#reports.add(entry.launch, this.#parts.clock.monotonicMs - entry.startedMs, nothingMade, {
        kind: "killed",
        message: "cancelled",
      })
      this.#abandon(entry)
    }
  }

  /** Another master knows nothing of the former one's tasks, and launches what it needs. Before it gets the inventory: what is done is in that. */
  abandonAll(): void {
    const entries = [...this.#launched.values()]
    this.#launched.clear()
    this.#asked = 0
    this.#outputs.told(this.#reports.take())
    for (const entry of entries) this.#abandon(entry)
  }

  onTaskDone(name: string, result: TaskResult, ms: number): void {
    if (this.#parts.folding.onDone(name, result.folds === true)) return
    const entry = this.#offThread(name)
    entry?.inputs.release()
    if (entry === undefined || entry.cancelled) return
    const { stage, launch, group } = entry
    // A question's tasks are all there is of it.
    if (launch.pool === "stream") this.#patience.took(group, ms)
    if (launch.pool === "stream") this.#parts.folding.made(stage, launch.partition, result.folds === true)
    this.#reports.log(stage, launch.partition, result)
    if (writesFile(entry.stage.write)) this.#write(entry, result, ms)
    else this.#keep(entry, result, ms)
  }

  onTaskFailed(name: string, { logs = [], ...failure }: FailedRun, ms: number): void {
    if (this.#parts.folding.onDone(name, false)) return
    const entry = this.#offThread(name)
    if (entry === undefined) return
    if (entry.putBack && !entry.cancelled && failure.kind === "killed") {
      this.#beginAgain(entry)
      return
    }
    entry.inputs.release()
    if (entry.cancelled) return
    this.#reports.log(entry.stage, entry.launch.partition, { logs })
    const { timeoutMs } = entry.launch
    const timedOut = entry.timedOut && failure.kind === "killed"
    const failed: TaskFailure = timedOut
      ? { ...failure, kind: "timeout", message: `did not end within ${timeoutMs / 1_000} s and was stopped` }
      : failure
    // Which of its functions it was in nobody can ask a thread that does not answer.
    this.#over(entry, ms, failed.kind === "timeout" ? { operator: entry.stage.label, ...failed } : failed)
  }

  /** The task has run for so long. */
  onTaskLong(name: string, ms: number): void {
    const { clock, folding } = this.#parts
    const entry = this.#running.get(name)
    if (entry !== undefined) entry.longSinceMs = clock.monotonicMs - ms
    else folding.onLong(name, ms)
  }

  onTime(nowMs: number): void {
    this.#parts.folding.onTime(nowMs)
    this.#setApart(nowMs)
    for (const entry of this.#running.values()) {
      if (entry.killed || entry.endMs > nowMs) continue
      entry.timedOut ||= !entry.cancelled
      this.#kill(entry)
    }
  }

  /** What may never end must not keep others from going on. */
  #setApart(nowMs: number): void {
    const { config, executors, folding, outbox } = this.#parts
    for (let executor = 0; executor < executors.stream + executors.query; executor++) {
      const head = this.#pool.head(executor)
      if (head === null) continue
      folding.giveWay(executor)
      if (!config.setsApart || head.longSinceMs === null || head.killed || !this.#pool.othersWait(executor)) continue
      const ranMs = nowMs - head.longSinceMs
      if (ranMs < this.#patience.limitMs(head.group)) continue
      if (!this.#pool.hasPlace(executor)) {
        if (ranMs < placelessMs) continue
        head.putBack = true
        this.#kill(head)
        continue
      }
      head.apart = true
      this.#pool.setApart(executor, nowMs)
      outbox.push({ kind: "setApart", task: head.name, executor })
      const next = this.#pool.head(executor)
      if (next !== null) this.#begins(next)
    }
  }

  get deadlineMs(): number {
    let first = this.#reports.deadlineMs
    for (const entry of this.#running.values()) if (!entry.killed) first = Math.min(first, entry.endMs)
    return first
  }

  /** At the end of a step: idle executors get work, and what is done is reported in one message. */
  flush(): void {
    const { clock, executors, folding } = this.#parts
    const next = () => this.#pool.next(clock.monotonicMs, folding.busy)
    for (let given = next(); given !== null; given = next()) this.#submit(given.task, given.executor)
    for (let executor = 0; executor < executors.stream; executor++) if (this.#pool.head(executor) === null) folding.submit(executor)
    this.#outputs.told(this.#reports.flush({ all: this.#running.size + this.#pool.waiting, asked: this.#asked }))
  }

  #start(launch: LaunchTask, stage: StageSpec): void {
    const begun = launch.pool === "stream" ? this.#parts.folding.launched(stage, launch.partition) : null
    const entry: Entry = {
      launch,
      stage,
      pool: launch.pool,
      affinity: begun?.executor ?? launch.affinity,
      begun: begun?.name ?? null,
      name: this.#running.has(launch.task) ? `${launch.task}~${++this.#names}` : launch.task,
      inputs: new TaskInputs(this.#parts, failure => this.#gathered(entry, failure)),
      state: "gathering",
      executor: -1,
      startedMs: this.#parts.clock.monotonicMs,
      endMs: Number.POSITIVE_INFINITY,
      group: launch.pool === "query" ? stage.output.split("/", 1)[0]! : (stage.stream ?? stage.output),
      cancelled: false,
      apart: false,
      longSinceMs: null,
      timedOut: false,
      killed: false,
      putBack: false,
      keeping: null,
    }
    this.#launched.set(launch.task, entry)
    if (launch.pool === "query") this.#asked += 1
    try {
      entry.inputs.start(launch, stage)
    } catch (error) {
      this.#over(entry, 0, { kind: "machine", message: error instanceof Error ? error.message : String(error) })
    }
  }

  #gathered(entry: Entry, failure: TaskFailure | null): void {
    if (entry.state !== "gathering") return
    if (failure !== null) {
      this.#over(entry, this.#parts.clock.monotonicMs - entry.startedMs, failure)
      return
    }
    entry.state = "waiting"
    this.#pool.add(entry)
  }

  #submit(entry: Entry, executor: number): void {
    const { outbox } = this.#parts
    const { launch, stage } = entry
    entry.state = "running"
    entry.executor = executor
    this.#running.set(entry.name, entry)
    if (this.#pool.head(executor) === entry) this.#begins(entry)
    const { begun, inputs } = entry
    if (begun !== null) this.#parts.folding.taken(begun)
    const run = { stage, partition: launch.partition, attempt: launch.attempt, inputs: inputs.inputs, ...(begun !== null && { begun }) }
    const { timeoutMs, stallMs } = launch
    outbox.push({ kind: "submit", task: entry.name, executor, run, limits: { timeoutMs, ...defined({ stallMs }) } })
  }

  /** The executor has come to the task: its time counts from now. */
  #begins(entry: Entry): void {
    const { clock } = this.#parts
    const { timeoutMs } = entry.launch
    entry.startedMs = clock.monotonicMs
    if (timeoutMs > 0) entry.endMs = Math.min(entry.endMs, clock.monotonicMs + timeoutMs * watchTimes + watchMs)
  }

  #offThread(name: string): Entry | undefined {
    const entry = this.#running.get(name)
    if (entry === undefined) return undefined
    const { executor } = entry
    const wasFirst = this.#pool.head(executor) === entry
    this.#running.delete(name)
    if (entry.apart) this.#pool.rejoin(entry, this.#parts.clock.monotonicMs)
    else this.#pool.release(executor, entry, this.#parts.clock.monotonicMs)
    const first = this.#pool.head(executor)
    if (wasFirst && first !== null) this.#begins(first)
    return entry
  }

  /** As it was before it began, but for what its thread had begun of it. */
  #beginAgain(entry: Entry): void {
    entry.state = "waiting"
    entry.executor = -1
    entry.begun = null
    entry.endMs = Number.POSITIVE_INFINITY
    entry.longSinceMs = null
    entry.killed = false
    entry.putBack = false
    this.#pool.putBack(entry)
  }

  #kill(entry: Entry): void {
    entry.killed = true
    this.#parts.outbox.push({ kind: "kill", task: entry.name, executor: entry.executor })
  }

  #abandon(entry: Entry): void {
    entry.cancelled = true
    const { clock, config } = this.#parts
    if (entry.state === "running") {
      if (!entry.apart && this.#pool.head(entry.executor) !== entry) {
        this.#kill(entry)
        return
      }
      entry.endMs = Math.min(entry.endMs, clock.monotonicMs + config.cancelGraceMs[entry.pool])
      return
    }
    if (entry.state === "waiting") this.#pool.remove(entry)
    entry.keeping?.giveUp()
    entry.state = "over"
    entry.inputs.release()
  }

  #keep(entry: Entry, result: TaskResult, ms: number): void {
    entry.state = "writing"
    entry.keeping = this.#outputs.keep(entry, result.outputs, (outputs, failure) =>
      this.#over(entry, ms, failure, failure === undefined ? madeOf(entry.inputs, result, outputs) : undefined),
    )
  }

  #write(entry: Entry, result: TaskResult, ms: number): void {
    const { stage, launch } = entry
    const [output] = result.outputs
    const bytes = output?.bytes
    const counts = madeOf(entry.inputs, result, [])
    // A partition without records is no file, whoever computes it.
    if (bytes === undefined || bytes.byteLength === 0 || !writesFile(stage.write)) {
      this.#over(entry, ms, undefined, counts)
      return
    }
    entry.state = "writing"
    const { write, interval } = stage
    const toTable = write.kind === "file" && isTable(write.to) && interval !== null
    const path = toTable ? write.to : outputPath(stage, launch.partition, output?.rows ?? 0)
    const done = (_: true | null, error: string) => {
      if (entry.state !== "writing") return
      const wrote = { path, rows: output?.rows ?? 0 }
      this.#over(entry, ms, error === "" ? undefined : { kind: "machine", message: error }, { ...counts, wrote })
    }
    const { partition } = launch
    if (toTable) this.#parts.files.upsert({ to: write.to, atMs: interval.from, partition, keyed: write.keyed === true, bytes }, done)
    else this.#parts.files.write(path, bytes, done)
  }

  #forget({ launch }: Entry): void {
    if (this.#launched.delete(launch.task) && launch.pool === "query") this.#asked -= 1
  }

  #over(entry: Entry, ms: number, failure: TaskFailure | undefined, made?: Made): void {
    entry.state = "over"
    entry.inputs.release()
    this.#forget(entry)
    this.#reports.add(entry.launch, ms, made ?? nothingMade, failure)
  }
}
