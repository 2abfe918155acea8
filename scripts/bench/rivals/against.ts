/** `--against spark,flink,duckdb,polars`: the same work by other engines, right after ours and on the same machine, and how many times theirs ours is. */

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeFiles } from "./input.js"
import { type Program, race } from "./race.js"
import { type Log, type Rival, rivals, type StreamWork } from "./rivals.js"

export interface Raced {
  readonly work: string
  readonly against: string
  readonly recordsPerSecond: number
  readonly recordsPerCpuSecond: number
  /** Ours by theirs, of records a CPU-second. */
  readonly timesTheirs: number
  readonly peakBytes: number
  /** What is wrong with its result; null: it is ours, too. */
  readonly wrong: string | null
}

interface Ours {
  readonly work: string
  readonly recordsPerCpuSecond: number
}

/** Names with commas between. Throws for one that there is not. */
export function rivalsNamed(text: string): readonly Rival[] {
  return text.split(",").map(name => {
    const rival = rivals.find(one => one.name === name)
    if (rival === undefined) throw new Error(`there is no engine ${name} to compare with\ntry: ${rivals.map(one => one.name).join(", ")}`)
    return rival
  })
}

/** Over files of the same lines that ours were sent. Works that none of them has give nothing. */
export async function raceStreams(
  ours: Ours,
  named: readonly Rival[],
  run: { readonly seconds: number; readonly windowSeconds: number },
  say: (text: string) => void,
): Promise<Raced[]> {
  const { work } = ours
  if (!isStreamWork(work)) return []
  const directory = await mkdtemp(join(tmpdir(), "rivulet-rivals-"))
  try {
    const raced: Raced[] = []
    const input = await makeFiles(directory)
    for (const { title, streams } of named) {
      if (streams === undefined) continue
      say(`${work}: ${title}`)
      raced.push(
        await raceOne(ours, title, async () => {
          const program = await streams(work, input, run)
          return { program, differs: program.differs, expected: input.checksum(work, program.from, program.to) }
        }),
      )
    }
    return raced
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Over the same log; `expected` is the checksum of what it holds. */
export async function raceBatch(
  ours: Ours,
  named: readonly Rival[],
  log: Log,
  expected: number,
  say: (text: string) => void,
): Promise<Raced[]> {
  const raced: Raced[] = []
  for (const { title, batch } of named) {
    if (batch === undefined) continue
    say(`${ours.work}: ${title}`)
    raced.push(await raceOne(ours, title, async () => ({ program: await batch(log), expected })))
  }
  return raced
}

/** What keeps it from running is what is wrong with its result: the others run all the same. */
async function raceOne(
  { work, recordsPerCpuSecond }: Ours,
  against: string,
  prepare: () => Promise<{ readonly program: Program; readonly expected: number; readonly differs?: string }>,
): Promise<Raced> {
  try {
    const { program, expected, differs = "" } = await prepare()
    const { checksum, ...figures } = await race(program)
    const timesTheirs = Number((recordsPerCpuSecond / figures.recordsPerCpuSecond).toPrecision(3))
    const wrong = checksum === expected ? null : `its counts have the checksum ${checksum}, where ${expected} is right`
    return { work, against: `${against}${differs}`, ...figures, timesTheirs, wrong }
  } catch (error) {
    const wrong = `it did not run: ${(error as Error).message}`
    return { work, against, recordsPerSecond: 0, recordsPerCpuSecond: 0, timesTheirs: 0, peakBytes: 0, wrong }
  }
}

const isStreamWork = (work: string): work is StreamWork => work === "grep" || work === "wordcount"
