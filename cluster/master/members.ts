/** Who is in the cluster: workers that register, are lost and come back; clients while they are heard. */

import type { NodeId } from "../ports.js"
import type { ClusterEvent, HeldBlock, Message } from "../protocol.js"
import type { Checkpointer } from "./checkpointer.js"
import type { Draining } from "./draining.js"
import type { InputCopies } from "./input-copies.js"
import type { Leases } from "./leases.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { Queries } from "./queries.js"
import type { ReadOnly } from "./read-only.js"
import { SourceReaders } from "./source-readers.js"
import type { Sources } from "./sources.js"
import type { Streams } from "./streams.js"

interface Client {
  readonly node: NodeId
  heardMs: number
  /** Since when its connection counts as broken. */
  suspectMs: number | null
}

interface Others {
  readonly checkpointer: Checkpointer
  readonly copies: InputCopies
  /** Made after this, which it tells. */
  readonly draining: () => Draining
  readonly queries: Queries
  readonly sources: Sources
  readonly streams: Streams
}

interface MemberListener {
  clientLost(client: NodeId): void
  /** What everybody who is attached is told. */
  told(event: ClusterEvent): void
}

interface Recovering {
  readonly name: string
  readonly partitions: number
  readonly sinceMs: number
}

const peersEveryMs = 1_000
/** Much less than anything that is waited for. */
const lookEveryMs = 10

export class Members {
  readonly #parts: Parts
  readonly #others: Others
  readonly #clients = new Map<NodeId, Client>()
  readonly #leases: Leases
  readonly #readOnly: ReadOnly
  readonly #listener: MemberListener
  readonly #startedMs: number
  #runtime: string | null = null
  #peersMs = Number.NEGATIVE_INFINITY
  #inputsAt = -1
  #lookedMs = Number.NEGATIVE_INFINITY
  #lookedAt = -1
  readonly #readers: SourceReaders
  /** Names of workers that were there before the master was started again, as far as those who are back know. */
  readonly #awaited = new Set<string>()
  #anyBack = false
  #settled = false
  /** Workers whose loss is being made good. */
  readonly #recovering: Recovering[] = []

  constructor(parts: Parts, others: Others, startedMs: number, leases: Leases, readOnly: ReadOnly, listener: MemberListener) {
    this.#readOnly = readOnly
    this.#leases = leases
    this.#parts = parts
    this.#readers = new SourceReaders(parts)
    this.#others = others
    this.#startedMs = startedMs
    this.#listener = listener
    if (parts.config.durable) for (const name of parts.ledger.workers) this.#awaited.add(name)
  }

  hello(from: NodeId, message: Extract<Message, { kind: "hello" }>, times: Times): void {
    const { config, outbox, ledger, registry } = this.#parts
    const refuse = (reason: string, hint: string) => outbox.send(from, { kind: "refused", reason, try: hint })
    if (config.version !== "" && message.version !== config.version) {
      refuse(`this master is rivulet ${config.version}, you are ${message.version}`, `install rivulet ${config.version}`)
      return
    }
    if (message.role === "worker") {
      // Workers of another Node or ICU would compute other bytes.
      const runtime = config.runtime !== "" ? config.runtime : registry.size > 0 ? this.#runtime : null
      if (runtime !== null && message.runtime !== runtime) {
        refuse(`the cluster's workers run ${runtime}, you ${message.runtime}`, `run it on ${runtime}`)
        return
      }
      this.#runtime = message.runtime
    } else {
      this.#clients.set(from, { node: from, heardMs: times.monotonicMs, suspectMs: null })
      this.#leases.hello(from, message.sessions ?? [])
      this.#readOnly.hello(from, message.readOnly ?? false)
    }
    outbox.send(from, {
      kind: "welcome",
      epoch: ledger.epoch,
      cluster: ledger.cluster,
      wallMs: times.timeMs,
      startedMs: this.#startedMs,
      // Clients send to those who take something.
      workers: registry.peers().filter(({ draining }) => message.role === "worker" || draining !== true),
      ...(this.#readOnly.has(from) && { readOnly: true }),
      ...(config.durable && { durable: `${ledger.cluster}, begun ${new Date(ledger.bornMs).toISOString()}` }),
    })
  }

  heard(from: NodeId, readOnly: boolean, times: Times): void {
    this.#readOnly.heard(from, readOnly)
    const client = this.#clients.get(from)
    if (client !== undefined) {
      client.heardMs = times.monotonicMs
      client.suspectMs = null
    } else this.#parts.registry.heard(from, times.monotonicMs)
  }

  heartbeat(from: NodeId, message: Extract<Message, { kind: "heartbeat" }>, times: Times): void {
    const { registry, outbox } = this.#parts
    // Without an answer it finds that it is not registered, and does it again.
    if (!registry.heartbeat(from, message, times.monotonicMs)) return
    outbox.send(from, { kind: "heartbeatAck", sentMs: message.sentMs, wallMs: times.timeMs })
  }

  register(from: NodeId, message: Extract<Message, { kind: "register" }>, times: Times): void {
    const { registry, scheduler, tracker, outbox } = this.#parts
    const { entry, known, replaced } = registry.register(from, message, times.monotonicMs)
    for (const node of replaced) this.lost(node, "it was restarted", times)
    if (message.peers !== undefined) {
      this.#anyBack = true
      for (const name of message.peers) {
        this.#awaited.add(name)
        registry.expect(name, times.monotonicMs)
      }
    }
    if (this.#awaited.has(message.name)) this.#anyBack = true
    if (known) {
      // It was away: what it was told may not have reached it, what it held may be gone.
      const held = new Set(message.held.map(({ block }) => block))
      for (const block of [...tracker.blocksOf(from)]) if (!held.has(block)) scheduler.dropPlace(block, from)
      scheduler.restart(from)
      this.#others.streams.workerBack(from)
      this.#others.checkpointer.workerBack(from)
      this.#others.copies.workerBack(from)
    } else {
      scheduler.addWorker(from, entry.host, entry.cores)
      this.#counted([...this.#parts.ledger.workers, entry.name])
      this.tell({ kind: "workerJoined", name: entry.name })
      if (entry.drainingMs !== null) this.#others.draining().resumed(from)
      say(this.#parts, "info", `worker ${entry.name} joined from ${entry.address} with ${entry.cores} cores`)
    }
    this.#takeIn(from, message.held)
    this.#peersMs = Number.NEGATIVE_INFINITY
    outbox.send(from, this.#readers.inputs(from))
  }

  /** Places what a worker holds: what is known or wanted is noted, the rest forgotten. */
  #takeIn(node: NodeId, held: readonly HeldBlock[]): void {
    const { tracker, admission, outbox, ledger, scheduler } = this.#parts
    const dropped: string[] = []
    for (const { block, rows, bytes, owner, batch } of held) {
      if (owner === null) {
        const sealed = admission.where(block)
        if (sealed !== undefined || tracker.knows(block)) tracker.hold(block, node, bytes, rows)
        // What is in no seal is reported by its worker, unless the batch came in otherwise.
        else if (batch === null) outbox.forget(node, block)
        else {
          const input = this.#parts.catalog.receiver(batch.stream) ?? this.#parts.catalog.get(batch.stream)
          const gone =
            input === undefined
              ? this.#parts.catalog.wasStopped(batch.stream)
              : ledger.wasAdmitted(batch.session, input.definition.id, batch.seq)
          if (gone) dropped.push(block)
        }
        continue
      }
      if (tracker.knows(block)) {
        tracker.hold(block, node, bytes, rows)
        continue
      }
      const { stream, interval, output, partition } = owner
      const record = stream === null ? undefined : ledger.streams.get(stream)
      const made = record?.stoppedMs === null ? record.made.findLast(one => one.output === output) : undefined
      if (stream === null || interval === null || made === undefined || !made.partitions.includes(partition)) {
        outbox.forget(node, block)
        continue
      }
      const part = {
        block,
        rows,
        bytes,
        ...(owner.sectionRows === undefined ? {} : { sectionRows: owner.sectionRows }),
        ...(owner.base === undefined ? {} : { base: owner.base }),
        ...(owner.keys === undefined ? {} : { keys: owner.keys }),
      }
      if (!tracker.put(output, partition, part, node)) outbox.forget(node, block)
      else {
        this.#others.checkpointer.found(block, stream, interval, made.of)
        scheduler.restored(output, partition)
      }
    }
    for (const { block } of held) {
      const owner = tracker.owner(block)
      if (owner !== null) this.#others.checkpointer.held(block)
    }
    this.#others.copies.joined(node, held)
    if (dropped.length > 0) outbox.send(node, { kind: "settled", kept: [], dropped })
    scheduler.found()
  }

  /** A worker is gone. */
  lost(node: NodeId, why: string, times: Times): void {
    const { registry, scheduler, tracker, outbox } = this.#parts
    const entry = registry.remove(node, times.monotonicMs)
    if (entry === undefined) return
    const held = [...tracker.blocksOf(node)]
    const { parts, inputs } = scheduler.removeWorker(node)
    this.#others.checkpointer.workerLost(node, held)
    this.#others.copies.workerLost(node, held)
    this.#others.sources.workerLost(inputs)
    this.#others.streams.workerLost(node)
    outbox.push({ kind: "disconnect", from: node })
    this.#peersMs = Number.NEGATIVE_INFINITY
    this.#others.draining().workerLost(node)
    if (entry.leaving && parts === 0) {
      this.tell({ kind: "drained", name: entry.name })
      this.#counted([...registry.live].map(({ name }) => name))
      say(this.#parts, "info", `worker ${entry.name} is drained, and has left`)
      return
    }
    this.#recovering.push({ name: entry.name, partitions: parts, sinceMs: times.monotonicMs })
    this.tell({ kind: "workerLost", name: entry.name, why, partitions: parts })
    say(this.#parts, "warn", `worker ${entry.name} is lost: ${why}; ${parts} partitions had their only copy there`)
  }

  /** Who is there or drained has changed: everybody is told at once. */
  changed(): void {
    this.#peersMs = Number.NEGATIVE_INFINITY
  }

  /** Its connection broke. If its process has ended, its machine says so at once; else it has a moment to come back. */
  suspect(node: NodeId, times: Times): void {
    const { registry, outbox } = this.#parts
    const address = registry.suspect(node, times.monotonicMs)
    if (address !== null) outbox.push({ kind: "probe", peer: node, address })
  }

  /** A client's connection broke: one that lives says hello again at once. What it asked for meanwhile, it asks for again by the same ids. */
  clientBroke(node: NodeId, times: Times): void {
    const client = this.#clients.get(node)
    if (client !== undefined) client.suspectMs ??= times.monotonicMs
  }

  clientLost(node: NodeId): void {
    if (!this.#clients.delete(node)) return
    this.#others.queries.clientLost(node)
    this.#others.sources.readings.clientLost(node)
    this.#listener.clientLost(node)
    // What waits for its ack would wait for ever. If it lives, it hears that the link is over, and says hello again.
    this.#parts.outbox.push({ kind: "disconnect", from: node })
  }

  /** Of a durable cluster that was started again: without whom nothing is decided yet. */
  get awaited(): readonly string[] {
    return this.#settled || !this.#parts.config.durable ? [] : this.#missing
  }

  /** Workers that were there before the master was started again, and are not yet. */
  get #missing(): readonly string[] {
    const here = new Set([...this.#parts.registry.live].map(({ name }) => name))
    return [...this.#awaited].filter(name => !here.has(name))
  }

  /** Of a master that was started again: whether all workers of before are known, and here. */
  get allBack(): boolean {
    return this.#anyBack && this.#missing.length === 0
  }

  isClient(node: NodeId): boolean {
    return this.#clients.has(node)
  }

  /** To everybody who is attached. */
  tell(event: ClusterEvent): void {
    this.#listener.told(event)
    for (const { node } of this.#clients.values()) this.#parts.outbox.send(node, { kind: "event", event })
  }

  /** The master stood still for so long: nobody was silent meanwhile. */
  excuse(ms: number): void {
    this.#parts.registry.excuse(ms)
    for (const client of this.#clients.values()) {
      client.heardMs += ms
      if (client.suspectMs !== null) client.suspectMs += ms
    }
  }

  /** `settled`: it is known who is here. Before, a list of workers would tell those who are back that the others are dead. */
  onTime(times: Times, settled: boolean): void {
    this.#settled = settled
    const { registry, config, outbox, ledger, progress } = this.#parts
    const looks = times.monotonicMs - this.#lookedMs >= lookEveryMs || ledger.definitionChanges !== this.#lookedAt
    if (looks) this.#look(times)
    if (settled && times.monotonicMs - this.#peersMs >= peersEveryMs) {
      this.#peersMs = times.monotonicMs
      const { minReplicas, replicas } = config
      const workers = registry.peers()
      for (const { node } of registry.live) outbox.send(node, { kind: "peers", workers, minReplicas, replicas })
    }
    // None of them ever gets less.
    const inputsAt = ledger.definitionChanges + progress.inputs + this.#readers.given
    if (inputsAt !== this.#inputsAt) {
      this.#inputsAt = inputsAt
      for (const { node } of registry.live) outbox.send(node, this.#readers.inputs(node))
    }
    this.#recovered(times)
  }

  /** Who is silent, who is gone: what takes a walk over all of them is not done at every event. */
  #look(times: Times): void {
    const { registry, config, outbox, ledger } = this.#parts
    this.#lookedMs = times.monotonicMs
    this.#lookedAt = ledger.definitionChanges
    for (const { node, address } of registry.silent(times.monotonicMs)) outbox.push({ kind: "probe", peer: node, address })
    for (const { node, why } of registry.dead(times.monotonicMs)) this.lost(node, why, times)
    for (const { node, heardMs, suspectMs } of [...this.#clients.values()]) {
      const broken = suspectMs !== null && times.monotonicMs - suspectMs >= config.clientSuspectForMs
      if (broken || times.monotonicMs - heardMs > config.clientLostAfterMs) this.clientLost(node)
    }
    this.#readers.assign()
  }

  #recovered(times: Times): void {
    while (this.#recovering[0] !== undefined && this.#parts.jobs.size === 0) {
      const { name, partitions, sinceMs } = this.#recovering.shift() as Recovering
      this.tell({ kind: "recovered", name, ms: times.monotonicMs - sinceMs, partitions })
      // Nothing waits for what it had.
      if (this.#recovering.length === 0) this.#counted([...this.#parts.registry.live].map(({ name }) => name))
    }
  }

  /** Of a durable cluster: journals who would have to come back if all of it were started again. */
  #counted(names: readonly string[]): void {
    const { config, ledger } = this.#parts
    const now = [...new Set(names)].sort()
    if (!config.durable || now.length === 0 || now.join(" ") === ledger.workers.join(" ")) return
    append(this.#parts, { kind: "workers", names: now }, () => {})
  }
}
