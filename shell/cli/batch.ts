/**
 * Batch mode, shared by `run` and `replay`: a program over bounded inputs on a cluster of its own, to the end; then each
 * exported stream's intervals that have rows, in interval order, as lines or files.
 */
import { mkdirSync, statSync } from "node:fs"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { type InputOverride, keepEverything, overrideInputs, refuseLive } from "../../cluster/client/batch.js"
import { intervalsOf } from "../../cluster/client/intervals.js"
import { defineProgram } from "../../cluster/client/program/define.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import type { Handle } from "../../engine/fluent/types.js"
import type { FormatSpec } from "../../engine/rdd.js"
import { oneLine } from "../host/error-text.js"
import { kindOf } from "../host/kinds.js"
import { formatNumber } from "../view/number.js"
import { userName } from "./attach.js"
import { showProgress } from "./batch-progress.js"
import { comparedText, compareWith, type Target } from "./compare.js"
import { Ending } from "./ending.js"
import { checkSample, packingOfFile, sampleOf } from "./input-sample.js"
import { type IntervalLine, linesOf } from "./interval-lines.js"
import { duration, masterAddress } from "./options.js"
import { type OutputFormat, toJson, write } from "./output.js"
import { refuseTypeErrors } from "./submit.js"

export interface BatchOptions {
  readonly path: string
  readonly program: string
  readonly workers: number
  readonly master?: string
  readonly format: OutputFormat
  readonly save?: string
  readonly timeout?: string
  /** What the exported streams are compared with, in place of being printed. */
  readonly compare?: Target
  /** Inputs read from old logs in place of where the program reads them. */
  readonly inputs?: readonly ReplayInput[]
  /** With `master`: what was started there goes on. */
  readonly keep?: boolean
}

export interface ReplayInput extends InputOverride {
  /** The files that the pattern named when the command began. */
  readonly files: readonly string[]
}

/** Lines are written together up to so many characters. */
const writeChars = 1 << 18

export async function batch(options: BatchOptions): Promise<void> {
  const timeoutMs = options.timeout === undefined ? undefined : duration(options.timeout, "--timeout")
  const check = () => refuseTypeErrors(options.path)
  if (options.master !== undefined) check()
  const cluster = options.master === undefined ? await startEmbedded({ workers: options.workers, cores: 1, onSpawned: check }) : undefined
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
  for (const input of options.inputs ?? []) checkInput(input, overrideInputs(session, input, exports))
  if (options.master === undefined) {
    refuseLive(session, exports)
    keepEverything(session)
  }
  const defined = await session.flush()
  try {
    await results(session, options, exports)
  } finally {
    // On a cluster of its own everything ends anyway.
    if (options.master !== undefined && options.keep !== true)
      await stopAll(
        session,
        defined.map(({ id }) => id),
      )
  }
}

/** What was started here for this run is stopped. What others have made of it meanwhile stays, and is named. */
async function stopAll(session: ClientSession, ids: readonly string[]): Promise<void> {
  const known = new Map((await session.host.catalog()).map(entry => [entry.definition.id, entry.definition]))
  const own = ids.filter(id => known.get(id)?.owner === userName())
  try {
    await session.host.request({ kind: "stop", streams: own, cascade: false, by: userName(), force: false })
  } catch (error) {
    process.stderr.write(`what the program defined goes on: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

/** Looks into the first file that has something in it. Files that are empty are named, and no error. */
function checkInput(input: ReplayInput, formats: readonly FormatSpec[]): void {
  const what = `--input ${input.name}=${input.paths}`
  const empty = input.files.filter(path => statSync(path).size === 0)
  for (const path of empty.slice(0, 3)) process.stderr.write(`${path} is empty\n`)
  if (empty.length > 3) process.stderr.write(`${formatNumber(empty.length - 3)} more files are empty\n`)
  sayPacked(input.files)
  const path = input.files.find(file => !empty.includes(file))
  if (path === undefined) return
  const field = input.timestampField
  for (const format of formats) checkSample(sampleOf(path), path, { what, format, ...(field === undefined ? {} : { field }) })
}

/** At once, not after an hour: what is compressed is read from its beginning to its end, by one. */
function sayPacked(files: readonly string[]): void {
  const packed = new Set<string>()
  let count = 0
  for (const path of files) {
    const packing = packingOfFile(path)
    if (packing === undefined) continue
    packed.add(packing)
    count += 1
  }
  if (count === 0) return
  const merged = files.length > 1 ? `${formatNumber(files.length)} files, merged by time · ` : ""
  process.stderr.write(`${merged}${[...packed].join(" and ")} cannot be split: ${formatNumber(count)} can be unpacked at a time\n`)
}

async function results(session: ClientSession, options: BatchOptions, exports: Readonly<Record<string, unknown>>): Promise<void> {
  const progress = showProgress(session)
  try {
    await session.drained()
  } finally {
    progress.stop()
  }
  await showLogs(session)
  const held = (await session.status()).held
  if (held[0])
    throw Object.assign(new RivuletError(`${held[0].stream} is held: ${held[0].failure.message}`, { code: 1 }), {
      failure: held[0].failure,
    })
  const streams = Object.entries(exports).filter(([, value]) => hasRows(session, value)) as [string, Handle][]
  if (options.save !== undefined) await saveAll(session, streams, options.save)
  if (options.format === "table") await summarise(session, streams)
  else if (options.compare === undefined && (options.save === undefined || options.format === "ndjson")) await printAll(session, streams)
  if (options.compare !== undefined) {
    const compared = await compareWith(session, streams, options.compare, options.program)
    await write(options.format === "table" ? comparedText(compared) : compared.map(row => `${toJson(row)}\n`).join(""))
    if (compared.length === 0) throw new RivuletError("nothing to compare: the other side has none of the program's streams", { code: 1 })
    if (compared.some(({ differ }) => differ > 0)) process.exitCode = 1
  }
  const aside = (await session.host.catalog()).reduce((sum, entry) => sum + entry.aside, 0)
  if (aside > 0) process.stderr.write(`${formatNumber(aside)} lines set aside: not of their format, or later than the disorder\n`)
}

const asideShown = 5

/** What functions printed, and the first few lines that could not be read, safe to show. */
async function showLogs(session: ClientSession): Promise<void> {
  let aside = 0
  for await (const { text } of session.logs({})) {
    if (!text.startsWith("set aside,")) process.stderr.write(`${text.split("\n").map(oneLine).join("\n")}\n`)
    else if (++aside <= asideShown) process.stderr.write(`${oneLine(text).slice(0, 200)}\n`)
  }
}

/** An output's rows are where it put them. */
function hasRows(session: ClientSession, value: unknown): boolean {
  const kind = kindOf(session, value)
  return kind !== undefined && kind !== "output"
}

/** Every exported stream's non-empty intervals, merged by interval then by order of export. */
async function printAll(session: ClientSession, streams: readonly [string, Handle][]): Promise<void> {
  const cursors = await Promise.all(
    streams.map(async ([name, handle]) => {
      const lines = linesOf(session, name, handle)
      return { lines, head: (await lines.next()).value as IntervalLine | undefined }
    }),
  )
  let text = ""
  for (;;) {
    let first: (typeof cursors)[number] | undefined
    for (const cursor of cursors) if (cursor.head && (first === undefined || cursor.head.from < first.head!.from)) first = cursor
    if (first?.head === undefined) break
    text += first.head.line
    if (text.length >= writeChars) {
      await write(text)
      text = ""
    }
    first.head = (await first.lines.next()).value
  }
  if (text !== "") await write(text)
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
    for await (const { parts } of intervalsOf(session, handle, () => null)) {
      const here = parts.reduce((sum, part) => sum + part.length, 0)
      if (here === 0) continue
      intervals++
      rows += here
    }
    await write(`${name}   ${formatNumber(intervals)} intervals with rows, ${formatNumber(rows)} rows\n`)
  }
}
