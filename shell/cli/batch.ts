/**
 * Batch mode, shared by `run` and `replay`: a program over bounded inputs on a cluster of its own, to the end; then each
 * exported stream's intervals that have rows, in interval order, as lines or files.
 */
import { mkdirSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { changedIntervals, type InputOverride, keepEverything, overrideInputs, rowsOfIntervals } from "../../cluster/client/batch.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import type { Handle } from "../../engine/fluent/types.js"
import { kindOf } from "../host/kinds.js"
import { formatNumber } from "../view/number.js"
import { userName } from "./attach.js"
import { Ending } from "./ending.js"
import { duration, masterAddress } from "./options.js"
import { type OutputFormat, toJson, write } from "./output.js"
import { defineProgram } from "./submit.js"

export interface BatchOptions {
  readonly path: string
  readonly program: string
  readonly workers: number
  readonly master?: string
  readonly format: OutputFormat
  readonly save?: string
  readonly timeout?: string
  /** Inputs read from old logs in place of where the program reads them. */
  readonly inputs?: readonly InputOverride[]
}

/** Intervals asked for in one question. */
const atOnce = 256

export async function batch(options: BatchOptions): Promise<void> {
  const timeoutMs = options.timeout === undefined ? undefined : duration(options.timeout, "--timeout")
  const cluster = options.master === undefined ? await startEmbedded({ workers: options.workers, cores: 1 }) : undefined
  const limit = timeoutMs === undefined ? undefined : setTimeout(() => void giveUp(), timeoutMs)
  async function giveUp(): Promise<never> {
    process.stderr.write(`rivulet: ${options.path} did not end within ${options.timeout}\n`)
    await cluster?.stop()
    process.exit(124)
  }
  const ending = new Ending()
  ending.add(() => cluster?.stop())
  try {
    const session = await connect(cluster?.address ?? masterAddress(options.master), {
      user: userName(),
      program: options.program,
      tz: "UTC",
    })
    try {
      await work(session, options)
    } finally {
      await session.close()
    }
  } finally {
    clearTimeout(limit)
    await ending.run()
  }
}

async function work(session: ClientSession, options: BatchOptions): Promise<void> {
  const { exports } = await defineProgram(session, options.path)
  if (options.inputs) overrideInputs(session, options.inputs, exports)
  if (options.master === undefined) keepEverything(session)
  await session.flush()
  const progress = showProgress(session)
  try {
    await session.drained()
  } finally {
    progress.stop()
  }
  for await (const line of session.logs({})) process.stderr.write(`${line.text}\n`)
  const held = (await session.status()).held
  if (held[0])
    throw Object.assign(new RivuletError(`${held[0].stream} is held: ${held[0].failure.message}`, { code: 1 }), {
      failure: held[0].failure,
    })
  const streams = Object.entries(exports).filter(([, value]) => hasRows(session, value)) as [string, Handle][]
  if (options.save !== undefined) await saveAll(session, streams, options.save)
  if (options.format === "table") await summarise(session, streams)
  else if (options.save === undefined || options.format === "ndjson") await printAll(session, streams)
  const aside = (await session.host.catalog()).reduce((sum, entry) => sum + entry.aside, 0)
  if (aside > 0) process.stderr.write(`${formatNumber(aside)} lines set aside: not of their format, or later than the disorder\n`)
}

/** An output's rows are where it put them. */
function hasRows(session: ClientSession, value: unknown): boolean {
  const kind = kindOf(session, value)
  return kind !== undefined && kind !== "output"
}

interface IntervalRows {
  readonly stream: string
  readonly from: number
  readonly line: string
}

/** Every exported stream's non-empty intervals, merged by interval then by order of export. */
async function printAll(session: ClientSession, streams: readonly [string, Handle][]): Promise<void> {
  const cursors = streams.map(([name, handle]) => ({
    name,
    rows: linesOf(session, name, handle),
    head: undefined as IntervalRows | undefined,
  }))
  for (const cursor of cursors) cursor.head = (await cursor.rows.next()).value
  for (;;) {
    let first: (typeof cursors)[number] | undefined
    for (const cursor of cursors) if (cursor.head && (first === undefined || cursor.head.from < first.head!.from)) first = cursor
    if (first?.head === undefined) return
    await write(first.head.line)
    first.head = (await first.rows.next()).value
  }
}

async function* linesOf(session: ClientSession, name: string, handle: Handle): AsyncGenerator<IntervalRows, undefined> {
  let after: number | null = null
  for (;;) {
    const intervals = await changedIntervals(session, handle, after, atOnce)
    if (intervals.length === 0) return undefined
    for (const { interval, rows } of await rowsOfIntervals(session, handle, intervals)) {
      if (rows.length === 0) continue
      yield { stream: name, from: interval.from, line: `${toJson({ stream: name, interval, rows })}\n` }
    }
    after = intervals.at(-1)!
  }
}

async function saveAll(session: ClientSession, streams: readonly [string, Handle][], directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const [name, handle] of streams) {
    const file = await open(join(directory, `${name}.ndjson`), "w")
    for await (const { line } of linesOf(session, name, handle)) await file.write(line)
    await file.close()
  }
}

async function summarise(session: ClientSession, streams: readonly [string, Handle][]): Promise<void> {
  for (const [name, handle] of streams) {
    let intervals = 0
    let rows = 0
    let after: number | null = null
    for (;;) {
      const some = await changedIntervals(session, handle, after, atOnce)
      if (some.length === 0) break
      for (const one of await rowsOfIntervals(session, handle, some)) {
        if (one.rows.length === 0) continue
        intervals++
        rows += one.rows.length
      }
      after = some.at(-1)!
    }
    await write(`${name}   ${formatNumber(intervals)} intervals with rows, ${formatNumber(rows)} rows\n`)
  }
}

/** On a terminal how far the inputs are; elsewhere a line every ten seconds. */
function showProgress(session: ClientSession): { stop(): void } {
  const everyMs = process.stderr.isTTY ? 500 : 10_000
  const timer = setInterval(() => {
    void session
      .streams()
      .then(infos => {
        const inputs = infos.filter(info => info.kind === "input" && info.since > 0)
        const text = inputs.map(info => `${info.name} at ${new Date(session.clock.now() - info.lagMs).toISOString()}`).join("  ")
        if (text !== "") process.stderr.write(process.stderr.isTTY ? `\r${text} ` : `${text}\n`)
      })
      .catch(() => {})
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K")
    },
  }
}
