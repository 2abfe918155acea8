/** What is measured of a shell, part by part: each opens what it needs of shells, and leaves none. */
import { readFileSync } from "node:fs"
import { connect } from "../../../cluster/client/session.js"
import { cpuSeconds } from "../cpu.js"
import { peersMs } from "./peers.js"
import { openShell, pause, quantile, type ShellProcess } from "./process.js"
import { slowLink } from "./slow-link.js"

export interface Bench {
  /** Of the built program. */
  readonly main: string
  /** Of the master. */
  readonly address: string
  /** How many keys, cells and the like. */
  readonly counts: Readonly<Record<"attaches" | "keys" | "gets" | "cells" | "idle", number>>
}

export type Measured = Record<string, number>

export interface Part {
  readonly measures: string
  /** Without it no cluster is started. */
  readonly needsCluster: boolean
  run(bench: Bench): Promise<Measured>
}

const roundTripMs = 50
const prompt = /\d>/
const answered = /partitions · /
const endless = 'views.last("5m").map(v => { let n = 0; for (let i = 0; i < 1e8; i++) n += i % 7; return n }).count()'

export const parts: Readonly<Record<string, Part>> = {
  attach: { measures: "from the process's start to its first prompt, here and over a link of 50 ms", needsCluster: true, run: attach },
  start: { measures: "`rivulet start`: to the first numbers, and until they move", needsCluster: false, run: start },
  echo: { measures: "fifty keys a second under a full live panel: key to echo, bytes written", needsCluster: true, run: echo },
  get: { measures: "from Enter to the stamp: a key of a state, a count of five minutes", needsCluster: true, run: get },
  tab: { measures: "from Tab to the list, warm: members, fields of records with values", needsCluster: true, run: tab },
  "ctrl-c": {
    measures: "from Ctrl-C to a free prompt, and until its tasks' threads serve another session",
    needsCluster: true,
    run: ctrlC,
  },
  idle: { measures: "CPU of an attached shell with one live panel", needsCluster: true, run: idle },
  memory: { measures: "resident memory after a day's worth of cells", needsCluster: true, run: memory },
  peers: { measures: "other prompts, where installed: from the start to where one can type", needsCluster: false, run: peers },
}

/** Of a figure by its name: the most it may be. */
export const goals: Readonly<Record<string, number>> = {
  "attach ms": 700,
  "attach, round trips more over 50 ms": 2,
  "start, numbers ms": 5_000,
  "start, moving ms": 5_000,
  "echo p99 ms": 16,
  "echo, KB/s": 20,
  "get p50 ms": 20,
  "count of 5 min ms": 200,
  "tab, members ms": 100,
  "tab, fields ms": 100,
  "ctrl-c ms": 100,
  "ctrl-c, tasks freed ms": 1_000,
  "ctrl-c, a loop ms": 100,
  "idle, % of a core": 3,
  "memory MB": 400,
}

/** An attached shell, ready for cells; with a panel of so many rows. */
async function attached({ main, address }: Bench, rows = 0): Promise<ShellProcess> {
  const shell = openShell(main, ["-m", address])
  await shell.seen(/bound here/)
  if (rows > 0) {
    shell.type(`.watch counts.top(${rows})\r`)
    await shell.seen(/live · /)
  }
  return shell
}

async function attach({ main, address, counts }: Bench): Promise<Measured> {
  const link = await slowLink(address, roundTripMs / 2)
  const times: Record<"near" | "far", number[]> = { near: [], far: [] }
  for (let i = 0; i < counts.attaches; i++)
    // By turns, so that whatever else the machine does is in both.
    for (const [where, to] of [
      ["near", address],
      ["far", link.address],
    ] as const) {
      const shell = openShell(main, ["-m", to])
      times[where].push((await shell.seen(prompt)) - shell.startedMs)
      await shell.end()
    }
  link.close()
  const [near, far] = [quantile(times.near, 0.5), quantile(times.far, 0.5)]
  return {
    "attach ms": near,
    "attach, slowest ms": Math.max(...times.near),
    "attach over 50 ms": far,
    "attach, round trips more over 50 ms": (far - near) / roundTripMs,
  }
}

async function start({ main }: Bench): Promise<Measured> {
  const shell = openShell(main, ["start"])
  // A row of the panel: a URL and its count; later another count.
  const row = /│ \/ +([\d ]+\d) /
  const firstMs = await shell.seen(row)
  const movedMs = await shell.seen(row)
  await shell.end()
  return { "start, numbers ms": firstMs - shell.startedMs, "start, moving ms": movedMs - shell.startedMs }
}

async function echo(bench: Bench): Promise<Measured> {
  const shell = await attached(bench, 20)
  const keyMs = 20
  const times: number[] = []
  const [startedMs, bytes] = [performance.now(), shell.bytes]
  for (let i = 0; i < bench.counts.keys; i++) {
    const letter = "abcdefghij"[i % 10]!
    const typedMs = performance.now()
    shell.type(i % 40 === 39 ? `\x15${letter}` : letter)
    times.push((await shell.seen(new RegExp(`${letter}(\\x1b\\[[\\d;]*[mK]| )*[\\r\\n]`))) - typedMs)
    await pause(Math.max(0, keyMs - (performance.now() - typedMs)))
  }
  const seconds = (performance.now() - startedMs) / 1000
  const written = shell.bytes - bytes
  await shell.end()
  return {
    "echo p50 ms": quantile(times, 0.5),
    "echo p99 ms": quantile(times, 0.99),
    "echo, keys/s": times.length / seconds,
    "echo, KB/s": written / 1000 / seconds,
  }
}

async function get(bench: Bench): Promise<Measured> {
  const shell = await attached(bench)
  const gets = await asked(shell, 'counts.get("/favicon.ico")', bench.counts.gets)
  const fiveMinutes = await asked(shell, 'views.last("5m").count()', 5)
  await shell.end()
  return {
    "get p50 ms": quantile(gets, 0.5),
    "get p95 ms": quantile(gets, 0.95),
    "count of 5 min ms": quantile(fiveMinutes, 0.5),
  }
}

/** By the clock of the person: from Enter to the stamp. */
async function asked(shell: ShellProcess, cell: string, count: number): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    shell.type(cell)
    await pause(100)
    const enteredMs = performance.now()
    shell.type("\r")
    times.push((await shell.seen(answered)) - enteredMs)
    await pause(100)
  }
  return times
}

async function tab(bench: Bench): Promise<Measured> {
  const shell = await attached(bench)
  const pressed = async (text: string, shows: RegExp) => {
    const times: number[] = []
    for (let i = 0; i < 11; i++) {
      shell.type(text)
      await pause(100)
      const pressedMs = performance.now()
      shell.type("\t")
      times.push((await shell.seen(shows)) - pressedMs)
      shell.type("\x1b")
      await pause(100)
      shell.type("\x15")
      await pause(50)
    }
    return times.slice(1)
  }
  // Types are there when the list has signatures.
  for (let typed = false; !typed; ) {
    shell.type("counts.")
    await pause(100)
    shell.type("\t")
    typed = await shell.seen(/map +\(f: /, 2_000).then(
      () => true,
      () => false,
    )
    shell.type("\x1b")
    await pause(100)
    shell.type("\x15")
    await pause(100)
  }
  const members = await pressed("counts.", /map +\(f: /)
  const fields = await pressed("views.filter(v => v.", /status +number +\d/)
  await shell.end()
  return {
    "tab, members ms": quantile(members, 0.5),
    "tab, members slowest ms": Math.max(...members),
    "tab, fields ms": quantile(fields, 0.5),
    "tab, fields slowest ms": Math.max(...fields),
  }
}

async function ctrlC(bench: Bench): Promise<Measured> {
  const other = await connect(bench.address, { user: "other", program: "other", tz: "UTC" })
  await other.streams()
  const link = await slowLink(bench.address, roundTripMs / 2)
  const questions = async (address: string) => {
    const shell = await attached({ ...bench, address })
    const cancels: number[] = []
    const frees: number[] = []
    for (let i = 0; i < 3; i++) {
      shell.type(`${endless}\r`)
      await shell.seen(/tasks/)
      const pressedMs = performance.now()
      shell.type("\x03")
      cancels.push((await shell.seen(/cancelled/)) - pressedMs)
      await other.stream("bench/views").last("5m").count()
      frees.push(performance.now() - pressedMs)
    }
    const loops: number[] = []
    for (let i = 0; i < 3; i++) {
      shell.type("for (;;) {}\r")
      await shell.seen(/Ctrl-C cancels/)
      await pause(200)
      const pressedMs = performance.now()
      shell.type("\x03")
      loops.push((await shell.seen(/interrupted/)) - pressedMs)
    }
    await shell.end()
    return [cancels, frees, loops].map(times => quantile(times, 0.5)) as [number, number, number]
  }
  const [near, nearFreed, loop] = await questions(bench.address)
  const [far, farFreed] = await questions(link.address)
  link.close()
  await other.close()
  return {
    "ctrl-c ms": near,
    "ctrl-c, tasks freed ms": nearFreed,
    "ctrl-c, a loop ms": loop,
    "ctrl-c over 50 ms": far,
    "ctrl-c, tasks freed over 50 ms": farFreed,
  }
}

async function idle(bench: Bench): Promise<Measured> {
  const shell = await attached(bench, 5)
  // Types are loaded, code is compiled.
  await pause(6_000)
  const before = cpuSeconds([shell.child.pid!])
  await pause(bench.counts.idle * 1_000)
  const used = cpuSeconds([shell.child.pid!]) - before
  await shell.end()
  return { "idle, % of a core": (used / bench.counts.idle) * 100 }
}

/** What people type, and what shows that it is done. */
const day: readonly (readonly [cell: (i: number) => string, done: RegExp])[] = [
  [i => `counts.get("/page/${i}")`, answered],
  [i => `const n${i} = counts.get("/page/${i}")`, answered],
  [() => "counts.latest().top(20)", answered],
  [i => `counts.get("/page/${i * 7}")`, answered],
  [() => 'views.last("5s").take(20)', answered],
  [i => `counts.slice("-${(i % 50) + 5}s").count()`, answered],
  [i => `nothing${i}.called()`, /is not defined/],
  [i => `views.last("2s").filter(v => v.bytes > ${i}).map(v => [v.url, 1]).reduceByKey(sum).top(3)`, answered],
  [i => `[${i}, ${i + 1}].map(n => n * 2)`, /\n? +\[?\d+/],
  [i => `views.last("2s").map(v => v.staus${i}).count()`, answered],
]

async function memory(bench: Bench): Promise<Measured> {
  const shell = await attached(bench, 5)
  const mb = (what: string) => {
    const status = readFileSync(`/proc/${shell.child.pid}/status`, "utf8")
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)![1]) / 1024
  }
  await pause(5_000)
  const before = mb("VmRSS")
  for (let i = 0; i < bench.counts.cells; i++) {
    const [cell, done] = day[i % day.length]!
    shell.type(`${cell(i)}\r`)
    await shell.seen(done)
  }
  const measured = {
    "memory at first MB": before,
    "memory MB": mb("VmRSS"),
    "memory at most MB": mb("VmHWM"),
    "memory, cells": bench.counts.cells,
  }
  await shell.end()
  return measured
}

async function peers(): Promise<Measured> {
  return Object.fromEntries(Object.entries(await peersMs()).map(([name, ms]) => [`${name} ms`, ms]))
}
