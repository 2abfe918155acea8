/**
 * A simulated cluster for measurements: the production machines, a network and executors whose times come from a cost model, one
 * input that is fed steadily, and when each of its intervals was finished.
 */
import type { ClientCall } from "../../cluster/client/call.js"
import type { MasterConfig } from "../../cluster/master/config.js"
import type { Machine } from "../../cluster/ports.js"
import { Definer } from "../../cluster/testing/check/definer.js"
import { FunctionLinks } from "../../cluster/testing/check/links.js"
import type { CallOutcome, SimulatedClient } from "../../cluster/testing/client.js"
import { SimulatedCluster } from "../../cluster/testing/cluster.js"
import { MemoryPool } from "../../cluster/testing/memory.js"
import { World } from "../../cluster/testing/world.js"
import { encodeRows } from "../../engine/block/block.js"
import type { DStream } from "../../engine/fluent/types.js"

export interface LabOptions {
  readonly seed: number
  readonly workers: number
  /** Executors of each. */
  readonly cores: number
  readonly partitions: number
  readonly intervalMs: number
  /** Records an interval, in `batches`. */
  readonly records: number
  readonly batches: number
  /** A task: so much, and for each byte it reads. The rest is random, exponentially distributed. */
  readonly taskMs: number
  readonly perByteMs: number
  readonly jitterMs: number
  readonly master?: Partial<MasterConfig>
  readonly memoryBytes?: number
  /** Inputs, each with a program of its own. */
  readonly streams?: number
}

/** Words of a record. */
const wordsEach = 8
const vocabulary = 1_000
const links = new FunctionLinks()

export class Lab {
  readonly world: World
  readonly cluster: SimulatedCluster
  /** When each interval was finished by all streams, by its end. */
  readonly finished = new Map<number, number>()
  /** Of the master's steps, in ms of real CPU. */
  masterMs = 0
  readonly #options: LabOptions
  readonly #client: SimulatedClient
  readonly #through = new Map<string, number>()
  #session = ""
  #watched = 0

  constructor(options: LabOptions) {
    this.#options = options
    this.world = new World(options.seed)
    const { cores, taskMs, jitterMs, perByteMs, master, memoryBytes } = options
    this.cluster = new SimulatedCluster(this.world, new MemoryPool(memoryBytes ?? 8 * 1024 * 1024), {
      cores,
      costs: { baseMs: taskMs, meanMs: jitterMs, hang: 0, hangMs: 0, perByteMs },
      master: { rememberMs: 120_000, leastGroupBytes: 1, ...master },
      watchMaster: machine => this.#watch(machine),
    })
    this.cluster.network.noticesDeath = true
    this.cluster.startMaster()
    for (let i = 1; i <= options.workers; i++) this.cluster.startWorker(`w${i}`)
    this.#client = this.cluster.startClient("c1")
    this.#ask({ kind: "connect", timeoutMs: 10_000 })
    this.#session = (
      this.#ask({ kind: "request", body: { kind: "openSession", user: "paper", program: "paper" } }) as { session: string }
    ).session
  }

  /** Defines what `program` makes of each input. */
  define(program: (lines: DStream<string>, n: number) => void): void {
    const { streams = 1, partitions, intervalMs } = this.#options
    const definer = new Definer(this.#session, partitions, links)
    for (let n = 1; n <= streams; n++) {
      const { id } = definer.receive(`lines${n}`, intervalMs)
      program(definer.open(id, false) as unknown as DStream<string>, n)
    }
    const { definitions } = definer
    this.#watched = definitions.filter(({ kind }) => kind === "state" || kind === "output").length
    this.#ask({
      kind: "request",
      body: { kind: "define", session: this.#session, definitions, assets: [...definer.assets.values()] },
    })
  }

  /** Feeds all inputs for so long from now on, and lets the time pass. */
  run(forMs: number): void {
    const { records, batches, intervalMs, streams = 1 } = this.#options
    const { world } = this
    const untilMs = world.nowMs + forMs
    const rows = Math.max(1, Math.round(records / batches))
    for (let atMs = world.nowMs; atMs < untilMs; atMs += intervalMs / batches)
      for (let n = 1; n <= streams; n++)
        world.at(atMs, () => {
          const lines = Array.from({ length: rows }, () =>
            Array.from({ length: wordsEach }, () => `w${Math.floor(world.random.next() ** 3 * vocabulary)}`).join(" "),
          )
          this.#client.call({ kind: "send", session: this.#session, stream: `lines${n}`, rows: lines.length }, () => {}, [
            encodeRows(lines),
          ])
        })
    this.world.runUntil(untilMs)
  }

  /** Bytes of a record, nearly, as a task reads it. */
  static recordBytes(): number {
    const rows = Array.from({ length: 1_000 }, (_, i) =>
      Array.from({ length: wordsEach }, (_, j) => `w${(i * 7 + j) % vocabulary}`).join(" "),
    )
    return encodeRows(rows).byteLength / rows.length
  }

  /** Lateness of the intervals that ended in [fromMs, toMs) of simulated time: from an interval's end to when it was finished. Unfinished ones: Infinity. */
  lateness(fromMs: number, toMs: number): { readonly endMs: number; readonly lateMs: number }[] {
    const { intervalMs } = this.#options
    const epoch = this.cluster.wallMs - this.world.nowMs
    const late: { endMs: number; lateMs: number }[] = []
    for (let end = Math.ceil((epoch + fromMs) / intervalMs) * intervalMs; end < epoch + toMs; end += intervalMs)
      late.push({ endMs: end - epoch, lateMs: (this.finished.get(end) ?? Number.POSITIVE_INFINITY) - end })
    return late
  }

  close(): void {
    this.cluster.close()
  }

  #watch(machine: Machine): Machine {
    return {
      step: (event, now) => {
        const before = process.cpuUsage()
        const commands = machine.step(event, now)
        const { user, system } = process.cpuUsage(before)
        this.masterMs += (user + system) / 1000
        for (const command of commands)
          if (command.kind === "append" && command.record.kind === "progress") this.#progress(command.record.through)
        return commands
      },
    }
  }

  #progress(through: readonly { readonly stream: string; readonly through: number }[]): void {
    const { intervalMs } = this.#options
    for (const one of through) this.#through.set(one.stream, one.through)
    if (this.#through.size < this.#watched) return
    const all = Math.min(...this.#through.values())
    for (let end = Math.floor(all / intervalMs) * intervalMs; !this.finished.has(end) && end > all - 600_000; end -= intervalMs)
      this.finished.set(end, this.cluster.wallMs)
  }

  #ask(call: ClientCall): unknown {
    let outcome: CallOutcome | null = null
    this.#client.call(call, answer => {
      outcome = answer
    })
    this.world.runWhileNot(() => outcome !== null, this.world.nowMs + 20_000)
    const answer = outcome as CallOutcome | null
    if (answer === null || !answer.ok) throw new Error(`${call.kind}: ${answer === null ? "no answer" : answer.error.message}`)
    return answer.value
  }
}
