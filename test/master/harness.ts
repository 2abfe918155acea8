/**
 * A master in hand: events in, commands out, with workers that answer as real ones would (but compute nothing: a task's
 * output has as many rows as the test says). No socket, no sleep: time is what the test says it is.
 */

import type { MasterConfig } from "../../cluster/master/config.js"
import { MasterMachine } from "../../cluster/master/master.js"
import { eachRecord, type JournalRecord } from "../../cluster/master/records.js"
import type { Command, NodeId } from "../../cluster/ports.js"
import type { LaunchTask, Message, ReceivedBlock, Request, Response, TaskDone } from "../../cluster/protocol.js"
import type { StreamDefinition, StreamNode } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"

export type Launched = { readonly worker: NodeId; readonly stage: StageSpec; readonly task: LaunchTask }

export const start = 1_700_000_000_000

export class Harness {
  nowMs = 0
  master: MasterMachine
  readonly journal: { sequence: number; record: JournalRecord }[] = []
  readonly sent: { to: NodeId; message: Message }[] = []
  readonly said: string[] = []
  /** Launched and not yet answered. */
  launched: Launched[] = []
  readonly workers = new Set<NodeId>()
  readonly blocks = new Map<NodeId, Map<string, number>>()
  /** Workers that know that they are being drained. */
  readonly draining = new Set<NodeId>()
  /** What tasks give; overridden by tests. */
  answer: (launched: Launched) => TaskDone | null = launched => this.done(launched)
  /** Whether copies that the master asks for are made. */
  copies = true
  #requests = 0
  #blocks = 0
  #node = 1

  constructor(readonly config: Partial<MasterConfig> = {}) {
    this.master = this.#make()
    this.step({ kind: "started" })
  }

  #make(): MasterMachine {
    return new MasterMachine({
      node: `master#${this.#node++}`,
      cluster: "test",
      address: "tcp://master",
      records: this.journal.map(one => structuredClone(one)),
      config: { rethrow: true, gatherMs: 0, ...this.config },
    })
  }

  /** The master dies and starts again from its journal; workers register anew with `held`. */
  restart(): void {
    this.launched = []
    this.workers.clear()
    this.master = this.#make()
    this.step({ kind: "started" })
  }

  step(event: Parameters<MasterMachine["step"]>[0]): void {
    const pending: Command[] = this.master.step(event, { monotonicMs: this.nowMs, wallMs: start + this.nowMs })
    for (let command = pending.shift(); command !== undefined; command = pending.shift()) {
      if (command.kind === "append") {
        this.journal.push({ sequence: command.sequence, record: structuredClone(command.record) })
        pending.push(
          ...this.master.step({ kind: "appended", sequence: command.sequence }, { monotonicMs: this.nowMs, wallMs: start + this.nowMs }),
        )
      } else if (command.kind === "send") this.#onSend(command.to, command.message)
      else if (command.kind === "say") this.said.push(command.text)
    }
  }

  #onSend(to: NodeId, message: Message): void {
    this.sent.push({ to, message })
    if (message.kind === "launch") {
      for (const task of message.tasks) this.launched.push({ worker: to, stage: message.stages[task.stage] as StageSpec, task })
    }
    if (message.kind === "peers") {
      if (message.workers.some(({ node, draining }) => node === to && draining === true)) this.draining.add(to)
      else this.draining.delete(to)
    }
    if (message.kind === "cancel") this.launched = this.launched.filter(({ task }) => !message.tasks.includes(task.task))
  }

  from(node: NodeId, message: Message): void {
    this.step({ kind: "received", from: node, message, payload: [] })
  }

  /** Worker n joins. */
  join(n: number, held: Extract<Message, { kind: "register" }>["held"] = []): NodeId {
    const node = `w${n}#1`
    this.workers.add(node)
    this.from(node, { kind: "hello", role: "worker", user: "", version: "1", runtime: "node" })
    const draining = this.draining.has(node) && { draining: true as const }
    this.from(node, {
      kind: "register",
      name: `w${n}`,
      address: `tcp://w${n}`,
      host: `host${n}`,
      cores: 2,
      capBytes: 1e9,
      held,
      ...draining,
    })
    return node
  }

  /** Time goes on; workers beat and report, tasks are answered until nothing is left to do. */
  advance(ms: number, stepMs = 100): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += stepMs
      for (const node of this.workers) {
        const unsettled = this.draining.has(node) && { unsettled: 0 }
        this.from(node, { kind: "heartbeat", sentMs: this.nowMs, load: 0, usedBytes: 0, queued: 0, blocks: 0, ...unsettled })
        this.from(node, { kind: "report", through: start + this.nowMs, blocks: [] })
      }
      this.step({ kind: "tick" })
      this.settle()
    }
  }

  settle(): void {
    for (let one = this.launched.shift(); one !== undefined; one = this.launched.shift()) {
      const done = this.answer(one)
      if (done !== null && this.workers.has(one.worker)) this.from(one.worker, { kind: "tasksDone", done: [done] })
    }
    // Copies that the master asked for.
    for (const { to, message } of this.sent.splice(0)) {
      this.kept.push({ to, message })
      if (message.kind === "copy" && this.copies && this.workers.has(to)) {
        this.copied(to, message)
      }
    }
    if (this.launched.length > 0) this.settle()
  }

  /** The worker has made the copies that it was asked for. */
  copied(node: NodeId, { copies }: Extract<Message, { kind: "copy" }>): void {
    this.from(node, { kind: "copied", copies: copies.map(({ to, blocks }) => ({ holder: to, blocks })) })
  }

  readonly kept: { to: NodeId; message: Message }[] = []

  done({ worker, stage, task }: Launched, rows = 10): TaskDone {
    const block = `${worker}-${++this.#blocks}`
    const extra = stage.write.kind === "shuffle" ? { sectionRows: new Array<number>(stage.write.partitions).fill(rows) } : {}
    const state = stage.write.kind === "state" ? { base: stage.root.kind === "state" && stage.root.previous === null, keys: rows } : {}
    const outputs = stage.write.kind === "file" ? [] : [{ block, bytes: rows * 10, rows, ...extra, ...state }]
    return { task: task.task, ms: 5, outputs, aside: 0, rowsIn: rows }
  }

  batch(node: NodeId, seq: number, options: Partial<ReceivedBlock> & { session?: string; stream?: string } = {}): ReceivedBlock {
    const { session = "s1", stream = "views", ...rest } = options
    return {
      block: `${node}-b${session}.${seq}`,
      batch: { session, stream, seq },
      rows: 100,
      bytes: 1000,
      arrivedMs: start + this.nowMs,
      copies: 2,
      ...rest,
    }
  }

  report(node: NodeId, ...blocks: ReceivedBlock[]): void {
    this.from(node, { kind: "report", through: start + this.nowMs, blocks })
  }

  /** Asks as a client and gives the answer, if there is one yet. */
  ask(body: Request, client = "c1#1"): Response | null {
    const id = ++this.#requests
    this.from(client, { kind: "request", id, body })
    return this.response(id, client)
  }

  response(id = this.#requests, client = "c1#1"): Response | null {
    for (const { to, message } of [...this.kept, ...this.sent]) {
      if (to === client && message.kind === "response" && message.id === id) return message.body
    }
    return null
  }

  messages<K extends Message["kind"]>(kind: K): { to: NodeId; message: Extract<Message, { kind: K }> }[] {
    return [...this.kept, ...this.sent].filter(({ message }) => message.kind === kind) as never
  }

  records<K extends JournalRecord["kind"]>(kind: K): Extract<JournalRecord, { kind: K }>[] {
    return this.journal.flatMap(({ record }) => eachRecord(record)).filter(record => record.kind === kind) as never
  }

  define(...definitions: StreamDefinition[]): Response | null {
    return this.ask({ kind: "define", session: "s1", definitions, assets: [] })
  }
}

export function definition(id: string, node: StreamNode, more: Partial<StreamDefinition> = {}): StreamDefinition {
  const kind =
    node.kind === "input"
      ? "input"
      : node.kind === "state"
        ? "state"
        : node.kind === "lift"
          ? "records"
          : node.kind === "window"
            ? "snapshot"
            : "output"
  return {
    id,
    version: 1,
    program: "p",
    name: id,
    named: true,
    owner: "ann",
    kind,
    intervalMs: 1000,
    from: "earliest",
    node,
    rememberMs: null,
    persist: false,
    source: "",
    ...more,
  }
}

export const input = (name = "views"): StreamNode => ({
  kind: "input",
  source: { kind: "receiver", name },
  format: { kind: "text" },
  timestamp: null,
  disorderMs: 0,
  onBadRecord: "setAside",
})

export const fileInput = (timed: boolean): StreamNode => ({
  kind: "input",
  source: { kind: "file", paths: ["log"] },
  format: { kind: "text" },
  timestamp: timed ? { kind: "function", hash: "time" } : null,
  disorderMs: 1000,
  onBadRecord: "setAside",
})

export const counts = (parent: string, partitions = 4): StreamNode => ({
  kind: "state",
  parent,
  op: { kind: "runningReduce", f: { kind: "builtin", name: "sum" } },
  partitions,
  initial: null,
})
