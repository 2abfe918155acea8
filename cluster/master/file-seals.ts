/**
 * When the intervals of a `file:` input close, and what each then is: with time stamps when every file has passed it by the allowed
 * disorder, without when the clock has (in batch mode, at the files' end).
 *
 * At its end nothing can come any more: all of it is sealed. Who waits for the end (batch mode) wants the rest of every longer step made of
 * it, too: an hour's window over minutes has the last minutes, though the hour was not over when the file was. Else an ended input stays
 * where its records end, so that "now" is not long after them.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import { intervalStart } from "../../engine/time.js"
import type { FileOrder, SplitName } from "./file-order.js"
import { groupBlocks } from "./groups.js"
import { isTimed, watches } from "./input-kinds.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { SealedAside, SealedBlock, SealRecord } from "./records.js"
import type { StreamRecord } from "./stream-record.js"

export type SourceDefinition = StreamDefinition & { readonly node: InputNode }

interface Waiting extends SplitName {
  readonly block: SealedBlock | SealedAside
}

export interface SealedSource {
  readonly stream: StreamId
  state: "listing" | "looking" | "reading" | "ended"
  readonly order: Omit<FileOrder<unknown>, "take" | "saw">
  /** Not yet sealed, by interval. */
  readonly buckets: Map<number, Waiting[]>
  /** Records so far that were late or could not be read. */
  late: number
  /** `definitionChanges` when its last steps were finished; null: not yet. */
  finishedAt: number | null
}

export class FileSeals {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  seal(source: SealedSource, definition: SourceDefinition, times: Times): void {
    const { intervalMs, node } = definition
    const record = this.#parts.ledger.streams.get(source.stream) as StreamRecord
    const all = source.order.allTaken && !watches(definition)
    const starts = [...source.buckets.keys()].sort((a, b) => a - b)
    const timed = isTimed(definition)
    const clock = timed ? source.order.passed - node.disorderMs : times.timeMs
    // At the end nothing can come any more; by the clock, what was read now still waits for its interval's end. Batch mode has no clock to wait for.
    const atEnd = all && (timed || definition.untilRead === true)
    const end = atEnd ? Number.POSITIVE_INFINITY : Math.floor(clock / intervalMs) * intervalMs
    let from = record.sealedThrough
    for (const start of starts) {
      if (start + intervalMs > end) break
      if (start > from) this.#append(source, from, start, [])
      // In the order of the files, whichever was taken first.
      const bucket = (source.buckets.get(start) ?? []).sort((a, b) => a.file - b.file || a.split - b.split)
      source.buckets.delete(start)
      for (const name of bucket) source.order.sealed(name)
      const blocks = bucket.map(({ block }) => block)
      this.#append(source, start, start + intervalMs, blocks)
      from = start + intervalMs
    }
    // All that has passed is sealed in the same step.
    if (end !== Number.POSITIVE_INFINITY && end > from && !(all && source.buckets.size === 0)) {
      this.#append(source, from, end, [])
      from = end
    }
    if (all && source.buckets.size === 0 && source.state !== "ended") {
      source.state = "ended"
      if (record.read?.ended !== true) this.#append(source, from, from + (from === record.since ? intervalMs : 0), [])
    }
  }

  /** Of an input that has ended. True: there was something to seal. */
  finishSteps(source: SealedSource, definition: SourceDefinition): boolean {
    const { catalog, ledger } = this.#parts
    const { sealedThrough } = ledger.streams.get(source.stream) as StreamRecord
    const timed = isTimed(definition)
    const newest = timed ? source.order.newest : sealedThrough - 1
    if (source.finishedAt === ledger.definitionChanges || newest === Number.NEGATIVE_INFINITY) return false
    if (!timed && definition.untilRead !== true) return false
    source.finishedAt = ledger.definitionChanges
    const ends = catalog.dependents(source.stream).map(({ definition: { intervalMs } }) => intervalStart(newest, intervalMs) + intervalMs)
    const end = Math.max(...ends, sealedThrough)
    if (end === sealedThrough) return false
    this.#append(source, sealedThrough, end, [])
    return true
  }

  #append(source: SealedSource, from: number, to: number, all: readonly (SealedBlock | SealedAside)[]): void {
    const { tracker, registry, progress, ledger, config } = this.#parts
    const { order } = source
    const blocks = all.filter(block => !("reason" in block))
    const aside = all.filter(block => "reason" in block)
    for (const { rows } of aside) source.late += rows
    const { definition, read } = ledger.streams.get(source.stream) as StreamRecord
    const endedBefore = read?.ended === true
    const ended = order.allTaken && source.buckets.size === 0 && !watches(definition)
    const { taken: splitsDone, newest, begun, positions, doneBytes } = order
    // Half of what a task of several intervals takes: so two intervals of which each is one map task go together.
    const batchLeast = Math.max(config.leastGroupBytes, config.splitBytes, config.batchBytes / 2)
    const leastBytes = definition.untilRead === true ? batchLeast : config.leastGroupBytes
    const record: SealRecord = {
      kind: "seal",
      stream: source.stream,
      from,
      to,
      groups: groupBlocks(blocks, block => tracker.holders(block), registry.executors, leastBytes),
      ...(aside.length > 0 && { aside }),
      read: { splitsDone, resume: 0, newest, late: source.late, ended, begun, positions, doneBytes },
    }
    if (all.length > 0) this.#parts.admission.sealed(source.stream, from, all)
    append(this.#parts, record, () => {
      progress.sealedTo(source.stream, to)
      if (ended && !endedBefore) say(this.#parts, "info", `all ${splitsDone} splits of ${source.stream} are read`)
    })
    if (ended) source.state = "ended"
  }
}
