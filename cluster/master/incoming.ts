/** Which of the master's parts hears of which message. */
import type { NodeId } from "../ports.js"
import type { Message } from "../protocol.js"
import type { Assembly } from "./assembly.js"
import type { Times } from "./parts.js"

type Of<K extends Message["kind"]> = Extract<Message, { kind: K }>

export class Incoming {
  readonly #its: Assembly

  constructor(its: Assembly) {
    this.#its = its
  }

  received(from: NodeId, message: Message, times: Times): void {
    const { clients, members, requests, sealing, sources } = this.#its
    switch (message.kind) {
      case "hello":
        return members.hello(from, message, times)
      case "register":
        return members.register(from, message, times)
      case "heartbeat":
        return members.heartbeat(from, message, times)
      case "report":
        return sealing.report(from, message, times)
      case "tasksDone":
        return this.#tasksDone(from, message, times)
      case "assetRequest":
        return this.#assetRequest(from, message)
      case "copied":
        return this.#copied(from, message)
      case "filesListed":
        return sources.lister.listed(message)
      case "log":
        return this.#log(from, message, times)
      case "request":
        return requests.request(from, message.id, message.body, times)
      case "bye":
        if (clients.has(from)) clients.lost(from)
        else members.lost(from, { why: "it said goodbye", ended: false }, times)
        return
      default:
        return
    }
  }

  #tasksDone(from: NodeId, { done }: Of<"tasksDone">, times: Times): void {
    const { parts, streams } = this.#its
    if (parts.registry.get(from) === undefined) return
    parts.scheduler.tasksDone(from, streams.drivers.takeDone(from, done, times), times.monotonicMs)
  }

  #assetRequest(from: NodeId, { hashes }: Of<"assetRequest">): void {
    const { parts, queries } = this.#its
    const assets = hashes.flatMap(hash => {
      const bytes = parts.ledger.assets.get(hash) ?? queries.asset(hash)
      return bytes === undefined ? [] : [{ hash, bytes }]
    })
    if (assets.length > 0) parts.outbox.send(from, { kind: "asset", assets })
  }

  #copied(from: NodeId, { copies: told }: Of<"copied">): void {
    const { parts, copies, checkpointer } = this.#its
    for (const { blocks, holder, error, lacking } of told)
      for (const block of blocks) {
        if (lacking === true) parts.scheduler.dropPlace(block, from)
        if (!copies.copied(block, holder, error)) checkpointer.copied(block, holder, error)
      }
  }

  #log(from: NodeId, message: Of<"log">, times: Times): void {
    const { clients, parts, views } = this.#its
    const worker = parts.registry.get(from)?.name ?? from
    const { stream, lines } = views.log(worker, message, times)
    if (lines.length > 0) clients.tell({ ...message, kind: "log", stream, lines, worker })
  }
}
