/**
 * This worker's place in the cluster: finding the master (at one of several addresses, if there are), registering with what is held,
 * heartbeats, and finding it again after it was lost or restarted. Meanwhile all else goes on: data is received and acked, running tasks end.
 *
 *   seeking ──welcome──▶ joined ──lost, silent or another welcome──▶ seeking
 *   any ──refused──▶ the process ends: trying again would not help
 */

import { MasterAddresses } from "../master-addresses.js"
import type { NodeId } from "../ports.js"
import type { HeldBlock, Message } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import type { Outbox } from "./outbox.js"

export interface WorkerIdentity {
  readonly name: string
  readonly node: NodeId
  readonly address: string
  readonly host: string
  readonly cores: number
  readonly user: string
  /** Rivulet's version and the runtime's (Node, ICU): the master refuses workers that would compute otherwise. */
  readonly version: string
  readonly runtime: string
  /** Where the master lives: its bare name, so that whichever incarnation is there answers, and its address (of several masters with commas between them). */
  readonly master: { readonly node: NodeId; readonly address: string }
}

export interface WorkerLoad {
  readonly load: number
  readonly usedBytes: number
  readonly queued: number
  readonly blocks: number
  readonly dropped: number
  readonly spilledBytes?: number
  readonly diskFull?: string
  /** Of one that is being drained: received blocks that are in no seal. */
  readonly unsettled?: number
}

export interface MasterLinkParts {
  readonly identity: WorkerIdentity
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly capBytes: number
  readonly inventory: () => readonly HeldBlock[]
  /** The other workers' names; null before a master has said. */
  readonly peers: () => readonly string[] | null
  readonly draining: () => boolean
  readonly load: () => WorkerLoad
}

/** Messages that only the master may send: an old master's are refused. */
export const mastersOnly: ReadonlySet<Message["kind"]> = new Set([
  "peers",
  "leave",
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

export class MasterLink {
  readonly #parts: MasterLinkParts
  readonly #addresses: MasterAddresses
  #state: "seeking" | "joined" = "seeking"
  #node: NodeId | null = null
  #helloDueMs = 0
  /** The first hello that is unanswered. */
  #helloSentMs: number | null = null
  /** Hellos that may still be answered. */
  #hellos = 0
  #heartbeatDueMs = Number.POSITIVE_INFINITY
  #heardMs = 0
  #said = false
  #posts = new Map<string, Message>()
  #posted = 0

  constructor(parts: MasterLinkParts) {
    this.#parts = parts
    this.#addresses = new MasterAddresses(parts.identity.master.address)
  }

  /** By which it is reached, whichever incarnation is there. */
  get name(): string {
    return this.#parts.identity.master.node
  }

  get joined(): boolean {
    return this.#state === "joined"
  }

  /** The master that answered last, joined or not. */
  get node(): NodeId | null {
    return this.#node
  }

  start(): void {
    this.#addresses.trying(this.#parts.clock.monotonicMs)
    this.#connect()
    this.#hello()
  }

  /** A connection with the master stands, or could not be made. */
  onConnection(stands: boolean): void {
    if (stands) this.#addresses.reached()
    else this.#addresses.broke()
  }

  /**
   * Tells the master something it must not miss and may hear twice: sent again after a broken connection to the same
   * master, dropped when another takes its place.
   */
  post(message: Message): void {
    const receipt = `m${++this.#posted}`
    this.#posts.set(receipt, message)
    if (this.#state === "joined") this.#parts.outbox.push({ kind: "send", to: this.#node!, message, receipt })
  }

  /** What may be missed while the master is away. */
  tell(message: Message): void {
    if (this.#state === "joined") this.#parts.outbox.send(this.#node!, message)
  }

  onReceipt(receipt: string, lost: boolean): void {
    if (!lost) this.#posts.delete(receipt)
  }

  /** Returns whether this is another master than before, or null if nothing came of it. */
  onWelcome(from: NodeId, wallMs: number): { readonly another: boolean } | null {
    if (this.#state === "joined" && from === this.#node && this.#hellos > 0) {
      // The answer to a hello that was repeated.
      this.#hellos--
      return null
    }
    // Unasked, it means that the master has taken this worker for lost, and wants it to register again.
    const { clock, outbox, identity, capBytes } = this.#parts
    const another = from !== this.#node
    if (another) {
      this.#posts.clear()
      clock.reset()
    }
    clock.atLeast(wallMs)
    this.#node = from
    this.#state = "joined"
    this.#helloSentMs = null
    this.#hellos = Math.max(0, this.#hellos - 1)
    this.#heardMs = clock.monotonicMs
    this.#heartbeatDueMs = clock.monotonicMs
    if (this.#said || another) outbox.say("info", `${another ? "joined" : "back with"} the master ${from} at ${this.#addresses.current}`)
    this.#said = false
    const { name, address, host, cores } = identity
    const peers = this.#parts.peers()
    const held = this.#parts.inventory()
    outbox.send(from, {
      kind: "register",
      name,
      address,
      host,
      cores,
      capBytes,
      held,
      ...(peers !== null && { peers }),
      ...(this.#parts.draining() && { draining: true }),
    })
    for (const [receipt, message] of this.#posts) outbox.push({ kind: "send", to: from, message, receipt })
    this.#heartbeat()
    return { another }
  }

  onRefused(reason: string, hint: string): void {
    const { outbox } = this.#parts
    const text = `the master at ${this.#addresses.current} refuses this worker: ${reason}${hint === "" ? "" : `. Try: ${hint}`}`
    outbox.say("error", text)
    outbox.push({ kind: "exit", code: 3, reason: text })
  }

  onHeartbeatAck(from: NodeId, sentMs: number, wallMs: number): void {
    if (from !== this.#node) return
    this.#heardMs = this.#parts.clock.monotonicMs
    this.#parts.clock.sample(sentMs, wallMs)
  }

  onLost(why: string): void {
    if (this.#state === "joined") {
      const others = this.#addresses.count > 1 ? ", or another leads" : ""
      this.#parts.outbox.say("warn", `the master at ${this.#addresses.current} ${why}: trying again until it is back${others}`)
      this.#said = true
      this.#addresses.trying(this.#parts.clock.monotonicMs)
    }
    this.#state = "seeking"
    this.#helloSentMs = null
    this.#hellos = 0
    this.#helloDueMs = Math.min(this.#helloDueMs, this.#parts.clock.monotonicMs)
    this.#heartbeatDueMs = Number.POSITIVE_INFINITY
  }

  onTime(nowMs: number): void {
    const { config } = this.#parts
    if (this.#state === "joined" && nowMs - this.#heardMs >= config.masterTimeoutMs) this.onLost("does not answer")
    // The hello that waits for a connection goes to whoever is reached first.
    if (this.#state === "seeking" && this.#addresses.turn(nowMs, config.helloMs)) this.#connect()
    if (this.#state === "seeking" && nowMs >= this.#helloDueMs) this.#hello()
    if (nowMs >= this.#heartbeatDueMs) this.#heartbeat()
  }

  get deadlineMs(): number {
    return this.#state === "seeking" ? this.#helloDueMs : Math.min(this.#heartbeatDueMs, this.#heardMs + this.#parts.config.masterTimeoutMs)
  }

  #connect(): void {
    const { identity, outbox } = this.#parts
    outbox.push({ kind: "connect", to: identity.master.node, address: this.#addresses.current })
  }

  #hello(): void {
    const { identity, outbox, clock, config } = this.#parts
    const { user, version, runtime } = identity
    outbox.send(identity.master.node, { kind: "hello", role: "worker", user, version, runtime })
    // The earliest: which of several the answer belongs to is not known, and too long a round trip does no harm.
    this.#hellos++
    this.#helloSentMs ??= clock.monotonicMs
    this.#helloDueMs = clock.monotonicMs + config.helloMs
    if (!this.#said && this.#node === null && clock.monotonicMs - this.#helloSentMs >= config.helloMs) {
      outbox.say("warn", `no master answers at ${this.#addresses}: trying again until one does`)
      this.#said = true
    }
  }

  #heartbeat(): void {
    const { outbox, clock, config } = this.#parts
    outbox.send(this.#node!, { kind: "heartbeat", sentMs: clock.monotonicMs, ...this.#parts.load() })
    this.#heartbeatDueMs = clock.monotonicMs + config.heartbeatMs
  }
}
