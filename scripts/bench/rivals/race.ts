/**
 * One run of another engine's program, as a process beside this one. It says on stdout how far it is and what came out, a line each:
 * `records <how many so far>`, `result <key> <count>`, `end` (tabs between); and it stays until its stdin ends, so that what it used can be looked up.
 */

import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { peakBytes, processesBelow, usageOf } from "../cpu.js"
import { type Count, checksumOf } from "./checksum.js"

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly recordsPerSecond: number
  readonly recordsPerCpuSecond: number
  /** Resident, of all its processes together. */
  readonly peakBytes: number
  /** Of the counts that came out. */
  readonly checksum: number
}

/** What a program had done and used. */
export interface Look {
  readonly records: number
  readonly atMs: number
  readonly cpuSeconds: number
}

/** Of two looks or more: from the last that had half of the records or fewer. */
export function warmHalf(looks: readonly Look[]): Pick<Ran, "recordsPerSecond" | "recordsPerCpuSecond"> {
  const last = looks.at(-1)!
  const from = looks.findLast(({ records }) => records <= last.records / 2) ?? looks[0]!
  const records = last.records - from.records
  return {
    recordsPerSecond: Math.round(records / ((last.atMs - from.atMs) / 1_000)),
    recordsPerCpuSecond: Math.round(records / (last.cpuSeconds - from.cpuSeconds)),
  }
}

/**
 * Its figures are those of the second half of its input, when its code is warm; of all of it, when it does not say how far it is in between. Its start
 * is in neither. Throws when it ends before its `end`.
 */
export async function race({ command, args, env }: Program): Promise<Ran> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } })
  let complaints = ""
  child.stderr.on("data", chunk => {
    complaints = `${complaints}${chunk}`.slice(-4_000)
  })
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject)
    child.once("close", code => reject(new Error(`${command} ended with ${code}:\n${complaints}`)))
  })
  failed.catch(() => {})
  child.stdin.on("error", () => {})
  try {
    return await Promise.race([failed, follow()])
  } finally {
    child.stdin.end()
    child.kill()
  }

  async function follow(): Promise<Ran> {
    const looks: Look[] = []
    const counts: Count[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, a, b] = line.split("\t")
      if (word === "records") looks.push({ records: Number(a), atMs: performance.now(), cpuSeconds: cpuSeconds() })
      if (word === "result") counts.push([a!, Number(b)])
      if (word === "end") break
    }
    const peak = peakBytes(pids())
    if (looks.length < 2 || counts.length === 0) return failed
    return { ...warmHalf(looks), peakBytes: peak, checksum: checksumOf(counts) }
  }

  function pids(): number[] {
    return [child.pid!, ...processesBelow(child.pid!)]
  }

  function cpuSeconds(): number {
    return pids()
      .map(usageOf)
      .reduce((sum, { userSeconds, systemSeconds }) => sum + userSeconds + systemSeconds, 0)
  }
}
