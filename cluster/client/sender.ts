/**
 * Sending records, pure (the paper's §4.1). A batch is numbered (session, stream, seq) and kept until a worker has
 * acknowledged it, which means that two workers hold it. The problem: an ack may be lost with its worker, or just be late;
 * the solution: send the same number again, to another worker. The master admits a number once, so nothing counts twice.
 *
 *     queued ──room at a worker──▶ sent ──ack──▶ done
 *       ▲                            │ worker lost · no ack in time · refused (unknown, full)
 *       └────────────────────────────┘                    refused (bad) ──▶ failed
 *
 * Room: each worker says how many bytes of ours it will hold unacknowledged. `send` is answered when the sender itself has
 * room for another block, so whoever writes waits.
 */

import type { Command, NodeId, Now } from "../ports.js"
import type { Peer } from "../protocol.js"
import type { ClientCall, SendCounters } from "./call.js"
import { WorkerRoom } from "./worker-room.js"

export interface SenderConfig {
  /** Unacknowledged bytes that the sender keeps before it makes the writer wait. */
  readonly bufferBytes: number
  /** What a worker may be sent before it has said its credit. */
  readonly firstCreditBytes: number
  readonly ackTimeoutMs: number
  /** After a refusal (`unknown`, `full`) the batch waits so long. */
  readonly retryMs: number
  /** The list of workers is asked for again so often while there is something to send. */
  readonly refreshMs: number
}

type SendCall = Extract<ClientCall, { readonly kind: "send" }>

interface Batch {
  readonly seq: number
  readonly rows: number
  readonly block: Uint8Array
  /** The writer wants the block's memory back, by this number. */
  readonly loan: number | undefined
  /** Why its lines are no records. */
  readonly aside: string | undefined
  worker: NodeId | null
  /** Not to be sent before; when sent: the time by which the ack must have come. */
  dueMs: number
  tries: number
  /** Where it was last: another one is tried first. */
  last: NodeId | null
}

/** One receiver of one session. */
interface Flow {
  readonly session: string
  readonly stream: string
  nextSeq: number
  /** In order of seq. */
  readonly batches: Map<number, Batch>
  /** Writers that wait for room, and those that wait for everything up to a seq. */
  readonly writers: number[]
  readonly waiters: { readonly call: number; readonly through: number }[]
  defined: boolean | null
  askedMs: number
  error: string | null
  sent: number
  acked: number
  sentBytes: number
  ackedBytes: number
  resent: number
  copies: number
}

export type SenderStep =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "answer"; readonly call: number; readonly counters: SendCounters }
  | { readonly kind: "failed"; readonly call: number; readonly message: string }
  /** Ask the master who receives the stream. */
  | { readonly kind: "receivers"; readonly stream: string }
  | { readonly kind: "push"; readonly session: string; readonly stream: string; readonly counters: SendCounters; readonly free?: number }
  | { readonly kind: "receiver"; readonly stream: string; readonly defined: boolean }

export class Sender {
  readonly #config: SenderConfig
  readonly #room: WorkerRoom
  readonly #flows = new Map<string, Flow>()

  constructor(config: SenderConfig) {
    this.#config = config
    this.#room = new WorkerRoom(config.firstCreditBytes)
  }

  /** A block to send. */
  send(
    call: number,
    { session, stream, rows: lines, seq: asked, loan, aside }: Omit<SendCall, "kind">,
    block: Uint8Array,
    now: Now,
  ): SenderStep[] {
    const flow = this.#flow(session, stream)
    if (flow.error !== null) return [{ kind: "failed", call, message: flow.error }]
    const seq = asked ?? flow.nextSeq
    if (seq < flow.nextSeq)
      return [{ kind: "failed", call, message: `${stream}: batch ${seq} was given after batch ${flow.nextSeq - 1}; numbers must grow` }]
    flow.nextSeq = seq + 1
    const rows = aside === undefined ? lines : 0
    flow.batches.set(seq, { seq, rows, block, loan, aside, worker: null, dueMs: 0, tries: 0, last: null })
    flow.sent += rows
    flow.sentBytes += block.byteLength
    flow.writers.push(call)
    return [...this.#ask(flow, now), ...this.#dispatch(now)]
  }

  /** Answered when all that has been sent so far is acknowledged. Of a stream to which nothing was sent yet it asks who will receive it. */
  sent(call: number, session: string, stream: string, now: Now): SenderStep[] {
    const flow = this.#flow(session, stream)
    if (flow.error !== null) return [{ kind: "failed", call, message: flow.error }]
    flow.waiters.push({ call, through: flow.nextSeq - 1 })
    return [...(flow.nextSeq === 1 ? this.#ask(flow, now) : []), ...this.#release(flow)]
  }

  counters(session: string, stream: string): SendCounters {
    return countersOf(this.#flow(session, stream))
  }

  /** The last number of each stream of a session, and whether all are acknowledged. */
  lastSeqs(session: string): { readonly lastSeq: Record<string, number>; readonly done: boolean } {
    const flows = [...this.#flows.values()].filter(flow => flow.session === session && flow.nextSeq > 1)
    return {
      lastSeq: Object.fromEntries(flows.map(flow => [flow.stream, flow.nextSeq - 1])),
      done: flows.every(flow => flow.batches.size === 0 || flow.error !== null),
    }
  }

  forget(session: string): void {
    for (const [key, flow] of this.#flows) if (flow.session === session) this.#flows.delete(key)
  }

  /** A writer gave up waiting: what it wrote is still sent. */
  cancel(call: number): void {
    for (const flow of this.#flows.values()) {
      const writer = flow.writers.indexOf(call)
      if (writer >= 0) flow.writers.splice(writer, 1)
      const waiter = flow.waiters.findIndex(waiting => waiting.call === call)
      if (waiter >= 0) flow.waiters.splice(waiter, 1)
    }
  }

  /** The workers that there are, by the master. */
  workers(peers: readonly Peer[], now: Now): SenderStep[] {
    const { commands, gone } = this.#room.replace(peers)
    for (const node of gone) this.#requeue(node)
    return [...commands.map(command => ({ kind: "command" as const, command })), ...this.#dispatch(now)]
  }

  receivers(stream: string, defined: boolean, peers: readonly Peer[], now: Now): SenderStep[] {
    const steps: SenderStep[] = []
    for (const flow of this.#flows.values()) {
      if (flow.stream !== stream || flow.defined === defined) continue
      if (flow.defined !== null || !defined) steps.push({ kind: "receiver", stream, defined })
      flow.defined = defined
    }
    return [...steps, ...this.workers(peers, now)]
  }

  credit(from: NodeId, bytes: number, now: Now): SenderStep[] {
    this.#room.credit(from, bytes)
    return this.#dispatch(now)
  }

  acked(from: NodeId, session: string, stream: string, seq: number, copies: number, now: Now): SenderStep[] {
    const flow = this.#flows.get(keyOf(session, stream))
    const batch = flow?.batches.get(seq)
    // Nobody's: of a session that has ended, or of a batch that another worker acknowledged before.
    if (flow === undefined || batch === undefined) return []
    this.#unplace(batch)
    flow.batches.delete(seq)
    flow.acked += batch.rows
    flow.ackedBytes += batch.block.byteLength
    flow.copies = copies
    this.#room.heard(from)
    // The channel of the one worker that was sent it has it. What another was sent may be under way still.
    const free = batch.tries === 1 && batch.last === from ? batch.loan : undefined
    return [
      { kind: "push", session, stream, counters: countersOf(flow), ...(free !== undefined && { free }) },
      ...this.#release(flow),
      ...this.#dispatch(now),
    ]
  }

  refused(from: NodeId, session: string, stream: string, seq: number, reason: string, now: Now): SenderStep[] {
    const flow = this.#flows.get(keyOf(session, stream))
    const batch = flow?.batches.get(seq)
    if (flow === undefined || batch === undefined || batch.worker !== from) return []
    this.#unplace(batch)
    if (reason.startsWith("bad")) return this.#fail(flow, `${stream}: batch ${seq} was refused by ${from}: ${reason}`)
    batch.dueMs = now.monotonicMs + this.#config.retryMs
    if (reason.startsWith("full")) this.#room.full(from, batch.dueMs)
    return this.#dispatch(now)
  }

  lost(peer: NodeId, now: Now): SenderStep[] {
    if (!this.#room.remove(peer)) return []
    for (const flow of this.#flows.values()) flow.askedMs = Number.NEGATIVE_INFINITY
    this.#requeue(peer)
    return [...this.#askAll(now), ...this.#dispatch(now)]
  }

  tick(now: Now): SenderStep[] {
    for (const flow of this.#flows.values()) {
      for (const batch of flow.batches.values()) {
        if (batch.worker === null || batch.dueMs > now.monotonicMs) continue
        // Perhaps only late: if it comes after all, it is taken.
        this.#room.slow(batch.worker)
        this.#unplace(batch)
        batch.dueMs = 0
      }
    }
    return [...this.#askAll(now), ...this.#dispatch(now)]
  }

  #askAll(now: Now): SenderStep[] {
    return [...this.#flows.values()].flatMap(flow => (flow.batches.size > 0 ? this.#ask(flow, now) : []))
  }

  #ask(flow: Flow, now: Now): SenderStep[] {
    const everyMs = flow.defined === true && !this.#room.empty ? this.#config.refreshMs : this.#config.retryMs
    if (now.monotonicMs < flow.askedMs + everyMs) return []
    flow.askedMs = now.monotonicMs
    return [{ kind: "receivers", stream: flow.stream }]
  }

  /** Sends what may be sent, oldest first: of each flow in turn, so that no receiver starves another. */
  #dispatch(now: Now): SenderStep[] {
    const steps: SenderStep[] = []
    for (const flow of this.#flows.values()) {
      if (flow.defined !== true || flow.error !== null) continue
      for (const batch of flow.batches.values()) {
        if (batch.worker !== null) continue
        if (batch.dueMs > now.monotonicMs) break
        const to = this.#room.choose(batch.block.byteLength, batch.last, now.monotonicMs)
        if (to === null) break
        steps.push(...this.#place(flow, batch, to, now))
      }
      steps.push(...this.#release(flow))
    }
    for (const flow of this.#flows.values()) if (flow.defined !== true) steps.push(...this.#release(flow))
    return steps
  }

  #place(flow: Flow, batch: Batch, to: NodeId, now: Now): SenderStep[] {
    batch.worker = to
    batch.last = to
    if (batch.tries > 0) flow.resent += 1
    batch.dueMs = now.monotonicMs + this.#config.ackTimeoutMs * 2 ** Math.min(batch.tries, 4)
    batch.tries += 1
    this.#room.take(to, batch.block.byteLength)
    const { session, stream } = flow
    const lowestUnacked = flow.batches.keys().next().value as number
    const { seq, aside } = batch
    const message = { kind: "batch", session, stream, seq, ...(aside !== undefined && { aside }), lowestUnacked } as const
    return [{ kind: "command", command: { kind: "send", to, message, payload: [batch.block] } }]
  }

  #unplace(batch: Batch): void {
    if (batch.worker !== null) this.#room.give(batch.worker, batch.block.byteLength)
    batch.worker = null
  }

  /** What a worker has not acknowledged is to be sent again. */
  #requeue(node: NodeId): void {
    for (const flow of this.#flows.values()) {
      for (const batch of flow.batches.values()) {
        if (batch.worker !== node) continue
        this.#unplace(batch)
        batch.dueMs = 0
      }
    }
  }

  /** Answers writers that have room again, and those whose batches are all acknowledged. */
  #release(flow: Flow): SenderStep[] {
    const steps: SenderStep[] = []
    const counters = countersOf(flow)
    while (flow.writers.length > 0 && flow.sentBytes - flow.ackedBytes <= this.#config.bufferBytes) {
      steps.push({ kind: "answer", call: flow.writers.shift()!, counters })
    }
    const lowest = flow.batches.keys().next().value ?? Number.POSITIVE_INFINITY
    while (flow.waiters.length > 0 && flow.waiters[0]!.through < lowest) {
      steps.push({ kind: "answer", call: flow.waiters.shift()!.call, counters })
    }
    return steps
  }

  #fail(flow: Flow, message: string): SenderStep[] {
    flow.error = message
    const calls = [...flow.writers.splice(0), ...flow.waiters.splice(0).map(waiter => waiter.call)]
    return calls.map(call => ({ kind: "failed", call, message }))
  }

  #flow(session: string, stream: string): Flow {
    const key = keyOf(session, stream)
    const known = this.#flows.get(key)
    if (known !== undefined) return known
    const flow: Flow = {
      session,
      stream,
      nextSeq: 1,
      batches: new Map(),
      writers: [],
      waiters: [],
      defined: null,
      askedMs: Number.NEGATIVE_INFINITY,
      error: null,
      sent: 0,
      acked: 0,
      sentBytes: 0,
      ackedBytes: 0,
      resent: 0,
      copies: 0,
    }
    this.#flows.set(key, flow)
    return flow
  }
}

function keyOf(session: string, stream: string): string {
  return `${session}\n${stream}`
}

function countersOf(flow: Flow): SendCounters {
  const { sent, acked, sentBytes, ackedBytes, resent, copies, batches, nextSeq } = flow
  const ackedThrough = (batches.keys().next().value ?? nextSeq) - 1
  return { sent, acked, sentBytes, ackedBytes, batches: nextSeq - 1, ackedThrough, resent, copies, waiting: flow.defined === false }
}
