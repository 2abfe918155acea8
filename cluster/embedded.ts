/**
 * A whole cluster on this machine, as child processes on loopback: `npm start`, `--local`, tests, benchmarks. Its processes
 * end with this one, however it ends. A process of it that dies is started again, as an operator would.
 */

import { type ChildProcess, fork } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { RivuletError } from "../engine/errors.js"
import { makeDirectory } from "./adapters/node-process.js"
import type { FromProcess, ToProcess } from "./embedded-messages.js"

export interface EmbeddedOptions {
  /** Named w1, w2, … Default 2. */
  readonly workers?: number
  /** Executor threads of each. Default 1. */
  readonly cores?: number
  /** Block memory of each. Default 512 MiB. */
  readonly memoryBytes?: number
  /** What each may put on disk of what memory has no room for. Default 16 GiB. */
  readonly diskBytes?: number
  /**
   * One program runs over old records, and nobody waits for a single answer: larger tasks, and none makes way for another. Default false.
   */
  readonly batch?: boolean
  /** Of a batch. Memory is short: processes give back at once what they have freed, which costs some of their speed. Default false. */
  readonly frugal?: boolean
  /** Of a batch of one worker: what dies with it is made again, from its files on. Default false. */
  readonly keepsLineage?: boolean
  /** Where the journal and logs are. Default a temporary directory, which is removed with the cluster. */
  readonly dir?: string
  readonly replicas?: number
  readonly minReplicas?: number
  /** A cluster that is started in the same `dir` again goes on with all that was acked. Default false. */
  readonly durable?: boolean
  /** A task (and twice that, a `foreachRDD` body) that takes longer is stopped. Default 30 s. */
  readonly taskTimeoutMs?: number
  /** Called while the processes load their code: what takes a while costs little then. If it throws or rejects, the cluster ends. */
  readonly onSpawned?: () => void | Promise<void>
  /** Told when a process ends that nobody ended, with what it said as it did, and when one that was started again does not come up. Default: on stderr. */
  readonly onTrouble?: (text: string) => void
}

export interface Embedded {
  /** The master's. */
  readonly address: string
  /** Holds the journal, and a log for each process. */
  readonly directory: string
  /** Their names. */
  readonly workers: readonly string[]
  /** Ids of the running processes by name: `master`, `w1`, … */
  processes(): ReadonlyMap<string, number>
  /** SIGKILL, as a machine dies. Unless `restart` is false it is started again at once, a new node of the same name. Resolves when it is dead. */
  kill(name: string, options?: { readonly restart?: boolean }): Promise<void>
  /** Makes a worker's tasks take so many times as long, as on a slow machine; 1: as before. */
  slow(name: string, times: number): void
  /** Ends all processes. Idempotent. */
  stop(): Promise<void>
}

/** Of each, unless another is asked for. */
export const embeddedMemoryBytes = 512 * 1024 * 1024
const stopMs = 3_000
/** One that was started again and does not come up (its port, its journal are not free yet) is tried again after pauses that double. */
const restartAgainMs = 250
const restartsAtMost = 6

/**
 * glibc keeps what is freed below the newest piece that is not, for good. So pieces of 128 KB and more are mapped one by one (when it is told, the
 * threshold does not rise by itself), and threads share two arenas. V8 fills 3 × 16 MB of young objects a thread before it collects them;
 * and bytes outside its heap that have grown old wait for a full collection, which then comes earlier (`adapters/early-collection`).
 */
const frugalEnvironment = { MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "1048576", MALLOC_ARENA_MAX: "2" }
const frugalArguments = ["--max-semi-space-size=4", "--expose-gc"]
/** A collector that shares its work among threads is done sooner, and takes a tenth more of all CPU where heaps are small and cores are few. */
const batchArguments = ["--single-threaded-gc"]
/**
 * Nobody waits for the next interval's answer: that a process has ended shows at its connection, and one that is only slow, on a machine with too much to do,
 * costs less than to make anew what it holds. Nor is a task begun on another worker of the same machine: the thread of the one that comes second is ended,
 * with all the states that it has.
 */
const batchMaster = { batchBytes: 32 * 1024 * 1024, lostAfterMs: 5_000, speculation: false }
/** Versions of states that are not read yet are in memory of executors as well as in blocks. */
const frugalMaster = { ...batchMaster, readAheadIntervals: 32, batchBytes: 4 * 1024 * 1024 }

const entry = fileURLToPath(new URL(`./process-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url))

/** Resolves when the master lists all workers. Rejects with what a process said if one cannot start. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  if (options.dir !== undefined) await makeDirectory(options.dir)
  // At once with the processes: from then on the directory goes when this process does, however it ends.
  const directory = options.dir ?? mkdtempSync(join(tmpdir(), "rivulet-"))
  const cluster = new EmbeddedProcesses(options, directory, options.dir === undefined)
  try {
    await cluster.start()
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return cluster
}

class EmbeddedProcesses implements Embedded {
  address = ""
  private readonly children = new Map<string, ChildProcess>()
  /** On purpose. */
  private readonly killed = new Set<ChildProcess>()
  readonly workers: readonly string[]
  private stopping: Promise<void> | null = null

  constructor(
    private readonly options: EmbeddedOptions,
    readonly directory: string,
    private readonly temporary: boolean,
  ) {
    this.workers = Array.from({ length: options.workers ?? 2 }, (_, i) => `w${i + 1}`)
  }

  async start(): Promise<void> {
    // All at once: most of a start is the loading of code. Workers are told the address when there is one.
    const master = this.spawn("master")
    const children = this.workers.map(name => this.spawn(name))
    const meanwhile = this.options.onSpawned?.()
    // It is waited for below; what fails before must not leave it unheard.
    meanwhile?.catch(() => {})
    this.address = (await heard(master, this.masterMessage("tcp://127.0.0.1:0"), "listening")).address
    const all = (message: FromProcess) => message.kind === "listed" && message.workers >= this.workers.length
    await Promise.all([meanwhile, ...children.map((started, i) => heard(started, this.workerMessage(this.workers[i]!), "listed", all))])
  }

  processes(): ReadonlyMap<string, number> {
    return new Map([...this.children].map(([name, child]) => [name, child.pid!]))
  }

  async kill(name: string, { restart = true } = {}): Promise<void> {
    const child = this.child(name)
    this.killed.add(child)
    const dead = exited(child)
    child.kill("SIGKILL")
    await dead
    if (restart) this.restart(name)
  }

  slow(name: string, times: number): void {
    if (!this.workers.includes(name)) throw new RivuletError(`no worker ${name} runs here`, { code: 2, try: this.workers.join(", ") })
    this.child(name).send({ kind: "slow", times } satisfies ToProcess, () => {})
  }

  private child(name: string): ChildProcess {
    const child = this.children.get(name)
    if (child === undefined) throw new RivuletError(`no process ${name} runs here`, { code: 2, try: [...this.children.keys()].join(", ") })
    return child
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopAll()
    return this.stopping
  }

  private async stopAll(): Promise<void> {
    await Promise.all(
      [...this.children.values()].map(async child => {
        const dead = exited(child)
        child.kill("SIGTERM")
        const timer = setTimeout(() => child.kill("SIGKILL"), stopMs)
        await dead
        clearTimeout(timer)
      }),
    )
    if (this.temporary) await rm(this.directory, { recursive: true, force: true, maxRetries: 3 })
  }

  private restart(name: string, tried = 0): void {
    if (this.stopping !== null) return
    const started = this.spawn(name)
    started.failed.catch(error => {
      if (this.stopping !== null) return
      const again = tried + 1 < restartsAtMost
      this.trouble(`${name} did not come up: ${error instanceof Error ? error.message : String(error)}${again ? "; trying again" : ""}`)
      if (again) setTimeout(() => this.restart(name, tried + 1), restartAgainMs * 2 ** tried)
    })
    order(started, name === "master" ? this.masterMessage(this.address) : this.workerMessage(name))
  }

  private spawn(name: string): Started {
    const role = name === "master" ? "master" : "worker"
    // A debugger's port can be had once.
    const execArgv = process.execArgv.filter(argument => !argument.startsWith("--inspect"))
    const removed = this.temporary && role === "master" ? [this.directory] : []
    const { batch = false, frugal = false } = this.options
    const own = frugal ? frugalArguments : batch ? batchArguments : []
    const child = fork(entry, [role, ...removed], {
      execArgv: [...execArgv, ...own],
      ...(frugal && { env: { ...process.env, ...frugalEnvironment } }),
      stdio: ["ignore", "ignore", logsHere() ? "inherit" : "pipe", "ipc"],
    })
    this.children.set(name, child)
    // What a process says before its log is open, or as it dies: shown only if nobody ended it.
    let words = ""
    child.stderr?.on("data", chunk => {
      words = `${words}${String(chunk)}`.slice(-4_000)
    })
    let cameUp = false
    const failed = new Promise<never>((_, reject) => {
      child.once("message", (message: FromProcess) => {
        cameUp = message.kind !== "failed"
        if (message.kind === "failed") reject(new RivuletError(message.message, { code: message.code, try: message.try }))
      })
      child.once("error", reject)
      child.once("exit", (code, signal) => {
        if (this.children.get(name) === child) this.children.delete(name)
        if (this.stopping !== null || this.killed.has(child)) return
        if (!cameUp) reject(new RivuletError(`${name} ended as it began (${signal ?? code}): ${words.trim() || "it said nothing"}`))
      })
      // Not before all is read that it said.
      child.once("close", (code, signal) => {
        // A worker that was drained has ended by itself.
        if (!cameUp || this.stopping !== null || this.killed.has(child) || (role === "worker" && code === 0)) return
        this.trouble(`${name} ended (${signal ?? code}) and is started again${words.trim() === "" ? "" : `: ${words.trim()}`}`)
        this.restart(name)
      })
    })
    failed.catch(() => {})
    return { child, failed }
  }

  private masterMessage(bind: string): ToProcess {
    const { replicas, minReplicas, durable, taskTimeoutMs, batch = false, frugal = false, keepsLineage = false } = this.options
    const dir = join(this.directory, "master")
    const config = { ...(frugal ? frugalMaster : batch ? batchMaster : {}), keepsLineage }
    const startedBy = process.env.USER ?? userInfo().username
    const options = { bind, dir, cluster: "embedded", startedBy, replicas, minReplicas, durable, taskTimeoutMs, config }
    return { kind: "master", options, log: this.logOf("master") }
  }

  private workerMessage(name: string): ToProcess {
    const { cores = 1, memoryBytes = embeddedMemoryBytes, diskBytes, batch, frugal } = this.options
    const dir = join(this.directory, name)
    // Each is a host of its own, so that copies spread as they would among machines.
    return {
      kind: "worker",
      options: { master: this.address, name, host: name, cores, memoryBytes, diskBytes, dir, batch, frugal },
      log: this.logOf(name),
    }
  }

  private trouble(text: string): void {
    ;(this.options.onTrouble ?? toStderr)(text)
  }

  private logOf(name: string): string | null {
    return logsHere() ? null : join(this.directory, `${name}.log`)
  }
}

const toStderr = (text: string) => void process.stderr.write(`${text}\n`)

/** With RIVULET_LOG the processes' logs are shown here. */
const logsHere = () => process.env.RIVULET_LOG !== undefined

interface Started {
  readonly child: ChildProcess
  /** Rejected when it ends before it has come up. */
  readonly failed: Promise<never>
}

/** Sends the process its order; resolves with its first message of that kind (that `fits`), rejects if it fails before. */
function heard<K extends FromProcess["kind"]>(
  started: Started,
  message: ToProcess,
  kind: K,
  fits: (message: FromProcess) => boolean = () => true,
): Promise<Extract<FromProcess, { kind: K }>> {
  const { child, failed } = started
  const answered = new Promise<Extract<FromProcess, { kind: K }>>(resolve => {
    child.on("message", (message: FromProcess) => {
      if (message.kind === kind && fits(message)) resolve(message as Extract<FromProcess, { kind: K }>)
    })
  })
  order(started, message)
  return Promise.race([answered, failed])
}

/** A process that is gone already shows by its exit. */
function order({ child }: Started, message: ToProcess): void {
  if (child.connected) child.send(message, () => {})
}

function exited(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once("exit", () => resolve())
  })
}
