/** A notebook's cells, one after the other, in a shell's host without a shell: what each shows, as text without stamps. */

import type { ClientSession } from "../../cluster/client/session.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { formatTime } from "../../engine/time.js"
import { isSeries } from "../host/answers.js"
import { type Shown, show } from "../host/display.js"
import { failureText } from "../host/error-text.js"
import { ShellHost } from "../host/host.js"
import { kindOf } from "../host/kinds.js"
import type { StyledLine } from "../session.js"
import { type Chart, chartLines, chartOf } from "../view/chart.js"
import { dedented } from "../view/dedented.js"
import { cellText } from "../view/table.js"
import type { View } from "./document.js"
import { markdownTable } from "./markdown-table.js"

export interface CellOutcome {
  /** Empty: it showed nothing, or nothing but what is rendered. */
  readonly output: string
  /** Its last value, where the page has it as something else than text. */
  readonly rendered: Rendered | null
  /** It failed, and was not there to; or did not fail, and was. The lines of why. */
  readonly failure: string | null
  readonly ms: number
}

/** `text`: the same in a terminal. */
export type Rendered =
  | { readonly kind: "table"; readonly markdown: string; readonly text: string }
  | { readonly kind: "chart"; readonly chart: Chart; readonly text: string }

export interface CellToRun {
  readonly code: string
  readonly throws: boolean
  readonly view: View
}

/** Wide enough for tables; the same everywhere. */
const columns = 100

export class CellRunner {
  readonly #session: ClientSession
  readonly #host: ShellHost
  readonly #settled: () => Promise<void>
  #printed: string[] = []

  /** `bound`: names that cells find beyond a shell's. `settled` resolves when what a cell has set going (timers) is done. */
  constructor(session: ClientSession, tz: string, bound: Readonly<Record<string, unknown>> = {}, settled = async (): Promise<void> => {}) {
    this.#session = session
    this.#settled = settled
    this.#host = new ShellHost({
      session,
      tz,
      columns,
      embedded: false,
      // They come when the clock of this machine says, which no two runs share.
      followsLogs: false,
      emit: event => {
        if (event.kind === "print") this.#printed.push(...event.lines.map(line => line.text))
      },
    })
    for (const [name, value] of Object.entries(bound)) this.#host.bind(name, value)
  }

  async start(): Promise<void> {
    this.#host.start()
  }

  async run({ code, throws, view }: CellToRun): Promise<CellOutcome> {
    const startedMs = performance.now()
    this.#printed = []
    let failure: string | null = null
    let rendered: Rendered | null = null
    try {
      const shown = await this.#evaluate(code, view)
      await this.#settled()
      if ("kind" in shown) rendered = shown
      else this.#printed.push(...shown.map(line => line.text))
      if (throws) failure = "it did not throw"
    } catch (error) {
      const thrown = asError(error)
      if (throws) this.#printed.push(thrown.message)
      else failure = failureText(thrown)
    }
    return { output: dedented(this.#printed), rendered, failure, ms: Math.round(performance.now() - startedMs) }
  }

  /** As the shell shows it, without what it echoes of definitions and without stamps. */
  async #evaluate(code: string, view: View): Promise<StyledLine[] | Rendered> {
    const result = await this.#host.evaluate(code)
    await this.#host.define(result)
    // A handle that the cell itself declares is shown as little as its shell does, which says what it is.
    const isDeclared = view.kind === "text" && result.declared.length > 0 && handleData(result.value) !== undefined
    if (!result.hasValue || isDeclared || kindOf(this.#session, result.value) === "output") return []
    const context = { tz: this.#host.tz, width: columns, now: () => this.#host.now(), signal: new AbortController().signal, stamps: false }
    const shown = await show({ value: result.value, stamp: undefined }, context)
    this.#host.answers.keep(result.value, shown.rows, undefined)
    return view.kind === "text" ? shown.lines : this.#rendered(result.value, shown, view.kind)
  }

  /** Rows of a handle are those that were asked for. */
  #rendered(value: unknown, { rows, lines }: Shown, kind: "table" | "plot"): Rendered {
    const time = (ms: number) => formatTime(ms, this.#host.tz, { date: "always", nowMs: ms })
    const day = (at: Date) => time(at.getTime())
    if (kind === "table")
      return { kind, markdown: markdownTable(rowsShown(value, rows), day), text: dedented(lines.map(({ text }) => text)) }
    const chart = chartOf(value, key => cellText(key, { formatTime: day })) ?? chartOf(rows, key => cellText(key, { formatTime: day }))
    if (chart === undefined)
      throw new RivuletError("the cell's value is neither numbers nor pairs with a number", {
        code: 2,
        try: "a series: counts.slice(from, to).count(); or pairs: counts.latest().top(10)",
      })
    return { kind: "chart", chart, text: chartLines(chart, { width: columns, height: 10, maxRows: 40, formatTime: time }).join("\n") }
  }

  async close(): Promise<void> {
    await this.#host.close()
  }
}

/** Of a series a row a version. */
function rowsShown(value: unknown, rows: readonly unknown[]): readonly unknown[] {
  return isSeries(value) ? [...value].map(({ interval, value: one }) => ({ interval: new Date(interval.from), value: one })) : rows
}
