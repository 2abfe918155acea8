/** Seals the inputs that clients push: reports in, seal records and settlements out. What a seal is: `seal.ts`. */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { Message, SettledBlock } from "../protocol.js"
import type { AdmittedBatch } from "./admission.js"
import type { InputCopies } from "./input-copies.js"
import { append, forgetBlock, type Parts, say, type Times } from "./parts.js"
import type { SealRecord } from "./records.js"
import { dueIntervals, sealOf } from "./seal.js"

/** Records a step: catching up must not keep the master from all else. */
const sealsAStep = 200
/** Of which `rates` tells. */
const shownSeconds = 12

export class Sealing {
  readonly #parts: Parts
  /** Of the newest seconds. */
  readonly #recordsPerInterval: { readonly wallMs: number; readonly rows: number }[] = []
  readonly #copies: InputCopies
  readonly #warn: (stream: StreamId, text: string) => void
  /** Before it nothing is due, as long as the definitions are as they were. */
  #dueAt = Number.NEGATIVE_INFINITY
  #definitions = -1

  /** `warn`: something that people who read the stream should know: a line of its log. */
  constructor(parts: Parts, copies: InputCopies, warn: (stream: StreamId, text: string) => void) {
    this.#parts = parts
    this.#copies = copies
    this.#warn = warn
  }

  report(worker: NodeId, message: Extract<Message, { kind: "report" }>, times: Times): void {
    const { registry, catalog, admission, progress, outbox, tracker, scheduler } = this.#parts
    if (registry.get(worker) === undefined) return
    let found = false
    const kept: SettledBlock[] = []
    const dropped: string[] = []
    for (const block of message.blocks) {
      const input = catalog.receiver(block.batch.stream) ?? catalog.get(block.batch.stream)
      if (input === undefined) {
        // Of an input that this master never heard of it is not ours to say that it may go.
        if (catalog.wasStopped(block.batch.stream)) dropped.push(block.block)
        continue
      }
      const stream = input.definition.id
      const heldBefore = tracker.holders(block.block).includes(worker)
      const settled = admission.report(worker, stream, block, times.monotonicMs)
      if (settled.kept !== undefined && !this.#copies.reported(worker, block.block)) continue
      // The other holder reported it first, and may have died since: then tasks wait for this copy.
      if (settled.kept !== undefined && !heldBefore) found = true
      // A seal that is not journaled yet is told when it is.
      if (settled.kept !== undefined && settled.kept.interval < (progress.sealed(stream) ?? 0))
        kept.push({ block: block.block, ...settled.kept })
      if (settled.dropped === true) dropped.push(block.block)
    }
    if (kept.length > 0 || dropped.length > 0) outbox.send(worker, { kind: "settled", kept, dropped })
    registry.reported(worker, message.through)
    if (found) scheduler.found()
  }

  /** Seals what is due. True if it stopped at its bound, so that there is more. */
  seal(times: Times): boolean {
    const { catalog, ledger, registry, admission } = this.#parts
    const through = Math.min(registry.reportedThrough, times.timeMs)
    if (through < this.#dueAt && this.#definitions === ledger.definitionChanges) return false
    this.#definitions = ledger.definitionChanges
    this.#dueAt = Number.NEGATIVE_INFINITY
    let dueAt = Number.POSITIVE_INFINITY
    let left = sealsAStep
    for (const record of catalog.inputsFrom("receiver")) {
      const { definition } = record
      const oldest = admission.oldest(definition.id)
      for (const interval of dueIntervals(record.sealedThrough, definition.intervalMs, through, oldest, left)) {
        left -= 1
        this.#sealInterval(definition.id, interval, times)
      }
      if (left <= 0) return true
      dueAt = Math.min(dueAt, record.sealedThrough + definition.intervalMs)
    }
    this.#dueAt = dueAt
    return false
  }

  #sealInterval(stream: StreamId, interval: { from: number; to: number }, times: Times): void {
    const parts = this.#parts
    const { admission, tracker, registry, laneReaders } = parts
    const { admitted, lost } = admission.take(stream, interval.to, times.monotonicMs)
    for (const { session, seq, rows } of lost) {
      say(parts, "error", `batch ${seq} of session ${session} is lost: every worker that held it is gone before it was sealed`)
      this.#warn(stream, `${rows} acked records are lost: every worker that held them died before they were in an interval`)
    }
    const holders = (block: string) => tracker.holders(block)
    const readers = laneReaders.of(stream, interval.to - interval.from, times.monotonicMs)
    const record = sealOf(stream, interval, admitted, holders, registry.executors, parts.config.leastGroupBytes, readers)
    for (const { block, fold } of admitted) if (fold !== undefined) tracker.begun(block, fold.at)
    admission.sealed(stream, interval.from, admitted)
    append(parts, record, () => this.#sealed(record, admitted))
    let rows = 0
    for (const batch of admitted) rows += batch.rows
    this.#recordsPerInterval.push({ wallMs: interval.to, rows })
    while (this.#recordsPerInterval[0]!.wallMs <= interval.to - shownSeconds * 1000) this.#recordsPerInterval.shift()
  }

  /** The seal is journaled: it may be seen, and its holders need not report any more. */
  #sealed(record: SealRecord, admitted: readonly AdmittedBatch[]): void {
    const { progress, tracker, outbox } = this.#parts
    progress.sealedTo(record.stream, record.to)
    const settled = new Map<NodeId, { kept: SettledBlock[]; dropped: string[] }>()
    const of = (node: NodeId) => {
      let one = settled.get(node)
      if (one === undefined) {
        one = { kept: [], dropped: [] }
        settled.set(node, one)
      }
      return one
    }
    for (const { block, others } of admitted) {
      for (const node of tracker.holders(block)) of(node).kept.push({ block, stream: record.stream, interval: record.from })
      for (const other of others) for (const node of tracker.forget(other)) of(node).dropped.push(other)
    }
    this.#copies.sealed(admitted)
    for (const [node, { kept, dropped }] of settled) outbox.send(node, { kind: "settled", kept, dropped })
  }

  /** Records a second over the newest seconds of seals, oldest first. */
  rates(nowMs: number): number[] {
    const rates = new Array<number>(shownSeconds).fill(0)
    for (const { wallMs, rows } of this.#recordsPerInterval) {
      const index = shownSeconds - 1 - Math.floor((nowMs - wallMs) / 1000)
      if (index >= 0 && index < shownSeconds) rates[index] = (rates[index] ?? 0) + rows
    }
    return rates
  }

  /** A stream is stopped: what waited for its seals is dropped. */
  stopped(stream: StreamId): void {
    for (const block of this.#parts.admission.remove(stream)) forgetBlock(this.#parts, block)
  }
}
