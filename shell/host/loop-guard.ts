/**
 * Cells that run in the main thread (`query`, scripts) may loop for ever, and then no handler of a signal and no timer runs.
 * Signals keep their default meaning meanwhile, and a time limit is kept by a thread that can interrupt this one.
 */
import { Worker } from "node:worker_threads"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/** Runs `work` with the signals' default action: they end the process though it is in a loop. */
export function withPlainSignals<T>(work: () => T): T {
  const before = signals.map(signal => ({ signal, listeners: process.rawListeners(signal) }))
  for (const { signal } of before) process.removeAllListeners(signal)
  try {
    return work()
  } finally {
    for (const { signal, listeners } of before) for (const listener of listeners) process.on(signal, listener as () => void)
  }
}

const guard = `
const { workerData, parentPort } = require("node:worker_threads")
const { Session } = require("node:inspector")
const timer = setTimeout(() => {
  const session = new Session()
  session.connectToMainThread()
  session.post("Runtime.terminateExecution")
}, workerData)
parentPort.once("message", () => { clearTimeout(timer); parentPort.close() })
`

/** Interrupts what the main thread executes after `limitMs`, unless the function that comes back is called before. */
export function interruptAfter(limitMs: number): () => void {
  const thread = new Worker(guard, { eval: true, workerData: limitMs })
  thread.on("error", () => {})
  thread.unref()
  return () => thread.postMessage("stop")
}
