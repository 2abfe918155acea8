/**
 * From which interval on what there is of each stream is needed, whoever asks: for what would have to be computed from it (the paper's §3.3: intervals that are
 * not finished, state that two workers do not hold yet), for who reads it to its end, for running questions; and since when it is to be remembered anyhow.
 */

import type { StreamId } from "../../engine/definition.js"
import { lineageReach } from "../../engine/dstream.js"
import type { Checkpointer } from "./checkpointer.js"
import { resumesAt } from "./held-input.js"
import type { Parts, Times } from "./parts.js"
import type { Queries } from "./queries.js"
import type { Sources } from "./sources.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

export type Needs = Map<StreamId, number>

interface Others {
  readonly queries: Queries
  readonly checkpointer: Checkpointer
  readonly sources: Sources
}

export class StillNeeded {
  readonly #parts: Parts
  readonly #others: Others

  constructor(parts: Parts, others: Others) {
    this.#parts = parts
    this.#others = others
  }

  /** The earliest interval of each stream that something still has to be computed from. `free`: without streams that wait behind a failure. */
  of(waiting: readonly StreamRecord[], times: Times): { readonly needs: Needs; readonly free: Needs } {
    const { catalog, graph, ledger, chains } = this.#parts
    const { checkpointer, queries, sources } = this.#others
    const needs: Needs = new Map()
    const free: Needs = new Map()
    let waits = false
    const need = (stream: StreamId, from: number) => {
      for (const map of waits ? [needs] : [needs, free]) map.set(stream, Math.min(map.get(stream) ?? Number.POSITIVE_INFINITY, from))
    }
    /** Of what was given up after `through`, up to `goesOnAt`, nothing is read; but a window may reach over it to what was there before. */
    const reach = (stream: StreamId, from: number, through = from, goesOnAt = through) => {
      const { inputs, states } = lineageReach(graph, stream, from)
      for (const [input, range] of inputs) need(input, range.from < through ? range.from : Math.max(range.from, goesOnAt))
      for (const [state, range] of states) need(state, range.from)
    }
    for (const record of catalog.kept()) {
      const { definition, through } = record
      if (!runs(definition)) continue
      waits = waiting.includes(record)
      const from = Math.min(through, checkpointer.neededFrom(definition.id))
      reach(definition.id, from, through, waits ? resumesAt(record) : through)
      need(definition.id, from)
    }
    waits = false
    for (const [input, from] of sources.arrivals.needs()) need(input, from)
    for (const { stream, from } of sources.readings) {
      const record = ledger.streams.get(stream)
      if (record === undefined) continue
      need(stream, from)
      // What is stored is read as it is; of a recipe, what it is made of. Who has read nothing yet begins where it does.
      if (!runs(record.definition)) reach(stream, Math.max(from, record.since))
    }
    for (const { stream, from } of queries.leases()) {
      need(stream, from)
      if (ledger.streams.has(stream)) reach(stream, from)
    }
    // A lost step that nobody asks for now is still part of later versions, up to the next base. Children first: what is to be kept of a parent is known then.
    for (const record of [...catalog.kept()].reverse()) {
      const { definition, through } = record
      if (!runs(definition)) continue
      const oldest = Math.min(this.rememberedFrom(record, times), needs.get(definition.id) ?? Number.POSITIVE_INFINITY)
      const from = chains.missingFrom(definition.id, oldest)
      if (from === Number.POSITIVE_INFINITY) continue
      waits = waiting.includes(record)
      reach(definition.id, from, through, waits ? resumesAt(record) : through)
      need(definition.id, from)
    }
    return { needs, free }
  }

  /** The time from which on it is to be remembered, whoever needs it. */
  rememberedFrom({ definition }: StreamRecord, times: Times): number {
    const { ledger, config, catalog } = this.#parts
    // What is there to be read goes when it has been.
    if (definition.untilRead === true) return this.#others.sources.readings.known ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    const inputs = catalog.inputsOf(definition).map(id => ledger.streams.get(id) as StreamRecord)
    // Streams over old records have their own clock, and no reason to forget before memory is short.
    const pushed = inputs.every(
      ({ definition: { node } }) => node.kind === "input" && node.source.kind !== "file" && node.source.kind !== "archive",
    )
    const rememberMs = definition.rememberMs ?? (pushed ? config.rememberMs : Number.POSITIVE_INFINITY)
    return (pushed ? times.timeMs : Math.min(...inputs.map(({ sealedThrough }) => sealedThrough))) - rememberMs
  }
}
