/** Channels on a network that does to frames whatever a seed says, with what each side saw written down. */

import { Channel } from "../../cluster/channel.js"
import type { Body, ChannelAction, ChannelConfig, Packet } from "../../cluster/packet.js"
import { type NodeId, nodeName } from "../../cluster/ports.js"

export function numbered(n: number, bytes = 4): Body {
  const message = new Uint8Array(bytes)
  new DataView(message.buffer).setUint32(0, n)
  return { message, payload: [] }
}

export function numberOf(body: Body): number {
  return new DataView(body.message.buffer, body.message.byteOffset).getUint32(0)
}

/** A small deterministic generator (mulberry32): 0 ≤ x < 1. */
export function random(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export interface Weather {
  loss: number
  duplicate: number
  minDelayMs: number
  maxDelayMs: number
}

export interface End {
  readonly channel: Channel
  /** `12` from a#1, `lost a#1`. */
  readonly delivered: { from: NodeId; n: number }[]
  readonly lost: NodeId[]
  readonly unheard: NodeId[]
  readonly receipts: Map<string, boolean>
}

interface Flight {
  readonly atMs: number
  readonly order: number
  readonly to: NodeId
  readonly packet: Packet
}

export class Net {
  nowMs = 0
  readonly ends = new Map<string, End>()
  weather: Weather = { loss: 0, duplicate: 0, minDelayMs: 1, maxDelayMs: 1 }
  packets: Packet[] = []
  /** Whose frames go nowhere. */
  readonly mute = new Set<NodeId>()
  private flights: Flight[] = []
  private order = 0

  constructor(
    private readonly next: () => number,
    private readonly config: Partial<ChannelConfig> = {},
  ) {}

  /** A node, or its next life: the old one is no more. */
  start(node: NodeId): End {
    const end: End = { channel: new Channel(node, this.config), delivered: [], lost: [], unheard: [], receipts: new Map() }
    this.ends.set(nodeName(node), end)
    return end
  }

  send(from: NodeId, to: NodeId, n: number, receipt?: string): void {
    const end = this.ends.get(nodeName(from))!
    this.perform(end, end.channel.send(to, numbered(n), this.nowMs, receipt))
  }

  close(from: NodeId, peer: NodeId): void {
    const end = this.ends.get(nodeName(from))!
    this.perform(end, end.channel.close(peer))
  }

  perform(end: End, actions: ChannelAction[]): void {
    for (const action of actions) {
      if (action.kind === "deliver") end.delivered.push({ from: action.from, n: numberOf(action.body) })
      else if (action.kind === "lost") end.lost.push(action.peer)
      else if (action.kind === "unheard") end.unheard.push(action.peer)
      else if (action.kind === "receipt") {
        if (end.receipts.has(action.receipt)) throw new Error(`two receipts ${action.receipt}`)
        end.receipts.set(action.receipt, action.lost)
      } else {
        this.packets.push(action.packet)
        const copies =
          this.mute.has(action.packet.from) || this.next() < this.weather.loss ? 0 : this.next() < this.weather.duplicate ? 2 : 1
        for (let i = 0; i < copies; i++) {
          const delay = this.weather.minDelayMs + this.next() * (this.weather.maxDelayMs - this.weather.minDelayMs)
          this.flights.push({ atMs: this.nowMs + delay, order: this.order++, to: action.to, packet: action.packet })
        }
      }
    }
  }

  /** Runs until the time, or until nothing is left to do. */
  run(untilMs: number): void {
    for (;;) {
      let flight: Flight | undefined
      for (const f of this.flights)
        if (flight === undefined || f.atMs < flight.atMs || (f.atMs === flight.atMs && f.order < flight.order)) flight = f
      let due: number | null = null
      for (const end of this.ends.values()) {
        const at = end.channel.nextTickMs()
        if (at !== null && (due === null || at < due)) due = at
      }
      const next = Math.min(flight?.atMs ?? Infinity, due ?? Infinity)
      if (next > untilMs) break
      this.nowMs = Math.max(this.nowMs, next)
      if (flight !== undefined && flight.atMs <= this.nowMs) {
        this.flights.splice(this.flights.indexOf(flight), 1)
        const end = this.ends.get(nodeName(flight.to))
        if (end !== undefined) this.perform(end, end.channel.receive(flight.packet, this.nowMs))
      } else for (const end of this.ends.values()) this.perform(end, end.channel.tick(this.nowMs))
    }
    if (untilMs !== Infinity) this.nowMs = Math.max(this.nowMs, untilMs)
  }
}
