/**
 * Directories of results (`--save`) and of archived inputs as programs of a shell's own cluster, named as the directories are. What `--save` wrote of a
 * state is each version whole, in the intervals in which it became another: between them it is as it was.
 */
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { archiveKind } from "../../engine/input/archive.js"
import { type Duration, formatDuration } from "../../engine/time.js"
import { userName } from "./attach.js"
import { savedRun } from "./compare.js"
import type { Ending } from "./ending.js"

export interface SavedStream {
  readonly name: string
  readonly path: string
  /** Null: it has no line. */
  readonly intervalMs: number | null
  /** Each line is a whole version, not an interval's records. */
  readonly versions: boolean
}

export interface Archive {
  readonly directory: string
  readonly program: string
  readonly saved: readonly SavedStream[]
  /** Directories of archived inputs, by name. */
  readonly inputs: readonly string[]
}

/** What is in the directories. RivuletError (2) for one that is no archive, and for two of one name. */
export async function archivesIn(directories: readonly string[]): Promise<readonly Archive[]> {
  const archives: Archive[] = []
  for (const text of directories) {
    const archive = await archiveIn(text)
    const other = archives.find(({ program }) => program === archive.program)
    if (other !== undefined)
      throw new RivuletError(`${other.directory} and ${archive.directory} would both be called ${archive.program}`, {
        code: 2,
        try: "rename one of them, or make a link to it of another name",
      })
    archives.push(archive)
  }
  return archives
}

async function archiveIn(text: string): Promise<Archive> {
  const directory = resolve(text)
  const entries = readdirSync(directory)
  const isArchived = (path: string) => statSync(path).isDirectory() && readdirSync(path).some(entry => archiveKind(entry) !== null)
  // The directory that `archive(dir)` was given, or a stream's in it.
  const inputs = isArchived(directory) ? [directory] : entries.map(entry => join(directory, entry)).filter(isArchived)
  const { versions = [] } = savedRun(directory)
  const saved = await savedIn(directory, name => name, versions)
  const aside = join(directory, "aside")
  if (saved.length > 0 && existsSync(aside)) saved.push(...(await savedIn(aside, name => `${name}.aside`, [])))
  if (saved.length === 0 && inputs.length === 0)
    throw new RivuletError(`${text} is no archive: it holds no stream that --save or archive(dir) wrote`, {
      code: 2,
      try: "rivulet replay … --save <dir>",
    })
  return { directory, program: basename(directory).replaceAll(/\s/g, "-"), saved, inputs }
}

async function savedIn(directory: string, nameOf: (file: string) => string, versions: readonly string[]): Promise<SavedStream[]> {
  const found: SavedStream[] = []
  for (const file of readdirSync(directory).sort()) {
    const name = /^(.+)\.ndjson$/.exec(file)?.[1]
    if (name === undefined) continue
    const path = join(directory, file)
    found.push({ name: nameOf(name), path, intervalMs: await lengthOf(path), versions: versions.includes(name) })
  }
  return found
}

/** Of the first line's interval. RivuletError (2) for a file that holds something else. */
async function lengthOf(path: string): Promise<number | null> {
  const lines = createInterface({ input: createReadStream(path, { end: 1 << 16 }), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) {
    const [, from, to] = /"interval":\["([^"]+)","([^"]+)"\]/.exec(line.slice(0, 500)) ?? []
    const lengthMs = Date.parse(to ?? "") - Date.parse(from ?? "")
    if (lengthMs > 0) return lengthMs
    throw new RivuletError(`${path} is not what --save wrote: its first line is no interval`, {
      code: 2,
      try: "rivulet replay … --save <dir>",
    })
  }
  return null
}

/** Defines their streams on the cluster; they are there until `ending`. What of them is empty comes back. */
export async function bindArchives(address: string, archives: readonly Archive[], ending: Ending): Promise<readonly string[]> {
  const empty: string[] = []
  for (const { program, saved, inputs } of archives) {
    const session = await connect(address, { user: userName(), program, tz: "UTC", workersHere: true })
    ending.add(() => session.close())
    for (const stream of saved) {
      if (stream.intervalMs === null) empty.push(`${program}/${stream.name}`)
      else savedStream(session, stream, formatDuration(stream.intervalMs) as Duration)
    }
    for (const directory of inputs) session.stream(`archive:${directory}`).named(basename(directory))
    await session.flush()
  }
  return empty
}

function savedStream(session: ClientSession, { name, path, versions }: SavedStream, interval: Duration): void {
  // Read in the workers: what a run that was interrupted has not finished writing is no line.
  const rowsIn = (line: string): unknown[] => {
    try {
      return (JSON.parse(line) as { rows: unknown[] }).rows
    } catch {
      return []
    }
  }
  const lines = session.readHistory(path, interval, { timestamp: line => /"interval":\["([^"]+)"/.exec(line.slice(0, 500))?.[1] ?? "" })
  // Steps whose names have an @ are offered nowhere.
  lines.named(`${name}@lines`)
  if (versions)
    lines
      .map((line): [number, string] => [0, line])
      .named(`${name}@line`)
      .runningReduce((_, line) => line, { partitions: 1 })
      .named(`${name}@version`)
      .flatMap(([, line]) => rowsIn(line) as [])
      .named(name)
  else lines.flatMap(line => rowsIn(line) as []).named(name)
}
