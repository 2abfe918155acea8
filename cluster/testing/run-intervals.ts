/** Intervals in, intervals out: a program as a table, in the tests of users and in our own. */

import type { StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { actOnEach } from "../../engine/fluent/nodes.js"
import { checkOptions } from "../../engine/fluent/options.js"
import type { Session } from "../../engine/fluent/session-types.js"
import { StreamHandle } from "../../engine/fluent/stream.js"
import type { DStream, Handle } from "../../engine/fluent/stream-types.js"
import type { RddNode } from "../../engine/rdd.js"
import { type Duration, formatDuration, parseDuration } from "../../engine/time.js"
import { failureMessage } from "../client/failure-text.js"
import type { CatalogEntry } from "../protocol/status.js"
import { simulate } from "./simulate.js"
import type { Simulation } from "./simulation.js"

/** What goes wrong, and when. */
export interface IntervalFault {
  /** The node whose process ends: `w1`, `w2` … or `master`. */
  readonly kill?: string
  /** The worker whose tasks take twenty times as long. */
  readonly slow?: string
  /** So long after the start. */
  readonly at: Duration
  /** After this it is restarted, or as fast as before. */
  readonly for?: Duration
}

/** A program, what it gets, and what it runs on. */
export interface RunIntervalsOptions<O extends Record<string, Handle>> {
  /** Of all inputs. */
  readonly interval: Duration
  /** Stream name → records of each interval. */
  readonly inputs: Record<string, readonly (readonly unknown[])[]>
  /** In total: empty ones follow the input, so that windows and time-outs play out. */
  readonly intervals?: number
  /** 3 unless given. */
  readonly workers?: number
  /** Of shuffles and states: 4 unless given. */
  readonly partitions?: number
  /** Of everything that is by chance: the same seed, the same run. */
  readonly seed?: number
  /** Deaths and slowness, each at its time. */
  readonly faults?: readonly IntervalFault[]
  /** False: functions are called for each record, none is read as an expression over bytes. Results are the same. Default true. */
  readonly compiled?: boolean
  /** Files by their absolute paths, which `file:` inputs, `readHistory` and `textFile` read: there are no others. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** How long, of real time, one task may run, as in `simulate`. Default 30s. */
  readonly taskTimeout?: Duration
  /** Defines streams of the inputs, which have their names; gives the streams to be read, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: the records' types are the test's to know
  readonly program: (session: Session, inputs: Record<string, DStream<any>>) => O
}

const optionNames: readonly string[] = Object.keys({
  interval: 0,
  inputs: 0,
  intervals: 0,
  workers: 0,
  partitions: 0,
  seed: 0,
  faults: 0,
  compiled: 0,
  taskTimeout: 0,
  files: 0,
  program: 0,
} satisfies Record<keyof RunIntervalsOptions<Record<string, Handle>>, 0>)

const slowFactor = 20
const waitMs = 100
const longestWaitMs = 60_000

/**
 * A stream of records gives each interval's records, a snapshot stream each interval's version. Errors: what the program throws, and
 * code 1 for a stream that is held in the end, with the interval, the record and what its function threw.
 */
export async function runIntervals<O extends Record<string, Handle>>(
  options: RunIntervalsOptions<O>,
): Promise<{ [name in keyof O]: unknown[][] }> {
  checkOptions(options, { of: "runIntervals", names: optionNames })
  const { interval, inputs: _inputs, intervals: _intervals, faults: _faults, program: _program, files = {}, ...cluster } = options
  const intervalMs = parseDuration(interval)
  const session = await simulate(cluster)
  for (const [path, content] of Object.entries(files)) session.files.set(path, Buffer.from(content))
  try {
    const inputs: Record<string, DStream<unknown>> = {}
    for (const name of Object.keys(options.inputs)) inputs[name] = valuesInput(session, name, intervalMs)
    const outputs = options.program(session, inputs)
    const startMs = session.clock.now()
    await session.flush()

    const fed = Math.max(0, ...Object.values(options.inputs).map(input => input.length))
    const intervals = options.intervals ?? fed
    const breaks = breakPoints(session, options.faults ?? [])
    for (let i = 0; i < intervals; i++) {
      for (const [name, input] of Object.entries(options.inputs)) session.feed(name, input[i] ?? [])
      await advanceTo(session, startMs, (i + 1) * intervalMs, breaks)
    }
    // Who died is back when the results are read, however late.
    if (breaks.length > 0) await advanceTo(session, startMs, breaks.at(-1)!.atMs + 1, breaks)
    await finished(session, startMs + intervals * intervalMs)
    const results: Record<string, unknown[][]> = {}
    for (const [name, handle] of Object.entries(outputs))
      results[name] = await intervalsOf(session, handle, startMs, intervals * intervalMs)
    return results as { [name in keyof O]: unknown[][] }
  } finally {
    await session.calls.close()
  }
}

/** An input whose blocks hold values as they are, of any type. */
function valuesInput(session: Simulation, name: string, intervalMs: number): DStream<unknown> {
  const node: StreamDefinition["node"] = {
    kind: "input",
    source: { kind: "receiver", name },
    format: { kind: "values" },
    timestamp: null,
    disorderMs: 0,
    onBadRecord: "setAside",
  }
  const { id } = session.host.define({ operator: "readStream", kind: "input", intervalMs, name, node })
  return session.host.open(id, false) as unknown as DStream<unknown>
}

interface BreakPoint {
  readonly atMs: number
  readonly run: () => void
}

function breakPoints(session: Simulation, faults: readonly IntervalFault[]): BreakPoint[] {
  const points: BreakPoint[] = []
  for (const { kill, slow, at, for: span } of faults) {
    const atMs = parseDuration(at)
    const node = kill ?? slow
    if (node === undefined)
      throw new RivuletError(`the fault at ${at} says neither kill nor slow`, { code: 2, try: '{ kill: "w1", at: "2s" }' })
    points.push({ atMs, run: () => (kill !== undefined ? session.kill(node) : session.slow(node, slowFactor)) })
    if (span === undefined) continue
    points.push({ atMs: atMs + parseDuration(span), run: () => (kill !== undefined ? session.restart(node) : session.slow(node, 1)) })
  }
  return points.sort((a, b) => a.atMs - b.atMs)
}

/** After a death near the end the last intervals may still be on their way: time goes on until they are through. */
async function finished(session: Simulation, untilMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < longestWaitMs; waitedMs += waitMs) {
    const entries = await session.host.catalog()
    const open = entries.some(({ definition: { intervalMs }, state, throughMs, held }) => {
      const waits = state === "running" || state === "catching up" || held?.retry !== undefined
      return waits && throughMs < Math.floor(untilMs / intervalMs) * intervalMs
    })
    if (!open) return noneHeld(entries)
    await session.advance(`${waitMs}ms`)
  }
}

/** A stream that is held has no results from there on: that is no table of empty intervals. */
function noneHeld(entries: readonly CatalogEntry[]): void {
  const entry = entries.find(({ held }) => held !== undefined)
  if (entry?.held === undefined) return
  const { interval, failure } = entry.held
  const what = `${entry.definition.name} is held at ${new Date(interval).toISOString()}: ${failure.message}`
  throw new RivuletError(failureMessage(what, failure), {
    code: 1,
    try: failure.try ?? 'mend the function; or onError: "setAside"; simulate() to see what a held stream does',
    cause: failure,
  })
}

async function advanceTo(session: Simulation, startMs: number, toMs: number, breaks: BreakPoint[]): Promise<void> {
  const go = async (ms: number) => {
    const by = startMs + ms - session.clock.now()
    if (by > 0) await session.advance(formatDuration(by) as Duration)
  }
  while (breaks[0] !== undefined && breaks[0].atMs < toMs) {
    const point = breaks.shift()!
    await go(point.atMs)
    point.run()
  }
  await go(toMs)
}

/** The records, or the version, of each interval in so much time from `startMs` on. */
export async function intervalsOf(session: Simulation, output: Handle, startMs: number, spanMs: number): Promise<unknown[][]> {
  if (!(output instanceof StreamHandle))
    throw new RivuletError("a program gives streams by name", { code: 2, try: "program: (s, { in }) => ({ out: in.count() })" })
  const { id, definition } = output
  const records = definition.kind === "input" || definition.kind === "records"
  const { intervalMs } = definition
  const starts: number[] = []
  for (let at = startMs; at + intervalMs <= startMs + spanMs; at += intervalMs) starts.push(at)
  if (starts.length === 0) return []
  const leaf = (at: number): RddNode =>
    records ? { kind: "slice", stream: id, from: at, to: at + intervalMs } : { kind: "version", stream: id, at }
  const node = actOnEach({ kind: "eachVersion", versions: starts.map(leaf) }, { kind: "collect", max: Number.MAX_SAFE_INTEGER })
  const rows = await session.host.query(node, raw => raw.rows() as [number, unknown][])
  const results: unknown[][] = starts.map(() => [])
  for (const [version, row] of rows) results[version]!.push(row)
  return results
}
