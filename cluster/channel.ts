/**
 * Exactly once, in order, between two living nodes, over a transport that loses, duplicates, delays and reorders.
 *
 * The problem. A machine may assume that what it sends arrives once and in order, or that the peer is `lost`. Sequence
 * numbers, acks and retransmission give the first half; the second is about *identity*: a frame of a node's former life, or
 * of a channel that one side has given up, must never be taken for one of the present.
 *
 * The solution. A pair of nodes talks over a *link*. Each side numbers its own links, upwards, and every frame carries both
 * ends' NodeIds (with incarnation) and both ends' link numbers:
 *
 *     knock(from, fromLink)  →   creates the other end of the link
 *                            ←   here(from, fromLink, toLink)         both ends now know each other
 *     data(seq, ack, sacks)  ↔   accepted only if toLink is the receiver's link and fromLink the one it is tied to
 *                            ←   gone(toLink)                         there is no such link: you are talking to the past
 *
 * A link ends when this side closes it, when `gone` comes, when the peer knocks with a newer link or as a newer incarnation.
 * Whatever ends it without this side's wish raises `lost`. Nothing is carried over: what was not acked is lost with it.
 *
 * Everything here is pure: time comes in as an argument, frames go out as actions.
 */

import { Link } from "./channel-link.js"
import { incarnationOf, type NodeId, nodeName } from "./node-id.js"
import { type Body, type ChannelAction, type ChannelConfig, type ChannelCounts, defaultChannelConfig, type Packet } from "./packet.js"

/** How long a name's newest incarnation is remembered after its link has ended: longer than any frame lives in a network. */
const rememberMs = 600_000

export class Channel {
  readonly node: NodeId
  readonly counts: ChannelCounts = { sent: 0, retransmitted: 0, delivered: 0, duplicates: 0, refused: 0, overflowed: 0, acks: 0 }
  private readonly config: ChannelConfig
  /** By name: a name has one living incarnation, and one link with it. */
  private readonly links = new Map<string, Link>()
  private readonly newest = new Map<string, { incarnation: number; seenMs: number }>()
  private nextLink = 1
  private readonly name: string
  private readonly incarnation: number

  /** `node`: this node, with its incarnation. */
  constructor(node: NodeId, config: Partial<ChannelConfig> = {}) {
    this.node = node
    this.name = nodeName(node)
    this.incarnation = incarnationOf(node)
    this.config = { ...defaultChannelConfig, ...config }
  }

  /**
   * Sends exactly once in order to a NodeId or bare name. With `receipt`, an action of that name follows when the peer has
   * the message or the link ends.
   */
  send(to: NodeId, body: Body, nowMs: number, receipt?: string): ChannelAction[] {
    const out: ChannelAction[] = []
    const link = this.linkFor(to, nowMs, out)
    if (link === null) {
      this.counts.refused += 1
      if (receipt !== undefined) out.push({ kind: "receipt", receipt, lost: true })
      return out
    }
    link.send(body, receipt, nowMs, out)
    return out
  }

  /** Whether what is sent to it goes at once: both ends know each other. */
  isTied(to: NodeId): boolean {
    const link = this.links.get(nodeName(to))
    return link?.tied === true && link.isWith(to)
  }

  /** Sends at most once, unordered, unacked. */
  datagram(to: NodeId, body: Body): ChannelAction[] {
    const packet: Packet = { kind: "datagram", from: this.node, to, fromLink: 0, toLink: 0, seq: 0, ack: 0, sacks: [], body }
    return [{ kind: "transmit", to, packet }]
  }

  /** A frame has arrived. Anything may: what does not fit the present is counted and refused. */
  receive(packet: Packet, nowMs: number): ChannelAction[] {
    const out: ChannelAction[] = []
    const from = packet.from
    const incarnation = incarnationOf(from)
    const meant = incarnationOf(packet.to)
    if (incarnation === 0 || nodeName(packet.to) !== this.name || nodeName(from) === this.name) {
      this.counts.refused += 1
      return out
    }
    if (meant !== 0 && meant !== this.incarnation) {
      // Meant for a former life of this node: the sender should learn that it is over.
      this.counts.refused += 1
      if (meant < this.incarnation && packet.kind !== "gone" && packet.kind !== "datagram") this.sayGone(packet, out)
      return out
    }
    if (!this.noteIncarnation(from, incarnation, nowMs, out)) {
      this.counts.refused += 1
      return out
    }
    if (packet.kind === "datagram") {
      if (packet.body !== null) out.push({ kind: "deliver", from, body: packet.body })
      return out
    }
    if (packet.kind === "knock") {
      this.onKnock(packet, nowMs, out)
      return out
    }
    const link = this.links.get(nodeName(from))
    if (link === undefined || packet.toLink !== link.number) {
      this.counts.refused += 1
      // A link of ours that has ended. `here` too: the peer has just tied itself to it.
      if (packet.kind !== "gone") this.sayGone(packet, out)
      return out
    }
    if (packet.kind === "gone") {
      this.end(link, out)
      return out
    }
    if (!link.tied) link.tie(from, packet.fromLink, nowMs, out)
    else if (packet.fromLink !== link.peerLink) {
      this.counts.refused += 1
      if (packet.fromLink > link.peerLink) {
        // The peer has given the link up and tied a newer one of its own to the same number of ours.
        this.end(link, out)
        this.sayGone(packet, out)
      }
      return out
    }
    link.receive(packet, nowMs, out)
    return out
  }

  /** Time has passed: knocks, retransmissions and acks that are due. */
  tick(nowMs: number): ChannelAction[] {
    const out: ChannelAction[] = []
    for (const link of this.links.values()) link.tick(nowMs, out)
    for (const [name, seen] of this.newest) {
      if (this.links.has(name)) seen.seenMs = nowMs
      else if (nowMs - seen.seenMs > rememberMs) this.newest.delete(name)
    }
    return out
  }

  /** When `tick` has something to do next (monotonic ms), or null. */
  nextTickMs(): number | null {
    let next: number | null = null
    for (const link of this.links.values()) {
      const due = link.nextTickMs()
      if (due !== null && (next === null || due < next)) next = due
    }
    return next
  }

  /** This side takes the peer for dead (or is done with it): the link ends, without `lost`; the peer is told, if it still lives. */
  close(peer: NodeId): ChannelAction[] {
    const out: ChannelAction[] = []
    const link = this.links.get(nodeName(peer))
    if (link === undefined || !link.isWith(peer)) return out
    this.links.delete(nodeName(peer))
    link.release(out)
    if (link.tied) {
      out.push({ kind: "transmit", to: link.peer, packet: gone(this.node, link.peer, link.peerLink) })
    }
    return out
  }

  /** The transport saw the connection break: the link is over for both. */
  broke(peer: NodeId): ChannelAction[] {
    const out: ChannelAction[] = []
    const link = this.links.get(nodeName(peer))
    if (link?.tied && link.isWith(peer)) this.end(link, out)
    return out
  }

  /** The peer can be reached, from now on or again: it need not be waited for any longer. */
  reached(peer: NodeId, nowMs: number): ChannelAction[] {
    const out: ChannelAction[] = []
    const link = this.links.get(nodeName(peer))
    if (link?.isWith(peer)) link.hurry(nowMs, out)
    return out
  }

  /** Sent and not yet acked, with `peer` or all. */
  unacked(peer?: NodeId): { messages: number; bytes: number } {
    let messages = 0
    let bytes = 0
    for (const [name, link] of this.links) {
      if (peer !== undefined && name !== nodeName(peer)) continue
      messages += link.unackedMessages
      bytes += link.unackedBytes
    }
    return { messages, bytes }
  }

  /** Whether a peer that is there has not acked all of what was sent to it. */
  get hasUnheard(): boolean {
    for (const link of this.links.values()) if (link.tied && link.unackedMessages > 0) return true
    return false
  }

  private linkFor(to: NodeId, nowMs: number, out: ChannelAction[]): Link | null {
    const incarnation = incarnationOf(to)
    if (incarnation !== 0 && !this.noteIncarnation(to, incarnation, nowMs, out)) return null
    const link = this.links.get(nodeName(to))
    if (link !== undefined) {
      link.narrow(to)
      return link
    }
    return this.open(to, nowMs, out, true)
  }

  private open(peer: NodeId, nowMs: number, out: ChannelAction[], knock: boolean): Link {
    const link = new Link(this.node, peer, this.nextLink++, this.config, this.counts)
    this.links.set(nodeName(peer), link)
    if (knock) link.knock(nowMs, out)
    return link
  }

  private onKnock(packet: Packet, nowMs: number, out: ChannelAction[]): void {
    let link = this.links.get(nodeName(packet.from))
    if (link?.tied) {
      if (packet.fromLink < link.peerLink) {
        this.counts.refused += 1
        return
      }
      if (packet.fromLink > link.peerLink) {
        this.end(link, out)
        link = undefined
      }
    }
    link ??= this.open(packet.from, nowMs, out, false)
    if (!link.tied) link.tie(packet.from, packet.fromLink, nowMs, out)
    link.here(out)
  }

  /** False if the frame is of a former incarnation. A newer one ends the link with the older. */
  private noteIncarnation(node: NodeId, incarnation: number, nowMs: number, out: ChannelAction[]): boolean {
    const name = nodeName(node)
    const seen = this.newest.get(name)
    if (seen === undefined) {
      this.newest.set(name, { incarnation, seenMs: nowMs })
      return true
    }
    if (incarnation < seen.incarnation) return false
    seen.seenMs = nowMs
    if (incarnation === seen.incarnation) return true
    seen.incarnation = incarnation
    const link = this.links.get(name)
    if (link !== undefined && incarnationOf(link.peer) !== 0) this.end(link, out)
    return true
  }

  private end(link: Link, out: ChannelAction[]): void {
    this.links.delete(nodeName(link.peer))
    link.release(out)
    out.push({ kind: "lost", peer: link.peer })
  }

  private sayGone(packet: Packet, out: ChannelAction[]): void {
    if (packet.fromLink === 0) return
    out.push({ kind: "transmit", to: packet.from, packet: gone(this.node, packet.from, packet.fromLink) })
  }
}

function gone(from: NodeId, to: NodeId, toLink: number): Packet {
  return { kind: "gone", from, to, fromLink: 0, toLink, seq: 0, ack: 0, sacks: [], body: null }
}
