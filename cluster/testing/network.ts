/**
 * The simulated network: it delays, loses, doubles and reorders frames, and cuts the way between nodes, in one direction or
 * both. It knows what a real transport knows: a frame goes only where its sender connected to, or to who connected to it.
 *
 * The bytes of a frame are read when it is delivered, not when it is sent, as a zero-copy transport may do: memory that was
 * used again too early arrives as garbage.
 */

import { crc32 } from "node:zlib"
import { type NodeId, nodeName } from "../ports.js"
import { Deliveries } from "./deliveries.js"
import { Random } from "./random.js"
import type { Timer, World } from "./world.js"

/** What the network does to frames. Probabilities are of each frame. */
export interface Weather {
  readonly minDelayMs: number
  /** Added to the least delay, exponentially distributed. */
  readonly meanDelayMs: number
  readonly loss: number
  readonly duplicate: number
  /** A frame that is held back for so long more: it arrives after later ones. */
  readonly straggle: number
  readonly straggleMs: number
}

export const fairWeather: Weather = { minDelayMs: 0.2, meanDelayMs: 0.3, loss: 0, duplicate: 0, straggle: 0, straggleMs: 0 }

/** What carries a place's frames: those that it sends wait for each other, and so do those that come to it. */
export interface LinkModel {
  readonly bytesPerMs: number
  /** Of some frames; 0: they take no time. */
  sizeBytes(from: NodeId, frames: readonly Uint8Array[]): number
  /** Names whose frames wait for nothing at their end. */
  readonly many: ReadonlySet<string>
}

/** A node as the network sees it. */
export interface Host {
  readonly node: NodeId
  readonly address: string | null
  /** `changed`: the bytes are no longer those that were sent. */
  receive(frames: readonly Uint8Array[], changed: boolean): void
  /** The connection broke, or could not be made. */
  lost(peer: NodeId): void
  reached(peer: NodeId): void
}

/** So many of a node's last frames may come once more when it has died. */
const lastFrames = 6
const afterDeathMs = 3_000
/** Where nobody listens it is known after so long. */
const refusedMs = 100

interface Sent {
  /** A place. */
  readonly to: string
  readonly frames: readonly Uint8Array[]
}

interface Living {
  readonly host: Host
  readonly place: string
  /** Its newest frames. */
  readonly sent: Sent[]
  /** Names that it has connected to, and where. */
  readonly reaches: Map<string, string>
}

interface Flight {
  readonly from: NodeId
  /** A place. */
  readonly to: string
  frames: readonly Uint8Array[]
  /** As they were when they were sent. */
  readonly checksum: number
  timer: Timer | null
}

/** Frames that waste a run's time without telling anything: a link's queue is no longer than this. */
const maxFlights = 20_000

export class Network {
  weather: Weather = fairWeather
  /** Peers always see at once that a node died, or listens again; else some do, after a while. */
  noticesDeath = false
  /** Null: frames of any size take the same time, and do not wait for each other. */
  link: LinkModel | null = null
  readonly #linkFreeMs = new Map<string, number>()
  readonly deliveries = new Deliveries()
  /** Frames by what became of them. */
  readonly counts = { delivered: 0, lost: 0, cut: 0, unreachable: 0 }
  readonly #world: World
  /** Of its own: what else a seed brings stays as it was. */
  readonly #echoes = new Random(0xdead)
  /**
   * By place. A node's place is its name, the same over its lives; but a master may be at one of several, and for a while at two of them,
   * of which each worker and client has connected to one.
   */
  readonly #living = new Map<string, Living>()
  readonly #nodes = new Map<NodeId, Living>()
  readonly #cuts = new Set<string>()
  readonly #deaf = new Set<string>()
  readonly #clogs = new Map<string, number>()
  readonly #flights = new Set<Flight>()

  constructor(world: World) {
    this.#world = world
  }

  join(host: Host): void {
    const place = host.address === null ? nodeName(host.node) : placeOf(host.address)
    const living: Living = { host, place, sent: [], reaches: new Map() }
    this.#living.set(place, living)
    this.#nodes.set(host.node, living)
    if (!this.noticesDeath) return
    const name = nodeName(host.node)
    for (const { host: peer, reaches } of this.#living.values())
      if (reaches.get(name) === place) this.#world.after(0, () => this.#nodes.get(peer.node)?.host.reached(name))
  }

  /**
   * The node's process ends. Of what it had sent, half is in the peers' hands already. Peers may see the connection break, at once
   * or not at all.
   */
  leave(node: NodeId): void {
    const name = nodeName(node)
    const gone = this.#nodes.get(node)
    if (gone === undefined) return
    this.#nodes.delete(node)
    this.#living.delete(gone.place)
    for (const way of this.#deaf) if (way.split(">").includes(name)) this.#deaf.delete(way)
    const random = this.#world.random
    for (const flight of this.#flights) {
      if (flight.from !== node) continue
      if (random.chance(0.5)) this.#drop(flight)
      else flight.frames = flight.frames.map(frame => frame.slice())
    }
    this.#echo(node, gone.sent)
    for (const [peer, { host, reaches }] of this.#living) {
      if (reaches.get(name) !== gone.place && gone.reaches.get(nodeName(host.node)) !== peer) continue
      if (!this.noticesDeath && random.chance(0.3)) continue
      this.#world.after(this.noticesDeath ? 0 : random.exponential(20), () => {
        if (this.#living.get(peer)?.host === host && !this.#cuts.has(`${name}>${nodeName(host.node)}`)) host.lost(node)
      })
    }
  }

  /** Where nobody of that name listens nothing is reached, now or later: an address stays the same over a node's lives. */
  connect(from: NodeId, to: NodeId, address: string): void {
    const name = nodeName(to)
    const living = this.#nodes.get(from)
    if (living === undefined) return
    if (!living.reaches.has(name)) this.#deaf.delete(`${nodeName(from)}>${name}`)
    if (address === addressOf(name)) living.reaches.set(name, name)
    else if (name === masterName) this.#tryReach(living, to, placeOf(address))
  }

  /** One of several addresses: whether somebody listens there is heard of. */
  #tryReach(from: Living, to: NodeId, place: string): void {
    const name = nodeName(to)
    from.reaches.set(name, place)
    const self = nodeName(from.host.node)
    const { minDelayMs } = this.weather
    const answered = (there: Living | undefined) => {
      if (this.#nodes.get(from.host.node) !== from || from.reaches.get(name) !== place) return
      // Who was there may be gone by the time that the answer comes.
      if (there !== undefined && this.#living.get(place) === there && !this.#cuts.has(`${name}>${self}`)) from.host.reached(to)
      else from.host.lost(to)
    }
    this.#world.after(minDelayMs, () => {
      const there = this.#cuts.has(`${self}>${name}`) ? undefined : this.#living.get(place)
      this.#world.after(there === undefined ? refusedMs : minDelayMs, () => answered(there))
    })
  }

  /** The way from one to the other leads nowhere, though it seems to stand, until the first connects anew. */
  deafen(from: string, to: string): void {
    this.#deaf.add(`${from}>${to}`)
  }

  renew(from: NodeId, to: NodeId): void {
    this.#deaf.delete(`${nodeName(from)}>${nodeName(to)}`)
  }

  disconnect(from: NodeId, peer: NodeId): void {
    this.#nodes.get(from)?.reaches.delete(nodeName(peer))
  }

  send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): void {
    const name = nodeName(to)
    const sender = this.#nodes.get(from)
    if (sender === undefined) return
    const place = sender.reaches.get(name) ?? name
    if (!sender.reaches.has(name) && this.#living.get(name)?.reaches.get(nodeName(from)) !== sender.place) {
      this.counts.unreachable += 1
      return
    }
    if (this.#deaf.has(`${nodeName(from)}>${name}`)) {
      this.counts.cut += 1
      return
    }
    const { random } = this.#world
    if (random.chance(this.weather.loss) || this.#flights.size >= maxFlights) {
      this.counts.lost += 1
      return
    }
    sender.sent.push({ to: place, frames })
    if (sender.sent.length > lastFrames) sender.sent.shift()
    this.#fly(from, place, frames)
    if (random.chance(this.weather.duplicate)) this.#fly(from, place, frames)
  }

  /** Asks the machine of a node whether its process is there; says so if it is not. */
  probe(from: NodeId, peer: NodeId, gone: () => void): void {
    const name = nodeName(peer)
    this.#world.after(this.weather.minDelayMs + this.#world.random.exponential(this.weather.meanDelayMs), () => {
      const parted = this.#cuts.has(`${nodeName(from)}>${name}`) || this.#cuts.has(`${name}>${nodeName(from)}`)
      if (!parted && ![...this.#nodes.keys()].some(node => nodeName(node) === name)) gone()
    })
  }

  /** Nothing goes from one to the other, until `mend`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`)
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`)
  }

  /** All cuts and clogs end. */
  mendAll(): void {
    this.#cuts.clear()
    this.#clogs.clear()
  }

  /** What goes from one to the other waits until the time, and then comes all at once. */
  clog(from: string, to: string, untilMs: number): void {
    this.#clogs.set(`${from}>${to}`, untilMs)
  }

  /** The name of who is there, or was: only masters have places of other names. */
  #nameAt(place: string): string {
    const living = this.#living.get(place)
    return living === undefined ? place : nodeName(living.host.node)
  }

  #fly(from: NodeId, to: string, frames: readonly Uint8Array[]): void {
    const { random } = this.#world
    const { minDelayMs, meanDelayMs, straggle, straggleMs } = this.weather
    let delay = minDelayMs + random.exponential(meanDelayMs)
    if (random.chance(straggle)) delay += random.next() * straggleMs
    delay += this.#carriedMs(from, to, frames)
    const clogMs = this.#clogs.get(`${nodeName(from)}>${this.#nameAt(to)}`) ?? 0
    if (clogMs > this.#world.nowMs + delay) delay = clogMs - this.#world.nowMs + random.next()
    const flight: Flight = { from, to, frames, checksum: checksumOf(frames), timer: null }
    this.#flights.add(flight)
    flight.timer = this.#world.after(delay, () => {
      this.#flights.delete(flight)
      this.#arrive(flight)
    })
  }

  /** Until the sender's link, and then the receiver's, have carried the frames: each carries one after the other. */
  #carriedMs(from: NodeId, to: string, frames: readonly Uint8Array[]): number {
    const ms = this.link === null ? 0 : this.link.sizeBytes(from, frames) / this.link.bytesPerMs
    if (ms === 0) return 0
    let atMs = this.#world.nowMs
    for (const [name, end] of [
      [nodeName(from), `${nodeName(from)}>`],
      [to, `>${to}`],
    ] as const) {
      if (this.link?.many.has(name)) continue
      atMs = Math.max(atMs, this.#linkFreeMs.get(end) ?? 0) + ms
      this.#linkFreeMs.set(end, atMs)
    }
    return atMs - this.#world.nowMs
  }

  /** What the dead sent lies in buffers on the way, and may come when their next life has begun. */
  #echo(from: NodeId, sent: readonly Sent[]): void {
    for (const { to, frames } of sent) {
      if (!this.#echoes.chance(0.3)) continue
      const flight: Flight = { from, to, frames: frames.map(frame => frame.slice()), checksum: checksumOf(frames), timer: null }
      this.#flights.add(flight)
      flight.timer = this.#world.after(this.#echoes.next() * afterDeathMs, () => {
        this.#flights.delete(flight)
        this.#arrive(flight)
      })
    }
  }

  #drop(flight: Flight): void {
    this.counts.lost += 1
    this.#flights.delete(flight)
    if (flight.timer !== null) flight.timer.cancelled = true
  }

  #arrive(flight: Flight): void {
    if (this.#cuts.has(`${nodeName(flight.from)}>${this.#nameAt(flight.to)}`)) {
      this.counts.cut += 1
      return
    }
    const living = this.#living.get(flight.to)
    if (living === undefined) {
      this.counts.lost += 1
      return
    }
    this.counts.delivered += 1
    const frames = flight.frames.map(frame => frame.slice())
    const { trace } = this.#world
    for (const frame of frames) trace.bytes(frame)
    living.host.receive(frames, checksumOf(frames) !== flight.checksum)
  }
}

function checksumOf(frames: readonly Uint8Array[]): number {
  let checksum = 0
  for (const frame of frames) checksum = crc32(frame, checksum)
  return checksum
}

const scheme = "sim://"
const masterName = "master"

/** Where a node of the simulation listens: the same over its lives. */
export function addressOf(place: string): string {
  return `${scheme}${place}`
}

function placeOf(address: string): string {
  return address.slice(scheme.length)
}
