/** A notebook's cells, one after the other, in a shell's host without a shell: what each shows, as text without stamps. */

import assert from "node:assert/strict"
import type { ClientSession } from "../../cluster/client/session.js"
import { asError } from "../../engine/errors.js"
import { display } from "../host/display.js"
import { errorText } from "../host/error-text.js"
import { ShellHost } from "../host/host.js"
import { kindOf } from "../host/kinds.js"
import type { StyledLine } from "../session.js"

export interface CellOutcome {
  /** Empty: it showed nothing. */
  readonly output: string
  /** It failed, and was not there to; or did not fail, and was. The lines of why. */
  readonly failure: string | null
  readonly ms: number
}

export interface CellToRun {
  readonly code: string
  readonly throws: boolean
}

/** Wide enough for tables; the same everywhere. */
const columns = 100

export class CellRunner {
  readonly #session: ClientSession
  readonly #host: ShellHost
  #printed: string[] = []

  /** `bound`: names that cells find beyond a shell's. */
  constructor(session: ClientSession, tz: string, bound: Readonly<Record<string, unknown>> = {}) {
    this.#session = session
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
    this.#host.bind("assert", assert)
    for (const [name, value] of Object.entries(bound)) this.#host.bind(name, value)
  }

  async start(): Promise<void> {
    await this.#host.start()
  }

  async run({ code, throws }: CellToRun): Promise<CellOutcome> {
    const startedMs = performance.now()
    this.#printed = []
    let failure: string | null = null
    try {
      const shown = await this.#evaluate(code)
      this.#printed.push(...shown.map(line => line.text))
      if (throws) failure = "it did not throw"
    } catch (error) {
      const thrown = asError(error)
      if (throws) this.#printed.push(thrown.message)
      else failure = errorText(thrown).join("\n")
    }
    return { output: dedented(this.#printed), failure, ms: Math.round(performance.now() - startedMs) }
  }

  /** As the shell shows it, without what it echoes of definitions and without stamps. */
  async #evaluate(code: string): Promise<StyledLine[]> {
    const result = await this.#host.evaluate(code)
    await this.#host.define(result)
    if (!result.hasValue || kindOf(this.#session, result.value) === "output") return []
    const context = { tz: this.#host.tz, width: columns, now: () => this.#host.now(), signal: new AbortController().signal, stamps: false }
    return display({ value: result.value, stamp: undefined }, context)
  }

  async close(): Promise<void> {
    await this.#host.close()
  }
}

/** Without the margin that the shell's screen gives, and without blanks at line ends. */
function dedented(lines: readonly string[]): string {
  const all = lines.flatMap(line => line.split("\n")).map(line => line.trimEnd())
  const margin = Math.min(...all.filter(line => line !== "").map(line => /^ */.exec(line)![0].length))
  return all
    .map(line => line.slice(Number.isFinite(margin) ? margin : 0))
    .join("\n")
    .replace(/^\n+|\n+$/g, "")
}
