/** The host in its thread, seen from the screen's: the same port, carried by messages. A loop in a cell is interrupted there. */
import { MessageChannel, Worker } from "node:worker_threads"
import type { ClientCalls } from "../../cluster/client/calls.js"
import { serveCalls } from "../../cluster/client/port-calls.js"
import { RivuletError } from "../../engine/errors.js"
import { interruptThread } from "../evaluator/interrupt.js"
import type { PagedAnswer } from "../pager/paged.js"
import type { CompletionList, Inspection, PanelOrder, StyledLine } from "../session.js"
import type { HostEvent, HostPort } from "./port.js"
import type { FromHost, HostThreadData, ToHost } from "./thread-messages.js"

/** How often a thread that has not carried out a cancel is looked at. */
const patienceMs = 50
/** Of that time, it ran code for at least this share: it is in a loop. One that turns hears of the order by itself. */
const loops = 0.99
const closeMs = 500

const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread-entry.ts" : "./thread-entry.js", import.meta.url)

export class RemoteHost implements HostPort {
  private readonly waiting = new Map<number, (message: FromHost) => void>()
  private nextId = 1
  private running = false
  /** An order to cancel has not been carried out. */
  private unheard = false
  private looking = false
  private closing = false
  private end: Promise<void> | null = null
  /** The thread has ended, however. */
  private readonly exited: Promise<unknown>
  private onClosed: () => void = () => {}
  private onStarted: (message: FromHost) => void = () => {}
  /** Where events go; set before the first cell. */
  emit: (event: HostEvent) => void = () => {}
  /** The thread has ended by itself: `process.exit()` in a cell, no memory left. Its names are gone. */
  onDied: (why: string) => void = () => {}

  private constructor(private readonly thread: Worker) {
    thread.on("message", (message: FromHost) => this.receive(message))
    thread.on("error", error => this.died(error.message))
    thread.on("exit", code => this.died(`exit ${code}`))
    this.exited = new Promise(resolve => thread.once("exit", resolve))
  }

  /** Starts to load the thread. It waits for `open`; what is asked of it before is kept. */
  static launch(): RemoteHost {
    return new RemoteHost(startThread())
  }

  /** Resolves with the banner's lines when its session is open. RivuletError 3 when no master answers. */
  open(calls: ClientCalls, data: HostThreadData): Promise<readonly StyledLine[]> {
    const { port1, port2 } = new MessageChannel()
    serveCalls(port1, calls)
    return new Promise((resolve, reject) => {
      this.onStarted = message => {
        if (message.kind === "started") resolve(message.lines)
        else if (message.kind === "failed") reject(failureFrom(message))
      }
      this.thread.once("error", reject)
      this.thread.postMessage({ kind: "open", calls: port2, data } satisfies ToHost, [port2])
    })
  }

  private send(message: ToHost): void {
    this.thread.postMessage(message)
  }

  private receive(message: FromHost): void {
    switch (message.kind) {
      case "event":
        if (message.event.kind === "done") this.running = false
        this.emit(message.event)
        return
      case "completed":
      case "inspected":
      case "paged":
      case "written":
      case "notDone":
        this.waiting.get(message.id)?.(message)
        this.waiting.delete(message.id)
        return
      case "cancelled":
        this.unheard = false
        return
      case "closed":
        this.onClosed()
        return
      case "started":
      case "failed":
        this.onStarted(message)
        return
    }
  }

  private died(why: string): void {
    if (this.closing) return
    this.closing = true
    this.onDied(why)
  }

  run(cell: string): void {
    this.running = true
    // What was said of a cell is not said of the next one.
    this.unheard = false
    this.send({ kind: "run", cell })
  }

  cancel(): void {
    this.send({ kind: "cancel" })
    this.unheard = true
    if (!this.looking) void this.interruptLoop()
  }

  /** Until the order is carried out. A thread that is interrupted may lose what it does next, so only one in a loop is, and gets the order again. */
  private async interruptLoop(): Promise<void> {
    this.looking = true
    const waits = () => this.running && this.unheard && !this.closing
    while (waits()) {
      const before = this.thread.performance.eventLoopUtilization()
      await new Promise(resolve => setTimeout(resolve, patienceMs))
      if (!waits() || this.thread.performance.eventLoopUtilization(before).utilization < loops) continue
      await interruptThread(this.thread, () => waits() && this.thread.performance.eventLoopUtilization(before).utilization >= loops)
      if (waits()) this.send({ kind: "cancel" })
    }
    this.looking = false
  }

  complete(text: string, cursor: number): Promise<CompletionList> {
    return this.ask<Extract<FromHost, { kind: "completed" }>>({ kind: "complete", id: this.nextId, text, cursor }).then(
      message => message.list,
    )
  }

  inspect(text: string, cursor: number): Promise<Inspection | null> {
    return this.ask<Extract<FromHost, { kind: "inspected" }>>({ kind: "inspect", id: this.nextId, text, cursor }).then(
      message => message.inspection,
    )
  }

  page(which: string): Promise<PagedAnswer | null> {
    return this.ask<Extract<FromHost, { kind: "paged" }>>({ kind: "page", id: this.nextId, which }).then(({ answer }) => answer)
  }

  writeAnswer(which: string, path: string, order: readonly number[]): Promise<string> {
    return this.ask<Extract<FromHost, { kind: "written" }>>({ kind: "write", id: this.nextId, which, path, order }).then(({ said }) => said)
  }

  private ask<T extends FromHost>(message: ToHost): Promise<T> {
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, answer => {
        if (answer.kind === "notDone") reject(failureFrom(answer))
        else resolve(answer as T)
      })
      this.send(message)
    })
  }

  panels(order: PanelOrder): void {
    this.send({ kind: "panels", order })
  }

  resize(columns: number): void {
    this.send({ kind: "resize", columns })
  }

  /** Closes the session and ends the thread, once: the screen closes it when it is left, and so does the command when it ends. */
  close(): Promise<void> {
    this.end ??= this.ended()
    return this.end
  }

  private async ended(): Promise<void> {
    this.closing = true
    const closed = new Promise<void>(resolve => {
      this.onClosed = resolve
      setTimeout(resolve, closeMs).unref()
    })
    this.send({ kind: "close" })
    await Promise.race([closed, this.exited])
    await this.thread.terminate()
  }
}

function failureFrom({ message, code, try: advice }: { message: string; code: number; try?: string }): RivuletError {
  return new RivuletError(message, { code, ...(advice ? { try: advice } : {}) })
}

/**
 * A loop in a timer's callback is interrupted inside Node's own code, whose account of what runs within what is wrong from then on. Node checks it, and ends the
 * whole process; nothing here reads it.
 */
function startThread(): Worker {
  try {
    return new Worker(entry, { execArgv: [...process.execArgv, "--no-force-async-hooks-checks"] })
  } catch {
    // Options of the process, not of a thread, cannot be said again.
    return new Worker(entry)
  }
}
