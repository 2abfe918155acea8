/** What a channel is given, does and counts: its frames, its actions, its limits (`channel.ts` says how they are used). */

import type { NodeId } from "./node-id.js"

/** A message as the channel sees it: opaque, encoded. `payload` is not copied; it is kept until acked. */
export interface Body {
  readonly message: Uint8Array
  readonly payload: readonly Uint8Array[]
}

export type PacketKind = "data" | "datagram" | "ack" | "knock" | "here" | "gone"

/** One frame between nodes, without its encoding. */
export interface Packet {
  readonly kind: PacketKind
  readonly from: NodeId
  /** A bare name in a knock or datagram to whoever lives there. */
  readonly to: NodeId
  /** The sender's number of the link. 0 in a datagram and in `gone`. */
  readonly fromLink: number
  /** The receiver's number of the link as the sender knows it; 0 if not yet. */
  readonly toLink: number
  /** data: 1, 2, … of this link and direction. */
  readonly seq: number
  /** All up to this one have been received. */
  readonly ack: number
  /** Received beyond `ack`: half-open ranges, ascending. */
  readonly sacks: readonly (readonly [from: number, to: number])[]
  readonly body: Body | null
}

export type ChannelAction =
  | { readonly kind: "transmit"; readonly to: NodeId; readonly packet: Packet }
  | { readonly kind: "deliver"; readonly from: NodeId; readonly body: Body }
  | { readonly kind: "receipt"; readonly receipt: string; readonly lost: boolean }
  | { readonly kind: "lost"; readonly peer: NodeId }
  /** For long nothing that was sent to the peer has got there, as far as it can be seen from here. */
  | { readonly kind: "unheard"; readonly peer: NodeId }

export interface ChannelConfig {
  /** Least and greatest time before an unacked message is sent again. */
  readonly minRtoMs: number
  readonly maxRtoMs: number
  /** A receiver acks within this time, or after so many messages or bytes. */
  readonly ackDelayMs: number
  readonly ackMessages: number
  readonly ackBytes: number
  /** Most that is sent and unacked on a link, and most that waits at the receiver for an earlier one. */
  readonly windowMessages: number
  readonly windowBytes: number
  /** A peer that has acked nothing for so long, or has sent a message again so often that was acked, does not hear this node. */
  readonly unheardMs: number
  readonly unheardRepeats: number
}

export const defaultChannelConfig: ChannelConfig = {
  minRtoMs: 50,
  maxRtoMs: 2_000,
  ackDelayMs: 10,
  ackMessages: 64,
  ackBytes: 1024 * 1024,
  windowMessages: 4_096,
  windowBytes: 128 * 1024 * 1024,
  unheardMs: 3_000,
  unheardRepeats: 5,
}

/** Counted since the start, for people and tests. */
export interface ChannelCounts {
  sent: number
  retransmitted: number
  delivered: number
  duplicates: number
  /** Frames of a former incarnation, of a link that has ended, or meant for another node. */
  refused: number
  /** Frames beyond the reorder buffer. */
  overflowed: number
  acks: number
}
