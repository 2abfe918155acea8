/**
 * The worker's main thread (the paper's §4): receives data, keeps blocks, serves them, and has tasks run by executors. This
 * file only says which part hears of which event; each part is a file beside it. No user code runs here, so nothing a
 * user writes can delay acks, heartbeats or fetches.
 */

import { type Command, type Machine, type NodeEvent, type NodeId, type Now, nodeName } from "../ports.js"
import type { Message, Replica } from "../protocol.js"
import { serveBlocks } from "./block-server.js"
import type { MemoryUse } from "./credit.js"
import { defined } from "./defined.js"
import { mastersOnly, type WorkerLoad } from "./master-link.js"
import { type WorkerOptions, type WorkerParts, workerParts } from "./parts.js"

/** The local call that says that this worker is being stopped. */
export const leaving = "leaving"

export class WorkerMachine implements Machine {
  readonly #parts: WorkerParts
  #dropped = 0
  #wakeMs = Number.POSITIVE_INFINITY

  constructor(options: WorkerOptions) {
    this.#parts = workerParts(options, () => this.#load())
  }

  /** Messages that made no sense, so far. */
  get dropped(): number {
    const { receiver, fetcher } = this.#parts
    return this.#dropped + receiver.refused + fetcher.malformed
  }

  step(event: NodeEvent, now: Now): Command[] {
    const { clock, assets, tasks, copier, fetcher, outbox } = this.#parts
    clock.advance(now)
    this.#on(event)
    this.#onTime()
    assets.flush()
    tasks.flush()
    copier.flush(clock.monotonicMs)
    fetcher.flush()
    this.#wake()
    return outbox.take()
  }

  #on(event: NodeEvent): void {
    const { master, outbox, clock, tasks, drivers, files, readers } = this.#parts
    switch (event.kind) {
      case "started":
        master.start()
        break
      case "received":
        this.#onMessage(event.from, event.message, event.payload)
        break
      case "lost":
        this.#onLost(event.peer)
        break
      case "reached":
      case "unreached":
        if (nodeName(event.peer) === master.name) master.onConnection(event.kind === "reached")
        break
      case "call":
        if (event.call === leaving) this.#leave()
        break
      case "receipt":
        if (!outbox.onReceipt(event.receipt, event.lost, clock.monotonicMs)) master.onReceipt(event.receipt, event.lost)
        break
      case "taskDone":
        tasks.onTaskDone(event.task, event.result, event.ms)
        break
      case "taskFailed":
        tasks.onTaskFailed(event.task, event.failure, event.ms)
        break
      case "taskLong":
        tasks.onTaskLong(event.task, event.ms)
        break
      case "driverDone":
        drivers.onDone(event.task, event.error, event.logs ?? [])
        break
      case "fileRead":
        files.onRead(event.request, event.bytes, event.unpacked)
        break
      case "fileWritten":
        files.onWritten(event.request)
        break
      case "filesListed":
        files.onListed(event.request, event.files)
        break
      case "sourceOpened":
        readers.onOpened(event)
        break
      case "sourceBytes":
        readers.onBytes(event.source, event.bytes)
        break
      case "sourceClosed":
        readers.onClosed(event.source, event.error, event.over)
        break
      case "fileFailed":
        files.onFailed(event.request, event.error)
        break
    }
  }

  #onMessage(from: NodeId, message: Message, payload: readonly Uint8Array[]): void {
    const { master, reporter, readers, receiver, tasks, drivers, assets, copier, spill, credit, clock, outbox, store, fetcher } =
      this.#parts
    if (mastersOnly.has(message.kind) && from !== master.node) {
      this.#dropped++
      return
    }
    switch (message.kind) {
      case "welcome":
        this.#onWelcome(from, message)
        break
      case "refused":
        master.onRefused(message.reason, message.try)
        break
      case "heartbeatAck":
        master.onHeartbeatAck(from, message.sentMs, message.wallMs)
        break
      case "peers":
        this.#onPeers(message)
        break
      case "leave":
        outbox.say("info", "drained: nothing is missing without this worker, which ends")
        this.#leave()
        outbox.push({ kind: "exit", code: 0, reason: "it was drained" })
        break
      case "inputs":
        reporter.onInputs(message.inputs, message.reportMs)
        readers.onInputs(message.inputs)
        break
      case "settled":
        receiver.onSettled(message.kept, message.dropped)
        break
      case "launch":
        tasks.launch(message.stages, message.tasks)
        break
      case "cancel":
        tasks.cancel(message.tasks)
        drivers.cancel(message.tasks)
        break
      case "asset":
        assets.onAssets(message.assets)
        break
      case "copy":
        for (const { to, blocks } of message.copies) copier.copy(blocks, to)
        break
      case "forget":
        this.#onForget(message)
        break
      case "uses":
        spill.onUses(message.streams)
        break
      case "listFiles":
        this.#onListFiles(message.request, message.paths)
        break
      case "drive":
        drivers.drive(message)
        break
      case "batch": {
        const [block] = payload
        if (block === undefined || payload.length !== 1) {
          this.#dropped++
          return
        }
        const { session, stream, seq, aside } = message
        receiver.onBatch(from, { session, stream, seq, ...defined({ aside }) }, block)
        credit.heard(from, this.#memoryUse(), clock.monotonicMs)
        break
      }
      case "replica": {
        const [block] = payload
        if (block === undefined || payload.length !== 1) {
          this.#dropped++
          return
        }
        receiver.onReplica(from, message, block, () => outbox.send(from, { kind: "replicaStored", block: message.block }))
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
        for (const block of copier.onStored(from, [message.block])) receiver.onReplicaStored(from, block)
        return
      case "replicasStored":
        for (const block of copier.onStored(from, message.blocks)) receiver.onReplicaStored(from, block)
        return
      case "replicaRefused":
        if (!copier.onRefused(from, message.block, message.reason)) receiver.onReplicaRefused(from, message.block)
        return
      case "fetch":
        serveBlocks({ store, outbox, spill }, from, message.request, message.blocks)
        break
      case "fetched":
        fetcher.onFetched(from, message.request, message.missing, payload, message.disk)
        break
      case "hello":
        // A client that is about to send: it learns what it may.
        if (message.role === "client") credit.heard(from, this.#memoryUse(), clock.monotonicMs)
        break
      case "bye":
        this.#onLost(from)
        // A client or a peer that has left is not spoken to again: what waits for its ack would wait for ever.
        if (from !== master.node) outbox.push({ kind: "disconnect", from })
        break
      default:
        // Meant for a master or a client.
        this.#dropped++
    }
  }

  /** This process is about to end: whoever relies on it need not find out. */
  #leave(): void {
    const { master, peers, outbox } = this.#parts
    master.tell({ kind: "bye" })
    for (const node of peers.nodes) outbox.send(node, { kind: "bye" })
  }

  /** One answer when all of them are safe that can be. */
  #onReplicas(from: NodeId, replicas: readonly Replica[], payload: readonly Uint8Array[]): void {
    const { outbox, receiver } = this.#parts
    const blocks: string[] = []
    let open = 1
    const over = () => {
      if (--open === 0 && blocks.length > 0) outbox.send(from, { kind: "replicasStored", blocks })
    }
    for (const [i, replica] of replicas.entries()) {
      open += 1
      const taken = receiver.onReplica(from, replica, payload[i]!, () => {
        blocks.push(replica.block)
        over()
      })
      if (!taken) over()
    }
    over()
  }

  #onWelcome(from: NodeId, welcome: Extract<Message, { kind: "welcome" }>): void {
    const { durable, master, tasks, drivers, copier, reporter, assets } = this.#parts
    const unfit = durable.onWelcome(welcome.durable ?? null)
    if (unfit !== null) return master.onRefused(unfit, "--dir <another directory>")
    if (from !== master.node) tasks.abandonAll()
    const joined = master.onWelcome(from, welcome.wallMs)
    if (joined === null) return
    if (joined.another) {
      drivers.abandonAll()
      copier.forgetAll()
    }
    reporter.onJoined(joined.another)
    assets.onJoined()
  }

  #onPeers({ workers, minReplicas, replicas }: Extract<Message, { kind: "peers" }>): void {
    const { peers, receiver, fetcher } = this.#parts
    for (const peer of peers.update(workers, minReplicas, replicas)) this.#peerLost(peer, true)
    receiver.onPeers()
    fetcher.onPeers()
  }

  #onLost(peer: NodeId): void {
    const { master, credit, peers, clock } = this.#parts
    if (peer === master.node) {
      master.onLost("was lost")
      return
    }
    credit.forget(peer)
    peers.onLost(peer, clock.monotonicMs)
    this.#peerLost(peer, false)
  }

  #peerLost(peer: NodeId, dead: boolean): void {
    const { fetcher, copier, receiver } = this.#parts
    fetcher.onPeerLost(peer, dead)
    copier.onPeerLost(peer)
    receiver.onPeerLost(peer, dead)
  }

  #onForget({ blocks, streams }: Extract<Message, { kind: "forget" }>): void {
    const { receiver, outbox } = this.#parts
    for (const block of blocks) receiver.forget(block)
    for (const { stream, before } of streams) {
      receiver.forgetStream(stream, before)
      outbox.push({ kind: "forgetState", stream, before })
    }
  }

  #onListFiles(request: string, paths: readonly string[]): void {
    const { files, master } = this.#parts
    files.list(paths, (files, error) => master.post({ kind: "filesListed", request, files: files ?? [], ...(files === null && { error }) }))
  }

  #onTime(): void {
    const { clock, master, receiver, fetcher, tasks, outbox, spill, durable, assets, credit, readers, reporter } = this.#parts
    const nowMs = clock.monotonicMs
    master.onTime(nowMs)
    receiver.onTime(nowMs)
    fetcher.onTime(nowMs)
    tasks.onTime(nowMs)
    outbox.onTime(nowMs)
    spill.onTime(nowMs)
    durable.onTime(nowMs)
    assets.onTime(nowMs)
    credit.onTime(this.#memoryUse(), nowMs)
    readers.onTime(nowMs)
    reporter.onTime(nowMs)
  }

  /** Asks for the next time that anything is due, when that is not what was asked for before. */
  #wake(): void {
    const { master, receiver, fetcher, tasks, copier, credit, spill, durable, reporter, readers, clock, outbox } = this.#parts
    const dueMs = Math.min(
      master.deadlineMs,
      receiver.deadlineMs,
      fetcher.deadlineMs,
      tasks.deadlineMs,
      copier.deadlineMs,
      credit.deadlineMs,
      spill.deadlineMs,
      durable.deadlineMs,
      reporter.deadlineMs,
      readers.deadlineMs,
    )
    const askedAndAhead = this.#wakeMs === dueMs && dueMs > clock.monotonicMs
    if (dueMs === Number.POSITIVE_INFINITY || askedAndAhead) return
    this.#wakeMs = dueMs
    outbox.push({ kind: "wake", atMonotonicMs: dueMs })
  }

  #memoryUse(): MemoryUse {
    const { store, receiver } = this.#parts
    const { capBytes, usedBytes } = store
    return { capBytes, usedBytes, pendingBytes: receiver.pendingBytes }
  }

  #load(): WorkerLoad {
    const { tasks, clock, store, spill, peers, reporter, readers } = this.#parts
    return {
      load: tasks.load(clock.monotonicMs),
      usedBytes: store.usedBytes,
      queued: tasks.queued,
      blocks: store.size,
      dropped: this.dropped,
      ...(peers.draining && { unsettled: reporter.unsettled + readers.unacked }),
      ...(spill.enabled && { spilledBytes: spill.bytes, ...(spill.full !== null && { diskFull: spill.full }) }),
    }
  }
}
