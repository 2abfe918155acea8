/**
 * The graph of streams as the model reads it (`engine/graph.ts`): the ledger's definitions and seals, as far as they are
 * journaled, and the definitions that a question brings along.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream, GraphVersion, StreamGraph } from "../../engine/graph.js"
import { laneGroups } from "../../engine/lanes.js"
import type { AsideBlock, InputBlock, OutputId } from "../../engine/rdd.js"
import { isBounded } from "./input-kinds.js"
import type { Ledger } from "./ledger.js"
import { isEmpty, type LeftOut } from "./records.js"
import { type StreamRecord, sealAt } from "./stream-record.js"

/** Ends of what may be seen: of inputs, sealed and journaled; of running streams, finished and journaled. */
export class Progress {
  readonly #sealed = new Map<StreamId, number>()
  readonly #through = new Map<StreamId, number>()
  #moved = new Set<StreamId>()

  sealed(input: StreamId): number | undefined {
    return this.#sealed.get(input)
  }

  through(stream: StreamId): number | undefined {
    return this.#through.get(stream)
  }

  /** Inputs so far. */
  get inputs(): number {
    return this.#sealed.size
  }

  sealedTo(input: StreamId, to: number): void {
    this.#sealed.set(input, Math.max(this.#sealed.get(input) ?? Number.NEGATIVE_INFINITY, to))
    this.#moved.add(input)
  }

  finishedTo(stream: StreamId, to: number): void {
    this.#through.set(stream, to)
    this.#moved.add(stream)
  }

  /** Streams that have come further since the last call. */
  takeMoved(): Iterable<StreamId> {
    if (this.#moved.size === 0) return []
    const moved = this.#moved
    this.#moved = new Set()
    return moved
  }
}

/** Which streams run every interval; all others are recipes, computed when asked for. */
export function runs(definition: StreamDefinition): boolean {
  const { kind } = definition.node
  return kind === "state" || kind === "save" || kind === "archive" || kind === "foreachRDD" || (definition.persist && kind !== "input")
}

export class MasterGraph implements StreamGraph {
  readonly #ledger: Ledger
  readonly #progress: Progress
  readonly #extra: ReadonlyMap<StreamId, GraphStream>

  constructor(ledger: Ledger, progress: Progress, extra: ReadonlyMap<StreamId, GraphStream> = new Map()) {
    this.#ledger = ledger
    this.#progress = progress
    this.#extra = extra
  }

  with(extra: ReadonlyMap<StreamId, GraphStream>): MasterGraph {
    return new MasterGraph(this.#ledger, this.#progress, extra)
  }

  definition(stream: StreamId): GraphStream {
    const found = this.#ledger.streams.get(stream) ?? this.#extra.get(stream)
    if (found !== undefined) return found
    throw new RivuletError(`there is no stream ${stream}`, {
      code: 5,
      try: "`streams` lists those that there are; it may have been stopped",
    })
  }

  versions(stream: StreamId): readonly GraphVersion[] | null {
    const versions = this.#ledger.streams.get(stream)?.versions
    return versions === undefined || versions.length === 0 ? null : versions
  }

  leftOut(stream: StreamId, interval: number): LeftOut["what"] | null {
    const leftOut = this.#ledger.streams.get(stream)?.leftOut
    if (leftOut === undefined || leftOut.length === 0) return null
    const those = leftOut.filter(({ from, to }) => from <= interval && interval < to)
    // What was given up is not there to be read without some of its records.
    return those.find(({ what }) => what === "interval")?.what ?? those[0]?.what ?? null
  }

  leftOuts(stream: StreamId): readonly LeftOut[] {
    return this.#ledger.streams.get(stream)?.leftOut.filter(({ what }) => what === "interval") ?? []
  }

  sealed(input: StreamId, interval: number): readonly (readonly InputBlock[])[] | null {
    const stream = this.#input(input)
    if (interval >= (this.#progress.sealed(input) ?? stream.since)) return null
    return sealAt(stream.seals, interval)?.groups ?? null
  }

  lanes(input: StreamId, interval: number, reader: string): readonly (readonly InputBlock[])[] | null {
    const seal = sealAt(this.#input(input).seals, interval)
    return seal === null ? null : laneGroups(seal, reader)
  }

  kept(stream: StreamId, interval: number, output: OutputId): number | null | undefined {
    const record = this.#ledger.streams.get(stream)
    if (record === undefined || interval < record.forgottenBefore) return undefined
    if (interval + record.definition.intervalMs > (this.#progress.through(stream) ?? record.since)) return undefined
    return record.made.findLast(made => made.output === output)?.of ?? null
  }

  aside(input: StreamId, interval: number): readonly AsideBlock[] {
    return sealAt(this.#input(input).seals, interval)?.aside ?? []
  }

  nextInput(input: StreamId, from: number, before: number): number | null {
    const stream = this.#input(input)
    const end = Math.min(before, this.#progress.sealed(input) ?? stream.since)
    if (from >= end) return null
    if (from < stream.forgottenBefore && stream.forgottenBefore > stream.since) return from
    let low = 0
    let high = stream.seals.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((stream.seals[middle]?.to ?? 0) <= from) low = middle + 1
      else high = middle
    }
    for (let i = low; i < stream.seals.length; i++) {
      const seal = stream.seals[i]
      if (seal === undefined || seal.from >= end) return null
      if (!isEmpty(seal)) return seal.from
    }
    return null
  }

  earliest(stream: StreamId): number | null {
    const record = this.#ledger.streams.get(stream)
    if (record === undefined || !(runs(record.definition) || record.definition.node.kind === "input")) return null
    return record.forgottenBefore
  }

  through(stream: StreamId): number | null {
    const record = this.#ledger.streams.get(stream)
    if (record === undefined) return null
    if (record.definition.node.kind === "input") return this.#progress.sealed(stream) ?? record.since
    return runs(record.definition) ? (this.#progress.through(stream) ?? record.since) : null
  }

  isHeld(stream: StreamId): boolean {
    return (this.#ledger.streams.get(stream)?.held ?? null) !== null
  }

  isOver(stream: StreamId): boolean {
    const record = this.#ledger.streams.get(stream)
    if (record === undefined) return !this.#extra.has(stream)
    if (record.stoppedMs !== null) return true
    return (
      isBounded(record.definition) && record.read?.ended === true && (this.#progress.sealed(stream) ?? record.since) >= record.sealedThrough
    )
  }

  #input(input: StreamId): StreamRecord {
    const stream = this.#ledger.streams.get(input)
    if (stream === undefined) throw new RivuletError(`there is no input ${input}`, { code: 5 })
    return stream
  }
}
