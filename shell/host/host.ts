/**
 * The host of a shell: evaluates cells with the session's names bound, turns new handles into definitions under their
 * `const` names, shows values, runs dot-commands and watches. It prints through `emit` and knows no screen: it runs in a
 * thread of its own under the Ink screen, and in the same thread for `--plain`, scripts and `query`.
 */
import { readFileSync, writeFileSync } from "node:fs"
import type { ClientCalls } from "../../cluster/client/calls.js"
import type { ClientSession, Defined } from "../../cluster/client/session.js"
import type { ClusterEvent } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Field, RDD, Stamp, StreamInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { type CellResult, Evaluator, loadModule } from "../evaluator/evaluator.js"
import type { CompletionList, StyledLine } from "../session.js"
import { valueHtml } from "../view/html.js"
import { isAnswer } from "./answers.js"
import { chaosLine, parseChaos } from "./chaos.js"
import { dotCommands, parseDotCommand, runDotCommand, screenCommands } from "./commands/index.js"
import { declaredLines, display, type Stamped, stampOf } from "./display.js"
import { errorLines } from "./error-view.js"
import { eventLine } from "./event-line.js"
import { arePairs, fieldAt, fieldItems, withoutPairOperators } from "./fields.js"
import { findStream } from "./find-stream.js"
import { freeWords } from "./free-words.js"
import { sessionGlobals } from "./globals.js"
import { kindOf, runs } from "./kinds.js"
import { LogTail } from "./log-tail.js"
import { Panels } from "./panels.js"
import type { HostEvent, HostPort } from "./port.js"
import { fieldReads, unknownField } from "./unknown-fields.js"

export interface ShellHostOptions {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  /** An embedded cluster can be broken on purpose. */
  readonly embedded: boolean
  readonly emit: (event: HostEvent) => void
  /** Results and errors as such, with HTML, in place of printed lines. */
  readonly rich?: boolean
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
  columns: number
  tz: string
  lastStamp: Stamp | undefined
  lastError: Error | undefined
  private readonly emit: (event: HostEvent) => void
  private readonly rich: boolean
  private readonly around: <T>(work: () => T) => T
  private readonly evaluator: Evaluator
  private readonly panels: Panels
  private readonly cells: string[] = []
  /** Streams bound from outside, by name: which. */
  private readonly bound = new Map<string, string>()
  private running: AbortController | undefined
  /** Once the cell is done, for the next one. */
  private looksAgain = false
  private readonly fields = new Map<string, { readonly fields: readonly Field[]; readonly askedMs: number }>()
  /** What happened in the cluster since the shell attached. */
  readonly events: { readonly atMs: number; readonly line: StyledLine }[] = []
  private readonly user: string
  private readonly deaf: () => void
  private readonly logTail: LogTail
  private readonly followsLogs: boolean

  constructor(options: ShellHostOptions) {
    this.session = options.session
    this.embedded = options.embedded
    this.user = options.user ?? ""
    this.deaf =
      options.onPush?.(push => {
        if (push.kind === "event") this.heard(push.event)
      }) ?? (() => {})
    this.columns = options.columns
    this.tz = options.tz
    this.emit = options.emit
    this.rich = options.rich ?? false
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
    this.logTail = new LogTail(options.session, lines => this.print(lines))
    this.panels = new Panels({
      session: options.session,
      tz: () => this.tz,
      changed: panels => this.emit({ kind: "panels", panels }),
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
    for (const [name, handle] of await this.session.bindAll()) {
      this.bound.set(name, idOf(handle))
      this.evaluator.bind(name, handle)
    }
    const infos = await this.session.streams()
    const programs = new Map<string, StreamInfo[]>()
    for (const info of infos)
      if (info.state !== "stopped" && !info.name.includes("@")) programs.set(info.program, [...(programs.get(info.program) ?? []), info])
    const lines = [...programs].map(([program, streams]): StyledLine => {
      const names = streams.map(info => `${info.name}${info.kind === "state" ? "°" : ""}`).join(" · ")
      const since = Math.min(...streams.map(info => info.since).filter(Number.isFinite))
      return {
        text: `  ${program.padEnd(12)} ${streams[0]!.owner.padEnd(8)} ${names}   since ${formatTime(since, this.tz, { nowMs: this.now() })}`,
      }
    })
    const shown = lines.slice(0, 6)
    if (lines.length > shown.length) shown.push({ text: `  … ${lines.length - shown.length} more, .streams`, style: "dim" })
    return shown
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
      if (dot) this.print(await runDotCommand(this, dot.name, dot.args))
      else await this.evaluateAndShow(cell, running.signal)
    } catch (error) {
      ok = false
      this.fail(error)
    } finally {
      this.running = undefined
      this.emit({ kind: "done", failed: !ok })
      if (this.looksAgain) void this.bindOthers().catch(() => {})
      this.looksAgain = false
    }
    return ok
  }

  private async evaluateAndShow(cell: string, signal: AbortSignal): Promise<void> {
    const unknown = this.unknownFields(cell)
    const result = await this.evaluate(cell, signal)
    const echo = await this.define(result)
    this.print(await unknown)
    this.print(echo)
    this.print(this.kept(result))
    if (result.hasValue && !(echo.length > 0 && (result.declared.length > 0 || kindOf(this.session, result.value) === "output"))) {
      const stamped: Stamped = { value: result.value, stamp: this.takeStamp(result.value) }
      const lines = await display(stamped, { tz: this.tz, width: this.columns, now: () => this.now(), signal })
      if (this.rich) this.emit({ kind: "result", lines, html: valueHtml(result.value) })
      else this.print(lines)
    }
    this.cells.push(cell)
  }

  /** Asked beside the cell: what is known already, or comes as soon as a person can wait for it. */
  private async unknownFields(cell: string): Promise<StyledLine[]> {
    // What an output shows in a notebook must not depend on what had come when it was asked.
    if (this.rich) return []
    const lines: StyledLine[] = []
    const soon = new Promise<Field[]>(resolve => setTimeout(resolve, warningWaitMs, []).unref())
    for (const read of fieldReads(cell)) {
      const fields = await Promise.race([this.fieldsOf(read.root).catch(() => []), soon])
      lines.push(...unknownField(cell, read, fields))
    }
    return lines
  }

  /** Evaluates without showing: for `query`, which prints the value itself. */
  async evaluate(cell: string, signal: AbortSignal = new AbortController().signal): Promise<CellResult> {
    await this.lookAgain(cell)
    this.lastStamp = undefined
    return this.around(() => this.evaluator.evaluate(cell, { signal }))
  }

  /**
   * Binds what others have named since, when the cell says a name that is not known here. Names that this shell declared
   * are its own.
   */
  private async lookAgain(cell: string): Promise<void> {
    const known = new Set(this.evaluator.names())
    const words = freeWords(cell)
    const unknown = words.some(word => !(known.has(word) || word in globalThis || reserved.has(word)))
    if (unknown) await this.bindOthers()
    // A name that is bound answers at once; whether it stands for another stream by now is looked at when the cell has its answer.
    else this.looksAgain ||= words.some(word => this.bound.has(word))
  }

  private async bindOthers(): Promise<void> {
    const known = new Set(this.evaluator.names())
    for (const [name, handle] of await this.session.bindAll()) {
      const id = idOf(handle)
      if (this.bound.get(name) === id || (known.has(name) && !this.bound.has(name))) continue
      this.bound.set(name, id)
      this.evaluator.bind(name, handle)
    }
  }

  /** A declaration whose initialiser was a question: what came, and its stamp. */
  private kept(result: CellResult): StyledLine[] {
    if (result.hasValue || this.lastStamp === undefined) return []
    const context = { tz: this.tz, width: this.columns, now: () => this.now() }
    const shown = result.declared.filter(({ value }) => handleData(value) === undefined && typeof value !== "function")
    const lines = shown.flatMap(({ name, value }) => declaredLines(name, value, context))
    return lines.length === 0 ? [] : [...lines, stampOf(this.lastStamp, context)]
  }

  /** Names the handles that a cell declared, sends what is new to the master, and says so in a line each. */
  async define(result: Pick<CellResult, "declared">): Promise<StyledLine[]> {
    for (const { name, value } of result.declared) {
      this.bound.delete(name)
      if (handleData(value)?.kind === "stream") this.session.name(value, name)
    }
    const defined = await this.session.flush()
    if (defined.length > 0 && this.followsLogs) this.logTail.follow(defined.map(({ name }) => name))
    const named = new Map(result.declared.map(({ name, value }) => [value, name]))
    const streams = defined
      .filter(item => item.named || runs(item.kind))
      .map(item => ({ text: this.definitionLine(item), style: "dim" }) as const)
    const rdds = [...named]
      .filter(([value]) => handleData(value)?.kind === "rdd")
      .map(([, name]) => ({ text: `${name}   rdd`, style: "dim" }) as const)
    return [...streams, ...rdds]
  }

  private definitionLine(item: Defined): string {
    const captures = item.captures.length > 0 ? `captures: ${item.captures.join(", ")}` : ""
    const parts = [
      item.kind,
      `${item.interval}`,
      runs(item.kind) ? `from ${formatTime(item.since, this.tz, { nowMs: this.now() })}` : "on demand",
      captures,
      ...item.notes,
    ]
    return `${item.name}   ${parts.filter(part => part !== "").join(" · ")}`
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
    this.lastError = error instanceof Error ? error : new Error(String(error))
    this.evaluator.bind("_error", this.lastError)
    const lines = errorLines(this.lastError, ms => formatTime(ms, this.tz, { nowMs: this.now() }))
    if (this.rich) this.emit({ kind: "error", name: this.lastError.name, message: this.lastError.message, lines })
    else this.print(lines)
  }

  print(lines: readonly StyledLine[]): void {
    if (lines.length > 0) this.emit({ kind: "print", lines })
  }

  async complete(text: string, cursor: number): Promise<CompletionList> {
    const dot = /^\s*\.([a-z]*)$/.exec(text.slice(0, cursor))
    if (dot && !text.includes("\n")) {
      const from = cursor - dot[1]!.length
      const items = [...dotCommands, ...screenCommands]
        .filter(command => command.name.startsWith(dot[1]!))
        .map(command => ({ text: command.name, detail: command.help }))
      return { items, selected: 0, from, to: cursor }
    }
    const before = text.slice(0, cursor)
    const field = fieldAt(before)
    if (field) {
      const items = fieldItems(await this.fieldsOf(field.root), field.prefix)
      if (items.length > 0) return { items, from: cursor - field.prefix.length, to: cursor, selected: 0 }
    }
    const { items, from, to } = await this.evaluator.complete(text, cursor)
    const isHandle = items.some(item => item.text === "lineage") && items.some(item => item.text === "explain")
    if (!isHandle) return { items, from, to, selected: 0 }
    const own = items.filter(item => !workings.has(item.text))
    const name = /(?:^|[^\w$.])([A-Za-z_$][\w$]*)\s*\.\s*$/.exec(text.slice(0, from))?.[1]
    const pairs = name === undefined ? undefined : arePairs(await this.fieldsOf(name))
    return { items: pairs === false ? withoutPairOperators(own) : own, from, to, selected: 0 }
  }

  /** Of the newest records of the stream of that name, asked at most every ten seconds; none when it takes longer than a person waits. */
  private async fieldsOf(name: string): Promise<readonly Field[]> {
    const known = this.fields.get(name)
    if (known && this.now() - known.askedMs < fieldsForMs) return known.fields
    const handle = await this.evaluator.peek(name)
    if (handleData(handle) === undefined) return []
    const fields = await Promise.race([
      (handle as RDD<unknown>).schema().catch(() => []),
      new Promise<Field[]>(resolve => setTimeout(resolve, fieldsWaitMs, []).unref()),
    ])
    if (fields.length > 0) this.fields.set(name, { fields, askedMs: this.now() })
    return fields
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

  /** `.watch counts.top(5) as hottest` */
  async watch(args: string): Promise<readonly StyledLine[]> {
    const match = /^([\s\S]*?)(?:\s+as\s+([\w-]+))?\s*$/.exec(args)
    const expression = match?.[1]?.trim() || "_"
    const result = await this.evaluate(expression)
    await this.session.flush()
    if (handleData(result.value)?.kind !== "stream")
      throw new RivuletError(`${expression} is not a stream`, {
        code: 2,
        try: ".watch counts.top(5) as hottest (an RDD or an answer does not change)",
      })
    const name = match?.[2] ?? (expression === "_" ? "panel" : expression)
    await this.panels.open(name, expression, result.value as never)
    const named = name === expression || name === "panel" ? "" : `, { name: ${JSON.stringify(name)} }`
    return [{ text: `  .unwatch closes it   ≡   watch(${expression}${named})`, style: "dim" }]
  }

  async unwatch(name: string): Promise<readonly StyledLine[]> {
    const closed = this.panels.close(name)
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
    if (!/\.ts$/.test(path)) throw new RivuletError(`.save ${path}: not a .ts file`, { code: 2, try: ".save cells.ts" })
    const cells = this.cells.map(cell => this.evaluator.rewritten(cell))
    try {
      writeFileSync(path, `import { ${sessionImports(cells)} } from "rivulet"\n\n${cells.map(exported).join("\n")}\n`, { flag: "wx" })
    } catch (error) {
      throw new RivuletError(`cannot write ${path}: ${(error as Error).message}`, {
        code: 2,
        try: "another name: an existing file is not overwritten",
      })
    }
    return [{ text: `  ${cells.length} cells in ${path}`, style: "dim" }]
  }

  async load(path: string): Promise<readonly StyledLine[]> {
    let text: string
    try {
      text = readFileSync(path, "utf8")
    } catch {
      throw new RivuletError(`no such file: ${path}`, { code: 2, try: ".load cells.ts" })
    }
    for (const cell of this.evaluator.cellsOf(text)) await this.evaluateAndShow(cell, this.running?.signal ?? new AbortController().signal)
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
    this.panels.close("")
    this.cancel()
  }
}

/** Words of the language that are neither names here nor of the global object. */
const reserved = new Set(
  "async await break case catch class const continue debugger default delete do else export extends false finally for function if import in instanceof let new null of return super switch this throw true try type typeof undefined var void while with yield".split(
    " ",
  ),
)

const fieldsForMs = 10_000
const fieldsWaitMs = 400
/** A cell's answer waits no longer than this for a warning. */
const warningWaitMs = 150
const eventsKept = 200

const workings = new Set(["host", "id", "keyed", "lift", "lifted", "keyedLift", "make", "makeState", "label", "definition"])

function idOf(handle: unknown): string {
  const data = handleData(handle)
  return data?.kind === "stream" ? data.id : ""
}

const publicNames = [
  "readStream",
  "readHistory",
  "textFile",
  "parallelize",
  "stream",
  "state",
  "union",
  "diff",
  "drained",
  "sum",
  "max",
  "min",
]

function sessionImports(cells: readonly string[]): string {
  const text = cells.join("\n")
  return publicNames.filter(name => new RegExp(`\\b${name}\\(|\\b${name}\\b`).test(text)).join(", ")
}

function exported(cell: string): string {
  return cell.replace(/^(const|let) /, "export $1 ")
}
