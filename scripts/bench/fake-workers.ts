/**
 * Workers and a client of a benchmark of the master alone: they answer at once what the master must hear, compute nothing, and
 * keep nothing. Time is simulated; only the master's own steps are measured.
 */
import { MasterMachine } from "../../cluster/master/master.js"
import type { Command, NodeEvent, NodeId } from "../../cluster/ports.js"
import type { Message, ReceivedBlock, TaskDone } from "../../cluster/protocol.js"
import { Definer } from "../../cluster/testing/check/definer.js"
import { FunctionLinks } from "../../cluster/testing/check/links.js"
import type { DStream } from "../../engine/fluent/types.js"

export interface Shape {
  readonly nodes: number
  /** Of all streams' states together. */
  readonly partitions: number
  readonly streams: number
  /** Batches, and so map tasks, an interval of each stream. */
  readonly maps: number
  readonly intervalMs: number
}

export interface Counts {
  /** CPU of the master's steps, and of all that was sent to and by it if it had been encoded and decoded. */
  masterMs: number
  codecMs: number
  events: number
  tasks: number
  sent: number
  records: number
  recordBytes: number
  finished: number
}

type Launch = Extract<Message, { kind: "launch" }>

/** A delta becomes a base after so many. */
const deltasPerBase = 8
const cores = 2
const taskMs = 0.5
const gatherMs = 2
const wayMs = 1
const copiesTogether = 20
const heartbeatMs = 200
const tickMs = 100
const beginMs = Date.UTC(2026, 0, 1)
const client = "c1#1"

export type Codec = { encode(message: Message): Uint8Array; decode(bytes: Uint8Array): unknown; record(record: unknown): number } | null

export class FakeCluster {
  readonly counts: Counts = { masterMs: 0, codecMs: 0, events: 0, tasks: 0, sent: 0, records: 0, recordBytes: 0, finished: 0 }
  readonly #shape: Shape
  readonly #codec: Codec
  readonly #machine: MasterMachine
  readonly #workers: readonly NodeId[]
  /** What is still to be delivered is made when it is, as if it had just been read: kept, it would be in the way of the master's collector. */
  readonly #due = new Map<number, (() => NodeEvent)[]>()
  readonly #busyMs = new Map<NodeId, number>()
  readonly #deltas = new Map<string, number>()
  #nowMs = 0
  #blocks = 0
  #seq = 0
  #failures = 0

  constructor(shape: Shape, codec: Codec) {
    this.#shape = shape
    this.#codec = codec
    this.#machine = new MasterMachine({
      node: "master#1",
      cluster: "bench",
      address: "tcp://127.0.0.1:1",
      records: [],
      config: { rememberMs: 10 * shape.intervalMs, leastGroupBytes: 1, rethrow: true },
    })
    this.#workers = Array.from({ length: shape.nodes }, (_, i) => `w${i + 1}#1`)
    this.#due.set(0, [() => ({ kind: "started" })])
    for (const [i, node] of this.#workers.entries()) {
      const name = `w${i + 1}`
      const address = `tcp://10.0.0.${i}:1`
      this.#receive(node, { kind: "hello", role: "worker", user: "bench", version: "", runtime: "bench" }, 1)
      this.#receive(node, { kind: "register", name, address, host: name, cores, capBytes: 1e9, held: [] }, 2)
    }
    this.#receive(client, { kind: "hello", role: "client", user: "bench", version: "", runtime: "bench" }, 1)
    this.#receive(client, { kind: "request", id: 1, body: { kind: "openSession", user: "bench", program: "bench", as: "s" } }, 3)
    this.#define()
    this.run(shape.intervalMs)
  }

  /** Lets the time pass. */
  run(forMs: number): void {
    for (const untilMs = this.#nowMs + forMs; this.#nowMs < untilMs; this.#nowMs += 1) this.#millisecond()
    if (this.#failures > 0) throw new Error(`${this.#failures} complaints`)
  }

  #define(): void {
    const { streams, partitions, intervalMs } = this.#shape
    const definer = new Definer("s", Math.ceil(partitions / streams), new FunctionLinks())
    for (let n = 1; n <= streams; n++) {
      const { id } = definer.receive(`lines${n}`, intervalMs)
      const lines = definer.open(id, false) as unknown as DStream<string>
      lines
        .flatMap(line => line.split(" "))
        .map((word): [string, number] => [word, 1])
        .runningReduce((a, b) => a + b)
    }
    const assets = [...definer.assets.values()]
    this.#receive(client, { kind: "request", id: 2, body: { kind: "define", session: "s", definitions: definer.definitions, assets } }, 10)
  }

  #millisecond(): void {
    const { nodes, intervalMs } = this.#shape
    if (this.#nowMs % intervalMs === 0 && this.#nowMs > 0) this.#report()
    if (this.#nowMs % tickMs === 0) this.#event(() => ({ kind: "tick" }), this.#nowMs)
    for (let i = this.#nowMs % heartbeatMs; i < nodes; i += heartbeatMs) this.#heartbeat(this.#workers[i]!)
    const due = this.#due.get(this.#nowMs)
    if (due === undefined) return
    this.#due.delete(this.#nowMs)
    const events = due.map(make => make())
    const now = { monotonicMs: this.#nowMs, wallMs: beginMs + this.#nowMs }
    const commands: Command[][] = []
    const before = process.cpuUsage()
    for (const event of events) commands.push(this.#machine.step(event, now))
    const { user, system } = process.cpuUsage(before)
    this.counts.masterMs += (user + system) / 1000
    this.counts.events += events.length
    if (this.#codec !== null) this.#code(this.#codec, events, commands.flat())
    for (const command of commands.flat()) this.#carryOut(command)
  }

  /** What the runtime around the machine would do with all this. */
  #code(codec: NonNullable<Codec>, events: readonly NodeEvent[], commands: readonly Command[]): void {
    const received = events.flatMap(event => (event.kind === "received" ? [codec.encode(event.message)] : []))
    const before = process.cpuUsage()
    for (const bytes of received) codec.decode(bytes)
    for (const command of commands) {
      if (command.kind === "send") codec.encode(command.message)
      else if (command.kind === "append") this.counts.recordBytes += codec.record(command.record)
    }
    const { user, system } = process.cpuUsage(before)
    this.counts.codecMs += (user + system) / 1000
  }

  #carryOut(command: Command): void {
    switch (command.kind) {
      case "append":
        this.counts.records += 1
        if (command.record.kind === "progress") this.counts.finished += command.record.through.length
        this.#event(() => ({ kind: "appended", sequence: command.sequence }), this.#nowMs + 1)
        break
      case "wake":
        this.#event(() => ({ kind: "tick" }), Math.max(this.#nowMs + 1, Math.ceil(command.atMonotonicMs)))
        break
      case "say":
        if (command.level === "error" || command.level === "warn") {
          this.#failures += 1
          console.error(command.text)
        }
        break
      case "send":
        this.counts.sent += 1
        this.#hear(command.to, command.message)
        break
      default:
        break
    }
  }

  #hear(node: NodeId, message: Message): void {
    if (message.kind === "launch") this.#compute(node, message)
    else if (message.kind === "copy") {
      const copies = message.copies.map(({ to, blocks }) => ({ holder: to, blocks }))
      // Its peers answer in their own time.
      for (let i = 0; i < copies.length; i += copiesTogether)
        this.#receive(node, { kind: "copied", copies: copies.slice(i, i + copiesTogether) }, this.#nowMs + 2 * wayMs + 1 + i)
    }
  }

  #compute(node: NodeId, { stages, tasks }: Launch): void {
    let endMs = Math.max(this.#nowMs + wayMs, this.#busyMs.get(node) ?? 0)
    const messages = new Map<number, Done>()
    this.counts.tasks += tasks.length
    for (const { task, stage: index, partition } of tasks) {
      const { write, stream } = stages[index]!
      endMs += taskMs / cores
      const toldMs = Math.ceil(endMs / gatherMs) * gatherMs
      const done = messages.get(toldMs) ?? { first: this.#blocks + 1, tasks: [], kinds: [] }
      messages.set(toldMs, done)
      this.#blocks += 1
      done.tasks.push(task)
      done.kinds.push(write.kind === "shuffle" ? write.partitions : this.#isBase(stream ?? "", partition) ? -1 : 0)
    }
    this.#busyMs.set(node, endMs)
    for (const [atMs, done] of messages)
      this.#event(
        () => ({ kind: "received", from: node, message: { kind: "tasksDone", done: doneOf(node, done) }, payload: [] }),
        atMs + wayMs,
      )
  }

  #isBase(stream: string, partition: number): boolean {
    const key = `${stream}/${partition}`
    const n = this.#deltas.get(key) ?? partition % deltasPerBase
    this.#deltas.set(key, n + 1)
    return n % deltasPerBase === 0 || !this.#deltas.has(key)
  }

  /** Two workers hold each batch, and both say so. */
  #report(): void {
    const { nodes, streams, maps } = this.#shape
    const blocks = new Map<number, ReceivedBlock[]>()
    this.#seq += 1
    for (let n = 0; n < streams; n++) {
      for (let m = 0; m < maps; m++) {
        const at = n * maps + m
        const batch = { session: "s", stream: `lines${n + 1}`, seq: (this.#seq - 1) * maps + m + 1 }
        const block = `in/${at}/${this.#seq}`
        const received = { block, batch, rows: 100, bytes: 10_000, arrivedMs: beginMs + this.#nowMs - 10, copies: 2 }
        for (const holder of [at % nodes, (at + 1) % nodes]) {
          const held = blocks.get(holder) ?? []
          held.push(received)
          blocks.set(holder, held)
        }
      }
    }
    for (const [i, node] of this.#workers.entries())
      this.#receive(node, { kind: "report", through: beginMs + this.#nowMs, blocks: blocks.get(i) ?? [] }, this.#nowMs + wayMs + (i % 3))
  }

  #heartbeat(node: NodeId): void {
    const beat = { sentMs: this.#nowMs, load: 0.5, usedBytes: 1e6, queued: 0, blocks: 100 }
    this.#receive(node, { kind: "heartbeat", ...beat }, this.#nowMs)
  }

  #receive(from: NodeId, message: Message, atMs: number): void {
    this.#event(() => ({ kind: "received", from, message, payload: [] }), atMs)
  }

  #event(event: () => NodeEvent, atMs: number): void {
    const events = this.#due.get(atMs)
    if (events === undefined) this.#due.set(atMs, [event])
    else events.push(event)
  }
}

/** Tasks that are told of together, and what they made: a shuffle's sections, or a delta (0) or base (-1) of a state. */
interface Done {
  /** Number of the first one's block. */
  readonly first: number
  readonly tasks: string[]
  readonly kinds: number[]
}

function doneOf(node: NodeId, { first, tasks, kinds }: Done): TaskDone[] {
  return tasks.map((task, i) => {
    const block = `${node}/${first + i}`
    const kind = kinds[i] as number
    const output =
      kind > 0
        ? { block, bytes: 10_000, rows: 10 * kind, sectionRows: new Array<number>(kind).fill(10) }
        : { block, bytes: 1_000, rows: 10, keys: 100, base: kind < 0 }
    return { task, ms: taskMs, outputs: [output], aside: 0, rowsIn: 10 }
  })
}
