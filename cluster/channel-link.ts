/**
 * One end of a link between two living nodes: numbering, acks, retransmission, reorder buffer. `channel.ts` decides which
 * frames belong to it; here a frame belongs.
 *
 * When to send again. A message is taken for lost when one that was sent later has arrived and a reordering is no longer
 * likely (a round trip and a bit has gone by since it was sent), or when nothing at all has come back for `rto`. In the
 * second case only the oldest is sent again: if the peer is merely slow, the rest is on its way; if all was lost, the
 * answer to the oldest shows it by the first rule. So a stall never makes a storm.
 */

import { incarnationOf, type NodeId, nodeName } from "./node-id.js"
import type { Body, ChannelAction, ChannelConfig, ChannelCounts, Packet, PacketKind } from "./packet.js"

const maxSackRanges = 16
const firstKnockMs = 100
/** After a gap or a duplicate the sender should know soon. */
const hastyAckMs = 2

interface Outgoing {
  readonly seq: number
  readonly bytes: number
  readonly receipt: string | undefined
  /** Null once the peer has it (a selective ack): the payload is free. */
  body: Body | null
  /** Which transmission of the link was its last one. 0: not sent yet. */
  order: number
  sentMs: number
  tries: number
}

export class Link {
  peer: NodeId
  peerLink = 0
  unackedBytes = 0

  // sending
  private readonly waiting: Outgoing[] = []
  private head = 0
  private unsent = 0
  private nextSeq = 1
  private inFlightBytes = 0
  private order = 0
  private newestAckedOrder = 0
  private smoothedMs = -1
  private varianceMs = 0
  private backoff = 0
  private rtoDueMs: number | null = null
  private recheckMs: number | null = null
  private knockDueMs: number | null = null
  /** Since when nothing has come back for what was sent; null: it does. */
  private silentSinceMs: number | null = null

  // receiving
  private received = 0
  private readonly early = new Map<number, Body>()
  private earlyBytes = 0
  private ackDueMs: number | null = null
  private ackMessages = 0
  private ackBytes = 0
  /** The newest message that came once more, and how often. */
  private repeated = { seq: 0, times: 0 }
  /** Knocks since anything else came. */
  private knocks = 0

  constructor(
    private readonly node: NodeId,
    peer: NodeId,
    readonly number: number,
    private readonly config: ChannelConfig,
    private readonly counts: ChannelCounts,
  ) {
    this.peer = peer
  }

  /** Both ends know each other: data may flow. */
  get tied(): boolean {
    return this.peerLink !== 0
  }

  get unackedMessages(): number {
    return this.waiting.length - this.head
  }

  isWith(node: NodeId): boolean {
    const incarnation = incarnationOf(node)
    const own = incarnationOf(this.peer)
    return nodeName(node) === nodeName(this.peer) && (incarnation === 0 || own === 0 || incarnation === own)
  }

  /** A link to a bare name is now meant for one incarnation. */
  narrow(to: NodeId): void {
    if (!this.tied && incarnationOf(this.peer) === 0) this.peer = to
  }

  tie(peer: NodeId, peerLink: number, nowMs: number, out: ChannelAction[]): void {
    this.peer = peer
    this.peerLink = peerLink
    this.knockDueMs = null
    this.backoff = 0
    this.silentSinceMs = null
    this.pump(nowMs, out)
  }

  knock(nowMs: number, out: ChannelAction[]): void {
    this.knockDueMs = nowMs + Math.min(firstKnockMs * 2 ** Math.min(this.backoff, 16), this.config.maxRtoMs)
    this.backoff += 1
    this.sayUnheard(nowMs, out)
    this.emit("knock", 0, null, out)
  }

  /** The answer to a knock: one that comes again and again is one whose answers do not arrive. */
  here(out: ChannelAction[]): void {
    this.knocks += 1
    if (this.knocks > this.config.unheardRepeats) {
      this.knocks = 0
      out.push({ kind: "unheard", peer: this.peer })
    }
    this.emit("here", 0, null, out)
  }

  send(body: Body, receipt: string | undefined, nowMs: number, out: ChannelAction[]): void {
    let bytes = body.message.byteLength
    for (const frame of body.payload) bytes += frame.byteLength
    this.waiting.push({ seq: this.nextSeq++, bytes, receipt, body, order: 0, sentMs: 0, tries: 0 })
    this.unackedBytes += bytes
    this.counts.sent += 1
    if (this.tied) this.pump(nowMs, out)
  }

  receive(packet: Packet, nowMs: number, out: ChannelAction[]): void {
    this.knocks = 0
    this.onAcks(packet, nowMs, out)
    if (packet.kind === "data" && packet.body !== null) this.onData(packet.seq, packet.body, nowMs, out)
    this.pump(nowMs, out)
    if (this.ackMessages >= this.config.ackMessages || this.ackBytes >= this.config.ackBytes) this.ackNow(out)
  }

  tick(nowMs: number, out: ChannelAction[]): void {
    if (this.knockDueMs !== null && this.knockDueMs <= nowMs) this.knock(nowMs, out)
    if (this.recheckMs !== null && this.recheckMs <= nowMs) this.sendLostAgain(nowMs, out)
    if (this.rtoDueMs !== null && this.rtoDueMs <= nowMs) this.onSilence(nowMs, out)
    if (this.ackDueMs !== null && this.ackDueMs <= nowMs) this.ackNow(out)
  }

  /** The way is free: what was backed off because nothing came back is tried at once. */
  hurry(nowMs: number, out: ChannelAction[]): void {
    this.backoff = 0
    if (!this.tied) {
      if (this.knockDueMs !== null) this.knock(nowMs, out)
    } else if (this.rtoDueMs !== null) {
      this.onSilence(nowMs, out)
      this.backoff = 0
    }
  }

  nextTickMs(): number | null {
    let next: number | null = null
    for (const due of [this.knockDueMs, this.recheckMs, this.rtoDueMs, this.ackDueMs]) {
      if (due !== null && (next === null || due < next)) next = due
    }
    return next
  }

  /** The link has ended: what asked for a receipt hears that it has none. */
  release(out: ChannelAction[]): void {
    for (let i = this.head; i < this.waiting.length; i++) {
      const item = this.waiting[i]!
      if (item.body !== null && item.receipt !== undefined) out.push({ kind: "receipt", receipt: item.receipt, lost: true })
    }
  }

  // ── sending ──

  /** Sends what waits and fits the window. */
  private pump(nowMs: number, out: ChannelAction[]): void {
    for (;;) {
      const item = this.waiting[this.unsent]
      if (item === undefined) return
      const oldest = this.waiting[this.head]!
      if (item.seq - oldest.seq >= this.config.windowMessages) return
      if (this.inFlightBytes > 0 && this.inFlightBytes + item.bytes > this.config.windowBytes) return
      this.unsent += 1
      this.inFlightBytes += item.bytes
      this.transmit(item, nowMs, out)
      this.rtoDueMs ??= nowMs + this.rtoMs()
    }
  }

  private transmit(item: Outgoing, nowMs: number, out: ChannelAction[]): void {
    item.order = ++this.order
    item.sentMs = nowMs
    item.tries += 1
    if (item.tries > 1) this.counts.retransmitted += 1
    this.emit("data", item.seq, item.body, out)
  }

  private onAcks(packet: Packet, nowMs: number, out: ChannelAction[]): void {
    const before = this.newestAckedOrder
    let progress = false
    while (this.head < this.unsent && this.waiting[this.head]!.seq <= packet.ack) {
      const item = this.waiting[this.head]!
      this.head += 1
      this.unackedBytes -= item.bytes
      this.inFlightBytes -= item.bytes
      progress = true
      this.arrived(item, nowMs, out)
    }
    if (this.head > 1024 && this.head * 2 > this.waiting.length) {
      this.waiting.splice(0, this.head)
      this.unsent -= this.head
      this.head = 0
    }
    const first = this.waiting[this.head]?.seq ?? 0
    for (const [from, to] of packet.sacks) {
      const end = Math.min(to - first + this.head, this.unsent)
      for (let i = Math.max(from - first + this.head, this.head); i < end; i++) this.arrived(this.waiting[i]!, nowMs, out)
    }
    if (progress || this.newestAckedOrder !== before) {
      this.backoff = 0
      this.silentSinceMs = null
      this.rtoDueMs = this.head < this.unsent ? nowMs + this.rtoMs() : null
      this.sendLostAgain(nowMs, out)
    }
  }

  /** The peer has it, for good. */
  private arrived(item: Outgoing, nowMs: number, out: ChannelAction[]): void {
    if (item.body === null) return
    item.body = null
    if (item.order > this.newestAckedOrder) this.newestAckedOrder = item.order
    // Of a message sent twice nobody knows which one was answered (Karn).
    if (item.tries === 1) this.measure(nowMs - item.sentMs)
    if (item.receipt !== undefined) out.push({ kind: "receipt", receipt: item.receipt, lost: false })
  }

  private measure(ms: number): void {
    if (this.smoothedMs < 0) {
      this.smoothedMs = ms
      this.varianceMs = ms / 2
      return
    }
    this.varianceMs += (Math.abs(this.smoothedMs - ms) - this.varianceMs) / 4
    this.smoothedMs += (ms - this.smoothedMs) / 8
  }

  private rtoMs(): number {
    const measured = this.smoothedMs < 0 ? 4 * this.config.minRtoMs : this.smoothedMs + 4 * this.varianceMs + this.config.ackDelayMs
    return Math.min(Math.max(measured, this.config.minRtoMs) * 2 ** Math.min(this.backoff, 16), this.config.maxRtoMs)
  }

  /** What was overtaken by something that has arrived, and has had time to arrive as well. */
  private sendLostAgain(nowMs: number, out: ChannelAction[]): void {
    const patienceMs = Math.max(5, this.smoothedMs * 1.25)
    this.recheckMs = null
    for (let i = this.head; i < this.unsent; i++) {
      const item = this.waiting[i]!
      // Everything further on was first sent later still.
      if (item.tries === 1 && item.order > this.newestAckedOrder) return
      if (item.body === null || item.order > this.newestAckedOrder) continue
      const dueMs = item.sentMs + patienceMs
      if (dueMs <= nowMs) this.transmit(item, nowMs, out)
      else if (this.recheckMs === null || dueMs < this.recheckMs) this.recheckMs = dueMs
    }
  }

  /** Nothing has come back for a whole `rto`. */
  private onSilence(nowMs: number, out: ChannelAction[]): void {
    this.backoff += 1
    this.sayUnheard(nowMs, out)
    this.rtoDueMs = nowMs + this.rtoMs()
    for (let i = this.head; i < this.unsent; i++) {
      const item = this.waiting[i]!
      if (item.body === null) continue
      this.transmit(item, nowMs, out)
      return
    }
    this.rtoDueMs = null
  }

  private sayUnheard(nowMs: number, out: ChannelAction[]): void {
    this.silentSinceMs ??= nowMs
    if (nowMs - this.silentSinceMs < this.config.unheardMs) return
    this.silentSinceMs = nowMs
    out.push({ kind: "unheard", peer: this.peer })
  }

  // ── receiving ──

  private onData(seq: number, body: Body, nowMs: number, out: ChannelAction[]): void {
    let bytes = body.message.byteLength
    for (const frame of body.payload) bytes += frame.byteLength
    if (seq <= this.received || this.early.has(seq)) {
      this.counts.duplicates += 1
      this.ackWithin(hastyAckMs, nowMs)
      this.onRepeated(seq, out)
      return
    }
    if (seq > this.received + 1) {
      if (seq > this.received + this.config.windowMessages || (this.early.size > 0 && this.earlyBytes + bytes > this.config.windowBytes)) {
        this.counts.overflowed += 1
        return
      }
      this.early.set(seq, body)
      this.earlyBytes += bytes
      this.ackWithin(hastyAckMs, nowMs)
      return
    }
    this.ackMessages += 1
    this.ackBytes += bytes
    this.received = seq
    this.deliver(body, out)
    for (let next = this.early.get(seq + 1); next !== undefined; next = this.early.get(this.received + 1)) {
      this.received += 1
      this.early.delete(this.received)
      this.earlyBytes -= next.message.byteLength
      for (const frame of next.payload) this.earlyBytes -= frame.byteLength
      this.deliver(next, out)
    }
    this.ackWithin(this.config.ackDelayMs, nowMs)
  }

  /** Weather doubles a message; one that comes again and again is one whose acks do not arrive. */
  private onRepeated(seq: number, out: ChannelAction[]): void {
    this.repeated = { seq, times: seq === this.repeated.seq ? this.repeated.times + 1 : 1 }
    if (this.repeated.times < this.config.unheardRepeats) return
    this.repeated = { seq, times: 0 }
    out.push({ kind: "unheard", peer: this.peer })
  }

  private deliver(body: Body, out: ChannelAction[]): void {
    this.counts.delivered += 1
    out.push({ kind: "deliver", from: this.peer, body })
  }

  private ackWithin(ms: number, nowMs: number): void {
    const due = nowMs + ms
    if (this.ackDueMs === null || due < this.ackDueMs) this.ackDueMs = due
  }

  private ackNow(out: ChannelAction[]): void {
    this.counts.acks += 1
    this.emit("ack", 0, null, out)
  }

  /** Half-open ranges of what came early, ascending. */
  private sacks(): [number, number][] {
    if (this.early.size === 0) return []
    const ranges: [number, number][] = []
    for (const seq of [...this.early.keys()].sort((a, b) => a - b)) {
      const last = ranges.at(-1)
      if (last !== undefined && last[1] === seq) last[1] = seq + 1
      else if (ranges.length === maxSackRanges) break
      else ranges.push([seq, seq + 1])
    }
    return ranges
  }

  /** Every frame that carries acks makes a pure ack needless. */
  private emit(kind: PacketKind, seq: number, body: Body | null, out: ChannelAction[]): void {
    if (kind !== "knock") {
      this.ackDueMs = null
      this.ackMessages = 0
      this.ackBytes = 0
    }
    const { node: from, peer: to, number: fromLink, peerLink: toLink, received: ack } = this
    out.push({ kind: "transmit", to, packet: { kind, from, to, fromLink, toLink, seq, ack, sacks: this.sacks(), body } })
  }
}
