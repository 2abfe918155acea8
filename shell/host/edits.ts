/**
 * `.edit` and `.adopt`: another definition for a stream that runs. It is written in the person's editor, tried on the intervals that are
 * kept, and put in place when somebody says so; nothing changes before.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Plan, StreamInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { showValue } from "../../engine/values/values.js"
import { planText } from "../cli/submit.js"
import type { StyledLine } from "../session-types.js"
import { formatNumber } from "../view/number.js"
import { printable, truncate } from "../view/table.js"
import type { HostEvent } from "./port.js"
import { expressionOf, sourceOf } from "./stream-source.js"
import { type Throwing, type Trial, tryOut, type Untried } from "./trial.js"

export interface EditPlace {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  now(): number
  value(expression: string): Promise<unknown>
  streamInfo(name: string): Promise<StreamInfo>
  emit(event: HostEvent): void
}

interface Cells {
  /** Of the cells that have run. */
  texts(): readonly string[]
  /** Whether there is one from which an editor can be opened. */
  readonly screen: boolean
}

interface Candidate {
  readonly name: string
  readonly old: StreamId
  readonly next: StreamId
  readonly state: "keep" | "reset"
}

interface Tried extends Candidate {
  readonly expression: string
}

export class Edits {
  #candidate: Tried | null = null
  /** By stream: the text that was put in the place of what a cell declares, and how many cells had run by then. */
  readonly #adopted = new Map<string, { readonly expression: string; readonly cells: number }>()

  constructor(
    private readonly place: EditPlace,
    private readonly cells: Cells,
  ) {}

  /** Bare: the last cell; a stream: its text; with an expression: what that would change. */
  async edit(args: string): Promise<StyledLine[]> {
    const [, asked = "", expression = ""] = /^(\S*)\s*([\s\S]*)$/.exec(args.trim()) ?? []
    if (asked === "") return this.#toEditor(this.cells.texts().at(-1) ?? "")
    const info = await this.place.streamInfo(asked)
    if (expression !== "") return this.#try(info, asked, expression)
    return this.#toEditor(`.edit ${asked}\n${this.#textOf(info)}`)
  }

  /** What was adopted in place of what the newest cell that declares it says; undefined: nothing was. */
  adopted(name: string): string | undefined {
    const adopted = this.#adopted.get(name)
    const since = adopted === undefined ? [] : this.cells.texts().slice(adopted.cells)
    return since.some(cell => expressionOf(cell, name) !== undefined) ? undefined : adopted?.expression
  }

  /** As it was declared or adopted here, whichever is newer. */
  #textOf({ name, source }: StreamInfo): string {
    return this.adopted(name) ?? sourceOf(name, source, this.cells.texts())
  }

  #toEditor(text: string): StyledLine[] {
    if (!this.cells.screen) return text.split("\n").map(line => ({ text: `  ${line}` }))
    this.place.emit({ kind: "edit", text })
    return []
  }

  async #try(info: StreamInfo, name: string, expression: string): Promise<StyledLine[]> {
    const { session } = this.place
    const next = handleData(await this.place.value(expression))
    if (next?.kind !== "stream")
      throw new RivuletError(`${truncate(printable(expression), 60)} is not a stream`, { code: 2, try: `.edit ${name}` })
    const old = this.#idOf(`${info.program}/${info.name}`)
    const { plan, state } = await this.#plan(old, next.id)
    const trial = await tryOut(session, old, next.id)
    this.#candidate = { name: info.name, old, next: next.id, state, expression }
    const how = state === "reset" ? " reset" : ""
    const why = state === "reset" ? " (its state does not fit the new one: it begins anew)" : ""
    return [...this.#planLines(plan), ...this.#trialLines(trial), { text: `  .adopt ${name}${how} puts it in place${why}` }]
  }

  /** Of a state that does not fit: what it would be with a new one. */
  async #plan(old: StreamId, next: StreamId): Promise<{ readonly plan: Plan; readonly state: Candidate["state"] }> {
    const ask = (state: Candidate["state"]) => this.place.session.host.replace(old, next, { from: null, state, dryRun: true })
    try {
      return { plan: await ask("keep"), state: "keep" }
    } catch (error) {
      if (!(error instanceof RivuletError) || !error.message.startsWith("state does not fit")) throw error
      return { plan: await ask("reset"), state: "reset" }
    }
  }

  /** What was tried; of a name that was declared again, what was built on the former stream goes over to the new one. */
  async adopt(args: string): Promise<StyledLine[]> {
    const [name = "", how, ...more] = args.trim().split(/\s+/)
    if (name === "" || more.length > 0 || (how !== undefined && how !== "reset"))
      throw new RivuletError(`.adopt ${args.trim()}: which stream?`, {
        code: 2,
        try: ".adopt counts, or .adopt counts reset: its state begins anew",
      })
    const { program, name: short } = await this.place.streamInfo(name)
    const id = this.#idOf(`${program}/${short}`)
    // Of a name that has been declared again since, what was tried is of another stream.
    const candidate = this.#candidate?.old === id ? this.#candidate : null
    const pairs = candidate === null ? await this.#former(program, short, id) : [candidate]
    const lines: StyledLine[] = []
    for (const { old, next, state } of pairs) {
      if (state === "reset" && how !== "reset")
        throw new RivuletError("its state does not fit the new definition", { code: 4, try: `.adopt ${name} reset begins it anew` })
      const plan = await this.place.session.host.replace(old, next, { from: null, state: how ?? "keep", dryRun: false })
      lines.push(...this.#planLines(plan, " runs"))
    }
    if (candidate !== null) {
      this.#adopted.set(candidate.name, { expression: candidate.expression, cells: this.cells.texts().length })
      this.#candidate = null
    }
    return lines
  }

  /** Streams that had the name before, and others are still made of. */
  async #former(program: string, short: string, next: StreamId): Promise<Candidate[]> {
    const former = (await this.place.session.streams({ program })).filter(
      one => /^~\d+$/.test(one.name.slice(short.length)) && one.name.startsWith(short),
    )
    if (former.length === 0)
      throw new RivuletError(`nothing was tried for ${short}, and nothing runs on a former ${short}`, { code: 2, try: `.edit ${short}` })
    return former.map(one => ({ name: short, old: this.#idOf(`${program}/${one.name}`), next, state: "keep" as const }))
  }

  #idOf(name: string): StreamId {
    const data = handleData(this.place.session.stream(name))
    if (data?.kind !== "stream") throw new Error(`${name} is no stream`)
    return data.id
  }

  #planLines(plan: Plan, said = ""): StyledLine[] {
    const at = plan.at === undefined ? "" : `${said} from ${this.#time(plan.at)}`
    return [
      ...planText(plan)
        .split("\n")
        .map(text => ({ text: `  ${text}` })),
      ...(at === "" ? [] : [{ text: `   ${at}`, style: "dim" } as const]),
    ]
  }

  #trialLines(trial: Trial | Untried): StyledLine[] {
    if ("untried" in trial) return [{ text: `  not tried: ${trial.untried}`, style: "dim" }]
    const { of, from, to, intervals, compared, made, before, after } = trial
    const what = of === "input" ? "what goes into it" : "its records"
    const lines: StyledLine[] = [
      { text: `  tried on ${formatNumber(intervals)} intervals, ${this.#time(from)}–${this.#time(to)}: ${what}` },
    ]
    if (compared !== null) {
      const differs = compared.before + compared.after > 0
      const counts = `${formatNumber(compared.same)} the same · ${formatNumber(compared.before)} only before · ${formatNumber(compared.after)} only after`
      lines.push({ text: `    ${counts}`, ...(differs && { style: "bold" as const }) })
      for (const row of compared.onlyBefore) lines.push(this.#row("-", row))
      for (const row of compared.onlyAfter) lines.push(this.#row("+", row))
    }
    lines.push(...this.#throwing("before", before), ...this.#throwing("after", after))
    if (before.first !== null && before.intervals !== null && after.first === null) lines.push({ text: "    after: none fails" })
    if (typeof made === "number") lines.push({ text: `    after: ${formatNumber(made)} records, none of them fails` })
    return lines
  }

  #row(sign: string, row: unknown): StyledLine {
    return { text: truncate(`    ${sign} ${printable(showValue(row))}`, this.place.columns) }
  }

  #throwing(when: string, { intervals, first }: Throwing): StyledLine[] {
    if (first === null) return []
    const at = first.interval === undefined ? "" : `, first ${this.#time(first.interval)}`
    const how = first.kind === "timeout" ? "" : intervals === null ? "throws: " : `throws in ${formatNumber(intervals)} of them${at}: `
    return [
      {
        text: `    ${when}: ${how}${printable(first.message)}`,
        style: when === "after" ? "error" : "warning",
      },
    ]
  }

  #time(ms: number): string {
    return formatTime(ms, this.place.tz, { nowMs: this.place.now() })
  }
}
