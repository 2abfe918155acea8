/**
 * A shell's cells: each is evaluated with the session's names bound, the handles that it declares become definitions under their
 * `const` names, its value is shown and kept, its text too.
 */
import assert from "node:assert/strict"
import type { ClientSession } from "../../cluster/client/session.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Stamp } from "../../engine/fluent/types.js"
import { type CellResult, Evaluator } from "../evaluator/evaluator.js"
import { loadModule } from "../evaluator/load-module.js"
import type { CompletionList, StyledLine } from "../session-types.js"
import { dedented } from "../view/dedented.js"
import { pageView } from "../view/page.js"
import type { ViewMode } from "../view/rows-as.js"
import { isAnswer } from "./answers.js"
import { Bindings } from "./bindings.js"
import { CellCheck } from "./cell-check.js"
import { declaredLines, type Stamped, show, stampOf } from "./display.js"
import { notSaidBy } from "./error-view.js"
import { findingLines } from "./finding-lines.js"
import { sessionGlobals } from "./globals.js"
import { KeptAnswers } from "./kept-answers.js"
import { kindOf, runs } from "./kinds.js"
import { loadedCells } from "./loaded-cells.js"
import { addMeant } from "./meant.js"
import type { HostEvent } from "./port.js"
import { timesOf } from "./rdd-times.js"
import { ofHidden, ofIndexed } from "./said-of-cells.js"
import { type Around, type RunCell, saveCells } from "./saved-cells.js"
import { definitionLine } from "./stream-lines.js"
import { Typing } from "./typing.js"

/** Where cells are run. */
export interface CellPlace {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  readonly view: ViewMode
  now(): number
  print(lines: readonly StyledLine[]): void
  /** So often something was printed. */
  readonly prints: number
  emit(event: HostEvent): void
  linesOf(error: Error): readonly StyledLine[]
  /** Streams have been defined. */
  defined(names: readonly string[]): void
}

/** A line that nobody's terminal cuts. */
const wideColumns = 4_000

export interface CellOptions {
  readonly rich: boolean
  readonly rest: string | undefined
  readonly around: <T>(work: () => T) => T
}

export class Cells {
  readonly answers = new KeptAnswers()
  readonly evaluator: Evaluator
  readonly bindings: Bindings
  readonly typing: Typing
  lastStamp: Stamp | undefined
  /** The text of what `_` stands for; null where it is no expression of one line. */
  lastExpression: string | null = null
  private readonly ran: RunCell[] = []
  /** Of the cell that runs. */
  private signal: AbortSignal | undefined
  /** What the running cell has printed. */
  private said: string[] = []
  private check: CellCheck | undefined
  /** So many cells. */
  private begun = 0

  constructor(
    private readonly place: CellPlace,
    private readonly options: CellOptions,
  ) {
    const { session } = place
    this.evaluator = new Evaluator({
      // What a page's cells find, wherever they run: in a notebook, in Jupyter, loaded into a shell.
      globals: { ...sessionGlobals(session), assert },
      settle: value => this.settle(value),
      load: name => (name === "rivulet" ? this.library() : loadModule(name)),
      onConsole: (level, text) => {
        this.said.push(text)
        place.print(
          text.split("\n").map(line => (level === "error" || level === "warn" ? { text: line, style: "warning" } : { text: line })),
        )
      },
    })
    if (!options.rich) this.evaluator.bind("Out", this.answers.out)
    this.bindings = new Bindings(session, this.evaluator)
    const better = (text: string, list: CompletionList) => place.emit({ kind: "completed", for: text, list })
    this.typing = new Typing({ session, evaluator: this.evaluator, better })
  }

  /** What `import … from "rivulet"` gives in a cell: this shell's own session and library, wherever the cell's file lies. */
  private async library(): Promise<Record<string, unknown>> {
    return { ...(await import("../../cluster/client/index.js")), ...sessionGlobals(this.place.session) }
  }

  /**
   * Evaluates a cell, says what it defined, shows its value and keeps it. Throws what the cell throws.
   * @param indent so many columns stand before the cell where it has just been printed as it was typed
   */
  async run(cell: string, signal: AbortSignal, indent?: number): Promise<void> {
    const { place } = this
    // What an output shows in a notebook must not depend on what had come when it was asked.
    this.begun++
    const check = this.options.rich ? undefined : this.looked(cell, indent)
    this.check = check
    let result: CellResult
    let echo: StyledLine[]
    this.said = []
    try {
      result = await this.evaluate(cell, signal)
      this.typing.ran(result)
      echo = await this.define(result)
    } catch (error) {
      await check?.failed(error)
      throw error
    }
    void check?.begin()
    place.print(echo)
    const kept = this.kept(result)
    place.print(kept)
    // What the echo has said already: the stream that a cell declares and ends with, an output. An answer below declarations is shown.
    const isStream = result.declared.length > 0 && handleData(result.value) !== undefined
    const echoed = echo.length > 0 && (isStream || kindOf(place.session, result.value) === "output")
    // As it is shown when the page that it is saved in runs: without what declarations keep, and stamps.
    const shown = result.hasValue && !echoed ? await this.present(result.value, this.lastStamp, signal) : []
    if (result.hasValue && result.value === undefined) place.print(await ofIndexed(cell, this.evaluator))
    const { text, declared } = { text: cell, declared: result.declared.map(({ name }) => name) }
    const made = result.declared.some(({ value }) => handleData(value)?.kind === "stream")
    const defines = made || kindOf(place.session, result.value) === "output"
    this.ran.push({
      text,
      written: result.rewritten,
      declared,
      defines,
      output: dedented([...this.said, ...shown.map(({ text }) => text)]),
    })
  }

  /** What is wrong with a cell by types is said when it is known, under the cell or under what it has printed by then. */
  private looked(cell: string, indent: number | undefined): CellCheck {
    const { place } = this
    const { prints } = place
    const { begun } = this
    return new CellCheck(
      cell,
      () => this.typing.check(cell),
      (findings, error) =>
        place.print(
          findingLines(
            cell,
            notSaidBy(error, { cell, findings }),
            indent === undefined || prints !== place.prints ? null : { indent, columns: place.columns },
            begun !== this.begun,
          ),
        ),
    )
  }

  /** A value and under it its stamp, with the number by which it is kept; above it what is said `first`. Gives the lines without the stamp. */
  async present(
    value: unknown,
    asked: Stamp | undefined,
    signal: AbortSignal,
    first: readonly StyledLine[] = [],
  ): Promise<readonly StyledLine[]> {
    const stamped: Stamped = { value, stamp: handleData(value) ? undefined : asked }
    const { lines, rows, stamp } = await show(stamped, { ...this.context(), signal })
    const above = stamp ? lines.slice(0, -1) : lines
    const name = this.answers.keep(value, rows, stamp)
    if (this.options.rich) this.place.emit({ kind: "result", lines: [...first, ...lines], page: await pageView(value, this.place.tz) })
    else {
      const under = lines.at(-1)
      this.place.print([...first, ...(stamp && under ? [...above, { ...under, text: `${under.text} · ${name}` }] : lines)])
    }
    return above
  }

  context() {
    const { tz, columns, view } = this.place
    const { rest } = this.options
    const width = view.wide ? wideColumns : columns
    return { tz, width, mode: view.mode, now: () => this.place.now(), ...(rest !== undefined && { rest }) }
  }

  /** Evaluates without showing: for `query`, which prints the value itself. */
  async evaluate(cell: string, signal: AbortSignal): Promise<CellResult> {
    this.signal = signal
    await this.bindings.before(cell)
    this.lastStamp = undefined
    try {
      const result = await this.options.around(() => this.evaluator.evaluate(cell, { signal }))
      const text = cell.trim().replace(/;$/, "")
      if (result.hasValue && text !== "_") this.lastExpression = result.declared.length === 0 && /^[\w$(][^\n;]*$/.test(text) ? text : null
      return result
    } catch (error) {
      await addMeant(error, cell, this.evaluator, name => this.bindings.streams(name))
      throw error
    }
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
    const { session, tz } = this.place
    // What is declared stays here: nothing is defined on the cluster.
    const { readOnly } = session
    for (const { name, value } of result.declared) {
      this.bindings.declared(name)
      if (handleData(value)?.kind === "stream" && !readOnly) session.name(value, name)
    }
    // What only a question makes travels with it; the rest the master refuses who is attached to read.
    const needed = !readOnly || result.declared.some(({ value }) => runs(kindOf(session, value)))
    const defined = needed ? await session.flush() : []
    if (defined.length > 0) this.place.defined(defined.map(({ name }) => name))
    const named = new Map(result.declared.map(({ name, value }) => [value, name]))
    const streams = defined
      .filter(item => item.named || runs(item.kind))
      .map(item => ({ text: definitionLine(item, { tz, nowMs: this.place.now() }), style: "dim" }) as const)
    const rdds = [...named]
      .filter(([value]) => handleData(value)?.kind === "rdd")
      .map(([value, name]) => ({ text: [`${name}   rdd`, ...timesOf(value, this.place)].join(" · "), style: "dim" }) as const)
    return [...streams, ...rdds, ...ofHidden(result.declared, session.host.definitions.all())]
  }

  /** The evaluator awaits through this, so that an answer's stamp is kept with it. */
  private async settle(value: unknown): Promise<unknown> {
    this.check?.waits()
    if (!isAnswer(value)) return await (value as PromiseLike<unknown>)
    const cancel = () => value.cancel()
    const { signal } = this
    signal?.addEventListener("abort", cancel, { once: true })
    if (signal?.aborted) cancel()
    try {
      const { value: settled, stamp } = await value.stamped()
      this.lastStamp = stamp
      return settled
    } finally {
      signal?.removeEventListener("abort", cancel)
    }
  }

  /** Of the cells that have run, as they were typed. */
  get texts(): readonly string[] {
    return this.ran.map(({ text }) => text)
  }

  /** Asks an expression's question when it is called: an answer that an async function gave would have been awaited. `_` stays. */
  async asks(expression: string, signal: AbortSignal): Promise<() => unknown> {
    const kept = globalThis as { __rivuletAside?: () => unknown }
    await this.evaluate(`{ globalThis.__rivuletAside = () => (${expression}\n) }`, signal)
    const ask = kept.__rivuletAside!
    delete kept.__rivuletAside
    // It goes on whatever cell is cancelled.
    return () => this.place.session.host.questions.watching(ask)
  }

  /** As a program or a notebook; gives what it did. */
  save(path: string, adopted: Around["adopted"]): Promise<string> {
    return saveCells(path, this.ran, { adopted, others: names => this.bindings.others(names) })
  }

  /** Runs a file's cells as if they were typed, until one fails that is not there to. */
  async load(path: string, signal: AbortSignal): Promise<void> {
    for (const { code, throws, title } of loadedCells(path, text => this.evaluator.cellsOf(text))) {
      if (title !== undefined) this.place.print([{ text: title, style: "dim" }])
      const failed = await this.run(code, signal).then(
        () => null,
        (error: unknown) => asError(error),
      )
      if (failed !== null && (!throws || signal.aborted)) throw failed
      if (failed === null && throws) throw new RivuletError(`${title}: it did not throw`)
      if (failed !== null) this.place.print(this.place.linesOf(failed))
    }
  }
}
