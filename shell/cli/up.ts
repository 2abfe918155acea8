/**
 * `rivulet up` and `down`: a master and workers of this machine that outlive shells. They are the commands `master` and `worker`, let go
 * of; what was started is written down beside their logs, and only that is ended. `up` once more starts what has died of it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { runs } from "../running.js"
import { stateDirectory } from "../state-directory.js"
import { positiveInteger } from "./options.js"

interface Started {
  readonly address: string
  /** Process ids: the master's, then those of w1, w2 … */
  readonly pids: readonly number[]
}

const startsWithinMs = 20_000
const stopsWithinMs = 8_000
const lookMs = 100
const asksWithinMs = 2_000

export function upDirectory(): string {
  return join(stateDirectory(), "up")
}

const recordPath = () => join(upDirectory(), "started.json")

export async function up({ workers: text, port: portText }: { readonly workers: string; readonly port: string }): Promise<void> {
  const workers = positiveInteger(text, "--workers", 64)
  const port = positiveInteger(portText, "--port", 65_535)
  const before = record()
  const running = before?.pids.some(isUp) ? before : null
  const count = running === null ? workers : running.pids.length - 1
  const names = ["master", ...Array.from({ length: count }, (_, i) => `w${i + 1}`)]
  const pids = names.map((_, i) => running?.pids[i] ?? 0)
  const missing = names.filter((_, i) => pids[i] === 0 || !isUp(pids[i]!))
  if (missing.length === 0) throw new RivuletError(`a cluster is up already at ${running?.address}`, { code: 4, try: "rivulet down" })
  const address = running?.address ?? `tcp://127.0.0.1:${port}`
  // Else whoever is there would be taken for what is started here.
  const { someoneListens } = await import("../../cluster/adapters/probe.js")
  if (missing.includes("master") && (await someoneListens(address)))
    throw new RivuletError(`${address} is in use`, { code: 2, try: `rivulet up --port ${port + 1}` })
  const directory = upDirectory()
  mkdirSync(directory, { recursive: true })
  const launch = (name: string) => {
    const own = join(directory, name)
    // Each worker is a host of its own, so that copies spread as they would among machines.
    const worker = ["worker", "--master", address, "--name", name, "--host", name, "--cores", "1", "--dir", own]
    const args = name === "master" ? ["master", "--bind", address, "--dir", own] : worker
    const log = openSync(join(directory, `${name}.log`), "a")
    const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], { detached: true, stdio: ["ignore", log, log] })
    child.unref()
    return child
  }
  const children = missing.map(launch)
  for (const [i, child] of children.entries()) pids[names.indexOf(missing[i]!)] = child.pid!
  writeFileSync(recordPath(), JSON.stringify({ address, pids } satisfies Started))
  try {
    await listed(address, count, children)
  } catch (error) {
    if (running === null) await down()
    throw error
  }
  process.stdout.write(`${address}\n`)
  const all = `a master and ${count} worker${count === 1 ? "" : "s"} are up`
  const what = running === null ? all : `${missing.join(", ")} started again: ${all}`
  process.stderr.write(`${what}: rivulet -m ${address} · logs in ${directory} · rivulet down ends them\n`)
}

/** Resolves when the master lists all workers; rejects when a process ends before, or it takes too long. */
async function listed(address: string, workers: number, children: readonly ChildProcess[]): Promise<void> {
  const { connect } = await import("../../cluster/client/session.js")
  const session = connect(address, { user: "up", timeoutMs: startsWithinMs })
  let timer: NodeJS.Timeout | undefined
  let there: ClientSession | null = null
  try {
    await new Promise<void>((resolve, reject) => {
      const ended = () =>
        reject(new RivuletError(`it ended as it began: see the logs in ${upDirectory()}`, { code: 3, try: "rivulet doctor" }))
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) ended()
        child.once("exit", ended)
        child.once("error", reject)
      }
      const late = `not all of ${workers} workers came up: see the logs in ${upDirectory()}`
      timer = setTimeout(() => reject(new RivuletError(late, { code: 3 })), startsWithinMs)
      session.then(async connected => {
        there = connected
        const look = async () => {
          if ((await connected.workers()).filter(({ state }) => state !== "lost").length >= workers) resolve()
        }
        connected.calls.onPush(push => {
          if (push.kind === "event" && push.event.kind === "workerJoined") look().catch(reject)
        })
        await look()
      }, reject)
    })
  } finally {
    clearTimeout(timer)
    // Of a master that did not come up it would be waited for in vain.
    const closed = session.then(there => there.close()).catch(() => {})
    if (there !== null) await closed
  }
}

export async function down(): Promise<void> {
  const started = record()
  if (started === null) throw new RivuletError("no cluster was started here with rivulet up", { code: 2, try: "rivulet up" })
  const running = started.pids.filter(isUp)
  const others = started.pids[0] !== undefined && isUp(started.pids[0]) ? await byHand(started) : []
  // Workers first: they say goodbye to a master that hears it.
  for (const pid of [...running].reverse()) signal(pid, "SIGTERM")
  const endMs = Date.now() + stopsWithinMs
  while (running.some(isUp) && Date.now() < endMs) await new Promise(resolve => setTimeout(resolve, lookMs))
  for (const pid of running.filter(isUp)) signal(pid, "SIGKILL")
  rmSync(recordPath(), { force: true })
  process.stderr.write(
    `${running.length === 0 ? "nothing of it ran any more" : `ended ${running.length} processes`}; its journal stays in ${upDirectory()}\n`,
  )
  if (others.length > 0)
    process.stderr.write(
      `${others.join(", ")} joined from elsewhere and ${others.length === 1 ? "goes" : "go"} on, waiting for the master: Ctrl-C where it was started ends a worker\n`,
    )
}

/** Workers of the cluster that `up` has not started. Of a master that does not answer nobody knows. */
async function byHand({ address, pids }: Started): Promise<readonly string[]> {
  const { connect } = await import("../../cluster/client/session.js")
  try {
    const session = await connect(address, { user: "down", timeoutMs: asksWithinMs })
    const ours = new Set(pids.slice(1).map((_, i) => `w${i + 1}`))
    const workers = await session.workers().finally(() => session.close())
    return workers.filter(({ name, state }) => state !== "lost" && !ours.has(name)).map(({ name }) => name)
  } catch {
    return []
  }
}

/** The address of what runs of it; null: nothing does. */
export function runningUp(): string | null {
  const started = record()
  return started?.pids.some(isUp) ? started.address : null
}

function record(): Started | null {
  try {
    return JSON.parse(readFileSync(recordPath(), "utf8")) as Started
  } catch {
    return null
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended meanwhile
  }
}

const isUp = (pid: number): boolean => runs(pid, words => words.includes("master") || words.includes("worker"))
