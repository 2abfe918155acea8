/** What a run is compared with, a directory of `--save` or a live master, and `replay --compare`: interval by interval. */

import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { connect, programPartitions } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import type { Interval } from "../../engine/time.js"
import { userName } from "./attach.js"
import { Comparison, type Difference, type Side } from "./interval-diff.js"
import type { IntervalLine } from "./interval-lines.js"
import { liveSide } from "./live-side.js"
import { connectTimeoutMs, masterAddress } from "./options.js"
import { someoneListens } from "./reachable.js"

export type Target = { readonly kind: "saved"; readonly directory: string } | { readonly kind: "live"; readonly address: string }

/** A directory that is there, else a master. RivuletError (2) for what is neither. */
export function compareTarget(text: string): Target {
  const directory = resolve(text)
  const there = statSync(directory, { throwIfNoEntry: false })
  if (there?.isDirectory()) return { kind: "saved", directory }
  if (there !== undefined || /^[./]/.test(text))
    throw new RivuletError(`${text}: not a directory that --save wrote`, { code: 2, try: "a directory, or a master: tcp://127.0.0.1:7077" })
  try {
    return { kind: "live", address: masterAddress(text) }
  } catch (error) {
    const advice = error instanceof RivuletError ? error.try : undefined
    throw new RivuletError(`${text}: no directory, no master's address and no cluster's name`, { code: 2, ...(advice && { try: advice }) })
  }
}

/** Who has made nothing at all says that there is nothing. */
const begun = (from: number): number => (from === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : from)

/** The streams that a target has: names as exported, and how each is read. */
export interface Opened {
  readonly names: readonly string[]
  /** Which streams the name may mean: of a live master several programs may have one. */
  meant(name: string): readonly string[]
  /** Of its shuffles, where that is known: what depends on the order of records is the same with as many. */
  readonly partitions: number | undefined
  side(name: string): Promise<Side | null>
  /** Whether each interval of the stream is a whole version; undefined: that is not known here. */
  versions(name: string): boolean | undefined
  close(): Promise<void>
}

/** `program`: of a live master, whose streams. Null: any program's that has one of the name. */
export async function openTarget(target: Target, program: string | null): Promise<Opened> {
  if (target.kind === "saved") {
    const names = readdirSync(target.directory).flatMap(file => /^(.+)\.ndjson$/.exec(file)?.[1] ?? [])
    if (names.length === 0)
      throw new RivuletError(`${target.directory} holds no saved stream`, { code: 2, try: "rivulet replay … --save <dir>" })
    // Of what came before the first line of them all nothing was known, so nothing is said of it.
    let from = Number.POSITIVE_INFINITY
    for (const name of names)
      for await (const first of savedLines(join(target.directory, `${name}.ndjson`))) {
        from = Math.min(from, first.from)
        break
      }
    from = begun(from)
    const side = async (name: string) => {
      if (!names.includes(name)) return null
      return { lines: savedLines(join(target.directory, `${name}.ndjson`)), from, to: through?.[name] ?? Number.POSITIVE_INFINITY }
    }
    const { partitions, versions: noted, through } = savedRun(target.directory)
    const versions = (name: string) => noted?.includes(name)
    const meant = (name: string) => names.filter(other => other === name)
    return { names: names.sort(), meant, partitions, side, versions, close: async () => {} }
  }
  await someoneListens(target.address, connectTimeoutMs())
  const session = await connect(target.address, { user: userName(), program: userName(), tz: "UTC", timeoutMs: connectTimeoutMs() })
  const entries = (await session.host.catalog()).filter(
    ({ definition, state }) => definition.named && definition.kind !== "output" && state !== "stopped",
  )
  const fitting = (name: string) =>
    entries.filter(({ definition }) => definition.name === name || `${definition.program}/${definition.name}` === name)
  const of = (name: string) => {
    const found = fitting(name)
    return found.find(({ definition }) => definition.program === program) ?? (found.length === 1 ? found[0] : undefined)
  }
  const side = async (name: string): Promise<Side | null> => {
    const id = of(name)?.definition.id
    if (id === undefined) return null
    const entry = async () => {
      const now = (await session.host.catalog()).find(({ definition }) => definition.id === id)
      if (now === undefined) throw new RivuletError(`${name}, which is compared, has been stopped`, { code: 5 })
      return now
    }
    return liveSide({ session, entry, lost: sayLost(name) })
  }
  return {
    names: [...new Set(entries.map(({ definition }) => definition.name))].sort(),
    meant: name => fitting(name).map(({ definition }) => `${definition.program}/${definition.name}`),
    partitions: program === null ? undefined : (programPartitions(entries, program) ?? entries.at(-1)?.definition.partitions),
    side,
    versions: name => isVersions(of(name)?.definition.kind),
    close: () => session.close(),
  }
}

/** At once, and of many ranges the first few. */
function sayLost(name: string): (range: Interval) => void {
  let said = 0
  return ({ from, to }) => {
    if (++said > lostSaid) return
    const range = `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`
    const more = said === lostSaid ? "; more will not be told" : ""
    process.stderr.write(`${name}: the live stream forgot ${range} before it could be read: left out${more}\n`)
  }
}

const lostSaid = 3

/** What is noted, in a directory of results, of the run that made them. */
export interface SavedRunNote {
  /** Of its shuffles. */
  readonly partitions?: number
  /** Streams of which each interval is a whole version. */
  readonly versions?: readonly string[]
  /** Of a run that came to its end: before which time it can speak of each stream, epoch ms. Of what comes later it says nothing. */
  readonly through?: Readonly<Record<string, number>>
}

const aboutFile = (directory: string) => join(directory, ".rivulet.json")

/** Empty: nobody has noted anything. */
export function savedRun(directory: string): SavedRunNote {
  return existsSync(aboutFile(directory)) ? (JSON.parse(readFileSync(aboutFile(directory), "utf8")) as SavedRunNote) : {}
}

/** Notes it, in the directory, which is there. */
export function noteSavedRun(directory: string, note: SavedRunNote): void {
  writeFileSync(aboutFile(directory), `${JSON.stringify(note)}\n`)
}

export function isVersions(kind: string | undefined): boolean | undefined {
  return kind === undefined ? undefined : kind === "state" || kind === "snapshot"
}

async function* savedLines(path: string): AsyncGenerator<IntervalLine, undefined> {
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (text === "") continue
    const from = /"interval":\["([^"]+)"/.exec(text.slice(0, 500))?.[1]
    if (from === undefined) throw new RivuletError(`${path}: a line that is no interval: ${text.slice(0, 80)}`, { code: 2 })
    yield { from: Date.parse(from), line: `${text}\n`, rows: 0 }
  }
  return undefined
}

export interface Compared extends Difference {
  readonly stream: string
}

/** What batch mode makes, compared with a target as it is made. */
export class RunComparison {
  readonly #target: Opened
  readonly #streams = new Map<string, Comparison>()
  /** Where the run begins: with the first record of its inputs, of which it cannot know whether anything came before. */
  #from = Number.POSITIVE_INFINITY

  private constructor(target: Opened) {
    this.#target = target
  }

  static async open(target: Target, program: string): Promise<RunComparison> {
    return new RunComparison(await openTarget(target, program))
  }

  /** With how many partitions the target was made: the run is to have as many. */
  get partitions(): number | undefined {
    return this.#target.partitions
  }

  /** Which streams the run makes. Those that the target does not have are named on stderr. */
  async begin(streams: readonly string[]): Promise<void> {
    for (const name of streams) {
      const there = await this.#target.side(name)
      if (there === null) process.stderr.write(`${name} is not there to compare with\n`)
      else this.#streams.set(name, new Comparison(there))
    }
  }

  async next(name: string, line: IntervalLine): Promise<void> {
    this.#from = Math.min(this.#from, line.from)
    await this.#streams.get(name)?.next(line)
  }

  /** `to`: before which time the run can speak of a stream. */
  async end(to: (name: string) => number): Promise<Compared[]> {
    const compared: Compared[] = []
    const from = begun(this.#from)
    for (const [stream, comparison] of this.#streams) compared.push({ stream, ...(await comparison.end({ from, to: to(stream) })) })
    return compared
  }

  close(): Promise<void> {
    return this.#target.close()
  }
}
