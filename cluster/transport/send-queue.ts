/**
 * Sends on one ZeroMQ socket, one message at a time: a second send before the first is done is EBUSY. Small packets that one
 * turn of the event loop has for a peer go as one message (`bundle.ts`); a large one goes as it lies, at once. Bytes in wait
 * are bounded.
 */

import type { Dealer, Router } from "zeromq"
import { bundle, type Frames, sizeOf } from "./bundle.js"

/** A packet of more is sent without a copy. */
const smallBytes = 16 * 1024
/** A bundle is closed at so much. */
const bundleBytes = 64 * 1024
const bundlePackets = 256

/** What waits for one peer, in order. */
interface Lane {
  /** The peer's routing id, on a Router. */
  readonly to: Uint8Array | null
  packets: Frames[]
  head: number
}

export class SendQueue {
  private readonly lanes = new Map<string, Lane>()
  private waiting = 0
  private waitingBytes = 0
  private scheduled: NodeJS.Immediate | null = null
  private sending = false
  private readonly whenIdle: (() => void)[] = []

  /** `onDropped` hears how many packets were not sent, and why. */
  constructor(
    private readonly socket: Dealer | Router,
    private readonly maxBytes: number,
    private readonly onDropped: (count: number, why: string) => void,
  ) {}

  /** `to`: on a Router, whom it is for. Frames may go out as they lie: they must not be changed until the peer has said that it has them. */
  push(frames: Frames, to = ""): void {
    const bytes = sizeOf(frames)
    // A single packet larger than the bound may pass alone, else it never would.
    if (this.waitingBytes > 0 && this.waitingBytes + bytes > this.maxBytes) {
      this.onDropped(1, "a peer does not keep up: messages to it are dropped and sent again later")
      return
    }
    let lane = this.lanes.get(to)
    if (lane === undefined) {
      lane = { to: to === "" ? null : Buffer.from(to), packets: [], head: 0 }
      this.lanes.set(to, lane)
    }
    lane.packets.push(frames)
    this.waiting++
    this.waitingBytes += bytes
    if (this.sending) return
    if (bytes > smallBytes || this.waiting >= bundlePackets) this.start()
    else this.scheduled ??= setImmediate(() => this.start())
  }

  /** Forgets what waits; answers how many packets that were. */
  clear(): number {
    const count = this.waiting
    this.lanes.clear()
    this.waiting = 0
    this.waitingBytes = 0
    return count
  }

  /** Resolves when ZeroMQ has taken everything. */
  drained(): Promise<void> {
    return this.sending || this.scheduled !== null ? new Promise(resolve => this.whenIdle.push(resolve)) : Promise.resolve()
  }

  private start(): void {
    if (this.scheduled !== null) clearImmediate(this.scheduled)
    this.scheduled = null
    if (!this.sending) void this.run()
  }

  private async run(): Promise<void> {
    this.sending = true
    while (this.waiting > 0 && !this.socket.closed) {
      for (const [name, lane] of this.lanes) {
        const { message, packets } = this.next(lane)
        if (lane.head >= lane.packets.length) this.lanes.delete(name)
        if (packets > 0) await this.send(lane.to === null ? message : [lane.to, ...message], packets)
      }
    }
    this.sending = false
    for (const resolve of this.whenIdle.splice(0)) resolve()
  }

  private async send(message: Frames, packets: number): Promise<void> {
    try {
      await this.socket.send(message as Uint8Array[])
    } catch (error) {
      if (this.socket.closed) return
      const code = (error as NodeJS.ErrnoException).code
      this.onDropped(
        packets,
        code === "EHOSTUNREACH" ? "a message for a node that is not connected was dropped" : `a message could not be sent: ${String(error)}`,
      )
    }
  }

  /** The lane's next packet, with those behind it if all are small. */
  private next(lane: Lane): { readonly message: Frames; readonly packets: number } {
    const from = lane.head
    let bytes = 0
    while (lane.head < lane.packets.length && lane.head - from < bundlePackets) {
      const size = sizeOf(lane.packets[lane.head]!)
      if (lane.head > from && (size > smallBytes || bytes + size > bundleBytes)) break
      bytes += size
      lane.head++
      if (size > smallBytes) break
    }
    const packets = lane.packets.slice(from, lane.head)
    if (lane.head > 1_024 && lane.head * 2 > lane.packets.length) {
      lane.packets = lane.packets.slice(lane.head)
      lane.head = 0
    }
    this.waiting -= packets.length
    this.waitingBytes -= bytes
    return { message: packets.length === 1 ? packets[0]! : [bundle(packets)], packets: packets.length }
  }
}
