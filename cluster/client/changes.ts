/** What a session changes of streams that are there: stopped and called back, kept, resumed, replaced, submitted again as a program. */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { ReplaceOptions } from "../../engine/fluent/host.js"
import type { Definition, Plan } from "../../engine/fluent/shapes.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import type { CatalogEntry, Request, ResponseValues } from "../protocol.js"
import type { Definitions } from "./definitions.js"
import type { Settling } from "./settling.js"
import { streamsIn } from "./tree.js"

export type ValueOf<K extends Request["kind"]> = K extends keyof ResponseValues ? ResponseValues[K] : null

export interface ChangeParts {
  readonly definitions: Definitions
  readonly settling: Settling
  request<K extends Request["kind"]>(body: Extract<Request, { readonly kind: K }>): Promise<ValueOf<K>>
  /** Sends what must be with the master. */
  flush(also?: readonly StreamId[]): Promise<unknown>
  catalog(): Promise<readonly CatalogEntry[]>
}

/** As the master takes it. */
export interface Replacing {
  readonly from: Extract<Request, { kind: "replace" }>["from"]
  readonly state: Exclude<ReplaceOptions["state"], (...args: never[]) => unknown> | FunctionLink
  readonly dryRun: boolean
  /** Also another's. */
  readonly force: boolean
}

export interface Submitting {
  readonly dryRun: boolean
  readonly force: boolean
  /**
   * What is new begins with this time, through the inputs' archives, and goes on with what comes; what says by itself from when, then. What
   * changes, and what is made of it, is made anew in the same way beside what runs, and takes its place when it has caught up.
   */
  readonly from?: number
}

export class Changes {
  readonly #parts: ChangeParts
  /** What this session has stopped, and the workers that it drains, the last time last. */
  /** Streams that are to stay, by what was said here. */
  readonly kept = new Set<StreamId>()
  readonly #done: ({ readonly stopped: readonly StreamId[] } | { readonly drained: string })[] = []

  constructor(parts: ChangeParts) {
    this.#parts = parts
  }

  get #by(): string {
    return this.#parts.definitions.author.owner
  }

  /** By id, `name` or `program/name`. Gives the ids of what ended. `undoable` unless it says no: what nobody asked to stop is not called back. */
  async stop(
    streams: readonly string[],
    { undoable = true, ...options }: { readonly cascade: boolean; readonly force: boolean; readonly undoable?: boolean },
  ): Promise<readonly StreamId[]> {
    const { stopped } = await this.#parts.request({ kind: "stop", streams, by: this.#by, ...options })
    for (const id of stopped) this.#parts.definitions.forget(id)
    if (stopped.length > 0 && undoable) this.#done.push({ stopped })
    return stopped
  }

  /** What `stop` would, by name, and nothing happens. Rejected as `stop` is. */
  async wouldStop(streams: readonly string[], options: { readonly cascade: boolean; readonly force: boolean }): Promise<readonly string[]> {
    return (await this.#parts.request({ kind: "stop", streams, by: this.#by, ...options, dryRun: true })).names
  }

  /** A worker gets nothing new, what only it has is copied, then it ends; `undo`: it stays. By its name. */
  async drain(worker: string, { undo }: { readonly undo: boolean }): Promise<ResponseValues["drain"]> {
    const begun = await this.#parts.request({ kind: "drain", worker, undo, by: this.#by })
    const at = this.#done.findLastIndex(one => "drained" in one && one.drained === worker)
    if (!undo) this.#done.push({ drained: worker })
    else if (at >= 0) this.#done.splice(at, 1)
    return begun
  }

  /** Calls back what this session stopped last, as `program/name`, or the worker that it drains. Rejected (code 4) when that is no longer possible. */
  async undo(): Promise<readonly string[]> {
    const last = this.#done.at(-1)
    if (last === undefined)
      throw new RivuletError("there is nothing to call back: this session has stopped nothing", { code: 2, try: "stop, then undo" })
    if ("drained" in last) {
      await this.drain(last.drained, { undo: true })
      return [last.drained]
    }
    const { undone } = await this.#parts.request({ kind: "undo", streams: last.stopped, by: this.#by, force: false })
    this.#done.pop()
    const entries = await this.#parts.catalog()
    const back = entries.filter(({ definition: { id } }) => undone.includes(id))
    return back.map(({ definition: { program, name } }) => `${program}/${name}`)
  }

  /** By id, `name` or `program/name`: they stay until they are stopped. */
  async keep(streams: readonly string[], { force, dryRun = false }: { readonly force: boolean; readonly dryRun?: boolean }): Promise<void> {
    const { kept } = await this.#parts.request({ kind: "keep", streams, by: this.#by, force, ...(dryRun && { dryRun }) })
    if (!dryRun) for (const id of kept) this.kept.add(id)
  }

  /** By id: another name, if nobody of the same program has it. */
  async rename(
    stream: StreamId,
    name: string,
    { force, takes = false, dryRun = false }: { readonly force: boolean; readonly takes?: boolean; readonly dryRun?: boolean },
  ): Promise<void> {
    await this.#parts.request({ kind: "rename", stream, name, by: this.#by, force, ...(takes && { takes }), ...(dryRun && { dryRun }) })
  }

  /** Gives the intervals that are left out, wholly or in part. */
  resume(
    stream: string,
    { skip, force, dryRun = false }: { readonly skip: "record" | "interval" | null; readonly force: boolean; readonly dryRun?: boolean },
  ): Promise<ResponseValues["resume"]> {
    return this.#parts.request({ kind: "resume", stream, skip, by: this.#by, force, ...(dryRun && { dryRun }) })
  }

  /** `next` takes the stream's place: its drafts are no streams of their own. */
  async replace(id: StreamId, next: StreamId, { from, state, dryRun, force }: Replacing): Promise<Plan> {
    const { definitions: known, settling } = this.#parts
    await this.#parts.flush([id])
    const definitions = await settling.definitions(known.draftsIn(streamsIn(known.get(next).node)))
    const settled = await settling.definition(known.get(next))
    const migration = typeof state === "object" ? ({ kind: "map", f: state } as const) : ({ kind: state } as const)
    const { plan, definition } = await settling.withAssets([definitions, settled, migration], async named => {
      const answered = await this.#parts.request({
        ...{ kind: "replace", session: known.author.session, stream: known.idOf(id), next: settled, definitions, ...named },
        ...{ from, state: migration, dryRun, by: this.#by, force },
      })
      if (!dryRun) settling.journaled(named.assets)
      return answered
    })
    if (!dryRun) {
      known.replaced(id, next, definition)
      await this.#parts.catalog()
    }
    return planOf(plan)
  }

  /** Sends all that the session has defined as its program, in place of what the program was. */
  async submit({ dryRun, force, from }: Submitting): Promise<Plan> {
    const { definitions: known, settling } = this.#parts
    const settled = await settling.definitions(known.toSend())
    const definitions = from === undefined ? settled : settled.map(definition => begun(definition, from))
    const { session, program } = known.author
    const { plan, accepted } = await settling.withAssets(definitions, async named => {
      const answered = await this.#parts.request({
        ...{ kind: "submit", session, program, definitions, ...named, dryRun, by: this.#by, force },
        ...(from !== undefined && { anew: true }),
      })
      if (!dryRun) settling.journaled(named.assets)
      return answered
    })
    for (const { asked, definition, since } of accepted) known.accepted(asked, definition, since)
    return planOf(plan)
  }

  async versions(id: StreamId): Promise<Definition[]> {
    await this.#parts.flush([id])
    return [...(await this.#parts.request({ kind: "versions", stream: this.#parts.definitions.idOf(id) }))]
  }
}

/** An input begins when it is defined, a recipe has no beginning of its own, and an archive takes all that there is. */
function begun(definition: StreamDefinition, from: number): StreamDefinition {
  const { kind, node, persist } = definition
  const begins = kind === "state" || (kind === "output" && node.kind !== "archive") || (persist && kind !== "input")
  return definition.from === "earliest" && begins ? { ...definition, from } : definition
}

function planOf({ add, change, stop, unchanged, applied, at, begins, resumes }: ResponseValues["replace"]["plan"]): Plan {
  const changes = change.map(one => ({ ...one }))
  const times = { ...(at !== null && { at }), ...(begins && { begins: begins.map(one => ({ ...one })) }) }
  return {
    add: [...add],
    change: changes,
    stop: [...stop],
    unchanged: [...unchanged],
    applied,
    ...times,
    ...(resumes && { resumes: [...resumes] }),
  }
}
