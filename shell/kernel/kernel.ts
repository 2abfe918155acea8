/**
 * What a kernel answers, apart from sockets: requests in, replies and published messages out. Requests of the shell channel are done one after
 * the other; those of the control channel at once, so that a cell can be interrupted. Cells run in the shell's host, in a thread of its own.
 */
import { randomUUID } from "node:crypto"
import type { RivuletError } from "../../engine/errors.js"
import type { ChaosOrder, HostEvent, HostPort } from "../host/port.js"
import type { PanelView, StyledLine } from "../session.js"
import { toCharacters, toUnits } from "./cursor.js"
import { KernelHistory } from "./history.js"
import { mimeOf, panelMime } from "./mime.js"
import { type Content, errorContent, type Failure, isComplete, kernelInfo, partsOf, streamsOf } from "./replies.js"
import type { Header, Message } from "./wire.js"

export interface KernelOutput {
  /** To who asked, on the channel where he asked. */
  reply(request: Message, type: string, content: Content): void
  /** To everybody. */
  publish(type: string, content: Content, parent: Header | Record<string, never>): void
}

export interface KernelOptions {
  readonly version: string
  /** The host, connected. Rejects with a RivuletError when no master answers; it is asked again for the next cell. */
  readonly host: (emit: (event: HostEvent) => void) => Promise<HostPort>
  readonly output: KernelOutput
  readonly monotonicMs: () => number
  /** Breaks the cluster that is the kernel's own; what cannot be done is printed. */
  readonly chaos: (order: ChaosOrder, print: (lines: readonly StyledLine[]) => void) => void
  /** The process may end; `restart`: it is started again. */
  readonly onShutdown: (restart: boolean) => void
}

interface Running {
  readonly request: Message
  readonly count: number
  readonly silent: boolean
  failed: Failure | null
  done: () => void
}

/** A request of the shell channel, and when it came. */
interface Asked {
  readonly message: Message
  readonly receivedMs: number
}

export class Kernel {
  private readonly queue: Asked[] = []
  /** By the clock of the session whose cell failed last: what it sent until then it sent not knowing of that. */
  private failure: { readonly session: string; readonly sentMs: number } | null = null
  private busy = false
  private count = 0
  private running: Running | null = null
  /** Streams' lines between cells belong to the cell before. */
  private lastParent: Header | Record<string, never> = {}
  private opened: Promise<HostPort> | null = null
  private host: HostPort | null = null
  private readonly history = new KernelHistory()
  /** Open panels: their names and what a page knows them by. */
  private readonly shown = new Map<string, string>()
  private panelsOpened = 0
  /** Of this process: a page may still show panels of the one before. */
  private readonly panelPrefix = `rivulet-${randomUUID().slice(0, 8)}`
  private interrupted = false

  constructor(private readonly options: KernelOptions) {
    this.options.output.publish("status", { execution_state: "starting" }, {})
  }

  /** Begins to connect: the first cell need not wait so long. */
  warm(): void {
    this.connected().catch(() => {})
  }

  onShell(message: Message): void {
    this.queue.push({ message, receivedMs: this.options.monotonicMs() })
    void this.work()
  }

  /** Beside what runs. */
  onControl(message: Message): void {
    if (message.header.msg_type === "interrupt_request") this.interrupt()
    void this.answer({ message, receivedMs: this.options.monotonicMs() })
  }

  /** The thread of the cells has ended: its names are gone, streams go on. The next cell has a new one. */
  lost(why: string): void {
    this.opened = null
    this.host = null
    const lines = [{ text: `the thread of your cells ended (${why}). Its names are gone; streams go on.`, style: "error" } as const]
    if (this.running === null) return
    this.failed(this.running, "Ended", why, lines)
    this.running.done()
  }

  async close(): Promise<void> {
    await this.host?.close().catch(() => {})
  }

  private async work(): Promise<void> {
    if (this.busy) return
    this.busy = true
    for (let asked = this.queue.shift(); asked !== undefined; asked = this.queue.shift()) await this.answer(asked)
    this.busy = false
  }

  private async answer(asked: Asked): Promise<void> {
    const { output } = this.options
    const { message } = asked
    output.publish("status", { execution_state: "busy" }, message.header)
    const type = message.header.msg_type
    try {
      const content = await this.contentOf(type, asked)
      if (content !== null) output.reply(message, type.replace(/_request$/, "_reply"), content)
    } catch (error) {
      const { message: evalue, name: ename } = error as Error
      output.reply(message, type.replace(/_request$/, "_reply"), { status: "error", ename, evalue, traceback: [] })
    } finally {
      output.publish("status", { execution_state: "idle" }, message.header)
    }
  }

  /** Null: the request has no reply. */
  private async contentOf(type: string, asked: Asked): Promise<Content | null> {
    const { message } = asked
    const { content } = message
    switch (type) {
      case "kernel_info_request":
        return kernelInfo(this.options.version)
      case "execute_request":
        return this.isTooLate(message) ? this.aborted : this.execute(asked)
      case "complete_request":
        return this.complete(String(content.code), Number(content.cursor_pos))
      case "inspect_request":
        return this.inspect(String(content.code), Number(content.cursor_pos), content.detail_level === 1)
      case "is_complete_request":
        return isComplete(String(content.code))
      case "history_request":
        return this.history.answer(content)
      case "comm_info_request":
        return { status: "ok", comms: {} }
      case "comm_open":
        this.options.output.publish("comm_close", { comm_id: content.comm_id, data: {} }, message.header)
        return null
      case "interrupt_request":
        return { status: "ok" }
      case "shutdown_request": {
        const restart = content.restart === true
        this.options.onShutdown(restart)
        return { status: "ok", restart }
      }
      default:
        // What a newer protocol asks and nobody waits for.
        return null
    }
  }

  // ── cells ──

  private async execute({ message: request, receivedMs }: Asked): Promise<Content> {
    const { content } = request
    const code = String(content.code)
    const silent = content.silent === true
    const stored = content.store_history !== false && !silent
    if (stored && code.trim() !== "") {
      this.count += 1
      this.history.add(this.count, code)
    }
    const count = this.count
    this.interrupted = false
    this.lastParent = request.header
    if (!silent) this.options.output.publish("execute_input", { code, execution_count: count }, request.header)
    const running: Running = { request, count, silent, failed: null, done: () => {} }
    this.running = running
    try {
      const host = await this.connected()
      for (const cell of partsOf(code)) {
        if (running.failed !== null) break
        await new Promise<void>(resolve => {
          running.done = resolve
          if (this.interrupted) this.failed(running, "Interrupted", "interrupted", [])
          if (this.interrupted) resolve()
          else host.run(cell)
        })
      }
    } catch (error) {
      const { message, try: advice } = error as RivuletError
      const lines = [{ text: message, style: "error" } as const, ...(advice === undefined ? [] : [{ text: `  try        ${advice}` }])]
      this.failed(running, "RivuletError", message, lines)
    } finally {
      this.running = null
    }
    const { failed } = running
    if (failed === null) return { status: "ok", execution_count: count, user_expressions: {}, payload: [] }
    if (content.stop_on_error !== false) {
      const { session, date } = request.header
      this.failure = { session, sentMs: Date.parse(date) + this.options.monotonicMs() - receivedMs }
    }
    return { status: "error", execution_count: count, ...errorContent(failed), user_expressions: {}, payload: [] }
  }

  /** A cell that was sent before anybody knew of the error of one before it. It may still have been on its way then. Dates are cut to ms. */
  private isTooLate({ header: { session, date } }: Message): boolean {
    return this.failure !== null && session === this.failure.session && Date.parse(date) + 1 < this.failure.sentMs
  }

  private get aborted(): Content {
    return { status: "aborted", execution_count: this.count, user_expressions: {}, payload: [] }
  }

  private failed(running: Running, name: string, message: string, lines: Failure["lines"]): void {
    running.failed = { name, message, lines }
    if (!running.silent) this.options.output.publish("error", errorContent(running.failed), running.request.header)
  }

  private interrupt(): void {
    this.interrupted = true
    if (this.running !== null) this.host?.cancel()
  }

  private connected(): Promise<HostPort> {
    this.opened ??= this.options
      .host(event => this.heard(event))
      .then(host => {
        this.host = host
        return host
      })
      .catch(error => {
        this.opened = null
        throw error
      })
    return this.opened
  }

  // ── what the host says ──

  private heard(event: HostEvent): void {
    const { running } = this
    const { output } = this.options
    const parent = running?.request.header ?? this.lastParent
    switch (event.kind) {
      case "print":
        if (running?.silent) return
        for (const { name, text } of streamsOf(event.lines)) output.publish("stream", { name, text }, parent)
        return
      case "result":
        if (running === null || running.silent || event.lines.length === 0) return
        output.publish("execute_result", { execution_count: running.count, data: mimeOf(event.lines, event.page), metadata: {} }, parent)
        return
      case "error":
        if (running !== null) this.failed(running, event.name, event.message, event.lines)
        return
      case "panels":
        this.panels(event.panels, parent)
        return
      case "done":
        if (event.failed && running !== null && running.failed === null) this.failed(running, "Error", "the cell failed", [])
        running?.done()
        return
      case "chaos":
        this.options.chaos(event.order, lines => this.heard({ kind: "print", lines }))
        return
    }
  }

  /** A live table is shown once, below the cell that opened it, and updated in its place. */
  private panels(panels: readonly PanelView[], parent: Header | Record<string, never>): void {
    for (const name of [...this.shown.keys()]) if (!panels.some(panel => panel.name === name)) this.shown.delete(name)
    for (const panel of panels) {
      const known = this.shown.get(panel.name)
      const id = known ?? `${this.panelPrefix}-${++this.panelsOpened}`
      this.shown.set(panel.name, id)
      const content = { data: panelMime(panel), metadata: {}, transient: { display_id: id } }
      this.options.output.publish(known === undefined ? "display_data" : "update_display_data", content, parent)
    }
  }

  // ── the rest ──

  private async complete(code: string, characters: number): Promise<Content> {
    const host = await this.connected()
    const { items, from, to } = await host.complete(code, toUnits(code, characters))
    const [start, end] = [toCharacters(code, from), toCharacters(code, to)]
    const types = items.map(({ text, detail }) => ({ start, end, text, type: detail || "<unknown>" }))
    return {
      status: "ok",
      matches: items.map(({ text }) => text),
      cursor_start: start,
      cursor_end: end,
      metadata: { _jupyter_types_experimental: types },
    }
  }

  private async inspect(code: string, characters: number, whole: boolean): Promise<Content> {
    const host = await this.connected()
    const found = await host.inspect(code, toUnits(code, characters))
    return {
      status: "ok",
      found: found !== null,
      data: found ? { "text/plain": found[whole ? "all" : "brief"].join("\n") } : {},
      metadata: {},
    }
  }
}
