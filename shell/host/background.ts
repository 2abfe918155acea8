/** `.bg`: a question aside. The prompt is free at once; the answer is printed, and kept, when it is there. */
import { asError, RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Answer, Stamp } from "../../engine/fluent/types.js"
import type { StyledLine } from "../session-types.js"
import { printable, truncate } from "../view/table.js"
import { isAnswer } from "./answers.js"

export interface BackgroundPlace {
  readonly columns: number
  now(): number
  print(lines: readonly StyledLine[]): void
  linesOf(error: Error): readonly StyledLine[]
}

interface Asks {
  /** What asks the expression's question; nothing in it is awaited. */
  asks(expression: string, signal: AbortSignal): Promise<() => unknown>
  /** Shows a value, under first lines, and keeps it. */
  present(value: unknown, stamp: Stamp | undefined, signal: AbortSignal, first: readonly StyledLine[]): Promise<unknown>
}

interface Running {
  readonly expression: string
  readonly sinceMs: number
  readonly cancel: AbortController
}

export class Background {
  readonly #place: BackgroundPlace
  readonly #cells: Asks
  readonly #running = new Map<number, Running>()
  #count = 0

  constructor(place: BackgroundPlace, cells: Asks) {
    this.#place = place
    this.#cells = cells
  }

  /** `.bg views.last("10m").count()`; `.bg` lists them; `.bg stop 2` ends one. */
  async command(args: string): Promise<StyledLine[]> {
    if (args === "") return this.#list()
    const stopped = /^stop\s+(\d+)$/.exec(args)?.[1]
    if (stopped !== undefined) return this.#stop(Number(stopped))
    const cancel = new AbortController()
    const ask = await this.#cells.asks(args, cancel.signal)
    const value = ask()
    if (!isAnswer(value) && handleData(value) === undefined && !(value instanceof Promise))
      throw new RivuletError(`${truncate(printable(args), 60)} is no question`, { code: 2, try: '.bg views.last("10m").count()' })
    const number = ++this.#count
    const running: Running = { expression: printable(args), sinceMs: this.#place.now(), cancel }
    this.#running.set(number, running)
    void this.#wait(number, running, value)
    return [{ text: `  .bg ${number} is under way · .bg stop ${number} ends it`, style: "dim" }]
  }

  async #wait(number: number, running: Running, asked: unknown): Promise<void> {
    const place = this.#place
    const { signal } = running.cancel
    const about = (what: string): string =>
      truncate(
        `● .bg ${number} ${what} after ${((place.now() - running.sinceMs) / 1000).toFixed(1)} s · ${running.expression}`,
        place.columns,
      )
    try {
      const { value, stamp } = await settled(asked, signal)
      await this.#cells.present(value, stamp, signal, [{ text: about("is there"), style: "dim" }])
    } catch (error) {
      if (signal.aborted) place.print([{ text: about("stopped"), style: "dim" }])
      else place.print([{ text: about("failed"), style: "warning" }, ...place.linesOf(asError(error))])
    } finally {
      this.#running.delete(number)
    }
  }

  #list(): StyledLine[] {
    if (this.#running.size === 0) return [{ text: "  (nothing is under way)", style: "dim" }]
    return [...this.#running].map(([number, { expression, sinceMs }]) => ({
      text: truncate(`  ${number}  ${((this.#place.now() - sinceMs) / 1000).toFixed(1)} s  ${expression}`, this.#place.columns),
    }))
  }

  #stop(number: number): StyledLine[] {
    const running = this.#running.get(number)
    if (running === undefined) throw new RivuletError(`no .bg ${number} is under way`, { code: 2, try: ".bg" })
    running.cancel.abort(new RivuletError("stopped", { code: 130 }))
    return []
  }

  close(): void {
    for (const { cancel } of this.#running.values()) cancel.abort(new RivuletError("the shell ends", { code: 130 }))
  }
}

async function settled(asked: unknown, signal: AbortSignal): Promise<{ readonly value: unknown; readonly stamp: Stamp | undefined }> {
  if (!isAnswer(asked)) {
    // Nothing can end a promise: it is only waited for no more.
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(asError(signal.reason)), { once: true })
    })
    return { value: await Promise.race([asked, stopped]), stamp: undefined }
  }
  const answer = asked as Answer<unknown>
  signal.addEventListener("abort", () => answer.cancel(), { once: true })
  return answer.stamped()
}
