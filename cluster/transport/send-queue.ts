/** Sends on one ZeroMQ socket, one at a time: a second send before the first is done is EBUSY. Bytes in wait are bounded. */

import type { Dealer, Publisher, Router } from "zeromq"

export class SendQueue {
  private waiting: (readonly Uint8Array[])[] = []
  private head = 0
  private waitingBytes = 0
  private sending = false
  private readonly whenIdle: (() => void)[] = []

  /** `onDropped` hears how many messages were not sent, and why; `onUnreachable` which one, if it was for a node that is not connected. */
  constructor(
    private readonly socket: Dealer | Router | Publisher,
    private readonly maxBytes: number,
    private readonly onDropped: (count: number, why: string) => void,
    private readonly onUnreachable: (frames: readonly Uint8Array[]) => void = () => {},
  ) {}

  /** Frames go out as they lie: they must not be changed until the peer has said that it has them. */
  push(frames: readonly Uint8Array[]): void {
    const bytes = sizeOf(frames)
    // A single message larger than the bound may pass alone, else it never would.
    if (this.waitingBytes > 0 && this.waitingBytes + bytes > this.maxBytes) {
      this.onDropped(1, "a peer does not keep up: messages to it are dropped and sent again later")
      return
    }
    this.waiting.push(frames)
    this.waitingBytes += bytes
    if (!this.sending) void this.run()
  }

  /** Forgets what waits; answers how many messages that were. */
  clear(): number {
    const count = this.waiting.length - this.head
    this.waiting = []
    this.head = 0
    this.waitingBytes = 0
    return count
  }

  /** Resolves when ZeroMQ has taken everything. */
  drained(): Promise<void> {
    return this.sending ? new Promise(resolve => this.whenIdle.push(resolve)) : Promise.resolve()
  }

  private async run(): Promise<void> {
    this.sending = true
    while (this.head < this.waiting.length) {
      const frames = this.waiting[this.head++]!
      if (this.head > 1_024 && this.head * 2 > this.waiting.length) {
        this.waiting = this.waiting.slice(this.head)
        this.head = 0
      }
      this.waitingBytes -= sizeOf(frames)
      try {
        await this.socket.send(frames as Uint8Array[])
      } catch (error) {
        if (this.socket.closed) break
        const code = (error as NodeJS.ErrnoException).code
        if (code === "EHOSTUNREACH") this.onUnreachable(frames)
        this.onDropped(
          1,
          code === "EHOSTUNREACH"
            ? "a message for a node that is not connected was dropped"
            : `a message could not be sent: ${String(error)}`,
        )
      }
    }
    if (this.head >= this.waiting.length) this.clear()
    this.sending = false
    for (const resolve of this.whenIdle.splice(0)) resolve()
  }
}

function sizeOf(frames: readonly Uint8Array[]): number {
  let bytes = 0
  for (const frame of frames) bytes += frame.byteLength
  return bytes
}
