/**
 * The first question about a running stream waits until the stream has caught up with what there was when it was asked.
 *
 * The problem: a stream begins with the past, and a person asks it at once: its newest finished interval is then one of long ago,
 * and the answer looks like nothing. The solution: who asks first waits, not for ever; a stream that is behind later is behind, and
 * its stamp says so.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { parentsIn } from "../../engine/dstream/flavour.js"
import { throughOf } from "../../engine/dstream.js"
import type { RddNode } from "../../engine/rdd.js"
import { walk } from "../../engine/tree.js"
import type { Parts, Times } from "./parts.js"
import { runs } from "./stream-graph.js"
import { holderOf } from "./waiting.js"

const patienceMs = 3_000

export class FirstLook {
  readonly #parts: Pick<Parts, "ledger" | "catalog" | "graph">
  /** How far a stream must have come, and until when that is waited for; null: it has been looked at. */
  readonly #wanted = new Map<StreamId, { readonly through: number; readonly untilMs: number } | null>()

  constructor(parts: Pick<Parts, "ledger" | "catalog" | "graph">) {
    this.#parts = parts
  }

  /** Whether the question is to wait. `definitions`: the recipes that come with it. */
  waits({ rdd, definitions }: { readonly rdd: RddNode; readonly definitions: readonly StreamDefinition[] }, times: Times): boolean {
    const brought = new Map(definitions.map(definition => [definition.id, definition]))
    const seen = new Set<StreamId>()
    let waits = false
    const look = (stream: StreamId): void => {
      if (seen.has(stream)) return
      seen.add(stream)
      const definition = this.#parts.ledger.streams.get(stream)?.definition ?? brought.get(stream)
      if (definition === undefined) return
      if (runs(definition)) waits = this.#behind(stream, times) || waits
      else for (const parent of parentsIn(definition.node)) look(parent)
    }
    walk(rdd, node => {
      if (node.kind === "slice" || node.kind === "version") look(node.stream)
    })
    return waits
  }

  #behind(stream: StreamId, { monotonicMs }: Times): boolean {
    const { ledger, catalog, graph } = this.#parts
    const record = ledger.streams.get(stream)
    if (record === undefined) return false
    let wanted = this.#wanted.get(stream)
    if (wanted === undefined) {
      const { intervalMs } = record.definition
      const through = Math.min(...catalog.inputsOf(record.definition).map(input => throughOf(graph, input)))
      wanted = { through: Math.floor(through / intervalMs) * intervalMs, untilMs: monotonicMs + patienceMs }
      this.#wanted.set(stream, wanted)
    }
    if (wanted === null) return false
    const stuck = record.stoppedMs !== null || holderOf(this.#parts, record.definition) !== null || monotonicMs >= wanted.untilMs
    if (!stuck && throughOf(graph, stream) < wanted.through) return true
    this.#wanted.set(stream, null)
    return false
  }
}
