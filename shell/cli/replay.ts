/** `rivulet replay`: the same program over old logs by their own time stamps. */

import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import glob from "fast-glob"
import { localPath } from "../../cluster/client/inputs.js"
import { programName, programPath } from "../../cluster/client/program/loader.js"
import { RivuletError } from "../../engine/errors.js"
import { archiveKind } from "../../engine/input/archive.js"
import { parseTime } from "../../engine/time.js"
import { batch, checkResume, type ReplayInput } from "./batch.js"
import { compareTarget } from "./compare.js"
import { csvHeader } from "./csv-header.js"
import { byteSize, duration, positiveInteger } from "./options.js"
import { lineFormat } from "./output.js"

export interface ReplayOptions {
  readonly input: readonly string[]
  readonly format?: string
  readonly timestamp?: string
  readonly disorder: string
  readonly from?: string
  readonly to?: string
  readonly compare?: string
  readonly workers: string
  readonly memory?: string
  readonly save?: string
  readonly resume?: boolean
  readonly timeout?: string
  readonly o?: string
}

const formats = ["text", "combined", "json", "csv"] as const

export async function replay(file: string, options: ReplayOptions): Promise<void> {
  const path = programPath(file)
  const output = lineFormat(options.o, process.stdout.isTTY)
  const workers = positiveInteger(options.workers, "--workers", 16)
  const disorderMs = duration(options.disorder, "--disorder")
  const format = options.format === undefined ? undefined : formats.find(name => name === options.format)
  if (options.format !== undefined && format === undefined)
    throw new RivuletError(`--format ${options.format}: no such format`, { code: 2, try: `one of ${formats.join(", ")}` })
  checkResume(options)
  const inputs = options.input.map((text): ReplayInput => {
    const at = text.indexOf("=")
    if (at < 1) throw new RivuletError(`--input ${text}: not name=files`, { code: 2, try: "--input views=logs/access.log" })
    const asked = text.slice(at + 1)
    if (asked.startsWith("archive:")) return archived(text.slice(0, at), resolve(asked.slice("archive:".length)), text, options, format)
    if (options.from !== undefined || options.to !== undefined)
      throw new RivuletError("--from and --to are for archives", { code: 2, try: `--input ${text.slice(0, at)}=archive:<dir>` })
    const paths = resolve(asked.startsWith("local:") ? localPath(asked) : asked)
    const files = filesOf(paths, text)
    const mayBeCsv = options.timestamp !== undefined && (format === undefined || format === "csv")
    const header = mayBeCsv ? csvHeader(files, options.timestamp as string, `--input ${text}`) : null
    return {
      name: text.slice(0, at),
      paths,
      files,
      disorderMs,
      ...(format ? { format } : {}),
      ...(options.timestamp ? { timestampField: options.timestamp } : {}),
      ...(header === null ? {} : { header }),
    }
  })
  await batch({
    path,
    program: programName(path),
    workers,
    inputs,
    format: output,
    ...(options.memory === undefined ? {} : { memoryBytes: byteSize(options.memory, "--memory") }),
    ...(options.compare === undefined ? {} : { compare: compareTarget(options.compare) }),
    ...(options.save === undefined ? {} : { save: options.save }),
    ...(options.resume === true ? { resume: true } : {}),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  })
}

/** The archived stream's directory must be of one kind, in this machine's eyes too: what it is compared with is decided by it. */
function archived(
  name: string,
  directory: string,
  text: string,
  options: ReplayOptions,
  format: (typeof formats)[number] | undefined,
): ReplayInput {
  const wrong = (what: string, advice: string) => new RivuletError(`--input ${text}: ${what}`, { code: 2, try: advice })
  if (options.timestamp !== undefined) throw wrong("an archive's intervals are those that were sealed", "leave --timestamp out")
  const there = statSync(directory, { throwIfNoEntry: false })
  if (there === undefined) throw wrong("no such directory", "the directory that archive(dir) was given, and the stream's name below it")
  const entries = there.isDirectory() ? readdirSync(directory) : []
  if (!entries.some(entry => archiveKind(entry) !== null)) {
    const below = entries.filter(entry => existsSync(join(directory, entry)) && statSync(join(directory, entry)).isDirectory())
    throw wrong(
      "no archived stream",
      below.length > 0 ? `--input ${name}=archive:${join(directory, below[0]!)}` : "the directory that archive(dir) was given",
    )
  }
  const time = (given: string | undefined) => (given === undefined ? undefined : parseTime(given, { nowMs: Date.now(), tz: "UTC" }))
  const [from, to] = [time(options.from), time(options.to)]
  return {
    name,
    paths: directory,
    files: [],
    disorderMs: 0,
    archive: { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
    ...(format === undefined ? {} : { format }),
  }
}

function filesOf(paths: string, text: string): string[] {
  const there = statSync(paths, { throwIfNoEntry: false })
  if (there?.isDirectory())
    throw new RivuletError(`--input ${text}: a directory`, { code: 2, try: `its files by a quoted pattern: --input '${text}/*'` })
  const files = there === undefined ? glob.sync(paths, { onlyFiles: true }).sort() : [paths]
  if (files.length === 0) throw new RivuletError(`--input ${text}: no such file`, { code: 2, try: "a path or a quoted pattern" })
  for (const file of files) {
    try {
      accessSync(file, constants.R_OK)
    } catch {
      throw new RivuletError(`--input ${text}: ${file} may not be read`, { code: 2, try: `ls -l ${file}` })
    }
  }
  return files
}
