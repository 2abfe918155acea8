/**
 * The driver threads of a worker: one for each output stream that runs here, so that one output's slow body does not hold
 * up another's. Bodies of a stream run one after the other, in the order they came.
 */

import { MessageChannel, Worker } from "node:worker_threads"
import { partsOf } from "../../engine/capture/codec.js"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import type { ClientCalls } from "../client/calls.js"
import { serveCalls } from "../client/port-calls.js"
import type { CurveOptions } from "../transport/curve.js"
import type { DriverStart, FromDriver, ToDriver } from "./driver-messages.js"
import type { Say } from "./log.js"
import type { DriverEnd, Drivers, RunDriver } from "./run-node.js"

/** A thread without a body to run ends after so long. */
const idleMs = 60_000
/** A body may wait until its time is up; one that does not let its thread breathe for so long is ended before. */
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
  /** Waiting for the client. */
  private readonly starting = new Set<string>()
  private closed = false

  constructor(private readonly options: DriverThreadsOptions) {}

  asset(hash: string, bytes: Uint8Array): void {
    this.assets.set(hash, bytes)
  }

  dropAsset(hash: string): void {
    this.assets.delete(hash)
  }

  async run({ task, asset, stream, interval, parent, timeoutMs }: RunDriver): Promise<DriverEnd> {
    const f = this.assets.get(asset)
    if (f === undefined) return failed("machine", `the function ${asset} is not here`)
    this.starting.add(task)
    let calls: ClientCalls
    try {
      this.calls ??= this.options.connect()
      calls = await this.calls
    } catch (error) {
      this.calls = null
      this.starting.delete(task)
      return failed("machine", error instanceof Error ? error.message : String(error))
    }
    if (!this.starting.delete(task)) return failed("killed", "cancelled")
    if (this.closed) return failed("killed", "the worker stops")
    let thread = this.threads.get(stream)
    if (thread === undefined) {
      const started: DriverThread = new DriverThread(calls, this.options.blockedMs ?? blockedMs, () => {
        if (this.threads.get(stream) === started) this.threads.delete(stream)
      })
      thread = started
      this.threads.set(stream, thread)
    }
    const parts = partsOf(f).flatMap(hash => {
      const bytes = this.assets.get(hash)
      return bytes === undefined ? [] : [[hash, bytes] as const]
    })
    return thread.run({ task, f, parts, stream, interval, parent, timeoutMs })
  }

  /** Ends a body wherever it is, with its thread when it has begun. */
  kill(task: string): void {
    if (this.starting.delete(task)) return
    for (const thread of this.threads.values()) if (thread.kill(task)) return
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.threads.values()].map(thread => thread.close()))
    const calls = await this.calls?.catch(() => null)
    await calls?.close()
  }
}

/** A client of this process, for `connect`: its code is loaded when it is needed first. */
export async function connectDrivers(master: string, user: string, say: Say, curve?: CurveOptions): Promise<ClientCalls> {
  const { openCalls } = await import("../client/connect.js")
  return openCalls(master, { user, say, curve })
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
  /**
   * Ends the running body when its time is up. It counts from its first line on, for a thread may take seconds to come up, and stands while the
   * body waits for an answer of the cluster: questions have limits of their own, and a busy cluster is no fault of the function.
   */
  private timer: NodeJS.Timeout | undefined
  /** Null: no body has begun. */
  private leftMs: number | null = null
  private sinceMs = 0
  /** What the running body has printed so far. */
  private printed: CapturedLog[] = []
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
    serveCalls(port1, calls, asking => (asking ? this.stand() : this.count()))
    const entry = new URL(`./driver-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)
    const workerData: DriverStart = { calls: port2, pulse: this.pulse.buffer }
    this.worker = new Worker(entry, { workerData, transferList: [port2] })
    this.worker.on("message", (message: FromDriver) => this.received(message))
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
    this.printed = []
    this.worker.postMessage(this.running.message)
  }

  kill(task: string): boolean {
    const why = failed("killed", "cancelled")
    if (this.running?.message.task === task) {
      this.stop(why)
      return true
    }
    const at = this.waiting.findIndex(({ message }) => message.task === task)
    if (at < 0) return false
    this.waiting.splice(at, 1)[0]?.resolve(why)
    return true
  }

  private stop(why: DriverEnd): void {
    this.end(why)
    void this.worker.terminate()
  }

  private received(message: FromDriver): void {
    if (this.running?.message.task !== message.task) return
    if ("line" in message) {
      this.printed.push(message.line)
      return
    }
    if ("begun" in message) {
      this.leftMs = this.running.message.timeoutMs
      this.count()
      return
    }
    const { error, logs } = message
    const { resolve } = this.running
    this.stand()
    this.leftMs = null
    this.running = null
    this.busyMs = performance.now()
    this.next()
    resolve({ logs, ...(error !== undefined && { error }) })
  }

  private count(): void {
    // A former body may have left a question behind, which ends before this one has begun.
    if (this.running === null || this.leftMs === null || this.ended || this.timer !== undefined) return
    const { timeoutMs } = this.running.message
    this.sinceMs = performance.now()
    this.timer = setTimeout(
      () => this.stop(failed("timeout", `did not end within ${timeoutMs / 1_000} s and was stopped`)),
      Math.max(0, this.leftMs),
    )
    this.timer.unref()
  }

  private stand(): void {
    if (this.timer === undefined || this.leftMs === null) return
    clearTimeout(this.timer)
    this.timer = undefined
    this.leftMs -= performance.now() - this.sinceMs
  }

  private look(): void {
    const nowMs = performance.now()
    const count = Atomics.load(this.pulse, 0)
    // Without a first beat it is still loading its code.
    if (count === 0 || count !== this.beat.count || this.running === null) this.beat = { count, atMs: nowMs }
    if (nowMs - this.beat.atMs > this.blockedMs) {
      this.stop(failed("timeout", `blocked its thread for ${this.blockedMs / 1_000} s and was stopped`))
    } else if (this.running === null && nowMs - this.busyMs > idleMs) {
      this.stop(failed("machine", "the thread was idle"))
    }
  }

  /** The thread is over: what it ran has failed; what waits has not begun, and fails as the machine's fault. */
  private end(why: DriverEnd): void {
    if (this.ended) return
    this.ended = true
    clearInterval(this.watch)
    this.stand()
    this.onEnd()
    this.running?.resolve({ ...why, logs: this.printed })
    for (const { resolve } of this.waiting) resolve(failed("machine", "the thread ended before its turn came"))
  }
}

function failed(kind: TaskFailure["kind"], message: string): DriverEnd {
  return { error: { kind, message, operator: "foreachRDD" }, logs: [] }
}
