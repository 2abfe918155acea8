/**
 * Questions about inputs that have an end (files, archives). Old logs are there as a whole, only not known yet: who asks for what is still to be read waits
 * for it; and when it cannot be read, that is an error, and no empty answer.
 */

import type { StreamId } from "../../engine/definition.js"
import { hasEnd, isThere, rangesAhead, throughOf } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream, StreamGraph } from "../../engine/graph.js"
import type { RddNode } from "../../engine/rdd.js"
import { walk } from "../../engine/tree.js"
import type { Request } from "../protocol.js"
import { isBounded } from "./input-kinds.js"
import type { Parts } from "./parts.js"

type QueryRequest = Extract<Request, { kind: "query" }>

export class AskedOldLogs {
  readonly #parts: Pick<Parts, "catalog" | "graph" | "ledger" | "progress">

  constructor(parts: Pick<Parts, "catalog" | "graph" | "ledger" | "progress">) {
    this.#parts = parts
  }

  /** Whether it asks for what a bounded input has still to read: old logs are there as a whole, only not known yet. */
  readAhead({ rdd, definitions }: QueryRequest): boolean {
    const { ledger, catalog, graph, progress } = this.#parts
    const brought = new Map(definitions.map(definition => [definition.id, { definition, since: 0 }]))
    const lookup = (id: StreamId): GraphStream | undefined => ledger.streams.get(id) ?? brought.get(id)
    const known = graph.with(brought)
    return askedOf(rdd).some(({ stream, until }) => {
      const definition = lookup(stream)?.definition
      if (definition === undefined) return false
      if (throughOf(known, stream) <= known.definition(stream).since && this.#joinsAhead(known, stream)) return true
      return catalog.inputsOf(definition, lookup).some(id => {
        const input = ledger.streams.get(id)
        if (input === undefined || input.held !== null || input.stoppedMs !== null || !isBounded(input.definition)) return false
        const { node } = input.definition
        const seen = progress.sealed(id) ?? Number.NEGATIVE_INFINITY
        if (node.kind !== "input" || (input.read?.ended === true && seen >= input.sealedThrough)) return false
        // A time that is relative means what has been read so far, but an archive's end is known in a moment.
        return node.source.kind === "archive" || (node.timestamp !== null && until > seen && until !== Infinity)
      })
    })
  }

  /**
   * Old logs that cannot be read are neither empty nor shorter. Throws RivuletError for the first of them of which nothing has been read, or that is not
   * read as far as is asked; what was read before is answered.
   */
  check({ rdd, definitions }: QueryRequest): void {
    const { graph } = this.#parts
    const known = graph.with(new Map(definitions.map(definition => [definition.id, { definition, since: 0 }])))
    for (const asked of askedOf(rdd)) {
      this.#checkHeld(known, asked.stream, hasEnd(known, asked.stream) && !isThere(known, asked))
      for (const range of rangesAhead(known, asked.stream)) this.#checkHeld(known, range.stream, true)
    }
  }

  /** `short`: more is asked for than has been read. */
  #checkHeld(known: StreamGraph, stream: StreamId, short: boolean): void {
    const { ledger, catalog, progress } = this.#parts
    for (const id of catalog.inputsOf(known.definition(stream).definition, of => known.definition(of))) {
      const input = ledger.streams.get(id)
      const failure = input?.held?.failure
      if (input === undefined || failure === undefined || !isBounded(input.definition)) continue
      const through = progress.sealed(id) ?? input.since
      const nothing = through <= input.since
      if (!nothing && !short) continue
      const read = new Date(through).toISOString()
      const { name } = input.definition
      throw new RivuletError(`${name} is held${nothing ? "" : `, read through ${read}`}: ${failure.message}`, {
        code: 1,
        try: nothing
          ? (failure.try ?? "a path that the workers see; it is read when it is there")
          : `resume() when it can be read; or ask for what has been, to "${read}"`,
      })
    }
  }

  /** Whether the stream has made nothing yet because old logs that it is joined with are still being read. */
  #joinsAhead(graph: StreamGraph, stream: StreamId): boolean {
    const { ledger, catalog } = this.#parts
    return rangesAhead(graph, stream).some(range => {
      const inputs = catalog.inputsOf(graph.definition(range.stream).definition, id => graph.definition(id))
      return hasEnd(graph, range.stream) && inputs.every(id => (ledger.streams.get(id)?.held ?? null) === null)
    })
  }
}

/** The streams that a question reads, and until when. */
function askedOf(rdd: RddNode): readonly { readonly stream: StreamId; readonly until: number }[] {
  const asked: { stream: StreamId; until: number }[] = []
  walk(rdd, node => {
    if (node.kind === "slice") asked.push({ stream: node.stream, until: node.to })
    if (node.kind === "version") asked.push({ stream: node.stream, until: node.at })
  })
  return asked
}
