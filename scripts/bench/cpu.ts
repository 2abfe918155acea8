/** CPU time of processes, as Linux counts it: user and system, all threads. */

import { readdirSync, readFileSync } from "node:fs"

/** Linux counts hundredths of a second for every architecture that Node runs on. */
const ticksPerSecond = 100

/** Seconds since the start of each process, in all. One that has ended counts as nothing. */
export function cpuSeconds(pids: Iterable<number>): number {
  let ticks = 0
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
      // The name, in brackets, may hold anything.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      ticks += Number(fields[11]) + Number(fields[12])
    } catch {}
  }
  return ticks / ticksPerSecond
}

/** What a process has used so far. */
export interface Usage {
  readonly userSeconds: number
  readonly systemSeconds: number
  /** Pages touched for the first time, as far as no disk was asked for them. */
  readonly faults: number
}

/** Of a process since its start; one that has ended has used nothing. */
export function usageOf(pid: number): Usage {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return {
      userSeconds: Number(fields[11]) / ticksPerSecond,
      systemSeconds: Number(fields[12]) / ticksPerSecond,
      faults: Number(fields[7]),
    }
  } catch {
    return { userSeconds: 0, systemSeconds: 0, faults: 0 }
  }
}

/** Highest resident memory of each process so far, in all. */
export function peakBytes(pids: Iterable<number>): number {
  let bytes = 0
  for (const pid of pids) {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))
      bytes += Number(found?.[1] ?? 0) * 1024
    } catch {}
  }
  return bytes
}

/** Resident memory of a process now; 0 when it has ended. */
export function residentBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))
    return Number(found?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

/** A process's memory now: what is resident, and that with pages that several have divided among them. Zeros when it has ended. */
export function memoryOf(pid: number): { readonly residentBytes: number; readonly ownBytes: number } {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1")
    const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024
    return { residentBytes: of("Rss"), ownBytes: of("Pss") }
  } catch {
    return { residentBytes: 0, ownBytes: 0 }
  }
}

/** Processes that a process has started, and those that these have. */
export function processesBelow(pid: number): number[] {
  const parents = new Map<number, number[]>()
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1")
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)])
    } catch {}
  }
  const all: number[] = []
  const visit = (of: number) => {
    for (const one of parents.get(of) ?? []) {
      all.push(one)
      visit(one)
    }
  }
  visit(pid)
  return all
}
