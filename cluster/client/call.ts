/**
 * What the library asks of its machine, as data: the same whether the machine runs in this thread or behind a MessagePort (the
 * shell's evaluator, a worker's driver threads).
 */

import type { AnswerStamp, ClusterEvent, Peer, QueryAnswer, Recipe, Request, ResponseValues } from "../protocol.js"

export type QueryRequest = Extract<Request, { readonly kind: "query" }>
/** What is answered with places of blocks. */
export type BlocksRequest = QueryRequest | Extract<Request, { readonly kind: "recipe" }>

export type ClientCall =
  /** Answered when the master has welcomed this client (`Welcome`), or with code 3 after `timeoutMs`. */
  | { readonly kind: "connect"; readonly timeoutMs: number }
  /** Answered (null) as soon as a connection with a master stands, a round trip before the welcome; with code 3 as `connect`. */
  | { readonly kind: "reach"; readonly timeoutMs: number }
  /** Answered with the response's value, however often the master had to be asked. */
  | { readonly kind: "request"; readonly body: Request }
  /** Answered with `QueryResult` and the result's blocks as payload. */
  | { readonly kind: "query"; readonly body: BlocksRequest }
  /** Ends an earlier call: it is answered with code 130. Has no answer itself. */
  | { readonly kind: "cancel"; readonly call: number }
  /**
   * Payload: one block of `rows` records for a receiver. Answered (null) when the sender has room for more. `loan`: the caller's number for
   * the payload's memory, if it wants that back (`free` of the push `sent`).
   */
  /** `aside`: its lines are no records, and why. They count neither as sent nor as acked. */
  | {
      readonly kind: "send"
      readonly session: string
      readonly stream: string
      readonly rows: number
      /** Its number, of a session that goes on where another process left it: above those before. Default: the next one. */
      readonly seq?: number
      readonly loan?: number
      readonly aside?: string
    }
  /** Answered with `SendCounters` when all that was sent before it is acknowledged. */
  | { readonly kind: "sent"; readonly session: string; readonly stream: string }
  /** Answered with `SendCounters` at once. */
  | { readonly kind: "counters"; readonly session: string; readonly stream: string }
  /** Answered at the machine's next tick, within a tenth of a second: for what should not wait longer. */
  | { readonly kind: "tick" }
  /** Waits for the session's sends, then closes it. */
  | { readonly kind: "close"; readonly session: string }

/** A call with its number, as it reaches the machine: the `call` of a NodeEvent. */
export interface LocalCall {
  readonly id: number
  readonly call: ClientCall
  readonly payload?: readonly Uint8Array[]
}

export interface Welcome {
  readonly epoch: number
  readonly cluster: string
  /** The master's clock when it answered. */
  readonly wallMs: number
  readonly startedMs: number
  readonly workers: readonly Peer[]
  /** It may ask, and change nothing. */
  readonly readOnly: boolean
}

export interface QueryResult {
  readonly rows: number
  readonly bytes: number
  readonly stamp: AnswerStamp
  /** From asking to the last block. */
  readonly ms: number
  /** The question's id as the master last heard it. */
  readonly query: string
  readonly missing: NonNullable<QueryAnswer["missing"]>
  readonly files: readonly string[]
  readonly recipe?: Recipe
}

/** Of one receiver and session. `resent` counts batches, the others records or bytes. */
export interface SendCounters {
  readonly sent: number
  readonly acked: number
  readonly sentBytes: number
  readonly ackedBytes: number
  readonly batches: number
  /** All batches up to this number are acknowledged. */
  readonly ackedThrough: number
  readonly resent: number
  /** Copies behind the last ack. */
  readonly copies: number
  /** Nobody has defined the input: the sender waits. */
  readonly waiting: boolean
}

/** What comes unasked: an `answer` command whose call is `pushCall`. */
export type ClientPush =
  | { readonly kind: "completed"; readonly stream: string; readonly through: number }
  | { readonly kind: "event"; readonly event: ClusterEvent }
  /** The counters of what a session sends, at each ack. `free`: nobody will read the payload of that loan any more. */
  | { readonly kind: "sent"; readonly session: string; readonly stream: string; readonly counters: SendCounters; readonly free?: number }
  /** Of a question that takes long, again and again: tasks done of those that are known, and the one that has run longest of those that run. */
  | ({ readonly kind: "progress"; readonly elapsedMs: number } & ResponseValues["progress"])
  /** Whether the master answers. */
  | { readonly kind: "connection"; readonly connected: boolean }
  /** A receiver that nobody has defined (or now has). */
  | { readonly kind: "receiver"; readonly stream: string; readonly defined: boolean }

export const pushCall = -1
/** Exit code of what the user ended. */
export const cancelledCode = 130
