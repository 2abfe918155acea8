/**
 * An executor: a thread that runs tasks, one after the other, over the worker's block memory. Tasks come several at a
 * time and their results go back by transfer. What loops for ever is ended from outside.
 */

import { parentPort, workerData } from "node:worker_threads"
import { OutputMemory } from "../../engine/output-memory.js"
import type { FailedRun, TaskFailure, TaskOutput, TaskProgress, TaskResult, TaskRun } from "../../engine/task.js"
import { restoreBuiltIns } from "./built-ins.js"
import { collectEarly } from "./early-collection.js"
import {
  type FinishedTask,
  type FromThread,
  type PostedTask,
  processMs,
  slotState,
  slotsOver,
  type ThreadStart,
  type ToThread,
} from "./executor-messages.js"
import { threadId } from "./thread-time.js"

interface Runner {
  addAsset(hash: string, bytes: Uint8Array): void
  dropAssets(hashes: readonly string[]): void
  run(run: TaskRun, progress: TaskProgress | null): TaskResult
  forgetState(stream: string, before: number): void
}

/** Of memory for what tasks make, where memory is short. */
const frugalKeptBytes = 6 * 1024 * 1024

const start = workerData as ThreadStart
const port = parentPort!
const { TaskRunner } = (await import(start.runner)) as {
  TaskRunner: new (memory: SharedArrayBuffer, options: { readonly memory: OutputMemory; readonly frugal: boolean }) => Runner
}
const { frugal } = start
const memory = new OutputMemory(frugal ? frugalKeptBytes : undefined)
const runner = new TaskRunner(start.memory, { memory, frugal })
collectEarly()
const slots = slotsOver(start.slots)
const longestText = 16_384

// A function that finds its way to them must not end the whole worker, with all that it holds, and then the next one that tries it.
for (const name of ["kill", "abort", "reallyExit", "dlopen"] as const)
  Object.defineProperty(process, name, {
    value: () => {
      throw new Error(`process.${name} is not there inside a task`)
    },
  })

port.on("message", (message: ToThread) => {
  if (message.kind === "run") runAll(message.tasks)
  else if (message.kind === "asset") runner.addAsset(message.hash, message.bytes)
  else if (message.kind === "dropAssets") runner.dropAssets(message.hashes)
  else if (message.kind === "outputOver") memory.giveBack(message.buffer)
  else runner.forgetState(message.stream, message.before)
})
port.postMessage({ kind: "ready", thread: threadId() } satisfies FromThread)

function runAll(tasks: readonly PostedTask[]): void {
  for (const { slot, run, counts } of tasks) {
    const startedMs = processMs()
    slots.startedMs[slot] = startedMs
    if (Atomics.compareExchange(slots.states, slot, slotState.posted, slotState.running) !== slotState.posted) {
      send({ slot, ms: 0, cancelled: true })
      continue
    }
    // Each is sent at once: the next task may take long, or for ever.
    try {
      slots.progress.fill(0, 1)
      const result = runner.run(run, counts ? slots.progress : null)
      const changed = restoreBuiltIns()
      if (changed !== null) throw { failure: { ...changedFailure(changed), operator: run.stage.label } }
      drag(startedMs)
      const transfers = new Set<ArrayBuffer>()
      const outputs = result.outputs.map(output => ownBytes(output, transfers))
      send({ slot, ms: processMs() - startedMs, result: { ...result, outputs } }, transfers)
    } catch (error) {
      restoreBuiltIns()
      send({ slot, ms: processMs() - startedMs, failure: shortened(failureOf(error)) })
    }
  }
}

/** A message of any length can be thrown; one that no frame holds would never be heard of. */
function shortened(failure: FailedRun): FailedRun {
  const cut = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text)
  return { ...failure, message: cut(failure.message), ...(failure.stack !== undefined && { stack: cut(failure.stack) }) }
}

function changedFailure(what: string): TaskFailure {
  return { kind: "user", message: `a function has changed ${what}, which all functions share`, try: "a function of your own in its place" }
}

/** On a worker that was made slow on purpose. */
function drag(startedMs: number): void {
  const times = slots.slower[0]!
  if (times > 1) Atomics.wait(slots.never, 0, 0, (times - 1) * (processMs() - startedMs))
}

function send(finished: FinishedTask, transfers: Iterable<ArrayBuffer> = []): void {
  port.postMessage({ kind: "finished", ...finished } satisfies FromThread, [...transfers])
}

/** An output that has its buffer to itself is transferred as it is; a part of a larger one is copied out, for the rest stays here. */
function ownBytes(output: TaskOutput, transfers: Set<ArrayBuffer>): TaskOutput {
  let { bytes } = output
  if (!(bytes.buffer instanceof ArrayBuffer)) return output
  const alone = bytes.byteLength === bytes.buffer.byteLength || memory.isTaken(bytes.buffer)
  if (!alone || transfers.has(bytes.buffer)) bytes = new Uint8Array(bytes)
  transfers.add(bytes.buffer as ArrayBuffer)
  return { ...output, bytes }
}

function failureOf(error: unknown): FailedRun {
  const failure = (error as { failure?: FailedRun }).failure
  if (failure !== undefined) return failure
  if (!(error instanceof Error)) return { kind: "machine", message: String(error) }
  return { kind: "machine", message: error.message, errorName: error.name, stack: error.stack }
}
