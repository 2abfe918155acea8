/**
 * The host of a shell: runs cells and dot-commands, keeps panels, and tells what happens in the cluster. It prints through `emit` and
 * knows no screen: it runs in a thread of its own under the screen, and in the same thread for `--plain`, scripts and `query`.
 */
import { abortAgain } from "../../cluster/client/questions.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { asError, RivuletError } from "../../engine/errors.js"
import type { Stamp, StreamInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import type { CellResult } from "../evaluator/evaluator.js"
import type { Finding } from "../language/messages.js"
import type { PagedAnswer } from "../pager/paged.js"
import type { CompletionList, Inspection, PanelOrder, StyledLine } from "../session-types.js"
import type { Chart } from "../view/chart.js"
import { drawing } from "../view/page.js"
import { Background } from "./background.js"
import { type CellPlace, Cells } from "./cells.js"
import type { ChangeGuard } from "./change-guard.js"
import { chaosNames, orderChaos } from "./chaos.js"
import { ClusterNews } from "./cluster-news.js"
import type { CommandHost } from "./command-host.js"
import { helpAt } from "./commands/help.js"
import { parseDotCommand, runDotCommand } from "./commands/index.js"
import { askedAbout, describe } from "./describe.js"
import { stampOf } from "./display.js"
import { Edits } from "./edits.js"
import { errorLines } from "./error-view.js"
import { calledNow, findStream, isName } from "./find-stream.js"
import { fromElsewhere } from "./foreign.js"
import type { ShellHostOptions } from "./host-options.js"
import { type KeptAnswers, pageOf, writeAnswer } from "./kept-answers.js"
import { isNotebook } from "./loaded-cells.js"
import { LogTail } from "./log-tail.js"
import type { Names } from "./meant.js"
import { panelWatch } from "./panel-watch.js"
import { Panels } from "./panels.js"
import type { Paths } from "./paths.js"
import { pinLines } from "./pinned.js"
import type { HostEvent, HostPort } from "./port.js"
import { programLines } from "./stream-lines.js"
import { closePanel, openPanel, shareLines, watched } from "./watched.js"
import { WatchedOnly } from "./watched-only.js"
import { checkZone } from "./zone.js"

export class ShellHost implements HostPort, CommandHost, CellPlace {
  readonly session: ClientSession
  readonly embedded: boolean
  readonly address: string
  readonly user: string
  readonly emit: (event: HostEvent) => void
  columns: number
  tz: string
  view: CommandHost["view"] = { mode: "table", wide: false }
  lastError: Error | undefined
  readonly edits: Edits
  readonly background: Background
  private readonly guard: ChangeGuard | undefined
  private readonly rich: boolean
  private readonly cells: Cells
  private readonly open: Panels
  private readonly watchedOnly: WatchedOnly
  private leaves = false
  private readonly news: ClusterNews
  private readonly logTail: LogTail
  private readonly followsLogs: boolean
  private running: AbortController | undefined
  private readonly paths: Paths | undefined
  private askedBefore = 0
  private readonly promptColumns: number | undefined
  prints = 0

  constructor(options: ShellHostOptions) {
    const { session, onPush } = options
    this.session = session
    this.embedded = options.embedded
    this.address = options.address ?? ""
    this.user = options.user ?? ""
    this.columns = options.columns
    this.tz = options.tz
    this.emit = options.emit
    this.guard = options.guard
    this.rich = options.rich ?? false
    this.followsLogs = options.followsLogs ?? true
    this.promptColumns = options.promptColumns
    this.paths = options.paths
    const print = (lines: readonly StyledLine[]) => this.print(lines)
    this.cells = new Cells(this, { rich: this.rich, rest: options.rest, around: options.around ?? (work => work()) })
    this.edits = new Edits(this, { texts: () => this.cells.texts, screen: options.promptColumns !== undefined })
    this.background = new Background(this, this.cells)
    this.news = new ClusterNews({ ...(onPush && { onPush }), user: this.user, print })
    this.logTail = new LogTail(session, print, () => this.columns)
    this.open = new Panels({
      session,
      tz: () => this.tz,
      changed: (panels, timeline) => this.emit({ kind: "panels", panels, timeline }),
      // Who leaves leaves what runs.
      closed: () => void (this.leaves || this.watchedOnly.end()),
    })
    this.watchedOnly = new WatchedOnly({ session, evaluator: this.cells.evaluator, shown: () => this.open.shown })
    const broken = this.embedded ? chaosNames(order => print(orderChaos(order, this.emit))) : {}
    for (const [name, value] of Object.entries(broken)) this.bind(name, value)
    const failed = (error: unknown) => this.fail(error)
    if (options.promptColumns !== undefined) this.bind("watch", panelWatch(session, this.open, this.watchedOnly, failed))
  }

  now(): number {
    return this.session.clock.now()
  }

  get lastStamp(): Stamp | undefined {
    return this.cells.lastStamp
  }

  get answers(): KeptAnswers {
    return this.cells.answers
  }

  /** Binds every stream of the cluster under its short name where that is unique, and gives the banner's lines. */
  start(): readonly StyledLine[] {
    this.cells.bindings.start()
    return programLines(this.session.found, { tz: this.tz, nowMs: this.now() })
  }

  /** Gives cells a name beyond the session's. */
  bind(name: string, value: unknown): void {
    this.cells.evaluator.bind(name, value)
  }

  // ── cells ──

  run(cell: string): void {
    void this.runCell(cell)
  }

  /** Runs one cell, or command, to its end. Never throws: a failure is printed. True when it succeeded. */
  async runCell(cell: string): Promise<boolean> {
    const running = new AbortController()
    this.running = running
    this.askedBefore = this.session.host.questions.begun
    this.guard?.begin(cell)
    this.watchedOnly.cell()
    let ok = true
    try {
      await this.carryOut(fromElsewhere(cell, () => this.names.names()) ?? cell, running.signal)
    } catch (error) {
      ok = false
      this.fail(error)
    } finally {
      this.running = undefined
      this.guard?.end()
      this.emit({ kind: "done", failed: !ok })
      this.cells.bindings.after()
      void this.watchedOnly.end()
    }
    return ok
  }

  private async carryOut(cell: string, signal: AbortSignal): Promise<void> {
    const asked = askedAbout(cell)
    const dot = parseDotCommand(cell)
    if (asked !== undefined) this.print(await describe(this, asked))
    else if (dot) this.print(await runDotCommand(this, dot.name, dot.args))
    else await this.cells.run(cell, signal, this.promptColumns)
  }

  get names(): Names {
    return this.cells.evaluator
  }

  /** Evaluates without showing: for `query`, which prints the value itself. */
  evaluate(cell: string, signal: AbortSignal = new AbortController().signal): Promise<CellResult> {
    return this.cells.evaluate(cell, signal)
  }

  /** Sends what a cell declared to the master; gives a line for each. */
  define(result: Pick<CellResult, "declared">): Promise<StyledLine[]> {
    return this.cells.define(result)
  }

  defined(names: readonly string[]): void {
    if (this.followsLogs) this.logTail.follow(names)
  }

  cancel(): void {
    if (this.running === undefined) return
    abortAgain(this.running, new RivuletError("cancelled", { code: 130 }))
    // Those too that the cell does not await itself, as in Promise.all.
    this.session.host.questions.cancelSince(this.askedBefore)
  }

  private fail(error: unknown): void {
    this.lastError = asError(error)
    this.bind("_error", this.lastError)
    const lines = this.linesOf(this.lastError)
    if (this.rich) this.emit({ kind: "error", name: this.lastError.name, message: this.lastError.message, lines })
    else this.print(lines)
  }

  linesOf(error: Error): readonly StyledLine[] {
    return errorLines(error, ms => formatTime(ms, this.tz, { nowMs: this.now() }), this.columns)
  }

  print(lines: readonly StyledLine[]): void {
    if (lines.length === 0) return
    this.prints++
    this.emit({ kind: "print", lines })
  }

  // ── what the screen asks beside them ──

  complete(text: string, cursor: number): Promise<CompletionList> {
    return this.cells.typing.complete(text, cursor)
  }

  /** Of a word that types say nothing of what `.help` does. */
  async inspect(text: string, cursor: number): Promise<Inspection | null> {
    return (await this.cells.typing.inspect(text, cursor)) ?? helpAt(text, cursor)
  }

  /** From now on cells are looked at by types, by a thread that begins to load so much later. Without it there is nothing but names and values. */
  startTyping(afterMs = 0): void {
    this.cells.typing.start(afterMs)
  }

  /** What is wrong with a cell by types, once they are loaded. */
  findings(cell: string): Promise<readonly Finding[]> {
    return this.cells.typing.check(cell)
  }

  page(which: string): PagedAnswer | null {
    const answer = this.answers.find(which)
    const stamp = answer.stamp ? stampOf(answer.stamp, this.cells.context()).text.trim() : ""
    return pageOf(answer, stamp, value => formatTime(value.getTime(), this.tz, { nowMs: this.now() }))
  }

  async writeAnswer(which: string, path: string, order: readonly number[]): Promise<string> {
    return `${await writeAnswer(this.answers.find(which), path, order)} rows in ${path}`
  }

  panels(order: PanelOrder): void {
    void this.open.order(order)
  }

  resize(columns: number): void {
    this.columns = columns
  }

  // ── what dot-commands do ──

  async value(expression: string): Promise<unknown> {
    return (await this.evaluate(expression, this.running?.signal)).value
  }

  /** What a name stands for here goes before a stream that another calls so. */
  async streamInfo(name: string): Promise<StreamInfo> {
    const held = isName(name) ? await this.cells.evaluator.peek(name) : undefined
    return findStream(await this.session.streams(), calledNow(this.session, held) ?? name)
  }

  async stop(name: string, cascade: boolean): Promise<readonly string[]> {
    const info = await this.streamInfo(name)
    const before = await this.session.host.catalog()
    const stopped = await this.session.stopStreams([`${info.program}/${info.name}`], { cascade, force: false })
    return before.filter(({ definition: { id, named } }) => named && stopped.includes(id)).map(({ definition }) => definition.name)
  }

  async watch(args: string): Promise<readonly StyledLine[]> {
    const asked = await watched(args, this)
    const what = asked.expression === "_" ? { ...asked, expression: this.cells.lastExpression ?? "_" } : asked
    this.watchedOnly.shows(what.stream)
    return openPanel(what, this.open)
  }

  async share(args: string): Promise<readonly StyledLine[]> {
    const panel = args === "" ? this.open.newest : undefined
    return shareLines(await watched(panel?.expression ?? args, this), this, panel?.name)
  }

  pin(args: string): Promise<readonly StyledLine[]> {
    return pinLines(args, this)
  }

  async unwatch(name: string): Promise<readonly StyledLine[]> {
    const lines = closePanel(name, this.open)
    await this.watchedOnly.end()
    return lines
  }

  async draw(chart: Chart, title: string, lines: readonly StyledLine[]): Promise<readonly StyledLine[]> {
    if (!this.rich) return lines
    this.emit({ kind: "result", lines, page: await drawing(chart, title, this.tz) })
    return []
  }

  setZone(zone: string): void {
    checkZone(zone, ".tz")
    this.tz = zone
    this.session.setZone(zone)
  }

  async save(path: string): Promise<readonly StyledLine[]> {
    return [{ text: `  ${await this.cells.save(path, name => this.edits.adopted(name))}`, style: "dim" }]
  }

  async load(path: string): Promise<readonly StyledLine[]> {
    const load = () => this.cells.load(path, this.running?.signal ?? new AbortController().signal)
    await (this.paths !== undefined && isNotebook(path) ? this.paths.ofNotebook(path, load) : load())
    return []
  }

  /** When what ends by itself has ended. */
  settled(): Promise<void> {
    return this.watchedOnly.end()
  }

  async close(): Promise<void> {
    this.news.close()
    this.logTail.close()
    this.leaves = true
    this.open.close("")
    this.background.close()
    this.cancel()
    await this.cells.typing.close()
  }
}
