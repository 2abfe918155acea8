/**
 * Batch mode, shared by `run` and `replay`: a program over bounded inputs on a cluster of its own, to the end; then each
 * exported stream's intervals that have rows, in interval order, as lines or files.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { type InputOverride, keepUntilRead, overrideInputs, refuseLive, untimedInputs } from "../../cluster/client/batch.js"
import { defineProgram } from "../../cluster/client/program/define.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Handle } from "../../engine/fluent/types.js"
import type { FormatSpec } from "../../engine/rdd.js"
import { kindOf } from "../host/kinds.js"
import { typeErrors } from "../program/check-thread.js"
import { formatNumber } from "../view/number.js"
import { printable } from "../view/table.js"
import { asideLines } from "./aside-lines.js"
import { userName } from "./attach.js"
import { type AsideSource, asideText, defineAsides, isAside } from "./batch-aside.js"
import { SavedRun } from "./batch-resume.js"
import { followRun, type Sink } from "./batch-run.js"
import { CountedLines, MergedLines, SavedLines } from "./batch-sinks.js"
import { batchSize } from "./batch-size.js"
import { refuseRunning, stopDefined } from "./batch-there.js"
import { isVersions, noteSavedRun, RunComparison, savedRun, type Target } from "./compare.js"
import { comparedText, refuseNothing } from "./diff.js"
import { Ending } from "./ending.js"
import { checkSample, packingOfFile, sampleOf } from "./input-sample.js"
import { connectTimeoutMs, duration, masterAddress } from "./options.js"
import { type OutputFormat, toJson, write } from "./output.js"
import { someoneListens } from "./reachable.js"
import { refuseTypeErrors } from "./submit.js"

export interface BatchOptions {
  readonly path: string
  readonly program: string
  readonly workers: number
  /** Of all processes together. */
  readonly memoryBytes?: number
  readonly master?: string
  readonly format: OutputFormat
  readonly save?: string
  /** With `save`: goes on with a run that was interrupted. */
  readonly resume?: boolean
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

const ownTimeoutMs = 60_000

export async function batch(options: BatchOptions): Promise<void> {
  const timeoutMs = options.timeout === undefined ? undefined : duration(options.timeout, "--timeout")
  const check = async () => refuseTypeErrors(await typeErrors(options.path))
  if (options.master !== undefined) await check()
  const { workers, memoryBytes, inputs } = options
  // An archive's files are not listed here, and what the program reads by itself is not known yet.
  const files = inputs === undefined || inputs.some(({ archive }) => archive !== undefined) ? null : inputs.flatMap(input => input.files)
  const size = batchSize(workers, memoryBytes, files)
  const ending = new Ending()
  let limit: NodeJS.Timeout | undefined
  try {
    if (options.master !== undefined) await someoneListens(masterAddress(options.master), connectTimeoutMs())
    const compared = options.compare === undefined ? null : await RunComparison.open(options.compare, options.program)
    ending.add(() => compared?.close())
    const run = ownRun(options)
    const own = { ...size, onSpawned: check }
    const cluster = options.master !== undefined ? undefined : await (run === null ? startEmbedded(own) : run.start(own))
    let done = false
    ending.add(() => run?.ended(done))
    ending.add(() => cluster?.stop())
    const giveUp = async () => {
      process.stderr.write(`rivulet: ${options.path} did not end within ${options.timeout}\n`)
      await cluster?.stop()
      process.exit(124)
    }
    limit = timeoutMs === undefined ? undefined : setTimeout(() => void giveUp(), timeoutMs)
    const partitions = compared?.partitions ?? (options.resume === true ? savedRun(options.save!).partitions : undefined)
    const session = await connect(cluster?.address ?? masterAddress(options.master), {
      user: userName(),
      program: options.program,
      tz: "UTC",
      ...(partitions === undefined ? {} : { partitions }),
      // It has come up, and is about to answer however little of the machine is left to it.
      ...(cluster === undefined ? {} : { timeoutMs: ownTimeoutMs, workersHere: true }),
    })
    try {
      await work(session, options, run, compared)
      done = true
    } finally {
      await session.close()
    }
  } finally {
    clearTimeout(limit)
    await ending.run()
  }
}

/** RivuletError (2): only what is saved can be gone on with, and what was compared before is not known any more. */
export function checkResume({
  resume,
  save,
  compare,
}: {
  readonly resume?: boolean
  readonly save?: string
  readonly compare?: string
}): void {
  if (resume !== true) return
  if (save === undefined)
    throw new RivuletError("--resume without --save", { code: 2, try: "--save <dir>, as in the run that was interrupted" })
  if (compare !== undefined)
    throw new RivuletError("--resume with --compare", { code: 2, try: `resume first, then rivulet diff ${save} ${compare}` })
}

/** Whoever saves what a cluster of its own makes can go on with it. */
function ownRun({ master, save, resume, workers }: BatchOptions): SavedRun | null {
  if (master !== undefined || save === undefined) return null
  return resume === true ? SavedRun.resume(save, workers) : SavedRun.begin(save, workers)
}

async function work(session: ClientSession, options: BatchOptions, run: SavedRun | null, compared: RunComparison | null): Promise<void> {
  const { names: exported, exports: found } = await defineProgram(session, options.path)
  const exports = { ...found }
  if (options.master !== undefined) await refuseRunning(session, options, exported)
  for (const input of options.inputs ?? []) checkInput(input, overrideInputs(session, input, exports), options.workers)
  if (options.inputs !== undefined)
    for (const name of untimedInputs(session, exports))
      process.stderr.write(
        `${name} has no time stamps, so its records are of the interval in which they are read; --timestamp <field> names theirs\n`,
      )
  if (options.master === undefined) refuseLive(session, exports)
  const asides = options.save === undefined ? [] : defineAsides(session, exports)
  if (options.master === undefined) keepUntilRead(session)
  const streams = streamsWithRows(session, exports)
  const names = streams.map(([name]) => name)
  // Before anything says that there is a run to go on with: what an earlier one has left in the files is not this one's.
  const saved = options.save === undefined ? null : await SavedLines.open(options.save, names, options.resume === true)
  const versions = streams.filter(([, stream]) => isVersions(kindOf(session, stream))).map(([name]) => name)
  if (options.save !== undefined) {
    const { partitions } = session.host
    noteSavedRun(options.save, { partitions, versions })
    if (asides.length > 0) noteSavedRun(join(options.save, "aside"), { partitions, versions: [] })
  }
  try {
    const defined = (await run?.takeUp(session, exports)) === true ? [] : await session.flush()
    try {
      await results(session, options, exports, saved, compared)
      if (options.save !== undefined) {
        const through = Object.fromEntries([...(await endsOf(session, streams))].filter(([name]) => !isAside(name)))
        noteSavedRun(options.save, { partitions: session.host.partitions, versions, through })
      }
      await sayAside(session, options.save, asides)
    } finally {
      // On a cluster of its own everything ends anyway.
      if (options.master !== undefined && options.keep !== true)
        await stopDefined(
          session,
          defined.map(({ id }) => id),
        )
    }
  } finally {
    await saved?.close()
  }
}

/** Looks into the first file that has something in it. Files that are empty are named, and no error. */
function checkInput(input: ReplayInput, formats: readonly FormatSpec[], workers: number): void {
  const what = `--input ${input.name}=${input.paths}`
  const empty = input.files.filter(path => statSync(path).size === 0)
  for (const path of empty.slice(0, 3)) process.stderr.write(`${path} is empty\n`)
  if (empty.length > 3) process.stderr.write(`${formatNumber(empty.length - 3)} more files are empty\n`)
  sayPacked(input.files, workers)
  const path = input.files.find(file => !empty.includes(file))
  if (path === undefined) return
  const field = input.timestampField
  for (const format of formats) checkSample(sampleOf(path), path, { what, format, ...(field === undefined ? {} : { field }) })
}

/** At once, not after an hour: what is compressed is read from its beginning to its end, by one. */
function sayPacked(files: readonly string[], workers: number): void {
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
  const busy = `${formatNumber(Math.min(count, workers))} of ${formatNumber(workers)} workers can unpack at a time`
  process.stderr.write(`${merged}${[...packed].join(" and ")} cannot be split: ${busy}\n`)
}

async function results(
  session: ClientSession,
  options: BatchOptions,
  exports: Readonly<Record<string, unknown>>,
  saved: SavedLines | null,
  compared: RunComparison | null,
): Promise<void> {
  const streams = streamsWithRows(session, exports)
  const names = streams.map(([name]) => name).filter(name => !isAside(name))
  const counted = options.format === "table" ? new CountedLines(names, options.resume === true) : null
  const prints = counted === null && options.compare === undefined && (options.save === undefined || options.format === "ndjson")
  const printed = prints ? new MergedLines(names, write) : null
  await compared?.begin(names)
  const comparing: Sink = { line: async (name, line) => compared?.next(name, line), through: async () => {} }
  const others = [counted, printed, compared && comparing].filter(sink => sink !== null)
  try {
    await followRun(session, streams, [...(saved === null ? [] : [saved]), ...others.map(withoutAsides)], saved?.after)
  } finally {
    await printed?.flush()
    await showLogs(session)
  }
  if (counted !== null) await write(counted.text())
  if (compared !== null) {
    const ends = await endsOf(session, streams)
    const found = await compared.end(name => ends.get(name) ?? Number.POSITIVE_INFINITY)
    await write(options.format === "table" ? comparedText(found) : found.map(row => `${toJson(row)}\n`).join(""))
    if (found.length === 0) throw new RivuletError("nothing to compare: the other side has none of the program's streams", { code: 1 })
    if (found.some(({ differ }) => differ > 0)) process.exitCode = 1
    refuseNothing(found)
  }
}

async function sayAside(session: ClientSession, save: string | undefined, sources: readonly AsideSource[]): Promise<void> {
  const saved = save === undefined ? null : await asideText(save, sources)
  if (saved !== null) process.stderr.write(`${saved}\n`)
  const aside = save === undefined ? asideLines(await session.host.catalog()) : 0
  if (aside > 0)
    process.stderr.write(
      `${formatNumber(aside)} set aside: lines not of their format or later than the disorder, records at which a function threw; --save <dir> keeps them\n`,
    )
}

/** What was set aside is neither printed nor compared. */
function withoutAsides(sink: Sink): Sink {
  return {
    line: async (name, line) => (isAside(name) ? undefined : sink.line(name, line)),
    through: async (name, through) => (isAside(name) ? undefined : sink.through(name, through)),
  }
}

/** How far each stream has come: an archive's end is where it was when it was listed, the live stream has gone on since. */
async function endsOf(session: ClientSession, streams: readonly (readonly [string, Handle])[]): Promise<Map<string, number>> {
  const catalog = await session.host.catalog()
  const inputs = Math.min(...catalog.filter(({ definition }) => definition.kind === "input").map(entry => entry.throughMs))
  return new Map(
    streams.map(([name, handle]) => {
      const data = handleData(handle)
      const id = data?.kind === "stream" ? session.host.definitions.idOf(data.id) : null
      return [name, catalog.find(({ definition }) => definition.id === id)?.throughMs ?? inputs]
    }),
  )
}

const asideShown = 5

/** What functions printed, and the first few lines that could not be read, safe to show. */
async function showLogs(session: ClientSession): Promise<void> {
  let aside = 0
  for await (const { text } of session.logs({})) {
    if (!text.startsWith("set aside,")) process.stderr.write(`${text.split("\n").map(printable).join("\n")}\n`)
    else if (++aside <= asideShown) process.stderr.write(`${printable(text).slice(0, 200)}\n`)
  }
}

/** An output's rows are where it put them. */
function streamsWithRows(session: ClientSession, exports: Readonly<Record<string, unknown>>): [string, Handle][] {
  return Object.entries(exports).filter(([, value]) => {
    const kind = kindOf(session, value)
    return kind !== undefined && kind !== "output"
  }) as [string, Handle][]
}
