/**
 * The client's machine, pure: requests, questions and sends over one connection to the master and as many as needed to workers.
 * It decides when to ask again; the library above it sees one call and one answer, whatever died in between.
 */

import type { Command, Machine, NodeEvent, NodeId, Now } from "../ports.js"
import type { Message, QueryAnswer, Request, Response, ResponseValues } from "../protocol.js"
import { type AnswerError, answer, failed, push, toMaster } from "./answers.js"
import { cancelledCode, type LocalCall, type Welcome } from "./call.js"
import { Connecting } from "./connecting.js"
import { MasterLink, type MasterLinkConfig } from "./master-link.js"
import { Queries, type QueryConfig, type QueryStep } from "./query.js"
import { type Asker, errorOf, Requests } from "./requests.js"
import { Sender, type SenderConfig, type SenderStep } from "./sender.js"
import { Subscriptions } from "./subscriptions.js"

export interface ClientConfig extends QueryConfig, SenderConfig {
  readonly helloMs: number
  /** So long without a word, in spite of a hello, and the master counts as away. */
  readonly silenceMs: number
}

export const defaultClientConfig: ClientConfig = {
  helloMs: 1_000,
  silenceMs: 5_000,
  fetchTimeoutMs: 10_000,
  tries: 4,
  fetchBytes: 32 * 1024 * 1024,
  bufferBytes: 16 * 1024 * 1024,
  firstCreditBytes: 1024 * 1024,
  ackTimeoutMs: 2_000,
  retryMs: 200,
  refreshMs: 5_000,
}

/** A master that is there and says nothing is busy, or its machine is: so much longer it is waited for. */
const busyMs = 8_000
/** Between two steps of a client that is well there is no more than a tick. */
const stalledMs = 250
/** A session that closes waits so long for a master that is away. */
const leaveMs = 2_000

export interface ClientOptions extends Omit<MasterLinkConfig, "helloMs" | "silenceMs"> {
  readonly config?: Partial<ClientConfig>
}

export class ClientMachine implements Machine {
  readonly #master: MasterLink
  readonly #requests = new Requests()
  readonly #queries: Queries
  readonly #sender: Sender
  readonly #subscriptions = new Subscriptions()
  #welcome: Welcome | null = null
  #refusal: AnswerError | null = null
  /** What is open: what they define ends some time after they do, so the master must know that they live. */
  readonly #sessions = new Set<string>()
  readonly #connecting = new Connecting()
  #steppedMs = Number.POSITIVE_INFINITY
  /** A connection with the master stands, or stood. */
  #reached = false
  /** Calls that wait for the next tick. */
  #ticking: number[] = []
  /** Sessions that close when their sends are done. */
  #closing: { readonly call: number; readonly session: string }[] = []
  /** Those whose sends are done. Without a master they are as good as closed: it finds out by itself that their client is gone. */
  #leaving = new Map<number, number>()

  constructor({ config, ...options }: ClientOptions) {
    const all = { ...defaultClientConfig, ...config }
    this.#master = new MasterLink({ ...options, helloMs: all.helloMs, silenceMs: all.silenceMs }, () => [...this.#sessions])
    this.#queries = new Queries(all)
    this.#sender = new Sender(all)
  }

  step(event: NodeEvent, now: Now): Command[] {
    const stoodMs = now.monotonicMs - this.#steppedMs
    this.#steppedMs = now.monotonicMs
    // What was said meanwhile has not been read yet: that is no silence of the master's.
    if (stoodMs >= stalledMs) this.#excuse(stoodMs)
    switch (event.kind) {
      case "started":
        return this.#master.start(now)
      case "reached":
        if (!this.#master.is(event.peer)) return []
        this.#master.connection(true)
        return this.#isThere()
      case "unreached":
        if (this.#master.is(event.peer)) this.#master.connection(false)
        return []
      case "tick":
        return this.#tick(now)
      case "call":
        return this.#call(event.call as LocalCall, now)
      case "received":
        return this.#received(event.from, event.message, event.payload, now)
      case "lost":
        return this.#lost(event.peer, now)
      default:
        return []
    }
  }

  // ── local calls ──

  #call({ id, call, payload = [] }: LocalCall, now: Now): Command[] {
    if (this.#refusal !== null && call.kind !== "cancel") return [failed(id, this.#refusal)]
    switch (call.kind) {
      case "reach":
      case "connect": {
        const reach = call.kind === "reach"
        if (this.#welcome !== null || (reach && this.#reached)) return [answer(id, reach ? null : this.#welcome)]
        // Each of several addresses may take so long.
        const untilMs = now.monotonicMs + call.timeoutMs * this.#master.addresses + (this.#reached ? busyMs : 0)
        this.#connecting.add({ call: id, untilMs, reach })
        return []
      }
      case "request":
        if (call.body.kind === "openSession" && call.body.as !== undefined) this.#sessions.add(call.body.as)
        return this.#subscriptions.changes(call.body) === "no" ? [answer(id, null)] : this.#ask(call.body, { kind: "call", call: id })
      case "query":
        return this.#querySteps(this.#queries.start(id, call.body, now))
      case "cancel":
        return this.#cancel(call.call)
      case "send":
        return this.#senderSteps(this.#sender.send(id, call, payload[0]!, now), now)
      case "sent":
        return this.#senderSteps(this.#sender.sent(id, call.session, call.stream, now), now)
      case "counters":
        return [answer(id, this.#sender.counters(call.session, call.stream))]
      case "tick":
        this.#ticking.push(id)
        return []
      case "close":
        this.#sessions.delete(call.session)
        this.#closing.push({ call: id, session: call.session })
        // With the last one the connection ends, which says it all.
        return [...(this.#sessions.size > 0 ? this.#master.changed(now) : []), ...this.#closeDone(now)]
    }
  }

  #cancel(call: number): Command[] {
    this.#requests.drop(call)
    this.#sender.cancel(call)
    this.#connecting.drop(call)
    this.#closing = this.#closing.filter(waiting => waiting.call !== call)
    this.#ticking = this.#ticking.filter(waiting => waiting !== call)
    return [...this.#querySteps(this.#queries.cancel(call)), failed(call, { message: "cancelled", code: cancelledCode })]
  }

  // ── the master ──

  #tick(now: Now): Command[] {
    const { commands, lost } = this.#master.tick(now)
    return [
      ...commands,
      ...(lost ? [push({ kind: "connection", connected: false })] : []),
      ...this.#giveUpConnecting(now),
      ...this.#leaveAnyway(now),
      ...this.#ticking.splice(0).map(call => answer(call, null)),
      ...this.#querySteps(this.#queries.tick(now)),
      ...this.#senderSteps(this.#sender.tick(now), now),
    ]
  }

  #isThere(): Command[] {
    if (this.#reached) return []
    this.#reached = true
    return this.#connecting.reached(busyMs).map(call => answer(call, null))
  }

  #excuse(ms: number): void {
    this.#master.excuse(ms)
    this.#connecting.excuse(ms)
  }

  #giveUpConnecting(now: Now): Command[] {
    const error = {
      message: this.#reached ? `the master at ${this.#master.address} does not answer` : `no master answers at ${this.#master.address}`,
      code: 3,
      try: this.#reached
        ? "it, or its machine, may have too much to do: try again"
        : "rivulet master (or rivulet start) there, or --master with another address",
    }
    return this.#connecting.late(now.monotonicMs).map(call => failed(call, error))
  }

  #received(from: NodeId, message: Message, payload: readonly Uint8Array[], now: Now): Command[] {
    if (this.#master.is(from)) this.#master.heard(now)
    switch (message.kind) {
      case "welcome":
        return this.#welcomed(from, message, now)
      case "refused":
        return this.#refused(message.reason, message.try)
      case "response":
        return this.#response(message.id, message.body, now)
      case "completed":
        return [push({ kind: "completed", stream: message.stream, through: message.through })]
      case "event":
        return [push({ kind: "event", event: message.event })]
      case "fetched":
        return this.#querySteps(this.#queries.fetched(from, message.request, message.missing, payload, now))
      case "credit":
        return this.#senderSteps(this.#sender.credit(from, message.bytes, now), now)
      case "batchAck":
        return this.#senderSteps(this.#sender.acked(from, message.session, message.stream, message.seq, message.copies, now), now)
      case "batchRefused":
        return this.#senderSteps(this.#sender.refused(from, message.session, message.stream, message.seq, message.reason, now), now)
      default:
        return []
    }
  }

  #welcomed(from: NodeId, message: Extract<Message, { kind: "welcome" }>, now: Now): Command[] {
    const { epoch, cluster, wallMs, startedMs, workers, readOnly = false } = message
    const { fresh } = this.#master.welcomed(from, now)
    const first = this.#welcome === null
    this.#welcome = { epoch, cluster, wallMs, startedMs, workers, readOnly }
    const waiting = [...this.#isThere(), ...this.#connecting.take().map(call => answer(call, this.#welcome))]
    // What a master that is gone was asked, the one that took its place may not have heard: subscriptions, and all that is open.
    if (fresh && !first) for (const body of this.#subscriptions.again()) this.#requests.add(body, { kind: "nobody" })
    return [
      ...waiting,
      ...(fresh ? this.#requests.again().map(toMaster) : []),
      ...(fresh && !first ? [push({ kind: "connection", connected: true })] : []),
      ...this.#senderSteps(this.#sender.workers(workers, now), now),
    ]
  }

  /** Another version, or a key that is not admitted: nothing will ever be answered. */
  #refused(reason: string, attempt: string): Command[] {
    this.#master.refused()
    this.#refusal = { message: `the master at ${this.#master.address} refused: ${reason}`, code: 3, try: attempt }
    const calls = [...this.#connecting.take(), ...this.#requests.calls()]
    return calls.map(call => failed(call, this.#refusal!))
  }

  #lost(peer: NodeId, now: Now): Command[] {
    if (this.#master.is(peer)) {
      const was = this.#master.connected
      return [...this.#master.lost(now), ...(was ? [push({ kind: "connection", connected: false })] : [])]
    }
    return [...this.#querySteps(this.#queries.lost(peer)), ...this.#senderSteps(this.#sender.lost(peer, now), now)]
  }

  // ── requests ──

  /** While the master is away the request waits: it is sent with the others when there is one. */
  #ask(body: Request, asker: Asker): Command[] {
    const message = this.#requests.add(body, asker)
    return this.#master.connected ? [toMaster(message)] : []
  }

  #response(id: number, response: Response, now: Now): Command[] {
    const request = this.#requests.take(id)
    if (request === undefined) return []
    const { asker } = request
    if (request.body.kind === "openSession" && response.ok) this.#sessions.add((response.value as ResponseValues["openSession"]).session)
    // That the stream has come so far the master before may have had no time to say.
    if (asker.kind === "nobody" && request.body.kind === "subscribe" && response.ok) {
      const { through } = response.value as ResponseValues["subscribe"]
      return [push({ kind: "completed", stream: request.body.stream, through })]
    }
    if (asker.kind === "call") this.#leaving.delete(asker.call)
    if (asker.kind === "call") return [response.ok ? answer(asker.call, response.value) : failed(asker.call, errorOf(response))]
    if (asker.kind === "query") {
      if (response.ok) return this.#querySteps(this.#queries.answered(asker.call, response.value as QueryAnswer, now))
      this.#queries.refused(asker.call)
      return [failed(asker.call, errorOf(response))]
    }
    if (asker.kind === "progress" && response.ok) {
      const told = response.value as ResponseValues["progress"]
      return told.of === 0 ? [] : [push({ kind: "progress", ...told, elapsedMs: now.monotonicMs - asker.startedMs })]
    }
    if (asker.kind === "receivers" && response.ok) {
      const { stream, workers } = response.value as ResponseValues["receivers"]
      return this.#senderSteps(this.#sender.receivers(asker.stream, stream !== null, workers, now), now)
    }
    return []
  }

  // ── the parts' steps as commands ──

  #querySteps(steps: readonly QueryStep[]): Command[] {
    return steps.flatMap(step => this.#queryStep(step))
  }

  #queryStep(step: QueryStep): Command[] {
    switch (step.kind) {
      case "ask":
        return this.#ask(step.body, { kind: "query", call: step.call })
      case "tell":
        return this.#ask(step.body, { kind: "nobody" })
      case "look":
        return this.#ask({ kind: "progress", query: step.query }, { kind: "progress", startedMs: step.startedMs })
      case "done":
        return [answer(step.call, step.result, step.blocks)]
      case "failed":
        return [failed(step.call, { message: step.message, code: 5, try: "ask again; rivulet workers shows which are lost" })]
      case "command":
        return [step.command]
    }
  }

  #senderSteps(steps: readonly SenderStep[], now: Now): Command[] {
    const commands = steps.flatMap(step => this.#senderStep(step))
    return this.#closing.length === 0 ? commands : [...commands, ...this.#closeDone(now)]
  }

  #senderStep(step: SenderStep): Command[] {
    switch (step.kind) {
      case "answer":
        return [answer(step.call, step.counters)]
      case "failed":
        return [failed(step.call, { message: step.message, code: 1 })]
      case "receivers":
        return this.#requests.asking(step.stream) ? [] : this.#ask({ kind: "receivers", receiver: step.stream }, step)
      case "push":
        return [push({ ...step, kind: "sent" })]
      case "receiver":
        return [push({ kind: "receiver", stream: step.stream, defined: step.defined })]
      case "command":
        return [step.command]
    }
  }

  #leaveAnyway(now: Now): Command[] {
    const late = [...this.#leaving].filter(([, sinceMs]) => !this.#master.connected && now.monotonicMs - sinceMs >= leaveMs)
    return late.map(([call]) => {
      this.#leaving.delete(call)
      this.#requests.drop(call)
      return answer(call, null)
    })
  }

  #closeDone(now: Now): Command[] {
    const commands: Command[] = []
    this.#closing = this.#closing.filter(({ call, session }) => {
      const { lastSeq, done } = this.#sender.lastSeqs(session)
      if (!done) return true
      this.#sender.forget(session)
      // Who has sent nothing leaves nothing behind that the master must know of.
      if (Object.keys(lastSeq).length === 0) {
        commands.push(answer(call, null))
        return false
      }
      this.#leaving.set(call, now.monotonicMs)
      commands.push(...this.#ask({ kind: "closeSession", session, lastSeq }, { kind: "call", call }))
      return false
    })
    return commands
  }
}
