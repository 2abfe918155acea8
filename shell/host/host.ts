/**
 * The host of a shell: evaluates cells with the session's names bound, turns new handles into definitions under their
 * `const` names, shows values, runs dot-commands and watches. It prints through `emit` and knows no screen: it runs in a
 * thread of its own under the Ink screen, and in the same thread for `--plain`, scripts and `query`.
 */
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { ClusterEvent } from "../../cluster/protocol.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Stamp, StreamInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { type CellResult, Evaluator, loadModule } from "../evaluator/evaluator.js"
import type { PagedAnswer } from "../pager/paged.js"
import type { CompletionList, PanelOrder, StyledLine } from "../session-types.js"
import { valueHtml } from "../view/html.js"
import { isAnswer } from "./answers.js"
import { Bindings } from "./bindings.js"
import { chaosLine, parseChaos } from "./chaos.js"
import { changesCluster, parseDotCommand, runDotCommand } from "./commands/index.js"
import { completionsOf } from "./completing.js"
import { declaredLines, type Stamped, show, stampOf } from "./display.js"
import { errorLines } from "./error-view.js"
import { eventLine } from "./event-line.js"
import { findStream } from "./find-stream.js"
import { sessionGlobals } from "./globals.js"
import { KeptAnswers, pageOf, writeAnswer } from "./kept-answers.js"
import { kindOf, runs } from "./kinds.js"
import { KnownFields } from "./known-fields.js"
import { loadedCells } from "./loaded-cells.js"
import { LogTail } from "./log-tail.js"
import { Panels } from "./panels.js"
import type { HostEvent, HostPort } from "./port.js"
import { type RunCell, saveCells } from "./saved-cells.js"
import { definitionLine, programLines } from "./stream-lines.js"
import { openPanel, shareLines, watched } from "./watched.js"

export interface ShellHostOptions {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  /** An embedded cluster can be broken on purpose. */
  readonly embedded: boolean
  /** The cluster's name, where commands that change it are typed twice. */
  readonly confirm?: string
  /** What is declared stays here: nothing is defined on the cluster. */
  readonly readOnly?: boolean
  /** Of the master, as others reach it. */
  readonly address?: string
  readonly emit: (event: HostEvent) => void
  /** Results and errors as such, with HTML, in place of printed lines. */
  readonly rich?: boolean
  /** How the rest of a long answer is seen. */
  readonly rest?: string
  /** False: what functions print on the workers is not shown as it comes. */
  readonly followsLogs?: boolean
  /** Whose shell it is: what he does himself is no news. */
  readonly user?: string
  /** Where the cluster's events come from. Without it none are shown. */
  readonly onPush?: ClientCalls["onPush"]
  /** Around what a cell does before it first waits. */
  readonly around?: <T>(work: () => T) => T
}

export class ShellHost implements HostPort {
  readonly session: ClientSession
  readonly embedded: boolean
  readonly address: string
  columns: number
  tz: string
  lastStamp: Stamp | undefined
  lastError: Error | undefined
  readonly answers = new KeptAnswers()
  private readonly rest: string | undefined
  private readonly readOnly: boolean
  private readonly confirm: string | undefined
  /** What changes the cluster and has been typed once. */
  private once = ""
  private readonly emit: (event: HostEvent) => void
  private readonly rich: boolean
  private readonly around: <T>(work: () => T) => T
  private readonly evaluator: Evaluator
  private readonly bindings: Bindings
  private readonly open: Panels
  private readonly cells: RunCell[] = []
  private running: AbortController | undefined
  private readonly fields: KnownFields
  /** What happened in the cluster since the shell attached. */
  readonly events: { readonly atMs: number; readonly line: StyledLine }[] = []
  readonly user: string
  private readonly deaf: () => void
  private readonly logTail: LogTail
  private readonly followsLogs: boolean

  constructor(options: ShellHostOptions) {
    this.session = options.session
    this.embedded = options.embedded
    this.address = options.address ?? ""
    this.user = options.user ?? ""
    this.deaf =
      options.onPush?.(push => {
        if (push.kind === "event") this.heard(push.event)
      }) ?? (() => {})
    this.columns = options.columns
    this.tz = options.tz
    this.emit = options.emit
    this.rich = options.rich ?? false
    this.rest = options.rest
    this.readOnly = options.readOnly ?? false
    this.confirm = options.confirm
    this.followsLogs = options.followsLogs ?? true
    this.around = options.around ?? (work => work())
    this.evaluator = new Evaluator({
      globals: sessionGlobals(options.session),
      settle: value => this.settle(value),
      load: name => (name === "rivulet" ? this.library() : loadModule(name)),
      onConsole: (level, text) =>
        this.print(
          text.split("\n").map(line => (level === "error" || level === "warn" ? { text: line, style: "warning" } : { text: line })),
        ),
    })
    if (!this.rich) this.evaluator.bind("Out", this.answers.out)
    this.bindings = new Bindings(options.session, this.evaluator)
    this.fields = new KnownFields(options.session.clock, this.evaluator)
    this.logTail = new LogTail(options.session, lines => this.print(lines))
    this.open = new Panels({
      session: options.session,
      tz: () => this.tz,
      changed: (panels, timeline) => this.emit({ kind: "panels", panels, timeline }),
    })
  }

  /** What `import … from "rivulet"` gives in a cell: this shell's own session and library, wherever the cell's file lies. */
  private async library(): Promise<Record<string, unknown>> {
    return { ...(await import("../../cluster/client/index.js")), ...sessionGlobals(this.session) }
  }

  now(): number {
    return this.session.clock.now()
  }

  /** Binds every stream of the cluster under its short name where that is unique, and gives the banner's lines. */
  async start(): Promise<readonly StyledLine[]> {
    await this.bindings.start()
    return programLines(await this.session.streams(), { tz: this.tz, nowMs: this.now() })
  }

  /** Gives cells a name beyond the session's. */
  bind(name: string, value: unknown): void {
    this.evaluator.bind(name, value)
  }

  run(cell: string): void {
    void this.runCell(cell)
  }

  /** Runs one cell to its end. Never throws: a failure is printed. True when it succeeded. */
  async runCell(cell: string): Promise<boolean> {
    const running = new AbortController()
    this.running = running
    let ok = true
    try {
      const asked = /^\s*[\w$.]*?([\w$]+)\?\s*$/.exec(cell)
      const dot = asked ? { name: "help", args: asked[1]! } : parseDotCommand(cell)
      if (dot && this.asksAgain(cell, dot.name))
        this.print([{ text: `  this changes ${this.confirm}: the same again does it`, style: "warning" }])
      else if (dot) this.print(await runDotCommand(this, dot.name, dot.args))
      else await this.evaluateAndShow(cell, running.signal)
    } catch (error) {
      ok = false
      this.fail(error)
    } finally {
      this.running = undefined
      this.emit({ kind: "done", failed: !ok })
      this.bindings.after()
    }
    return ok
  }

  private asksAgain(cell: string, command: string): boolean {
    const again = this.once === cell
    this.once = ""
    if (this.confirm === undefined || again || !changesCluster(command)) return false
    this.once = cell
    return true
  }

  private async evaluateAndShow(cell: string, signal: AbortSignal): Promise<void> {
    // What an output shows in a notebook must not depend on what had come when it was asked.
    const unknown = this.rich ? [] : this.fields.unknownIn(cell)
    const result = await this.evaluate(cell, signal)
    const echo = await this.define(result)
    this.print(await unknown)
    this.print(echo)
    const kept = this.kept(result)
    this.print(kept)
    let output = kept
    // What the echo has said already: the stream that a cell declares and ends with, an output. An answer below declarations is shown.
    const isStream = result.declared.length > 0 && handleData(result.value) !== undefined
    const echoed = echo.length > 0 && (isStream || kindOf(this.session, result.value) === "output")
    if (result.hasValue && !echoed) {
      const stamped: Stamped = { value: result.value, stamp: this.takeStamp(result.value) }
      const { lines, rows, stamp } = await show(stamped, { ...this.context(), signal })
      output = stamp ? lines.slice(0, -1) : lines
      if (this.rich) this.emit({ kind: "result", lines, html: valueHtml(result.value) })
      else {
        const name = this.answers.keep(result.value, rows, stamp)
        const under = lines.at(-1)
        this.print(stamp && under ? [...lines.slice(0, -1), { ...under, text: `${under.text} · ${name}` }] : lines)
      }
    }
    const { text, declared } = { text: cell, declared: result.declared.map(({ name }) => name) }
    const made = result.declared.some(({ value }) => handleData(value)?.kind === "stream")
    const defines = made || kindOf(this.session, result.value) === "output"
    this.cells.push({ text, written: result.rewritten, declared, defines, output: output.map(({ text }) => text).join("\n") })
  }

  private context() {
    return { tz: this.tz, width: this.columns, now: () => this.now(), ...(this.rest !== undefined && { rest: this.rest }) }
  }

  /** Evaluates without showing: for `query`, which prints the value itself. */
  async evaluate(cell: string, signal: AbortSignal = new AbortController().signal): Promise<CellResult> {
    await this.bindings.before(cell)
    this.lastStamp = undefined
    return this.around(() => this.evaluator.evaluate(cell, { signal }))
  }

  /** A declaration whose initialiser was a question: what came, and its stamp. */
  private kept(result: CellResult): StyledLine[] {
    if (result.hasValue || this.lastStamp === undefined) return []
    const context = this.context()
    const shown = result.declared.filter(({ value }) => handleData(value) === undefined && typeof value !== "function")
    const lines = shown.flatMap(({ name, value }) => declaredLines(name, value, context))
    for (const { name, value } of shown) this.answers.declared(name, value, this.lastStamp)
    return lines.length === 0 ? [] : [...lines, stampOf(this.lastStamp, context)]
  }

  /** Names the handles that a cell declared, sends what is new to the master, and says so in a line each. */
  async define(result: Pick<CellResult, "declared">): Promise<StyledLine[]> {
    for (const { name, value } of result.declared) {
      this.bindings.declared(name)
      if (handleData(value)?.kind === "stream" && !this.readOnly) this.session.name(value, name)
    }
    // What only a question makes travels with it; the rest the master refuses who is attached to read.
    const needed = !this.readOnly || result.declared.some(({ value }) => runs(kindOf(this.session, value)))
    const defined = needed ? await this.session.flush() : []
    if (defined.length > 0 && this.followsLogs) this.logTail.follow(defined.map(({ name }) => name))
    const named = new Map(result.declared.map(({ name, value }) => [value, name]))
    const streams = defined
      .filter(item => item.named || runs(item.kind))
      .map(item => ({ text: definitionLine(item, { tz: this.tz, nowMs: this.now() }), style: "dim" }) as const)
    const rdds = [...named]
      .filter(([value]) => handleData(value)?.kind === "rdd")
      .map(([, name]) => ({ text: `${name}   rdd`, style: "dim" }) as const)
    return [...streams, ...rdds]
  }

  /** The evaluator awaits through this, so that an answer's stamp is kept with it. */
  private async settle(value: unknown): Promise<unknown> {
    if (!isAnswer(value)) return await (value as PromiseLike<unknown>)
    const cancel = () => value.cancel()
    this.running?.signal.addEventListener("abort", cancel, { once: true })
    const { value: settled, stamp } = await value.stamped()
    this.lastStamp = stamp
    return settled
  }

  private takeStamp(value: unknown): Stamp | undefined {
    return handleData(value) ? undefined : this.lastStamp
  }

  cancel(): void {
    this.running?.abort(new RivuletError("cancelled", { code: 130 }))
  }

  private fail(error: unknown): void {
    this.lastError = asError(error)
    this.evaluator.bind("_error", this.lastError)
    const lines = this.linesOf(this.lastError)
    if (this.rich) this.emit({ kind: "error", name: this.lastError.name, message: this.lastError.message, lines })
    else this.print(lines)
  }

  private linesOf(error: Error): StyledLine[] {
    return errorLines(error, ms => formatTime(ms, this.tz, { nowMs: this.now() }))
  }

  print(lines: readonly StyledLine[]): void {
    if (lines.length > 0) this.emit({ kind: "print", lines })
  }

  complete(text: string, cursor: number): Promise<CompletionList> {
    return completionsOf(text, cursor, this.evaluator, this.fields)
  }

  page(which: string): PagedAnswer | null {
    const answer = this.answers.find(which)
    const time = (ms: number) => formatTime(ms, this.tz, { nowMs: this.now() })
    const stamp = answer.stamp ? stampOf(answer.stamp, this.context()).text.trim() : ""
    return pageOf(answer, stamp, value => time(value.getTime()))
  }

  async writeAnswer(which: string, path: string, order: readonly number[]): Promise<string> {
    return `${await writeAnswer(this.answers.find(which), path, order)} rows in ${path}`
  }

  /** What an expression stands for. */
  async value(expression: string): Promise<unknown> {
    return (await this.evaluate(expression)).value
  }

  private heard(event: ClusterEvent): void {
    const line = eventLine(event, this.user)
    if (line === null) return
    this.events.push({ atMs: this.now(), line })
    if (this.events.length > eventsKept) this.events.shift()
    this.print([line])
  }

  async inspect(text: string, cursor: number): Promise<readonly StyledLine[]> {
    const name = /[\w$]*$/.exec(text.slice(0, cursor))?.[0] ?? ""
    const rest = /^[\w$]*/.exec(text.slice(cursor))?.[0] ?? ""
    return runDotCommand(this, "help", name + rest).catch(() => [])
  }

  panels(order: PanelOrder): void {
    void this.open.order(order)
  }

  resize(columns: number): void {
    this.columns = columns
  }

  // ── what dot-commands do ──

  async streamInfo(name: string): Promise<StreamInfo> {
    return findStream(await this.session.streams(), name)
  }

  async stop(name: string, cascade: boolean): Promise<void> {
    const info = await this.streamInfo(name)
    await this.session.stopStreams([`${info.program}/${info.name}`], { cascade, force: false })
  }

  async watch(args: string): Promise<readonly StyledLine[]> {
    return openPanel(await watched(args, this), this.open)
  }

  async share(args: string): Promise<readonly StyledLine[]> {
    return shareLines(await watched(args === "" ? (this.open.newest ?? "_") : args, this), this)
  }

  async unwatch(name: string): Promise<readonly StyledLine[]> {
    const closed = this.open.close(name)
    if (closed === 0)
      throw new RivuletError(name === "" ? "no panel is open" : `no panel ${name}`, { code: 2, try: ".watch counts.top(5)" })
    return []
  }

  setZone(zone: string): void {
    try {
      new Intl.DateTimeFormat("en", { timeZone: zone })
    } catch {
      throw new RivuletError(`no time zone ${zone}`, { code: 2, try: ".tz Europe/Berlin" })
    }
    this.tz = zone
    this.session.setZone(zone)
  }

  save(path: string): readonly StyledLine[] {
    return [{ text: `  ${saveCells(path, this.cells)}`, style: "dim" }]
  }

  /** Runs a file's cells as if they were typed, until one fails that is not there to. */
  async load(path: string): Promise<readonly StyledLine[]> {
    const signal = this.running?.signal ?? new AbortController().signal
    for (const { code, throws, title } of loadedCells(path, text => this.evaluator.cellsOf(text))) {
      if (title !== undefined) this.print([{ text: title, style: "dim" }])
      const failed = await this.evaluateAndShow(code, signal).then(
        () => null,
        (error: unknown) => asError(error),
      )
      if (failed !== null && (!throws || signal.aborted)) throw failed
      if (failed === null && throws) throw new RivuletError(`${title}: it did not throw`)
      if (failed !== null) this.print(this.linesOf(failed))
    }
    return []
  }

  chaos(args: string): readonly StyledLine[] {
    if (!this.embedded)
      throw new RivuletError(".chaos works on an embedded cluster only", { code: 4, try: "npm start, or rivulet shell --local --demo" })
    const order = parseChaos(args)
    this.emit({ kind: "chaos", order })
    return [chaosLine(order)]
  }

  async close(): Promise<void> {
    this.deaf()
    this.logTail.close()
    this.open.close("")
    this.cancel()
  }
}

const eventsKept = 200
