/**
 * A driver thread: `foreachRDD` bodies, which may be async, get an RDD and may ask questions. They see a session of their
 * own, whose machine lives in the worker's main thread; so a body can block neither acks nor heartbeats.
 */

import { userInfo } from "node:os"
import { formatWithOptions } from "node:util"
import { parentPort, workerData } from "node:worker_threads"
import { decodeFunction } from "../../engine/capture/codec.js"
import { FunctionCompiler, type UserFunction } from "../../engine/capture/compile.js"
import { positionOf } from "../../engine/capture/position.js"
import { RivuletError } from "../../engine/errors.js"
import type { HandleData } from "../../engine/fluent/brand.js"
import { RddHandle } from "../../engine/fluent/rdd.js"
import type { RecordsHandle } from "../../engine/fluent/records.js"
import type { SnapshotHandle } from "../../engine/fluent/snapshot.js"
import type { FunctionRef } from "../../engine/function-ref.js"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import { PortCalls } from "../client/port-calls.js"
import { SessionHost } from "../client/session-host.js"
import type { DriverEnded, DriverStart, FromDriver, ToDriver } from "./driver-messages.js"

/** More lines of one body are counted, not kept. */
const maxLogLines = 1_000
const maxLineLength = 4_000
const partitions = 8

const { calls: callsPort, pulse: pulseBuffer } = workerData as DriverStart
const port = parentPort!
const pulse = new Int32Array(pulseBuffer)
Atomics.add(pulse, 0, 1)
setInterval(() => Atomics.add(pulse, 0, 1), 1_000)

const calls = new PortCalls(callsPort, Date.now)
const compiler = new FunctionCompiler()
let opened: Promise<SessionHost> | null = null

port.on("message", (message: ToDriver) => {
  void run(message).then(ended => port.postMessage(ended satisfies FromDriver))
})

async function run({ task, f, parts, stream, interval, parent }: ToDriver): Promise<DriverEnded> {
  const logs = new Logs(line => port.postMessage({ task, line } satisfies FromDriver))
  let ref: FunctionRef | undefined
  let host: SessionHost
  let handle: RecordsHandle | SnapshotHandle
  try {
    const byHash = new Map(parts)
    ref = decodeFunction(f, hash => byHash.get(hash)!)
    opened ??= openSession()
    host = await opened
    if (!host.definitions.has(parent)) await host.catalog()
    handle = host.open(parent, false) as unknown as RecordsHandle | SnapshotHandle
  } catch (error) {
    opened = null
    return { task, error: failureOf("machine", error, ref), logs: [] }
  }
  try {
    const body = compiler.compile(ref, {
      intervalStart: interval.from,
      seed: `${stream}|${interval.from}`,
      driver: true,
      log: (level, args) => logs.add(level, args),
      handle: data => openHandle(host, data as HandleData),
    }) as UserFunction as (rdd: unknown, interval: unknown) => unknown
    port.postMessage({ task, begun: true } satisfies FromDriver)
    await body(handle.at(interval.from), Object.freeze({ ...interval }))
    return { task, logs: logs.take() }
  } catch (error) {
    return { task, error: failureOf("user", error, ref), logs: logs.take() }
  }
}

async function openSession(): Promise<SessionHost> {
  const user = userInfo().username
  const { value } = await calls.call({ kind: "request", body: { kind: "openSession", user, program: "drivers" } })
  const { session } = value as { session: string }
  const host = new SessionHost({ calls, author: { session, program: "drivers", owner: user }, partitions, tz: "UTC" })
  await host.catalog()
  return host
}

function openHandle(host: SessionHost, data: HandleData): unknown {
  if (data.kind === "stream") return host.open(data.id, data.keyed)
  if (data.kind === "rdd") return new RddHandle(host, data.node)
  return (host.open(data.id, false) as unknown as SnapshotHandle).slice(data.from, data.to)
}

function failureOf(kind: TaskFailure["kind"], error: unknown, ref: FunctionRef | undefined): TaskFailure {
  const { name, message, stack } = error instanceof Error ? error : new Error(`threw ${String(error)}`)
  const hint = error instanceof RivuletError ? error.try : undefined
  const origin = ref === undefined ? undefined : (positionOf(error, ref) ?? ref.origin)
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
