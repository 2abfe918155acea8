/** A worker on a bench: events go in, commands come out, time stands still unless it is set. */

import type { Command, NodeEvent, NodeId } from "../../cluster/ports.js"
import type { HeldBlock, InputInfo, LaunchTask, Message, Peer } from "../../cluster/protocol.js"
import type { WorkerConfig } from "../../cluster/worker/config.js"
import type { Segment } from "../../cluster/worker/segment.js"
import { WorkerMachine } from "../../cluster/worker/worker.js"
import { encodeRows } from "../../engine/block/block.js"
import type { StageSpec, TaskOutput, TaskResult } from "../../engine/task.js"

export type Sent<K extends Message["kind"]> = Extract<Message, { kind: K }> & {
  readonly to: NodeId
  readonly payload: readonly Uint8Array[]
  readonly receipt: string | undefined
}

/** The master's clock is so far ahead of the worker's monotonic one. */
export const masterAheadMs = 1_000_000
export const minute = 60_000

export const views: InputInfo = { stream: "s.1", receiver: "views", intervalMs: 1_000 }

export function peer(name: string, fields: Partial<Peer> = {}): Peer {
  return { node: `${name}#1`, name, address: `tcp://${name}:1`, host: name, load: 0, freeBytes: 1e9, ...fields }
}

/** A block of text lines. */
export function lines(...rows: readonly string[]): Uint8Array {
  return encodeRows(rows)
}

export function stage(fields: Partial<StageSpec> = {}): StageSpec {
  return {
    output: "s.2@1000000/0",
    root: { kind: "empty" },
    partitions: 4,
    write: { kind: "store" },
    interval: { from: masterAheadMs, to: masterAheadMs + 1_000 },
    stream: "s.2",
    label: "map at views.ts:3",
    ...fields,
  }
}

export function task(name: string, fields: Partial<LaunchTask> = {}): LaunchTask {
  return { task: name, stage: 0, partition: 0, attempt: 1, pool: "stream", timeoutMs: minute, affinity: null, inputs: [], ...fields }
}

export function result(...outputs: readonly TaskOutput[]): TaskResult {
  return { outputs, rowsIn: 3, rowsOut: 2, logs: [], aside: { count: 0, samples: [] } }
}

export class Bench {
  readonly machine: WorkerMachine
  readonly buffer: SharedArrayBuffer
  readonly node: NodeId
  nowMs = 5_000
  wallMs = 77
  /** Of the last step. */
  commands: Command[] = []

  constructor(
    options: {
      name?: string
      incarnation?: number
      capBytes?: number
      cores?: number
      host?: string
      config?: Partial<WorkerConfig>
      segments?: readonly Segment[]
      /** Its master asks for things to be kept on disk, for that cluster. */
      durable?: string
      masterAddress?: string
    } = {},
  ) {
    this.#durable = options.durable === undefined ? {} : { durable: options.durable }
    const { name = "w1", incarnation = 1, capBytes = 4 * 1024 * 1024, cores = 2, host = "w1", config = {} } = options
    this.node = `${name}#${incarnation}`
    this.buffer = new SharedArrayBuffer(capBytes)
    this.machine = new WorkerMachine({
      ...{ name, node: this.node, address: "tcp://w1:1", host, cores, user: "test", version: "0", runtime: "node" },
      master: { node: "master", address: options.masterAddress ?? "tcp://m:7077" },
      memory: { buffer: this.buffer, capBytes },
      config: { poison: true, ...config },
      segments: options.segments ?? [],
    })
  }
  readonly #durable: { readonly durable?: string }

  step(event: NodeEvent): Command[] {
    this.commands = this.machine.step(event, { monotonicMs: this.nowMs, wallMs: this.wallMs })
    return this.commands
  }

  receive(from: NodeId, message: Message, ...payload: readonly Uint8Array[]): Command[] {
    return this.step({ kind: "received", from, message, payload })
  }

  /** Time goes on by so much, and the machine is told. */
  pass(ms: number): Command[] {
    this.nowMs += ms
    return this.step({ kind: "tick" })
  }

  /** Started, registered with `master#1`, with these peers and the input `views`. */
  join(peers: readonly Peer[] = [peer("w2")], { minReplicas = 1, replicas = 2, master = "master#1" } = {}): this {
    this.step({ kind: "started" })
    this.welcome(master)
    this.receive(master, { kind: "inputs", inputs: [views], reportMs: 1_000 })
    this.receive(master, { kind: "peers", workers: [...peers, peer("w1", { node: this.node })], minReplicas, replicas })
    return this
  }

  welcome(master: NodeId): Command[] {
    const wallMs = this.nowMs + masterAheadMs
    return this.receive(master, { kind: "welcome", epoch: 1, cluster: "c", wallMs, startedMs: 0, workers: [], ...this.#durable })
  }

  batch(seq: number, block: Uint8Array = lines("a", "b"), from: NodeId = "c#1", stream = "views"): Command[] {
    return this.receive(from, { kind: "batch", session: "u1", stream, seq, lowestUnacked: 1 }, block)
  }

  /** The messages of a kind that the last step sent. */
  sent<K extends Message["kind"]>(kind: K): Sent<K>[] {
    return this.commands.flatMap(command => {
      if (command.kind !== "send" || command.message.kind !== kind) return []
      const { to, payload = [], receipt } = command
      return [{ ...command.message, to, payload, receipt } as Sent<K>]
    })
  }

  only<K extends Message["kind"]>(kind: K): Sent<K> {
    const all = this.sent(kind)
    if (all.length !== 1) throw new Error(`${all.length} messages of kind ${kind} in ${JSON.stringify(this.kinds())}`)
    return all[0]!
  }

  command<K extends Command["kind"]>(kind: K): Extract<Command, { kind: K }>[] {
    return this.commands.filter(command => command.kind === kind) as Extract<Command, { kind: K }>[]
  }

  /** What the last step did, in short, without what every step may do. */
  kinds(): string[] {
    return this.commands.flatMap(command => {
      if (command.kind === "wake" || command.kind === "say") return []
      return [command.kind === "send" ? `${command.message.kind}→${command.to}` : command.kind]
    })
  }

  /** What it would register with. */
  inventory(): readonly HeldBlock[] {
    this.step({ kind: "lost", peer: "master#1" })
    this.welcome("master#1")
    return this.only("register").held
  }

  bytesAt(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, offset, length)
  }

  launch(tasks: readonly LaunchTask[], stages: readonly StageSpec[] = [stage()], master: NodeId = "master#1"): Command[] {
    return this.receive(master, { kind: "launch", stages, tasks })
  }
}
