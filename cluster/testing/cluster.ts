/**
 * A whole cluster in one process under simulated time: the production machines of master, workers and clients, with every
 * adapter simulated. What is killed here is gone as a process is: its memory poisoned, its unsynced writes lost.
 */

import { TaskRunner } from "../../engine/task-runner.js"
import { type ClientConfig, ClientMachine } from "../client/client.js"
import type { MasterConfig } from "../master/config.js"
import { newestEpoch, type ReadRecord } from "../master/epochs.js"
import { MasterMachine } from "../master/master.js"
import type { JournalRecord } from "../master/records.js"
import { incarnationOf, type Machine, type NodeId, nodeName } from "../ports.js"
import type { EffectCommand } from "../runtime.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import type { WorkerConfig } from "../worker/config.js"
import { readSegment, type Segment } from "../worker/segment.js"
import { WorkerMachine } from "../worker/worker.js"
import { SimulatedCandidate } from "./candidates.js"
import { SimulatedClient } from "./client.js"
import { SimulatedDisk } from "./disk.js"
import type { SimulatedDrivers } from "./drivers.js"
import { type CostModel, defaultCosts, SimulatedExecutors } from "./executors.js"
import { type Outcome, SimulatedJournal } from "./journal.js"
import type { MemoryPool } from "./memory.js"
import { addressOf, Network } from "./network.js"
import { type ClockFault, SimulatedNode } from "./node.js"
import { SimulatedSources } from "./sources.js"
import { SimulatedStore } from "./store.js"
import { performForWorker } from "./worker-effects.js"
import type { World } from "./world.js"

export interface ClusterOptions {
  readonly cores?: number
  readonly replicas?: number
  readonly minReplicas?: number
  readonly costs?: CostModel
  /** Workers keep on their disks what is acked and checkpointed. */
  readonly durable?: boolean
  /** Wall time when the world begins: on the grid of all intervals. */
  readonly epochMs?: number
  /** Clocks differ: wall clocks by up to this much, monotonic ones run up to a thousandth apart. */
  readonly clockErrorMs?: number
  readonly worker?: Partial<WorkerConfig>
  /** So many masters share a store, of which one leads. Default 0: one master, with a journal of its own. */
  readonly candidates?: number
  /** False: functions are called for each record, never read as expressions. */
  readonly compiled?: boolean
  /** Functions may come that never end: they are ended in real time. Default false. */
  readonly endless?: boolean
  readonly master?: Partial<MasterConfig>
  /** Stands between the master and its runtime: sees each of its steps. */
  readonly watchMaster?: (machine: Machine) => Machine
  readonly client?: Partial<ClientConfig>
  /** What some frames take of a node's main thread. Without it they take nothing. */
  readonly workMs?: (node: NodeId, frames: readonly Uint8Array[]) => number
}

interface WorkerLife {
  readonly node: SimulatedNode
  readonly executors: SimulatedExecutors
  readonly memory: SharedArrayBuffer
}

/** A master that is to be struck as it writes has so long to begin. */
const writingMs = 2_000

export const defaultEpochMs = Date.UTC(2026, 10, 14, 21, 0, 0)

export class SimulatedCluster {
  readonly world: World
  readonly network: Network
  readonly journal: SimulatedJournal
  /** What several masters share. */
  readonly store: SimulatedStore
  readonly candidates: readonly SimulatedCandidate[]
  /** Files that workers see: one machine's disk, or one that is shared. */
  readonly disk: SimulatedDisk
  /** What workers read from the network. */
  readonly sources: SimulatedSources
  readonly clients = new Map<string, SimulatedClient>()
  /** What machines said at level `error`. */
  readonly complaints: string[] = []
  /** Told of each worker that was drained, and has ended. */
  onDrained: (name: string) => void = () => {}
  /** Whether faults strike the master while it writes. */
  strikesWriting = false
  readonly #options: ClusterOptions
  readonly #memories: MemoryPool
  readonly #workers = new Map<string, WorkerLife>()
  readonly #incarnations = new Map<string, number>()
  #master: SimulatedNode | null = null
  /** Runs `foreachRDD` bodies; without it there are none. */
  drivers: SimulatedDrivers | null = null

  constructor(world: World, memories: MemoryPool, options: ClusterOptions = {}) {
    this.world = world
    this.network = new Network(world)
    this.journal = new SimulatedJournal(world)
    this.store = new SimulatedStore(world, this.journal)
    this.#options = options
    this.candidates = this.#makeCandidates(options.candidates ?? 0)
    this.disk = new SimulatedDisk(world)
    this.sources = new SimulatedSources(world)
    this.#memories = memories
  }

  /** The master's clock, which the cluster's intervals follow. */
  get wallMs(): number {
    return (this.#options.epochMs ?? defaultEpochMs) + this.world.nowMs
  }

  /** The one that leads. */
  get master(): SimulatedNode | null {
    return this.candidates.length === 0 ? this.#master : (this.leader?.node ?? null)
  }

  /** Of several masters that which has the newest epoch, if any leads. */
  get leader(): SimulatedCandidate | undefined {
    const leaders = this.candidates.filter(({ node }) => node !== null)
    // One that does not know yet that it was replaced may be there as well.
    return leaders.sort((a, b) => incarnationOf(b.node!.node) - incarnationOf(a.node!.node))[0]
  }

  /** Where masters may be, as workers and clients are told. */
  get #masterAddress(): string {
    return this.candidates.length === 0 ? addressOf("master") : this.candidates.map(({ place }) => addressOf(place)).join(",")
  }

  startMaster(): void {
    if (this.journal.onAppend !== null) this.killMaster()
    for (const candidate of this.candidates) candidate.start()
    if (this.candidates.length > 0 || this.#master?.alive) return
    const records = this.journal.read()
    // An epoch that was not synced in time was used all the same.
    const epoch = Math.max(newestEpoch(records) + 1, (this.#incarnations.get("master") ?? 0) + 1)
    this.#incarnations.set("master", epoch)
    const writer = `master#${epoch}`
    const { journal } = this
    this.#master = this.#startMaster(epoch, { records, claimed: false, place: "master" }, (sequence, record, done) =>
      journal.append(writer, sequence, record, done),
    )
  }

  /** The process of the one that leads ends. */
  killMaster(): void {
    this.journal.onAppend = null
    const { leader } = this
    if (leader !== undefined) leader.kill()
    else if (this.#master !== null) {
      this.#master.kill()
      this.journal.crash(this.#master.node)
    }
  }

  /** As `killMaster`, but while a record is being written: at the next append, soon if there is none. `which`: of such a record. */
  killMasterWriting(which: (record: JournalRecord) => boolean = () => true): void {
    const strike = () => {
      if (this.journal.onAppend === null) return
      this.journal.onAppend = null
      this.world.after(0, () => this.killMaster())
    }
    const listen = (record: JournalRecord) => {
      if (which(record)) strike()
    }
    this.journal.onAppend = listen
    this.world.after(writingMs, strike)
  }

  #startMaster(epoch: number, { records, claimed, place }: MasterStart, append: Append): SimulatedNode {
    const node = `master#${epoch}`
    const machine = new MasterMachine({
      node,
      cluster: "simulated",
      address: addressOf(place),
      records,
      claimed,
      replicas: this.#options.replicas ?? 2,
      minReplicas: this.#options.minReplicas ?? 1,
      config: { durable: this.#options.durable ?? false, ...this.#options.master },
    })
    return this.#start(node, this.#options.watchMaster?.(machine) ?? machine, place, (command, self) => {
      if (command.kind !== "append") return false
      const { sequence, record } = command
      append(sequence, record, outcome => {
        if (outcome === "appended") self.dispatch({ kind: "appended", sequence })
        else self.dispatch({ kind: "appendFailed", sequence, reason: outcome, error: `the simulated journal says ${outcome}` })
      })
      return true
    })
  }

  #makeCandidates(count: number): SimulatedCandidate[] {
    const { world, store, journal } = this
    return Array.from(
      { length: count },
      (_, i) =>
        new SimulatedCandidate(`m${i + 1}`, {
          ...{ world, store, journal, cluster: "simulated", durable: this.#options.durable ?? false, wallMs: () => this.wallMs },
          lead: (place, writer, epoch, records) =>
            this.#startMaster(epoch, { records, claimed: true, place }, (sequence, record, done) =>
              store.append(place, writer, sequence, record, done),
            ),
        }),
    )
  }

  /** The worker's first life, or the next. */
  startWorker(name: string, host = name): void {
    if (this.#workers.get(name)?.node.alive) return
    const incarnation = this.#nextIncarnation(name)
    const id = `${name}#${incarnation}`
    const memory = this.#memories.take()
    const machine = new WorkerMachine({
      name,
      node: id,
      address: addressOf(name),
      host,
      cores: this.#options.cores ?? 2,
      user: "simulation",
      version: rivuletVersion,
      runtime: runtimeVersion,
      master: { node: "master", address: this.#masterAddress },
      memory: { buffer: memory, capBytes: memory.byteLength },
      config: { poison: true, reusedBytes: 0, ...(this.#options.durable && { durableDir: `/durable/${name}` }), ...this.#options.worker },
      segments: this.#segments(name),
    })
    const executors = new SimulatedExecutors(
      this.world,
      () => new TaskRunner(memory, { compiled: this.#options.compiled ?? true }),
      event => node.dispatch(event),
      this.#options.endless,
    )
    executors.costs = this.#options.costs ?? defaultCosts
    const node: SimulatedNode = this.#make(id, machine, name, (command, self) => performForWorker(this, command, self, executors))
    this.#workers.set(name, { node, executors, memory })
    node.start()
  }

  killWorker(name: string): void {
    const life = this.#workers.get(name)
    if (life === undefined || !life.node.alive) return
    life.node.kill()
    life.executors.stop()
    this.disk.died(life.node.node)
    this.#memories.give(life.memory)
  }

  /** What the worker's earlier lives have on disk. */
  #segments(name: string): Segment[] {
    const paths = [...this.disk.files.keys()].filter(path => path.startsWith(`/durable/${name}/`)).sort()
    return paths.map(path => readSegment(path, this.disk.files.get(path)!)).filter(segment => segment !== null)
  }

  worker(name: string): WorkerLife | undefined {
    return this.#workers.get(name)
  }

  /** Names of workers that live. */
  get workers(): string[] {
    return [...this.#workers].filter(([, life]) => life.node.alive).map(([name]) => name)
  }

  /** World time when the last stall ends. */
  get stalledUntilMs(): number {
    const nodes = [
      this.master,
      ...[...this.#workers.values()].map(life => life.node),
      ...[...this.clients.values()].map(client => client.node),
    ]
    return Math.max(0, ...[...nodes, ...this.candidates].map(one => one?.stalledUntilMs ?? 0))
  }

  startClient(name: string): SimulatedClient {
    const id = `${name}#${this.#nextIncarnation(name)}`
    const machine = new ClientMachine({
      address: this.#masterAddress,
      user: "simulation",
      version: rivuletVersion,
      runtime: runtimeVersion,
      ...(this.#options.client && { config: this.#options.client }),
    })
    const client = new SimulatedClient(perform => this.#make(id, machine, null, perform))
    this.clients.set(name, client)
    client.node.start()
    return client
  }

  /** Gives all memories back. */
  close(): void {
    this.#master?.kill()
    for (const candidate of this.candidates) candidate.kill()
    for (const name of this.workers) this.killWorker(name)
    for (const client of this.clients.values()) client.node.kill()
  }

  #start(id: string, machine: Machine, place: string, perform: Perform): SimulatedNode {
    const node = this.#make(id, machine, place, perform)
    node.start()
    return node
  }

  /** `place`: where it listens. */
  #make(id: string, machine: Machine, place: string | null, perform: Perform): SimulatedNode {
    const { workMs } = this.#options
    return new SimulatedNode(this.world, this.network, {
      node: id,
      machine,
      place,
      clock: this.#clock(id),
      ...(workMs && { workMs: frames => workMs(id, frames) }),
      epochMs: this.#options.epochMs ?? defaultEpochMs,
      perform: (command, node) => {
        if (perform(command, node)) return
        if (command.kind === "probe") {
          const { peer } = command
          this.network.probe(id, peer, () => node.dispatch({ kind: "gone", peer }))
        } else if (command.kind === "say") {
          if (command.level === "error")
            this.complaints.push(`${id}: ${command.text}${command.data?.stack === undefined ? "" : `\n${command.data.stack}`}`)
        } else if (command.kind === "exit") {
          if (command.code !== 0) this.complaints.push(`${id} ends: ${command.reason}`)
          // Where there is one master it has nobody to lose to.
          if (command.code === 4 && this.candidates.length === 0) this.world.breaches.push(`${id} ends: ${command.reason}`)
          this.world.after(0, () => {
            this.#died(node)
            if (command.code === 0 && nodeName(node.node) !== "master") this.onDrained(node.node.split("#")[0]!)
          })
        } else throw new Error(`${id} asks for ${command.kind}, which is not simulated`)
      },
    })
  }

  #died(node: SimulatedNode): void {
    const candidate = this.candidates.find(each => each.node === node)
    if (candidate !== undefined) candidate.end()
    else if (node === this.#master) this.killMaster()
    else this.killWorker(node.node.split("#")[0]!)
    node.kill()
  }

  #clock(id: string): ClockFault {
    const error = this.#options.clockErrorMs ?? 0
    const { random } = this.world
    // The master's wall clock is the cluster's time; all others may err.
    const master = id.startsWith("master#")
    return {
      monotonicFromMs: error === 0 ? 0 : random.integer(0, 1_000_000),
      rate: error === 0 ? 1 : 1 + (random.next() - 0.5) / 500,
      wallErrorMs: master || error === 0 ? 0 : Math.round((random.next() - 0.5) * 2 * error),
    }
  }

  #nextIncarnation(name: string): number {
    const next = (this.#incarnations.get(name) ?? 0) + 1
    this.#incarnations.set(name, next)
    return next
  }
}

interface MasterStart {
  readonly records: readonly ReadRecord[]
  readonly claimed: boolean
  /** Where it listens. */
  readonly place: string
}

type Append = (sequence: number, record: JournalRecord, done: (outcome: Outcome) => void) => void
type Perform = (command: EffectCommand, node: SimulatedNode) => boolean
