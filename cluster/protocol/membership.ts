/** Who is there: nodes come, beat and leave, and hear of each other. */

import type { NodeId } from "../node-id.js"
import type { HeldBlock } from "./blocks.js"

export type MembershipMessage =
  // ── anyone → master ──
  | {
      readonly kind: "hello"
      readonly role: "worker" | "client"
      readonly user: string
      readonly version: string
      readonly runtime: string
      /** A client's: all that it has open. */
      readonly sessions?: readonly string[]
      /** A client's: it asks, and changes nothing. The master holds it to that. */
      readonly readOnly?: boolean
    }
  // ── worker → master ──
  | {
      readonly kind: "register"
      readonly name: string
      readonly address: string
      readonly host: string
      readonly cores: number
      readonly capBytes: number
      readonly held: readonly HeldBlock[]
      /** Names of the other workers, as this one was told last: a master that was started again knows by it who is to come back. Left out by a worker that was told of none yet. */
      readonly peers?: readonly string[]
      /** It was being drained when it last heard of it: a master that was started again goes on with that. */
      readonly draining?: boolean
    }
  /** (datagram) every `heartbeatMs`. `load` is executors' busy share, 0–1. */
  | {
      readonly kind: "heartbeat"
      readonly sentMs: number
      readonly load: number
      readonly usedBytes: number
      readonly queued: number
      readonly blocks: number
      /** Malformed or refused messages since the start. */
      readonly dropped?: number
      /** Blocks on the worker's disk; absent: it has none to use. */
      readonly spilledBytes?: number
      /** Why nothing more can be written there, with the path: what is not needed must go. Absent: it can. */
      readonly diskFull?: string
      /** Of one that is being drained, and knows it: received blocks that are in no seal yet. */
      readonly unsettled?: number
    }
  // ── master → anyone ──
  | {
      readonly kind: "welcome"
      readonly epoch: number
      readonly cluster: string
      readonly wallMs: number
      readonly startedMs: number
      readonly workers: readonly Peer[]
      /** It may ask, and change nothing: it said so, or its key is admitted for that. */
      readonly readOnly?: boolean
      /** What is acked and checkpointed must be on disk; names the cluster, so that what is on disk is taken for no other's. */
      readonly durable?: string
    }
  | { readonly kind: "refused"; readonly reason: string; readonly try: string }
  // ── master → worker ──
  /** (datagram) answer to a heartbeat: the master's clock at sending, for the offset. */
  | { readonly kind: "heartbeatAck"; readonly sentMs: number; readonly wallMs: number }
  | { readonly kind: "peers"; readonly workers: readonly Peer[]; readonly minReplicas: number; readonly replicas: number }
  /** It was drained: nothing is missing without it, and its process ends. */
  | { readonly kind: "leave" }
  // ── anyone → anyone ──
  /** The sender is about to end: whoever relies on it need not find out. */
  | { readonly kind: "bye" }

export interface Peer {
  readonly node: NodeId
  readonly name: string
  readonly address: string
  readonly host: string
  readonly load: number
  readonly freeBytes: number
  /** It is being drained: nothing new goes there. */
  readonly draining?: true
}
