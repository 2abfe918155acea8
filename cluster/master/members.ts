/** Who is in the cluster: workers that register, are lost and come back. */

import type { NodeId } from "../ports.js"
import type { Message } from "../protocol.js"
import type { Checkpointer } from "./checkpointer.js"
import type { Clients } from "./clients.js"
import type { Draining } from "./draining.js"
import { takeIn } from "./held-blocks.js"
import type { InputCopies } from "./input-copies.js"
import type { Leases } from "./leases.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { ReadOnly } from "./read-only.js"
import type { Restoring } from "./restoring.js"
import { SourceReaders } from "./source-readers.js"
import type { Sources } from "./sources.js"
import type { Streams } from "./streams.js"

interface Others {
  readonly checkpointer: Checkpointer
  readonly clients: Clients
  readonly copies: InputCopies
  /** Made after this, which it tells. */
  readonly draining: () => Draining
  readonly restoring: Restoring
  readonly sources: Sources
  readonly streams: Streams
}

interface Loss {
  readonly why: string
  /** Its process; else it is only silent, or leaves. */
  readonly ended: boolean
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
  readonly #leases: Leases
  readonly #readOnly: ReadOnly
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

  constructor(parts: Parts, others: Others, startedMs: number, leases: Leases, readOnly: ReadOnly) {
    this.#readOnly = readOnly
    this.#leases = leases
    this.#parts = parts
    this.#readers = new SourceReaders(parts)
    this.#others = others
    this.#startedMs = startedMs
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
      this.#others.clients.came(from, times)
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
    if (!this.#others.clients.heard(from, times)) this.#parts.registry.heard(from, times.monotonicMs)
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
    for (const node of replaced) this.lost(node, { why: "it was restarted", ended: true }, times)
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
      this.#others.streams.drivers.workerBack(from)
      this.#others.checkpointer.workerBack(from)
      this.#others.copies.workerBack(from)
    } else {
      scheduler.addWorker(from, entry.host, entry.cores)
      this.#counted([...this.#parts.ledger.workers, entry.name])
      this.#others.clients.tell({ kind: "workerJoined", name: entry.name })
      if (entry.drainingMs !== null) this.#others.draining().resumed(from)
      say(this.#parts, "info", `worker ${entry.name} joined from ${entry.address} with ${entry.cores} cores`)
    }
    takeIn(this.#parts, this.#others, from, message.held)
    this.#peersMs = Number.NEGATIVE_INFINITY
    outbox.send(from, this.#readers.inputs(from))
  }

  /** A worker is gone. */
  lost(node: NodeId, { why, ended }: Loss, times: Times): void {
    const { registry, scheduler, tracker, outbox } = this.#parts
    const entry = registry.remove(node, times.monotonicMs)
    if (entry === undefined) return
    const held = [...tracker.blocksOf(node)]
    const { parts, inputs } = scheduler.removeWorker(node, ended)
    this.#others.checkpointer.workerLost(node, held)
    this.#others.copies.workerLost(node, held)
    this.#others.restoring.suspect(times)
    this.#others.sources.workerLost(inputs)
    this.#others.streams.drivers.workerLost(node)
    outbox.push({ kind: "disconnect", from: node })
    this.#peersMs = Number.NEGATIVE_INFINITY
    this.#others.draining().workerLost(node)
    if (entry.leaving && parts === 0) {
      this.#others.clients.tell({ kind: "drained", name: entry.name })
      this.#counted([...registry.live].map(({ name }) => name))
      say(this.#parts, "info", `worker ${entry.name} is drained, and has left`)
      return
    }
    this.#recovering.push({ name: entry.name, partitions: parts, sinceMs: times.monotonicMs })
    this.#others.clients.tell({ kind: "workerLost", name: entry.name, why, partitions: parts })
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

  /** The master stood still for so long: nobody was silent meanwhile. */
  excuse(ms: number): void {
    this.#parts.registry.excuse(ms)
    this.#others.clients.excuse(ms)
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
    const { registry, outbox, ledger } = this.#parts
    this.#lookedMs = times.monotonicMs
    this.#lookedAt = ledger.definitionChanges
    for (const { node, address } of registry.silent(times.monotonicMs)) outbox.push({ kind: "probe", peer: node, address })
    for (const { node, why } of registry.dead(times.monotonicMs)) this.lost(node, { why, ended: false }, times)
    this.#others.clients.look(times)
    this.#readers.assign()
  }

  #recovered(times: Times): void {
    while (this.#recovering[0] !== undefined && this.#parts.jobs.size === 0) {
      const { name, partitions, sinceMs } = this.#recovering.shift() as Recovering
      this.#others.clients.tell({ kind: "recovered", name, ms: times.monotonicMs - sinceMs, partitions })
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
