/**
 * `foreachRDD` bodies: functions that may be async, get an interval's RDD and may ask questions. They see a session of their own.
 * Runs in a worker's driver thread, and in the simulation.
 */

import { formatWithOptions } from "node:util"
import { handleText } from "../../engine/capture/brand.js"
import { decodeFunction } from "../../engine/capture/codec.js"
import { FunctionCompiler, type UserFunction } from "../../engine/capture/compile.js"
import { positionOf } from "../../engine/capture/position.js"
import { RivuletError } from "../../engine/errors.js"
import type { HandleData } from "../../engine/fluent/brand.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import type { RecordsHandle } from "../../engine/fluent/records.js"
import type { SnapshotHandle } from "../../engine/fluent/snapshot.js"
import type { FunctionRef } from "../../engine/function-ref.js"
import type { RddNode } from "../../engine/rdd.js"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import type { ClientCalls } from "./calls.js"
import { handlesIn } from "./handles.js"
import { SessionHost } from "./session-host.js"

/** More lines of one body are counted, not kept. */
const maxLogLines = 1_000
const maxLineLength = 4_000
const partitions = 8

export interface DriverTask {
  readonly task: string
  /** The encoded function. */
  readonly f: Uint8Array
  /** What its bytes refer to, by hash. */
  readonly parts: readonly (readonly [hash: string, bytes: Uint8Array])[]
  readonly stream: string
  readonly interval: { readonly from: number; readonly to: number }
  readonly parent: string
  readonly timeoutMs: number
}

/** Calls what it is given, up to its first wait; throws a BodyTimeout if that does not end within `timeoutMs`. */
export type BeginBody = (body: () => unknown, timeoutMs: number) => unknown

export class BodyTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`did not end within ${timeoutMs / 1_000} s and was stopped`)
  }
}

export interface DriverEnd {
  readonly error?: TaskFailure
  readonly logs: readonly CapturedLog[]
}

export class DriverBodies {
  readonly #calls: ClientCalls
  readonly #user: string
  readonly #compiler = new FunctionCompiler()
  readonly #begin: BeginBody
  #opened: Promise<SessionHost> | null = null

  /** `user`: who asks what the bodies ask. `begin` calls a body. */
  constructor(calls: ClientCalls, user: string, begin: BeginBody = body => body()) {
    this.#calls = calls
    this.#user = user
    this.#begin = begin
  }

  /** Never rejected. `onBegun` is called just before the body, `onLine` for each line as it is printed. */
  async run(
    { f, parts, stream, interval, parent, timeoutMs }: DriverTask,
    { onBegun, onLine }: { onBegun(): void; onLine(line: CapturedLog): void },
  ): Promise<DriverEnd> {
    const logs = new Logs(onLine)
    let ref: FunctionRef | undefined
    let host: SessionHost
    let handle: RecordsHandle | SnapshotHandle
    let held: ReadonlyMap<string, RddNode>
    try {
      const byHash = new Map(parts)
      ref = decodeFunction(f, hash => byHash.get(hash)!)
      this.#opened ??= this.#open()
      host = await this.#opened
      if (!host.definitions.has(parent)) await host.catalog()
      handle = host.open(parent, false) as unknown as RecordsHandle | SnapshotHandle
      held = await heldBy(host, stream, ref)
    } catch (error) {
      this.#opened = null
      return { error: failureOf("machine", error, ref), logs: [] }
    }
    try {
      const body = this.#compiler.compile(ref, {
        intervalStart: interval.from,
        seed: `${stream}|${interval.from}`,
        driver: true,
        log: (level, args) => logs.add(level, args),
        handle: data => openHandle(host, data as HandleData, held),
      }) as UserFunction as (rdd: unknown, interval: unknown) => unknown
      onBegun()
      await this.#begin(() => body(handle.at(interval.from), Object.freeze({ ...interval })), timeoutMs)
      return { logs: logs.take() }
    } catch (error) {
      return { error: failureOf(error instanceof BodyTimeout ? "timeout" : "user", error, ref), logs: logs.take() }
    }
  }

  async #open(): Promise<SessionHost> {
    const body = { kind: "openSession", user: this.#user, program: "drivers" } as const
    const { session } = (await this.#calls.call({ kind: "request", body })).value as { session: string }
    const author = { session, program: "drivers", owner: this.#user }
    const host = new SessionHost({ calls: this.#calls, author, partitions, tz: "UTC" })
    await host.catalog()
    return host
  }
}

/** The captured RDDs as their definition has them (files found, drafts by their ids), by the text of how they were captured. */
async function heldBy(host: SessionHost, stream: string, ref: FunctionRef): Promise<ReadonlyMap<string, RddNode>> {
  const handles = handlesIn(ref)
  if (handles.length === 0) return new Map()
  const known = () => {
    const node = host.definitions.has(stream) ? host.definitions.get(stream).node : null
    return node?.kind === "foreachRDD" && node.f.kind === "function" && node.f.hash === ref.hash ? node.holds : undefined
  }
  if (known() === undefined) await host.catalog()
  const holds = known() ?? []
  return new Map(handles.flatMap((data, i) => (data.kind === "rdd" && holds[i] ? [[handleText(data), holds[i]] as const] : [])))
}

function openHandle(host: SessionHost, data: HandleData, held: ReadonlyMap<string, RddNode>): unknown {
  if (data.kind === "stream") return host.open(data.id, data.keyed)
  if (data.kind === "rdd") return new RddHandle(host, held.get(handleText(data)) ?? data.node)
  return (host.open(data.id, false) as unknown as SnapshotHandle).slice(data.from, data.to)
}

function failureOf(kind: TaskFailure["kind"], error: unknown, ref: FunctionRef | undefined): TaskFailure {
  const { name, message, stack } = error instanceof Error ? error : new Error(`threw ${String(error)}`)
  const origin = ref === undefined ? undefined : (positionOf(error, ref) ?? ref.origin)
  if (error instanceof BodyTimeout)
    return { kind, message, operator: "foreachRDD", try: "a function that ends; or a longer taskTimeout", ...(origin && { origin }) }
  const hint = error instanceof RivuletError ? error.try : undefined
  return {
    ...{ kind, message, operator: "foreachRDD" },
    ...(!(error instanceof RivuletError) && { errorName: name }),
    ...(hint !== undefined && { try: hint }),
    ...(stack !== undefined && { stack }),
    ...(origin !== undefined && { origin }),
  }
}

/** Equal lines in a row are one. */
class Logs {
  private lines: { level: CapturedLog["level"]; text: string; repeated: number }[] = []
  private left = 0

  constructor(private readonly onLine: (line: CapturedLog) => void) {}

  add(level: CapturedLog["level"], args: readonly unknown[]): void {
    const text = formatWithOptions({ colors: false }, ...args).slice(0, maxLineLength)
    const last = this.lines.at(-1)
    if (last?.level === level && last.text === text) last.repeated++
    else if (this.lines.length < maxLogLines) {
      const line = { level, text, repeated: 1 }
      this.lines.push(line)
      this.onLine(line)
    } else this.left++
  }

  take(): CapturedLog[] {
    if (this.left > 0) this.lines.push({ level: "warn", text: `… and ${this.left} more lines`, repeated: 1 })
    return this.lines
  }
}
