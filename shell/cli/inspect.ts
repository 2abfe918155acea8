/** `rivulet status | streams | workers | programs`: what the master knows, as a table or as data. */
import type { ClientSession } from "../../cluster/client/session.js"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import type { WorkerInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { masterLines } from "../host/master-lines.js"
import { spareOfStreams } from "../host/stream-lines.js"
import { workerRows } from "../host/worker-lines.js"
import { formatRate } from "../view/number.js"
import { table } from "../view/table.js"
import { localZone, withSession } from "./attach.js"
import { type OutputFormat, outputFormat, render, write } from "./output.js"

export interface InspectOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
  readonly check?: boolean
  readonly program?: string
}

export async function inspect(what: "status" | "streams" | "workers" | "programs", options: InspectOptions): Promise<void> {
  const asked = options.o
  const format: OutputFormat = asked === undefined ? "table" : outputFormat(asked, process.stdout.isTTY)
  const failed = await withSession(options, async session => {
    const rows = await rowsFor(what, session, options)
    if (format !== "table") await write(await render(what === "status" && format === "json" ? [rows] : rows, format, { width: 0 }))
    else if (what === "status") await write(statusText(rows as ClusterStatus, options.tz ?? localZone()))
    else
      await write(
        `${table(readable(what, rows as Record<string, unknown>[], options), { width: process.stdout.columns ?? 160, maxRows: Number.POSITIVE_INFINITY, indent: 0, ...(what === "streams" && { spare: spareOfStreams }) }).lines.join("\n")}\n`,
      )
    return what === "status" && options.check === true && !healthy(rows as ClusterStatus)
  })
  if (failed) process.exitCode = 1
}

async function rowsFor(what: string, session: ClientSession, options: InspectOptions): Promise<unknown> {
  if (what === "status") return session.status()
  if (what === "workers") return session.workers()
  if (what === "programs") return session.programs()
  if (options.program === undefined) return session.streams()
  const streams = await session.streams({ program: options.program })
  if (streams.length === 0) throw await noProgram(session, options.program)
  return streams
}

async function noProgram(session: ClientSession, name: string): Promise<RivuletError> {
  const names = (await session.programs()).map(program => program.name)
  return new RivuletError(`no program ${name}`, { code: 2, try: names.length === 0 ? "rivulet programs" : names.join(", ") })
}

function healthy(status: ClusterStatus): boolean {
  return status.held.length === 0 && status.behind.length === 0
}

function statusText(status: ClusterStatus, tz: string): string {
  const up = status.workers.filter(worker => worker.state !== "lost")
  const lost = status.workers.length - up.length
  const slow = status.workers.filter(worker => worker.state === "slow").length
  const notes = [lost > 0 ? `${lost} lost` : "", slow > 0 ? `${slow} slow` : ""].filter(note => note !== "").join(", ")
  const upS = Math.max(0, (status.wallMs - status.startedMs) / 1000)
  const lines = [
    `${status.cluster}  ${status.address}  up ${span(upS)}  ${up.length} workers${notes ? ` (${notes})` : ""}  ${status.streams} streams  ${formatRate(status.recordsPerSecond)} rec/s`,
  ]
  lines.push(...masterLines(status, tz))
  if (status.newest)
    lines.push(
      `  newest interval ends ${formatTime(status.newest.throughMs, tz, { nowMs: status.wallMs })}, took ${(status.newest.tookMs / 1000).toFixed(2)} s`,
    )
  for (const { stream, interval, failure, retry, gaveUp } of status.held) {
    const time = (timeMs: number) => formatTime(timeMs, tz, { nowMs: status.wallMs })
    const again = retry ? `   goes on by itself at ${time(retry.atMs)}` : ""
    lines.push(`  HELD    ${stream}   since ${time(interval)}   ${failure.message}${again}`)
    for (const { from, to } of gaveUp ?? [])
      lines.push(`          more input waits than is kept: it will leave out ${time(from)} to ${time(to)}`)
  }
  for (const { name, slow } of status.workers)
    if (slow)
      lines.push(
        `  slow    ${name}   tasks take ${slow.times.toFixed(1)} × what they take elsewhere, since ${formatTime(slow.sinceMs, tz, { nowMs: status.wallMs })}`,
      )
  for (const behind of status.behind) lines.push(`  BEHIND  ${behind.stream}   ${(behind.lagMs / 1000).toFixed(1)} s`)
  for (const warning of status.warnings) lines.push(`  warning ${warning}`)
  return `${lines.join("\n")}\n`
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`
}

/** For people: units with the numbers, fewer columns. */
function readable(what: string, rows: readonly Record<string, unknown>[], options: InspectOptions): Record<string, unknown>[] {
  const tz = options.tz ?? localZone()
  const nowMs = Date.now()
  if (what === "workers") return workerRows(rows as unknown as WorkerInfo[])
  if (what === "programs") return rows.map(row => ({ name: row.name, owner: row.owner, streams: (row.streams as string[]).join(" ") }))
  return rows.map(row => ({
    name: `${row.program}/${row.name}`,
    kind: row.kind,
    interval: row.interval,
    state: row.state,
    owner: row.owner,
    behind: `${(Number(row.lagMs) / 1000).toFixed(1)} s`,
    "rec/s": formatRate(Number(row.perSecond)),
    "back to": Number(row.reaches) > 0 ? formatTime(Number(row.reaches), tz, { nowMs }) : "–",
    ...(row.expires !== undefined && { ends: formatTime(Number(row.expires), tz, { nowMs }) }),
  }))
}
