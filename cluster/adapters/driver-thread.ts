/**
 * The driver threads of a worker: one for each output stream that runs here, so that one output's slow body does not hold
 * up another's. Bodies of a stream run one after the other, in the order they came.
 */

import { MessageChannel, Worker } from "node:worker_threads"
import type { TaskFailure } from "../../engine/task.js"
import type { ClientCalls } from "../client/calls.js"
import { serveCalls } from "../client/port-calls.js"
import type { DriverStart, FromDriver, ToDriver } from "./driver-messages.js"
import type { Say } from "./log.js"
import type { DriverEnd, Drivers, RunDriver } from "./run-node.js"

/** A thread without a body to run ends after so long. */
const idleMs = 60_000
/** A body may wait as long as it likes; one that does not let its thread breathe for so long is ended. */
const blockedMs = 60_000

export interface DriverThreadsOptions {
  /** Opens the client that all threads share. Called when the first body comes. */
  readonly connect: () => Promise<ClientCalls>
  /** Default a minute. */
  readonly blockedMs?: number
}

export class DriverThreads implements Drivers {
  private readonly threads = new Map<string, DriverThread>()
  private readonly assets = new Map<string, Uint8Array>()
  private calls: Promise<ClientCalls> | null = null
  private closed = false

  constructor(private readonly options: DriverThreadsOptions) {}

  asset(hash: string, bytes: Uint8Array): void {
    this.assets.set(hash, bytes)
  }

  async run({ task, asset, stream, interval, parent }: RunDriver): Promise<DriverEnd> {
    const f = this.assets.get(asset)
    if (f === undefined) return failed("machine", `the function ${asset} is not here`)
    let calls: ClientCalls
    try {
      this.calls ??= this.options.connect()
      calls = await this.calls
    } catch (error) {
      this.calls = null
      return failed("machine", error instanceof Error ? error.message : String(error))
    }
    if (this.closed) return failed("killed", "the worker stops")
    let thread = this.threads.get(stream)
    if (thread === undefined) {
      const ended = () => this.threads.delete(stream)
      thread = new DriverThread(calls, this.options.blockedMs ?? blockedMs, ended)
      this.threads.set(stream, thread)
    }
    return thread.run({ task, f, stream, interval, parent })
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.threads.values()].map(thread => thread.close()))
    const calls = await this.calls?.catch(() => null)
    await calls?.close()
  }
}

/** A client of this process, for `connect`: its code is loaded when it is needed first. */
export async function connectDrivers(master: string, user: string, say: Say): Promise<ClientCalls> {
  const { openCalls } = await import("../client/connect.js")
  return openCalls(master, { user, say })
}

interface Waiting {
  readonly message: ToDriver
  readonly resolve: (end: DriverEnd) => void
}

class DriverThread {
  private readonly worker: Worker
  private readonly pulse: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4))
  private readonly watch: NodeJS.Timeout
  private readonly waiting: Waiting[] = []
  private running: Waiting | null = null
  private ended = false
  /** When the thread was last seen to breathe, and to have something to do. */
  private beat = { count: 0, atMs: performance.now() }
  private busyMs = performance.now()

  constructor(
    calls: ClientCalls,
    private readonly blockedMs: number,
    private readonly onEnd: () => void,
  ) {
    const { port1, port2 } = new MessageChannel()
    serveCalls(port1, calls)
    const entry = new URL(`./driver-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)
    const workerData: DriverStart = { calls: port2, pulse: this.pulse.buffer }
    this.worker = new Worker(entry, { workerData, transferList: [port2] })
    this.worker.on("message", (message: FromDriver) => this.done(message))
    this.worker.on("error", error => this.end(failed("machine", `the driver thread ended: ${error.message}`)))
    this.worker.on("exit", () => this.end(failed("machine", "the driver thread ended: does the function call process.exit?")))
    this.watch = setInterval(() => this.look(), Math.min(1_000, blockedMs))
    this.watch.unref()
  }

  run(message: ToDriver): Promise<DriverEnd> {
    return new Promise(resolve => {
      this.waiting.push({ message, resolve })
      this.next()
    })
  }

  async close(): Promise<void> {
    this.end(failed("killed", "the worker stops"))
    await this.worker.terminate()
  }

  private next(): void {
    if (this.running !== null || this.ended) return
    this.running = this.waiting.shift() ?? null
    if (this.running === null) return
    this.busyMs = performance.now()
    this.worker.postMessage(this.running.message)
  }

  private done({ task, error, logs }: FromDriver): void {
    if (this.running?.message.task !== task) return
    const { resolve } = this.running
    this.running = null
    this.busyMs = performance.now()
    this.next()
    resolve({ logs, ...(error !== undefined && { error }) })
  }

  private look(): void {
    const nowMs = performance.now()
    const count = Atomics.load(this.pulse, 0)
    // Without a first beat it is still loading its code.
    if (count === 0 || count !== this.beat.count || this.running === null) this.beat = { count, atMs: nowMs }
    if (nowMs - this.beat.atMs > this.blockedMs) {
      this.end(failed("timeout", `blocked its thread for ${this.blockedMs / 1_000} s and was stopped`))
      void this.worker.terminate()
    } else if (this.running === null && nowMs - this.busyMs > idleMs) {
      this.end(failed("machine", "the thread was idle"))
      void this.worker.terminate()
    }
  }

  /** The thread is over: what it ran has failed; what waits has not begun, and fails as the machine's fault. */
  private end(why: DriverEnd): void {
    if (this.ended) return
    this.ended = true
    clearInterval(this.watch)
    this.onEnd()
    this.running?.resolve(why)
    for (const { resolve } of this.waiting) resolve(failed("machine", "the thread ended before its turn came"))
  }
}

function failed(kind: TaskFailure["kind"], message: string): DriverEnd {
  return { error: { kind, message, operator: "foreachRDD" }, logs: [] }
}
