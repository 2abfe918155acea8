/**
 * One life of a simulated node: a production machine in a production runtime, with clocks of its own. A restart is another
 * `SimulatedNode` of the same name and the next incarnation.
 */

import { type Command, incarnationOf, type Machine, type NodeEvent, type NodeId, type Now, nodeName } from "../ports.js"
import type { Message } from "../protocol.js"
import { type EffectCommand, type Effects, NodeRuntime } from "../runtime.js"
import { addressOf, type Host, type Network } from "./network.js"
import type { Timer, World } from "./world.js"

export interface ClockFault {
  /** Where the monotonic clock starts, and how much faster than the world it runs (1 = as fast). */
  readonly monotonicFromMs: number
  readonly rate: number
  /** The wall clock's error. */
  wallErrorMs: number
}

/** Does what the machine asks for, but sending. */
export type Performer = (command: EffectCommand, node: SimulatedNode) => void

export interface NodeOptions {
  readonly node: NodeId
  readonly machine: Machine
  /** Where it listens; null: nowhere. */
  readonly place: string | null
  readonly perform: Performer
  readonly clock?: ClockFault
  /** Wall time when the world began. */
  readonly epochMs: number
  /** What some frames take of the node's main thread: they wait for each other. Without it they take nothing. */
  readonly workMs?: (frames: readonly Uint8Array[]) => number
}

export class SimulatedNode implements Host, Effects {
  readonly node: NodeId
  readonly address: string | null
  readonly runtime: NodeRuntime
  readonly clock: ClockFault
  alive = true
  readonly #world: World
  readonly #network: Network
  readonly #options: NodeOptions
  readonly #bornMs: number
  #timer: Timer | null = null
  /** Of each peer by name: the newest life that was heard. */
  readonly #heard = new Map<string, number>()
  /** World time when its main thread has done what came so far. */
  #freeAtMs = 0
  /** Copies of what it has computed do not get away, as over a link that has more urgent things to carry. */
  hoards = false
  /** World time until which it does nothing. */
  stalledUntilMs = 0

  constructor(world: World, network: Network, options: NodeOptions) {
    this.node = options.node
    this.address = options.place === null ? null : addressOf(options.place)
    this.clock = options.clock ?? { monotonicFromMs: 0, rate: 1, wallErrorMs: 0 }
    this.#world = world
    this.#network = network
    this.#options = options
    this.#bornMs = world.nowMs
    this.runtime = new NodeRuntime({ node: options.node, machine: this.#traced(options.machine), effects: this, rethrow: true })
  }

  start(): void {
    this.#world.trace.note(this.#world.nowMs, `${this.node} starts`)
    this.#network.join(this)
    this.runtime.start()
  }

  /** The process ends, without a word. */
  kill(): void {
    if (!this.alive) return
    this.#world.trace.note(this.#world.nowMs, `${this.node} dies`)
    this.alive = false
    this.runtime.stop()
    this.#network.leave(this.node)
  }

  /** The process does nothing for a while (a long collection, a busy machine): all that comes waits. */
  stall(ms: number): void {
    this.#world.trace.note(this.#world.nowMs, `${this.node} stalls`, () => `${ms.toFixed(0)} ms`)
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.#world.nowMs + ms)
  }

  /** Of an adapter: something has happened. */
  dispatch(event: NodeEvent): void {
    this.#whenAwake(() => this.runtime.dispatch(event))
  }

  // ── Host ──

  receive(frames: readonly Uint8Array[], changed: boolean): void {
    const ms = this.#options.workMs?.(frames) ?? 0
    if (ms === 0) return this.#take(frames, changed)
    this.#freeAtMs = Math.max(this.#freeAtMs, this.#world.nowMs) + ms
    this.#world.at(this.#freeAtMs, () => this.#take(frames, changed))
  }

  #take(frames: readonly Uint8Array[], changed: boolean): void {
    this.#whenAwake(() => {
      const before = this.#notTaken()
      this.runtime.receive(frames)
      // What comes once more, or too late, may have changed: nobody reads it.
      if (changed && this.#notTaken() === before)
        this.#world.breaches.push(`${this.node} took a frame whose bytes had changed while it was under way`)
    })
  }

  /** Frames that came and were not taken for new ones. */
  #notTaken(): number {
    const { dropped, channel } = this.runtime
    const { duplicates, refused, overflowed } = channel.counts
    return dropped.malformed + dropped.version + dropped.oversized + duplicates + refused + overflowed
  }

  /** A peer's life is over when its next one has been heard; and it is heard as it spoke. */
  #hear(from: NodeId, kind: Message["kind"]): void {
    const name = nodeName(from)
    const incarnation = incarnationOf(from)
    const newest = this.#heard.get(name) ?? 0
    if (incarnation < newest) this.#world.breaches.push(`${this.node} heard ${from} after ${name}#${newest}`)
    else this.#heard.set(name, incarnation)
    const breach = this.#network.deliveries.delivered(from, this.node, kind)
    if (breach !== null) this.#world.breaches.push(breach)
  }

  lost(peer: NodeId): void {
    this.#whenAwake(() => this.runtime.lost(peer))
  }

  reached(peer: NodeId): void {
    this.#whenAwake(() => this.runtime.reached(peer))
  }

  // ── Effects ──

  now(): Now {
    const monotonicMs = this.clock.monotonicFromMs + (this.#world.nowMs - this.#bornMs) * this.clock.rate
    return { monotonicMs, wallMs: Math.floor(this.#options.epochMs + this.#world.nowMs + this.clock.wallErrorMs) }
  }

  send(to: NodeId, frames: readonly Uint8Array[]): void {
    this.#network.send(this.node, to, frames)
  }

  connect(to: NodeId, address: string): void {
    this.#network.connect(this.node, to, address)
  }

  disconnect(from: NodeId): void {
    this.#network.disconnect(this.node, from)
  }

  renew(to: NodeId): void {
    this.#network.renew(this.node, to)
  }

  wakeAt(monotonicMs: number | null): void {
    if (this.#timer !== null) this.#timer.cancelled = true
    this.#timer = null
    if (monotonicMs === null) return
    const atMs = this.#bornMs + (monotonicMs - this.clock.monotonicFromMs) / this.clock.rate
    // A hair later: rounding must not wake it before its time, for ever.
    this.#timer = this.#world.at(Math.max(atMs, this.#world.nowMs) + 1e-6, () => {
      this.#timer = null
      this.#whenAwake(() => this.runtime.tick())
    })
  }

  perform(command: EffectCommand): void {
    this.#options.perform(command, this)
  }

  #whenAwake(run: () => void): void {
    if (!this.alive) return
    if (this.stalledUntilMs <= this.#world.nowMs) run()
    else this.#world.at(this.stalledUntilMs, () => this.#whenAwake(run))
  }

  #traced(machine: Machine): Machine {
    const { trace } = this.#world
    return {
      step: (event, now) => {
        if (event.kind !== "tick") trace.note(this.#world.nowMs, `${this.node} ${nameOf(event)}`, () => detailOf(event))
        if (event.kind === "received") this.#hear(event.from, event.message.kind)
        let commands = machine.step(event, now)
        if (this.hoards) commands = commands.filter(command => !isCopy(command))
        for (const command of commands) {
          if (command.kind === "send") this.#network.deliveries.sent(this.node, command.to, command.message.kind)
          else if (command.kind === "append")
            trace.note(this.#world.nowMs, `${this.node} append ${command.record.kind}`, () => short(command.record))
          else if (command.kind === "say") trace.note(this.#world.nowMs, `${this.node} says`, () => `${command.level}: ${command.text}`)
        }
        return commands
      },
    }
  }
}

function isCopy(command: Command): boolean {
  return command.kind === "send" && command.message.kind === "replica" && command.message.of !== null
}

function nameOf(event: NodeEvent): string {
  if (event.kind === "received") return `◀ ${event.message.kind} of ${event.from}`
  if (event.kind === "taskDone" || event.kind === "taskFailed") return `${event.kind} ${event.task}`
  if (event.kind === "lost") return `lost ${event.peer}`
  return event.kind
}

function detailOf(event: NodeEvent): string {
  if (event.kind === "received") return short(event.message)
  if (event.kind === "taskFailed") return short(event.failure)
  if (event.kind === "call") return short(event.call)
  return ""
}

/** Enough of a value for a line of a trace. */
export function short(value: unknown, max = 400): string {
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Uint8Array) return `<${item.byteLength} B>`
    return typeof item === "bigint" ? `${item}n` : item
  })
  return text === undefined ? "" : text.length > max ? `${text.slice(0, max)}…` : text
}
