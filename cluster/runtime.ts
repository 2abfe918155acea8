/**
 * One node: a machine, its channel and the codec, between a transport and the machine's other adapters. The same runtime
 * drives a machine in a real process and in the simulation; it reads no clock and starts no timer, the embedding does.
 *
 *     transport ── frames ──▶ decodePacket ─▶ Channel ─▶ decodeMessage ─▶ machine.step ─▶ commands
 *         ▲                                      │                                          │
 *         └──────────── encodePacket ◀───────────┴───────────────── send ◀──────────────────┤
 *                                                               everything else ─▶ Effects ◀┘
 *
 * A machine is never stepped twice at once: events that come while it runs (an adapter that answers immediately) wait.
 */

import { Channel } from "./channel.js"
import { decodeMessage, decodePacket, encodeMessage, encodePacket, type Refusal } from "./codec.js"
import type { ChannelAction, ChannelConfig } from "./packet.js"
import { type Command, type Machine, type NodeEvent, type NodeId, type Now, nodeName } from "./ports.js"
import { type Message, protocolVersion } from "./protocol.js"

/** What the runtime does itself; the rest is the embedding's. */
type OwnCommand = "send" | "connect" | "disconnect" | "wake"
export type EffectCommand = Exclude<Command, { readonly kind: OwnCommand }>

export interface Effects {
  now(): Now
  /** Frames to a node: `Transport.send`. */
  send(to: NodeId, frames: readonly Uint8Array[]): void
  connect(to: NodeId, address: string): void
  disconnect(from: NodeId): void
  /** What is sent to the peer does not get there: `Transport.renew`. */
  renew(to: NodeId): void
  /** Call `runtime.tick()` at this time of the monotonic clock; replaces what was asked for before. Null: no need. */
  wakeAt(monotonicMs: number | null): void
  /** Journal, executors, files, driver threads, answers to local calls, lines for people, exit. */
  perform(command: EffectCommand): void
}

export interface RuntimeOptions {
  readonly node: NodeId
  readonly machine: Machine
  readonly effects: Effects
  /** The machine gets a `tick` at least this often. Default 100. */
  readonly tickMs?: number
  readonly channel?: Partial<ChannelConfig>
  /** An exception of the machine goes to the caller, not to `say`: for simulation and tests. */
  readonly rethrow?: boolean
}

/** Messages that travel outside the channel: the newest is worth more than each. */
const datagrams: ReadonlySet<Message["kind"]> = new Set(["heartbeat", "heartbeatAck"])
/**
 * What a client begins with also travels right behind the knock, not only when that has been answered: a round trip less until it is
 * welcomed. To be heard twice does no harm, an idle client says it every second.
 */
const isGreeting = (message: Message): boolean => message.kind === "hello" && message.role === "client"
/** What somebody may say who may only read; of requests the master looks at each. */
const readsOnly = (message: Message): boolean =>
  message.kind === "request" ||
  message.kind === "fetch" ||
  message.kind === "bye" ||
  (message.kind === "hello" && message.role === "client")
/** What is dropped is said once for each refusal, and again no sooner than this: whoever sends garbage must not fill the log as well. */
const sayAgainMs = 30_000

export class NodeRuntime {
  readonly node: NodeId
  readonly channel: Channel
  /** Frames that were dropped: by reason. */
  readonly dropped: Record<Refusal | "exception", number> = { malformed: 0, version: 0, oversized: 0, exception: 0 }

  private readonly machine: Machine
  private readonly effects: Effects
  private readonly tickMs: number
  private readonly rethrow: boolean
  private readonly events: NodeEvent[] = []
  private stepping = false
  private stopped = false
  /** Set while the last words are under way: called when they have arrived. */
  private onHeard: (() => void) | null = null
  private wakeMs: number | null = null
  private machineTickMs = 0
  private askedMs: number | null = null
  private tickedMs = Number.NEGATIVE_INFINITY
  /** Who came last with a key that may only read. */
  private readonly readers = new Set<NodeId>()
  private readonly said = new Map<string, { atMs: number; since: number }>()

  constructor(options: RuntimeOptions) {
    this.node = options.node
    this.machine = options.machine
    this.effects = options.effects
    this.tickMs = options.tickMs ?? 100
    this.rethrow = options.rethrow ?? false
    this.channel = new Channel(options.node, options.channel)
  }

  start(): void {
    this.machineTickMs = this.effects.now().monotonicMs
    this.dispatch({ kind: "started" })
  }

  /**
   * No event reaches the machine any more; what it has said goes on its way until all who are there have it, which is then said. A connection
   * that is closed earlier takes from the other what it has not read yet: libzmq drops it with the pipe.
   */
  finish(heard: () => void): void {
    this.onHeard = heard
    this.events.length = 0
    this.run()
  }

  /** No event reaches the machine any more, and no frame leaves. */
  stop(): void {
    this.stopped = true
    this.events.length = 0
    this.effects.wakeAt(null)
  }

  /** Of the transport. Never throws for what is in the frames. `reader`: the name of whoever sent them, and may only read. */
  receive(frames: readonly Uint8Array[], reader?: string): void {
    if (this.stopped) return
    const packet = decodePacket(frames)
    if (!packet.ok) {
      this.drop(packet.refusal, packet.detail)
      return
    }
    const { from } = packet.value
    if (reader === undefined) this.readers.delete(from)
    else if (nodeName(from) === reader) this.readers.add(from)
    else return this.drop("malformed", `${reader} may only read, and called itself ${from}`)
    this.perform(this.channel.receive(packet.value, this.effects.now().monotonicMs))
    this.run()
  }

  /** Of the transport: the connection broke, or could not be made. */
  lost(peer: NodeId): void {
    if (this.stopped) return
    this.perform(this.channel.broke(peer))
    this.events.push({ kind: "unreached", peer })
    this.run()
  }

  /** Of the transport: the connection stands. What waits for it goes at once. */
  reached(peer: NodeId): void {
    if (this.stopped) return
    this.perform(this.channel.reached(peer, this.effects.now().monotonicMs))
    this.events.push({ kind: "reached", peer })
    this.run()
  }

  /** Of the embedding's timer. Early or late does no harm. */
  tick(): void {
    if (this.stopped) return
    const nowMs = this.effects.now().monotonicMs
    this.askedMs = null
    this.tickedMs = nowMs
    this.perform(this.channel.tick(nowMs))
    const asked = this.wakeMs !== null && this.wakeMs <= nowMs
    if (asked || nowMs >= this.machineTickMs + this.tickMs) {
      if (asked) this.wakeMs = null
      this.machineTickMs = nowMs
      this.events.push({ kind: "tick" })
    }
    this.run()
  }

  /** Of the adapters: something has happened. */
  dispatch(event: NodeEvent): void {
    if (this.stopped) return
    this.events.push(event)
    this.run()
  }

  private run(): void {
    if (this.stepping) return
    if (this.onHeard !== null) return this.finishing(this.onHeard)
    this.stepping = true
    try {
      for (let event = this.events.shift(); event !== undefined; event = this.events.shift()) this.step(event)
    } finally {
      this.stepping = false
      this.askForTick()
    }
  }

  private finishing(heard: () => void): void {
    this.events.length = 0
    if (this.channel.hasUnheard) this.askForTick()
    else heard()
  }

  private step(event: NodeEvent): void {
    let commands: Command[]
    try {
      commands = this.machine.step(event, this.effects.now())
    } catch (error) {
      if (this.rethrow) throw error
      this.dropped.exception += 1
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      const what = event.kind === "received" ? event.message.kind : event.kind
      this.say(`exception ${what}`, "error", `cannot handle ${what}${event.kind === "received" ? ` from ${event.from}` : ""}: ${text}`)
      return
    }
    for (const command of commands) this.carryOut(command)
  }

  private carryOut(command: Command): void {
    if (this.stopped) return
    switch (command.kind) {
      case "send":
        this.send(command.to, command.message, command.payload ?? [], command.receipt)
        break
      case "connect":
        this.effects.connect(command.to, command.address)
        break
      case "disconnect":
        this.perform(this.channel.close(command.from))
        this.effects.disconnect(command.from)
        break
      case "wake":
        this.wakeMs = command.atMonotonicMs
        break
      default:
        this.effects.perform(command)
    }
  }

  private send(to: NodeId, message: Message, payload: readonly Uint8Array[], receipt: string | undefined): void {
    if (nodeName(to) === nodeName(this.node)) {
      // To itself: no channel, no copy.
      if (to === nodeName(to) || to === this.node) this.events.push({ kind: "received", from: this.node, message, payload })
      if (receipt !== undefined) this.events.push({ kind: "receipt", receipt, lost: false })
      return
    }
    let body: ReturnType<typeof encodeMessage>
    try {
      body = encodeMessage(message, payload)
    } catch (error) {
      if (this.rethrow) throw error
      this.dropped.oversized += 1
      this.say(`send ${message.kind}`, "error", error instanceof Error ? error.message : String(error))
      if (receipt !== undefined) this.events.push({ kind: "receipt", receipt, lost: true })
      return
    }
    if (datagrams.has(message.kind)) this.perform(this.channel.datagram(to, body))
    else {
      const knocks = isGreeting(message) && !this.channel.isTied(to)
      this.perform(this.channel.send(to, body, this.effects.now().monotonicMs, receipt))
      if (knocks) this.perform(this.channel.datagram(to, body))
    }
  }

  private perform(actions: readonly ChannelAction[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "transmit":
          this.effects.send(action.to, encodePacket(action.packet))
          break
        case "deliver": {
          const { from, body } = action
          const message = decodeMessage(body.message)
          const readOnly = this.readers.has(from)
          if (!message.ok) this.drop(message.refusal, `${message.detail}, from ${from}`)
          else if (readOnly && !readsOnly(message.value)) this.drop("malformed", `${message.value.kind} from ${from}, which may only read`)
          else this.events.push({ kind: "received", from, message: message.value, payload: body.payload, ...(readOnly && { readOnly }) })
          break
        }
        case "receipt":
          this.events.push({ kind: "receipt", receipt: action.receipt, lost: action.lost })
          break
        case "unheard":
          this.effects.renew(action.peer)
          break
        case "lost":
          this.readers.delete(action.peer)
          this.events.push({ kind: "lost", peer: action.peer })
          break
      }
    }
  }

  private drop(refusal: Refusal, detail: string): void {
    this.dropped[refusal] += 1
    const hint = refusal === "version" ? `; this node speaks ${protocolVersion}: use the same version of Rivulet everywhere` : ""
    this.say(refusal, "warn", `dropped a frame: ${detail}${hint}`)
  }

  /** The first of a kind, then one a while, with how many there were meanwhile. Keys must be few: names of ours, never what a peer sent. */
  private say(key: string, level: "warn" | "error", text: string): void {
    const nowMs = this.effects.now().monotonicMs
    const said = this.said.get(key)
    if (said !== undefined && nowMs - said.atMs < sayAgainMs) {
      said.since += 1
      return
    }
    const more = said === undefined || said.since === 0 ? "" : ` (and ${said.since} more like it since the last line)`
    this.said.set(key, { atMs: nowMs, since: 0 })
    this.effects.perform({ kind: "say", level, text: `${text}${more}` })
  }

  private askForTick(): void {
    if (this.stopped) return
    let next = this.machineTickMs + this.tickMs
    const channel = this.channel.nextTickMs()
    if (channel !== null && channel < next) next = channel
    if (this.wakeMs !== null && this.wakeMs < next) next = this.wakeMs
    // A machine that asks for a time gone by gets it in a millisecond, not at once for ever.
    next = Math.max(next, this.tickedMs + 1)
    if (next === this.askedMs) return
    this.askedMs = next
    this.effects.wakeAt(next)
  }
}
