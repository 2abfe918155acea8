/**
 * The worker's main thread (the paper's §4): receives data, keeps blocks, serves them, and has tasks run by executors. This
 * file only says which part hears of which event; each part is a file beside it. No user code runs here, so nothing a
 * user writes can delay acks, heartbeats or fetches.
 */

import type { BlockMemory, Command, Machine, NodeEvent, NodeId, Now } from "../ports.js"
import type { Message, Replica } from "../protocol.js"
import { Assets } from "./assets.js"
import { serveBlocks } from "./block-server.js"
import { BlockStore } from "./block-store.js"
import { ClockOffset } from "./clock-offset.js"
import { defaultWorkerConfig, executorCounts, type WorkerConfig } from "./config.js"
import { Copier } from "./copier.js"
import { Credit, type MemoryUse } from "./credit.js"
import { DiskBudget } from "./disk-budget.js"
import { Drivers } from "./drivers.js"
import { DurableLog } from "./durable-log.js"
import { Fetcher } from "./fetcher.js"
import { Files } from "./files.js"
import { MasterLink, type WorkerIdentity, type WorkerLoad } from "./master-link.js"
import { Outbox } from "./outbox.js"
import { Peers } from "./peers.js"
import { Readers } from "./readers.js"
import { Receiver } from "./receiver.js"
import { Reporter } from "./reporter.js"
import type { Segment } from "./segment.js"
import { Spill } from "./spill.js"
import { Tasks } from "./tasks.js"

export interface WorkerOptions extends WorkerIdentity {
  readonly memory: BlockMemory
  readonly config?: Partial<WorkerConfig>
  /** What an earlier process kept in `durableDir`. */
  readonly segments?: readonly Segment[]
}

/** Tasks may together have so much read from disk, of a small memory too. */
const leastDiskBytes = 8 * 1024 * 1024

/** The local call that says that this worker is being stopped. */
export const leaving = "leaving"

/** Messages that only the master may send: an old master's are refused. */
const mastersOnly: ReadonlySet<Message["kind"]> = new Set([
  "peers",
  "inputs",
  "settled",
  "launch",
  "cancel",
  "asset",
  "copy",
  "forget",
  "uses",
  "listFiles",
  "drive",
] as const)

export class WorkerMachine implements Machine {
  readonly #clock = new ClockOffset()
  readonly #store: BlockStore
  readonly #outbox: Outbox
  readonly #master: MasterLink
  readonly #peers: Peers
  readonly #reporter: Reporter
  readonly #receiver: Receiver
  readonly #readers: Readers
  readonly #credit: Credit
  readonly #fetcher: Fetcher
  readonly #files: Files
  readonly #assets: Assets
  readonly #tasks: Tasks
  readonly #copier: Copier
  readonly #drivers: Drivers
  readonly #spill: Spill
  readonly #durable: DurableLog
  #dropped = 0
  #wakeMs = Number.POSITIVE_INFINITY

  constructor(options: WorkerOptions) {
    const { memory, node, host, cores } = options
    const executors = executorCounts(cores, options.config?.queryExecutors)
    const config: WorkerConfig = { ...defaultWorkerConfig, queryExecutors: executors.query, ...options.config }
    const clock = this.#clock
    const { buffer, capBytes } = memory
    const store = new BlockStore(node, { buffer, capBytes, fromBytes: config.memoryFromBytes, poison: config.poison })
    const outbox = new Outbox(store)
    const peers = new Peers(node, host, outbox)
    const master = new MasterLink({
      ...{ identity: options, config, clock, outbox, capBytes: store.capBytes },
      // What nobody may rely on yet is reported when it may be.
      inventory: () => store.inventory().filter(({ block }) => !this.#receiver.isPending(block)),
      peers: () => peers.names,
      load: () => this.#load(),
    })
    const files = new Files(outbox)
    const assets = new Assets(outbox, master, clock)
    const spill = new Spill({ config, clock, outbox, store, files, node, kept: () => (this.#durable.on ? this.#durable : null) })
    const durable = new DurableLog({ clock, outbox, store, files, spill, node, dir: config.durableDir }, options.segments ?? [])
    const diskBytes = Math.max(leastDiskBytes, store.capBytes / 8)
    const budgets = { stream: new DiskBudget(diskBytes), query: new DiskBudget(diskBytes) }
    const fetcher = new Fetcher({ node, config, clock, outbox, store, peers })
    const reporter = new Reporter(clock, master, config.holdReportMs)
    this.#store = store
    this.#outbox = outbox
    this.#peers = peers
    this.#master = master
    this.#files = files
    this.#assets = assets
    this.#fetcher = fetcher
    this.#reporter = reporter
    const hint = (stream: string, text: string) =>
      master.post({ kind: "log", stream, interval: null, partition: null, lines: [{ level: "info", text, repeated: 1 }] })
    this.#receiver = new Receiver({
      hint,
      node,
      own: { acked: key => this.#readers.acked(key), refused: (key, why) => this.#readers.refused(key, why) },
      config,
      clock,
      outbox,
      store,
      peers,
      reporter,
      durable,
      spill,
    })
    for (const id of durable.blocks) this.#receiver.restored(store.get(id)!)
    this.#readers = new Readers({ clock, outbox, master, receive: (key, block) => this.#receiver.onBatch(node, key, block) })
    this.#credit = new Credit(config, outbox)
    this.#spill = spill
    this.#durable = durable
    this.#tasks = new Tasks({ config, clock, outbox, master, executors, node, store, fetcher, files, assets, spill, budgets })
    this.#copier = new Copier({ node, store, outbox, master, peers, spill, durable })
    this.#drivers = new Drivers(assets, clock, outbox, master)
  }

  /** Messages that made no sense, so far. */
  get dropped(): number {
    return this.#dropped + this.#receiver.refused + this.#fetcher.malformed
  }

  step(event: NodeEvent, now: Now): Command[] {
    this.#clock.advance(now)
    this.#on(event)
    this.#onTime()
    this.#assets.flush()
    this.#tasks.flush()
    this.#copier.flush(this.#clock.monotonicMs)
    this.#fetcher.flush()
    this.#wake()
    return this.#outbox.take()
  }

  #on(event: NodeEvent): void {
    switch (event.kind) {
      case "started":
        this.#master.start()
        break
      case "received":
        this.#onMessage(event.from, event.message, event.payload)
        break
      case "lost":
        this.#onLost(event.peer)
        break
      case "call":
        if (event.call === leaving) this.#leave()
        break
      case "receipt":
        if (!this.#outbox.onReceipt(event.receipt, event.lost, this.#clock.monotonicMs)) this.#master.onReceipt(event.receipt, event.lost)
        break
      case "taskDone":
        this.#tasks.onTaskDone(event.task, event.result, event.ms)
        break
      case "taskFailed":
        this.#tasks.onTaskFailed(event.task, event.failure, event.ms)
        break
      case "taskLong":
        this.#tasks.onTaskLong(event.task)
        break
      case "driverDone":
        this.#drivers.onDone(event.task, event.error, event.logs ?? [])
        break
      case "fileRead":
        this.#files.onRead(event.request, event.bytes, event.unpacked)
        break
      case "fileWritten":
        this.#files.onWritten(event.request)
        break
      case "filesListed":
        this.#files.onListed(event.request, event.files)
        break
      case "sourceOpened":
        this.#readers.onOpened(event.source, event.events)
        break
      case "sourceBytes":
        this.#readers.onBytes(event.source, event.bytes)
        break
      case "sourceClosed":
        this.#readers.onClosed(event.source, event.error, event.over)
        break
      case "fileFailed":
        this.#files.onFailed(event.request, event.error)
        break
    }
  }

  #onMessage(from: NodeId, message: Message, payload: readonly Uint8Array[]): void {
    if (mastersOnly.has(message.kind) && from !== this.#master.node) {
      this.#dropped++
      return
    }
    switch (message.kind) {
      case "welcome":
        this.#onWelcome(from, message)
        break
      case "refused":
        this.#master.onRefused(message.reason, message.try)
        break
      case "heartbeatAck":
        this.#master.onHeartbeatAck(from, message.sentMs, message.wallMs)
        break
      case "peers":
        this.#onPeers(message)
        break
      case "inputs":
        this.#reporter.onInputs(message.inputs, message.reportMs)
        this.#readers.onInputs(message.inputs)
        break
      case "settled":
        this.#receiver.onSettled(message.kept, message.dropped)
        break
      case "launch":
        this.#tasks.launch(message.stages, message.tasks)
        break
      case "cancel":
        this.#tasks.cancel(message.tasks)
        this.#drivers.cancel(message.tasks)
        break
      case "asset":
        this.#assets.onAssets(message.assets)
        break
      case "copy":
        for (const { to, blocks } of message.copies) this.#copier.copy(blocks, to)
        break
      case "forget":
        this.#onForget(message)
        break
      case "uses":
        this.#spill.onUses(message.streams)
        break
      case "listFiles":
        this.#onListFiles(message.request, message.paths)
        break
      case "drive":
        this.#drivers.drive(message)
        break
      case "batch": {
        const [block] = payload
        if (block === undefined || payload.length !== 1) {
          this.#dropped++
          return
        }
        const { session, stream, seq } = message
        this.#receiver.onBatch(from, { session, stream, seq }, block)
        this.#credit.heard(from, this.#memoryUse(), this.#clock.monotonicMs)
        break
      }
      case "replica": {
        const [block] = payload
        if (block === undefined || payload.length !== 1) {
          this.#dropped++
          return
        }
        this.#receiver.onReplica(from, message, block, () => this.#outbox.send(from, { kind: "replicaStored", block: message.block }))
        break
      }
      case "replicas": {
        if (payload.length !== message.replicas.length) {
          this.#dropped++
          return
        }
        this.#onReplicas(from, message.replicas, payload)
        break
      }
      case "replicaStored":
        for (const block of this.#copier.onStored(from, [message.block])) this.#receiver.onReplicaStored(from, block)
        return
      case "replicasStored":
        for (const block of this.#copier.onStored(from, message.blocks)) this.#receiver.onReplicaStored(from, block)
        return
      case "replicaRefused":
        if (!this.#copier.onRefused(from, message.block, message.reason)) this.#receiver.onReplicaRefused(from, message.block)
        return
      case "fetch":
        serveBlocks({ store: this.#store, outbox: this.#outbox, spill: this.#spill }, from, message.request, message.blocks)
        break
      case "fetched":
        this.#fetcher.onFetched(from, message.request, message.missing, payload, message.disk)
        break
      case "hello":
        // A client that is about to send: it learns what it may.
        if (message.role === "client") this.#credit.heard(from, this.#memoryUse(), this.#clock.monotonicMs)
        break
      case "bye":
        this.#onLost(from)
        // A client or a peer that has left is not spoken to again: what waits for its ack would wait for ever.
        if (from !== this.#master.node) this.#outbox.push({ kind: "disconnect", from })
        break
      default:
        // Meant for a master or a client.
        this.#dropped++
    }
  }

  /** This process is about to end: whoever relies on it need not find out. */
  #leave(): void {
    this.#master.tell({ kind: "bye" })
    for (const node of this.#peers.nodes) this.#outbox.send(node, { kind: "bye" })
  }

  /** One answer when all of them are safe that can be. */
  #onReplicas(from: NodeId, replicas: readonly Replica[], payload: readonly Uint8Array[]): void {
    const blocks: string[] = []
    let open = 1
    const over = () => {
      if (--open === 0 && blocks.length > 0) this.#outbox.send(from, { kind: "replicasStored", blocks })
    }
    for (const [i, replica] of replicas.entries()) {
      open += 1
      const taken = this.#receiver.onReplica(from, replica, payload[i]!, () => {
        blocks.push(replica.block)
        over()
      })
      if (!taken) over()
    }
    over()
  }

  #onWelcome(from: NodeId, { wallMs, durable }: Extract<Message, { kind: "welcome" }>): void {
    const unfit = this.#durable.onWelcome(durable ?? null)
    if (unfit !== null) return this.#master.onRefused(unfit, "--dir <another directory>")
    const joined = this.#master.onWelcome(from, wallMs)
    if (joined === null) return
    if (joined.another) {
      this.#tasks.abandonAll()
      this.#drivers.abandonAll()
      this.#copier.forgetAll()
    }
    this.#reporter.onJoined(joined.another)
    this.#assets.onJoined()
  }

  #onPeers({ workers, minReplicas, replicas }: Extract<Message, { kind: "peers" }>): void {
    for (const peer of this.#peers.update(workers, minReplicas, replicas)) this.#peerLost(peer, true)
    this.#receiver.onPeers()
    this.#fetcher.onPeers()
  }

  #onLost(peer: NodeId): void {
    if (peer === this.#master.node) {
      this.#master.onLost("was lost")
      return
    }
    this.#credit.forget(peer)
    this.#peers.onLost(peer, this.#clock.monotonicMs)
    this.#peerLost(peer, false)
  }

  #peerLost(peer: NodeId, dead: boolean): void {
    this.#fetcher.onPeerLost(peer, dead)
    this.#copier.onPeerLost(peer)
    this.#receiver.onPeerLost(peer, dead)
  }

  #onForget({ blocks, streams }: Extract<Message, { kind: "forget" }>): void {
    for (const block of blocks) this.#receiver.forget(block)
    for (const { stream, before } of streams) {
      this.#receiver.forgetStream(stream, before)
      this.#outbox.push({ kind: "forgetState", stream, before })
    }
  }

  #onListFiles(request: string, paths: readonly string[]): void {
    this.#files.list(paths, (files, error) =>
      this.#master.post({ kind: "filesListed", request, files: files ?? [], ...(files === null && { error }) }),
    )
  }

  #onTime(): void {
    const nowMs = this.#clock.monotonicMs
    this.#master.onTime(nowMs)
    this.#receiver.onTime(nowMs)
    this.#fetcher.onTime(nowMs)
    this.#tasks.onTime(nowMs)
    this.#outbox.onTime(nowMs)
    this.#spill.onTime(nowMs)
    this.#durable.onTime(nowMs)
    this.#assets.onTime(nowMs)
    this.#credit.onTime(this.#memoryUse(), nowMs)
    this.#readers.onTime(nowMs)
    this.#reporter.onTime(nowMs)
  }

  /** Asks for the next time that anything is due, when that is not what was asked for before. */
  #wake(): void {
    const dueMs = Math.min(
      this.#master.deadlineMs,
      this.#receiver.deadlineMs,
      this.#fetcher.deadlineMs,
      this.#tasks.deadlineMs,
      this.#copier.deadlineMs,
      this.#credit.deadlineMs,
      this.#spill.deadlineMs,
      this.#durable.deadlineMs,
      this.#reporter.deadlineMs,
      this.#readers.deadlineMs,
    )
    const askedAndAhead = this.#wakeMs === dueMs && dueMs > this.#clock.monotonicMs
    if (dueMs === Number.POSITIVE_INFINITY || askedAndAhead) return
    this.#wakeMs = dueMs
    this.#outbox.push({ kind: "wake", atMonotonicMs: dueMs })
  }

  #memoryUse(): MemoryUse {
    const { capBytes, usedBytes } = this.#store
    return { capBytes, usedBytes, pendingBytes: this.#receiver.pendingBytes }
  }

  #load(): WorkerLoad {
    return {
      load: this.#tasks.load(this.#clock.monotonicMs),
      usedBytes: this.#store.usedBytes,
      queued: this.#tasks.queued,
      blocks: this.#store.size,
      dropped: this.dropped,
      ...(this.#spill.enabled && { spilledBytes: this.#spill.bytes, diskFull: this.#spill.full }),
    }
  }
}
