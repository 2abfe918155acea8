/** What workers are told of the inputs that receive, and which of them reads a source that a worker reads. */

import type { StreamId } from "../../engine/definition.js"
import { gcd } from "../../engine/time.js"
import type { NodeId } from "../ports.js"
import type { Message } from "../protocol.js"
import type { Parts } from "./parts.js"

export class SourceReaders {
  readonly #parts: Pick<Parts, "catalog" | "ledger" | "progress" | "registry">
  readonly #readers = new Map<StreamId, { readonly node: NodeId; readonly url: string; readonly session: string }>()
  /** How often one was given a source: what it reads then is another session's. */
  given = 0

  constructor(parts: Pick<Parts, "catalog" | "ledger" | "progress" | "registry">) {
    this.#parts = parts
  }

  /** Each source is given to one worker, to another when that is lost. */
  assign(): void {
    const { catalog, registry, ledger } = this.#parts
    const asked = new Set<StreamId>()
    for (const { definition } of catalog.inputs()) {
      const { source } = definition.node
      if (source.kind !== "receiver" || source.url === undefined) continue
      asked.add(definition.id)
      const reader = this.#readers.get(definition.id)
      if (reader !== undefined && registry.stays(reader.node)) continue
      const busy = (node: NodeId) => [...this.#readers.values()].filter(other => other.node === node).length
      const [first] = registry.staying.map(({ node }) => node).sort((a, b) => busy(a) - busy(b))
      if (first === undefined) {
        this.#readers.delete(definition.id)
        continue
      }
      this.given += 1
      const session = `read:${definition.id}:${ledger.epoch}.${this.given}`
      this.#readers.set(definition.id, { node: first, url: source.url, session })
    }
    for (const id of [...this.#readers.keys()]) if (!asked.has(id)) this.#readers.delete(id)
  }

  /** For this worker. None of them ever gets less. */
  inputs(worker: NodeId): Extract<Message, { kind: "inputs" }> {
    const { progress, catalog } = this.#parts
    const inputs = []
    let reportMs = 0
    for (const { definition } of catalog.inputs()) {
      const { source } = definition.node
      // What is received for it is acked, so its definition must be on disk.
      if (source.kind !== "receiver" || progress.sealed(definition.id) === undefined) continue
      const reader = this.#readers.get(definition.id)
      const read = reader?.node === worker ? { read: { url: reader.url, session: reader.session } } : {}
      inputs.push({
        stream: definition.id,
        receiver: source.name,
        intervalMs: definition.intervalMs,
        ...(definition.node.format.kind === "text" && { plain: true as const }),
        ...read,
      })
      reportMs = gcd(definition.intervalMs, reportMs)
    }
    return { kind: "inputs", inputs, reportMs: reportMs === 0 ? 1_000 : reportMs }
  }
}
