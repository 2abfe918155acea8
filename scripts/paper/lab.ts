/**
 * A simulated cluster for measurements: the production machines, a network and executors whose times come from a cost model, one
 * input that is fed steadily, and when each of its intervals was finished.
 */
import type { ClientCall } from "../../cluster/client/call.js"
import type { MasterConfig } from "../../cluster/master/config.js"
import type { Machine, NodeId } from "../../cluster/ports.js"
import { Definer } from "../../cluster/testing/check/definer.js"
import { FunctionLinks } from "../../cluster/testing/check/links.js"
import type { CallOutcome, SimulatedClient } from "../../cluster/testing/client.js"
import { SimulatedCluster } from "../../cluster/testing/cluster.js"
import { MemoryPool } from "../../cluster/testing/memory.js"
import type { LinkModel } from "../../cluster/testing/network.js"
import { World } from "../../cluster/testing/world.js"
import { encodeRows } from "../../engine/block/block.js"
import type { DStream } from "../../engine/fluent/types.js"
import type { TaskInput } from "../../engine/task.js"

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
  /** What inputs, frames and links take; in place of `perByteMs`. */
  readonly costs?: LabCosts
  readonly master?: Partial<MasterConfig>
  readonly memoryBytes?: number
  /** Inputs, each with a program of its own. */
  readonly streams?: number
}

export interface LabCosts {
  readonly inputMs: (input: TaskInput) => number
  readonly workMs: (node: NodeId, frames: readonly Uint8Array[]) => number
  readonly link: LinkModel
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
  /** Frames that the master took. */
  masterEvents = 0
  readonly #options: LabOptions
  /** When each batch was given to the sender, and the end of the interval that it is in: by stream and number. */
  readonly #offered = new Map<string, number>()
  readonly #sealed = new Map<string, number>()
  readonly #names = new Map<string, string>()
  readonly #client: SimulatedClient
  readonly #through = new Map<string, number>()
  readonly #seqs = new Map<string, number>()
  #session = ""
  #watched = 0

  constructor(options: LabOptions) {
    this.#options = options
    this.world = new World(options.seed)
    const { cores, taskMs, jitterMs, perByteMs, costs, master, memoryBytes } = options
    this.cluster = new SimulatedCluster(this.world, new MemoryPool(memoryBytes ?? 8 * 1024 * 1024), {
      cores,
      costs: { baseMs: taskMs, meanMs: jitterMs, hang: 0, hangMs: 0, inputMs: costs?.inputMs ?? perBlockByte(perByteMs) },
      ...(costs && { workMs: costs.workMs }),
      master: { rememberMs: 120_000, leastGroupBytes: 1, ...master },
      watchMaster: machine => this.#watch(machine),
    })
    this.cluster.network.noticesDeath = true
    this.cluster.network.link = costs?.link ?? null
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
      this.#names.set(id, `lines${n}`)
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
          this.#offer(`lines${n}`)
          this.#client.call({ kind: "send", session: this.#session, stream: `lines${n}`, rows: lines.length }, () => {}, [
            encodeRows(lines),
          ])
        })
    this.world.runUntil(untilMs)
  }

  /** Different words in so many records, nearly. */
  static wordsIn(records: number): number {
    const { random } = new World(1)
    return new Set(Array.from({ length: records * wordsEach }, () => Math.floor(random.next() ** 3 * vocabulary))).size
  }

  /** Bytes of a record, nearly, as a task reads it from blocks of so many. */
  static recordBytes(batch = 1_000): number {
    const rows = Array.from({ length: batch }, (_, i) =>
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

  /** Of all batches that were given to the sender in [fromMs, toMs): how long until the result of their interval was there, ms ascending. Without one: Infinity. */
  latencies(fromMs: number, toMs: number): number[] {
    const epoch = this.cluster.wallMs - this.world.nowMs
    const ms: number[] = []
    for (const [key, atMs] of this.#offered) {
      if (atMs < fromMs || atMs >= toMs) continue
      const end = this.#sealed.get(key)
      ms.push((end === undefined ? Number.POSITIVE_INFINITY : (this.finished.get(end) ?? Number.POSITIVE_INFINITY)) - epoch - atMs)
    }
    return ms.sort((a, b) => a - b)
  }

  #offer(stream: string): void {
    const seq = (this.#seqs.get(stream) ?? 0) + 1
    this.#seqs.set(stream, seq)
    this.#offered.set(`${stream} ${seq}`, this.world.nowMs)
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
        if (event.kind === "received") this.masterEvents += 1
        for (const command of commands) {
          if (command.kind !== "append") continue
          if (command.record.kind === "progress") this.#progress(command.record.through)
          else if (command.record.kind === "seal")
            for (const { batch } of command.record.groups.flat())
              if (batch !== null) this.#sealed.set(`${this.#names.get(command.record.stream)} ${batch.seq}`, command.record.to)
        }
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

/** Of received input. */
const perBlockByte =
  (ms: number) =>
  ({ ref, parts }: TaskInput): number =>
    ref.kind === "block" ? ms * parts.reduce((bytes, { length }) => bytes + length, 0) : 0
