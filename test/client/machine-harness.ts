/** A client machine in hand: events in, commands out, time by the word. */

import type { ClientCall, LocalCall } from "../../cluster/client/call.js"
import { type ClientConfig, ClientMachine } from "../../cluster/client/client.js"
import type { Command, NodeEvent, NodeId } from "../../cluster/ports.js"
import type { Message, Peer } from "../../cluster/protocol.js"

export class Harness {
  readonly machine: ClientMachine
  nowMs = 1_000
  #call = 1
  master: NodeId = "master#1"

  constructor(config: Partial<ClientConfig> = {}, address = "tcp://127.0.0.1:7077") {
    this.machine = new ClientMachine({ address, user: "me", version: "1", runtime: "node", config })
  }

  step(event: NodeEvent): Command[] {
    return this.machine.step(event, { monotonicMs: this.nowMs, wallMs: this.nowMs })
  }
  tick(ms: number): Command[] {
    this.nowMs += ms
    return this.step({ kind: "tick" })
  }
  /** As `tick`, with a tick every tenth of a second. */
  wait(ms: number): Command[] {
    const commands: Command[] = []
    for (const end = this.nowMs + ms; this.nowMs < end; ) commands.push(...this.tick(Math.min(100, end - this.nowMs)))
    return commands
  }
  from(node: NodeId, message: Message, payload: readonly Uint8Array[] = []): Command[] {
    return this.step({ kind: "received", from: node, message, payload })
  }
  lost(peer: NodeId): Command[] {
    return this.step({ kind: "lost", peer })
  }
  call(call: ClientCall, payload?: readonly Uint8Array[]): { id: number; commands: Command[] } {
    const local: LocalCall = { id: this.#call++, call, ...(payload && { payload }) }
    return { id: local.id, commands: this.step({ kind: "call", call: local }) }
  }
  /** Started and welcomed, with these workers. */
  welcome(workers: readonly Peer[] = []): Command[] {
    this.step({ kind: "started" })
    return this.greet(workers)
  }
  greet(workers: readonly Peer[] = []): Command[] {
    return this.from(this.master, { kind: "welcome", epoch: 1, cluster: "c", wallMs: 0, startedMs: 0, workers })
  }
  respond(id: number, value: unknown): Command[] {
    return this.from(this.master, { kind: "response", id, body: { ok: true, value } })
  }
}

export const peer = (name: string): Peer => ({ node: `${name}#1`, name, address: `tcp://${name}`, host: "h", load: 0, freeBytes: 1e9 })

/** Commands in a line each: what a test compares. */
export function shown(commands: readonly Command[]): string[] {
  return commands.map(command => {
    switch (command.kind) {
      case "send":
        return `→ ${command.to} ${messageText(command.message)}`
      case "answer":
        if (command.error) return `answer ${command.call} error ${command.error.code} ${command.error.message}`
        return command.call < 0 ? `push ${pushText(command.value)}` : `answer ${command.call}`
      case "connect":
        return `connect ${command.to}`
      default:
        return command.kind
    }
  })
}

function messageText(message: Message): string {
  switch (message.kind) {
    case "request":
      return `request ${message.id} ${message.body.kind}${"query" in message.body ? ` ${message.body.query}` : ""}`
    case "batch":
      return `batch ${message.stream} ${message.seq}/${message.lowestUnacked}`
    case "fetch":
      return `fetch ${message.request} ${message.blocks.map(({ block }) => block).join(",")}`
    default:
      return message.kind
  }
}

function pushText(value: unknown): string {
  const { kind, ...rest } = value as { kind: string; connected?: boolean; defined?: boolean; counters?: { acked: number } }
  return `${kind} ${rest.connected ?? rest.defined ?? rest.counters?.acked ?? ""}`.trim()
}

/** The ids of the requests among the commands, by kind. */
export function requestIds(commands: readonly Command[]): Record<string, number> {
  const ids: Record<string, number> = {}
  for (const command of commands) {
    if (command.kind === "send" && command.message.kind === "request") ids[command.message.body.kind] = command.message.id
  }
  return ids
}
