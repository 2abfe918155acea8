/**
 * The seams. Everything that decides is a state machine behind `Machine`; clock, transport, disk, journal, executors and
 * randomness are outside it, so the same machines run over ZeroMQ and in the seeded simulation.
 *
 * A machine is never called twice at once, holds no promise, reads no clock. It answers an event with commands, which
 * its runtime carries out in order.
 */

import type { ListedFile, PinnedFile, Unpacked } from "../engine/input/file-split.js"
import type { TableWrite } from "../engine/output/table.js"
import type { Packing } from "../engine/rdd.js"
import type { CapturedLog, FailedRun, TaskFailure, TaskLimits, TaskResult, TaskRun } from "../engine/task.js"
import type { Lease, SeenLease } from "./master/leadership.js"
import type { JournalRecord } from "./master/records.js"
import type { SeenStandby, Standby } from "./master/standbys.js"
import type { NodeId } from "./node-id.js"
import type { Message } from "./protocol.js"

export { incarnationOf, type NodeId, nodeName } from "./node-id.js"

export interface Now {
  /** Never goes back; differences are durations. */
  readonly monotonicMs: number
  /** The wall clock, which may jump. */
  readonly wallMs: number
}

export interface Machine {
  step(event: NodeEvent, now: Now): Command[]
}

/** Where an answer that broke off is gone on with: at this byte, if it is still what the validator (an ETag, or a date) says; or after this event. */
export type SourcePlace = { readonly offset: number; readonly validator: string } | { readonly lastEvent: string }

export type NodeEvent =
  | { readonly kind: "started" }
  /** At least every `tickMs`, and at the time last asked for by `wake`. */
  | { readonly kind: "tick" }
  /** `readOnly`: it came with a key that may ask, and change nothing. */
  | {
      readonly kind: "received"
      readonly from: NodeId
      readonly message: Message
      readonly payload: readonly Uint8Array[]
      readonly readOnly?: true
    }
  /**
   * The channel with the peer is over: what was sent to it and not received by now never will be. The connection broke,
   * the peer restarted, or the peer closed the channel because it took this node for dead. Sending again opens a new one.
   * Not certain to come when a peer dies: heartbeats and timeouts find that.
   */
  | { readonly kind: "lost"; readonly peer: NodeId }
  /** A connection to the peer stands: its process is there, though it may be too busy to answer. Not certain to come. */
  | { readonly kind: "reached"; readonly peer: NodeId }
  /** A connection to the peer could not be made, or broke. Not certain to come, and may come again and again. */
  | { readonly kind: "unreached"; readonly peer: NodeId }
  /** Nobody listens where the `probe` looked: the peer's process has ended. Not certain to come. */
  | { readonly kind: "gone"; readonly peer: NodeId }
  /**
   * The memory of the payloads sent with this `receipt` may be used again: the peer's channel has acknowledged the message.
   * `lost`: the peer was given up first; a transport may still hold the bytes, so their memory is retired for a while.
   */
  | { readonly kind: "receipt"; readonly receipt: string; readonly lost: boolean }
  // journal (master)
  | { readonly kind: "appended"; readonly sequence: number }
  | { readonly kind: "appendFailed"; readonly sequence: number; readonly reason: "conflict" | "disk"; readonly error: string }
  // executors (worker)
  | { readonly kind: "taskDone"; readonly task: string; readonly executor: number; readonly result: TaskResult; readonly ms: number }
  | { readonly kind: "taskFailed"; readonly task: string; readonly executor: number; readonly failure: FailedRun; readonly ms: number }
  /** Once, of a task that has run for a while, by the clock. */
  | { readonly kind: "taskLong"; readonly task: string; readonly executor: number; readonly ms: number }
  // disk (worker)
  | { readonly kind: "fileRead"; readonly request: string; readonly bytes: Uint8Array; readonly unpacked?: Unpacked }
  | { readonly kind: "filesListed"; readonly request: string; readonly files: readonly ListedFile[] }
  | { readonly kind: "fileWritten"; readonly request: string }
  // sources (worker): lines that a worker reads from the network. `events`: it sends events, whose data are the lines.
  // It begins at byte `from` of what is known by `validator` (null: by nothing, so that it cannot be gone on with).
  | {
      readonly kind: "sourceOpened"
      readonly source: string
      readonly events: boolean
      readonly from: number
      readonly validator: string | null
    }
  | { readonly kind: "sourceBytes"; readonly source: string; readonly bytes: Uint8Array }
  /** `error` null: the other side ended it; `over`: after all that there is. */
  | { readonly kind: "sourceClosed"; readonly source: string; readonly error: string | null; readonly over: boolean }
  | { readonly kind: "fileFailed"; readonly request: string; readonly error: string }
  // driver threads (worker); `logs`: what the body printed
  | { readonly kind: "driverDone"; readonly task: string; readonly error?: TaskFailure; readonly logs?: readonly CapturedLog[] }
  // a local caller (the client library)
  | { readonly kind: "call"; readonly call: unknown }

export type Command =
  /**
   * To a NodeId, or to a bare name (`master`) while its incarnation is not known. The channel reads the payload's bytes until
   * the peer has acknowledged them. `receipt`: answer with an event of that name when their memory is no longer needed (exactly once).
   */
  | {
      readonly kind: "send"
      readonly to: NodeId
      readonly message: Message
      readonly payload?: readonly Uint8Array[]
      readonly receipt?: string
    }
  /** Learn how to reach a node that listens. Idempotent. */
  | { readonly kind: "connect"; readonly to: NodeId; readonly address: string }
  | { readonly kind: "disconnect"; readonly from: NodeId }
  /** Looks once whether anybody still listens there: `gone` follows if the machine answers that nobody does, else nothing. */
  | { readonly kind: "probe"; readonly peer: NodeId; readonly address: string }
  /** A step at that time, or earlier; in place of what was asked for before. */
  | { readonly kind: "wake"; readonly atMonotonicMs: number }
  | { readonly kind: "append"; readonly sequence: number; readonly record: JournalRecord }
  | { readonly kind: "submit"; readonly task: string; readonly executor: number; readonly run: TaskRun; readonly limits: TaskLimits }
  | { readonly kind: "asset"; readonly hash: string; readonly bytes: Uint8Array }
  /** Not used for long: they come again when they are. */
  | { readonly kind: "dropAssets"; readonly hashes: readonly string[] }
  /** Ends the thread where the task runs, whatever it does; a `taskFailed` of kind "killed" or "timeout" follows. */
  | { readonly kind: "kill"; readonly task: string; readonly executor: number }
  /** The task goes on in its thread, and the executor gets another one: what waits for it need not. */
  | { readonly kind: "setApart"; readonly task: string; readonly executor: number }
  /** What a task has made is stored: the memory in which its executor handed it on may be used again. */
  | { readonly kind: "outputOver"; readonly executor: number; readonly bytes: Uint8Array }
  | { readonly kind: "forgetState"; readonly stream: string; readonly before: number }
  /** `pinned`: what the file was when it was listed; if it has changed since, that is a `fileFailed`. */
  | {
      readonly kind: "readFile"
      readonly request: string
      readonly path: string
      readonly from: number
      readonly to: number
      readonly pinned?: PinnedFile
      /** `from` and `to` are of what the file unpacks to. Going through it in order costs no more than unpacking it once. */
      readonly packed?: Packing
      /** The bytes are for an executor, in memory that comes back: a `readOver` follows when nobody reads them any more. */
      readonly lent?: true
    }
  /** Of a `readFile` that was lent: its memory may be used again. */
  | { readonly kind: "readOver"; readonly request: string }
  | { readonly kind: "listFiles"; readonly request: string; readonly paths: readonly string[] }
  /** Atomic: a temporary file, synced, renamed. Writing the same path again with the same bytes is harmless. */
  | { readonly kind: "writeFile"; readonly request: string; readonly path: string; readonly bytes: Uint8Array }
  /**
   * Blocks out of memory, one after the other in one new file, which need not outlive the process: nothing is synced. The parts are
   * read until the answer, which is as of `writeFile`.
   */
  | {
      readonly kind: "spill"
      readonly request: string
      readonly path: string
      readonly parts: readonly Uint8Array[]
      readonly direct: boolean
    }
  /** The parts from byte `at` on of a file (0: a new one), synced before the answer, which is as of `writeFile`; they are read until then. */
  | {
      readonly kind: "appendFile"
      readonly request: string
      readonly path: string
      readonly at: number
      readonly parts: readonly Uint8Array[]
    }
  /** Rows for a table of a database: all of them, or none. Twice the same is harmless. Answered as `writeFile`. */
  | { readonly kind: "upsert"; readonly request: string; readonly write: TableWrite }
  /** Not answered. */
  | { readonly kind: "removeFile"; readonly path: string }
  /** `tcp://host:port`, `http://…`, `https://…`. Its bytes come one `sourceBytes` for each `pullSource`. */
  | { readonly kind: "openSource"; readonly source: string; readonly url: string; readonly place?: SourcePlace }
  | { readonly kind: "pullSource"; readonly source: string }
  | { readonly kind: "closeSource"; readonly source: string }
  | {
      readonly kind: "runDriver"
      readonly task: string
      readonly asset: string
      readonly stream: string
      readonly interval: { from: number; to: number }
      readonly parent: string
      readonly timeoutMs: number
    }
  /** Ends the thread that runs the body, or takes it out of its queue; a `driverDone` that follows may be ignored. */
  | { readonly kind: "killDriver"; readonly task: string }
  /** An answer to a local `call`. */
  | {
      readonly kind: "answer"
      readonly call: number
      readonly value?: unknown
      readonly payload?: readonly Uint8Array[]
      readonly error?: { message: string; code: number; try?: string; failure?: TaskFailure; lacking?: readonly string[] }
    }
  /** Something a person should see: a log line, a warning. */
  | {
      readonly kind: "say"
      readonly level: "debug" | "info" | "warn" | "error"
      readonly text: string
      readonly data?: Record<string, unknown>
    }
  /** This node cannot go on (refused by the master, journal conflict). */
  | { readonly kind: "exit"; readonly code: number; readonly reason: string }

/** Moves frames between nodes; may lose, duplicate, delay, reorder. `Channel` above it makes that exact. */
export interface Transport {
  send(to: NodeId, frames: readonly Uint8Array[]): void
  connect(to: NodeId, address: string): void
  disconnect(from: NodeId): void
  /** Connects anew to a peer that was connected to: what is sent to it does not get there, whatever the connection looks like. */
  renew(to: NodeId): void
  /** `readOnly`: the peer is admitted to ask alone. */
  onReceived(handler: (from: NodeId, frames: readonly Uint8Array[], readOnly: boolean) => void): void
  onLost(handler: (peer: NodeId) => void): void
  /** A connection to a peer that was connected to stands, for the first time or again. */
  onReached?(handler: (peer: NodeId) => void): void
  close(): Promise<void>
}

/** The master's durable log. Appending is by compare-and-set on the sequence: a second master cannot interleave. */
export interface Journal {
  append(sequence: number, record: Uint8Array): Promise<"appended" | "conflict">
  /** In order; some from before the newest snapshot may be among them. */
  read(): AsyncIterable<{ sequence: number; record: Uint8Array }>
  /** Everything up to `sequence` is contained in `record`, which takes its place. */
  compact(sequence: number, record: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Where several masters see who of them leads. Both reject when it is not known what came of it. */
export interface LeaseStore {
  look(): Promise<SeenLease | null>
  /** By compare-and-set: if the newest revision is that one (0: there is none). Answers the new one. */
  put(lease: Lease, revision: number): Promise<number | "conflict">
}

/** Where masters that stand by say so. One of a host and address is one. Rejects when the store does not answer. */
export interface StandbyStore {
  say(standby: Standby): Promise<void>
  remove(standby: Pick<Standby, "host" | "address">): Promise<void>
  all(): Promise<readonly SeenStandby[]>
}

/** The worker's block memory: one shared WebAssembly.Memory in a process, a small one in the simulation. */
export interface BlockMemory {
  readonly buffer: SharedArrayBuffer
  readonly capBytes: number
}
