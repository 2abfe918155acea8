/** What the master knows, in the shapes that people see (`engine/fluent/shapes.ts`). */

import { createHash } from "node:crypto"
import type { StreamDefinition } from "../../engine/definition.js"
import type { JobInfo, LogLine, ProgramInfo, Stamp, StreamInfo, WorkerInfo } from "../../engine/fluent/shapes.js"
import { formatDuration } from "../../engine/time.js"
import type { AnswerStamp, CatalogEntry, JobStatus, LogEntry, WorkerStatus } from "../protocol.js"

export function streamInfo(entry: CatalogEntry): StreamInfo {
  const { definition, state, sinceMs, reachesMs, lagMs, keys, bytes, perSecond, aside, asidePerSecond } = entry
  return {
    name: definition.name,
    program: definition.program,
    owner: definition.owner,
    kind: definition.kind,
    state,
    interval: formatDuration(definition.intervalMs),
    since: sinceMs,
    reaches: reachesMs,
    lagMs,
    ...(keys !== undefined && { keys }),
    bytes,
    perSecond,
    aside,
    asidePerSecond,
    ...(entry.lease?.endsMs != null && { expires: entry.lease.endsMs }),
    source: definition.source,
    ...(entry.held !== undefined && { held: heldInfo(entry.held) }),
    ...(entry.heldBy !== undefined && { heldBy: entry.heldBy }),
    ...(entry.waitsFor !== undefined && { waitsFor: { stream: entry.waitsFor.stream, until: entry.waitsFor.untilMs } }),
  }
}

function heldInfo({ interval, failure, ...kept }: NonNullable<CatalogEntry["held"]>): NonNullable<StreamInfo["held"]> {
  const { message, operator, record, origin } = failure
  return {
    at: interval,
    message,
    ...(operator !== undefined && { operator }),
    ...(record !== undefined && { record }),
    ...(origin !== undefined && { line: `${origin.file}:${origin.line}` }),
    ...(failure.try !== undefined && { try: failure.try }),
    keptBytes: kept.keptBytes,
    boundBytes: kept.boundBytes,
    ...(kept.lookedAhead && { lookedAhead: { ...kept.lookedAhead } }),
    ...(kept.retry && { retry: { ...kept.retry } }),
    ...(kept.gaveUp && { gaveUp: kept.gaveUp.map(one => ({ ...one })) }),
  }
}

/** Of a recipe that the master has not been sent: it reaches as far as the nearest ancestors that it has. */
export function recipeInfo(definition: StreamDefinition, ancestors: readonly CatalogEntry[]): StreamInfo {
  const { name, program, owner, kind, intervalMs, source } = definition
  const greatest = (of: (entry: CatalogEntry) => number) => ancestors.reduce((max, entry) => Math.max(max, of(entry)), 0)
  return {
    name,
    program,
    owner,
    kind,
    state: "on demand",
    interval: formatDuration(intervalMs),
    since: greatest(entry => entry.sinceMs),
    reaches: greatest(entry => entry.reachesMs),
    lagMs: greatest(entry => entry.lagMs),
    bytes: 0,
    perSecond: 0,
    aside: 0,
    asidePerSecond: 0,
    source,
  }
}

export function programInfos(entries: readonly CatalogEntry[]): ProgramInfo[] {
  const programs = new Map<string, ProgramInfo>()
  for (const { definition, sinceMs, state } of entries) {
    if (state === "stopped") continue
    const { program, owner, name } = definition
    const known = programs.get(program) ?? { name: program, owner, since: sinceMs, streams: [], hash: "" }
    known.since = Math.min(known.since, sinceMs)
    if (definition.named) known.streams.push(name)
    programs.set(program, known)
  }
  for (const info of programs.values())
    info.hash = hashOf(entries.filter(({ definition }) => definition.program === info.name).map(({ definition }) => definition))
  return [...programs.values()]
}

/** Names what a program computes: the same streams with the same functions, the same hash, whatever session defined them. */
function hashOf(definitions: readonly StreamDefinition[]): string {
  const names = new Map(definitions.map(({ id }, i) => [id, `#${i}`]))
  const text = JSON.stringify(
    definitions.map(({ name, named, kind, intervalMs, persist, rememberMs, node }) => [
      ...[named ? name : "", kind, intervalMs, persist, rememberMs, node],
    ]),
    (_key, value: unknown) => (typeof value === "string" ? (names.get(value) ?? value) : typeof value === "bigint" ? `${value}n` : value),
  )
  return createHash("sha256").update(text).digest("hex").slice(0, 12)
}

export function workerInfo(status: WorkerStatus): WorkerInfo {
  const {
    name,
    address,
    state,
    cores,
    load,
    loads,
    running,
    blocks,
    bytes,
    capBytes,
    spilledBytes,
    taskMs,
    medianMs,
    speculated,
    slow,
    draining,
  } = status
  const known = {
    name,
    address,
    state,
    cores,
    load,
    loads: [...loads],
    running,
    blocks,
    bytes,
    cap: capBytes,
    spilled: spilledBytes,
    taskMs,
    median: medianMs,
    speculated,
  }
  return {
    ...known,
    ...(slow && { slow: { times: slow.times, since: slow.sinceMs } }),
    ...(draining && { draining: { since: draining.sinceMs, left: draining.left } }),
  }
}

export function jobInfo({ stream, interval, state, stages, delayMs, ms }: JobStatus): JobInfo {
  return {
    stream,
    interval,
    state,
    stages: stages.map(stage => ({ ...stage, reads: [...stage.reads], slowest: stage.slowest ?? { worker: "", ms: 0 } })),
    delayMs,
    ms,
  }
}

/** `intervalMs` of the stream, if it is known. */
export function logLine(entry: LogEntry, intervalMs: number | undefined): LogLine {
  const { wallMs, worker, stream, interval, partition, line } = entry
  return {
    time: wallMs,
    level: line.level,
    ...(stream !== null && { stream }),
    ...(interval !== null && { interval: { from: interval, to: interval + (intervalMs ?? 0) } }),
    ...(partition !== null && { partition }),
    worker,
    text: line.text,
    repeated: line.repeated,
  }
}

/** `nowMs` by the session's clock, `ms` from asking to the last byte. What is of no interval is as of no time, and has no age. */
export function stampOf(stamp: AnswerStamp, nowMs: number, ms: number): Stamp {
  const { intervals, asOf, partitions, recomputed, from, bytesMoved, definitionChanged, leftOut, held, asked } = stamp
  const timed = intervals.to > intervals.from
  return {
    intervals: { ...intervals },
    asOf: timed ? asOf : Number.NaN,
    ageMs: timed ? Math.max(0, nowMs - asOf) : Number.NaN,
    partitions: [...partitions],
    recomputed,
    from: [...from],
    bytesMoved,
    ms,
    ...(definitionChanged && { definitionChanged: [...definitionChanged] }),
    ...(leftOut && { leftOut: leftOut.map(({ from, to }) => ({ from, to })) }),
    ...(held && { held: [...held] }),
    ...(asked && { asked: { ...asked } }),
  }
}
