/**
 * Pushed inputs whose records have a time of their own (the paper's §3.1: external time stamps, with a slack).
 *
 * The problem: an interval of such a stream can be closed only when what belongs to it has had time to come, and a record
 * that comes later must not change it; yet each acknowledged record has to be in exactly one interval, whatever dies. The
 * solution: two inputs. What arrives is sealed by the clock, as every pushed input is (`name.arrivals`): that fixes what
 * came when. Tasks put each sealed interval's records into the intervals that they name:
 *
 *   arrived in [a, a + d) ──read──▶ own interval ≥ open(a): waits there │ older: late, set aside with open(a)
 *   all that arrived before t is read ──▶ intervals before open(t) are sealed          open(t) = t − slack, on the grid
 *
 * So whether a record is late follows from its time and from when it arrived, both of which are journaled: reading again, by
 * whomever, gives the same. A restarted master reads again from the first arrival of which something is in no seal.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import { groupBlocks } from "./groups.js"
import { append, forgetBlock, holdRead, type Parts } from "./parts.js"
import { arrivedStage, openFrom } from "./planner.js"
import { blocksOf, isEmpty, type SealedAside, type SealedBlock, type SealRecord } from "./records.js"
import { type StreamRecord, sealAt } from "./stream-record.js"

/** No job has a lower order: what arrived is read before anything is made of it. */
const beforeAll = 2 ** 43

interface Arriving {
  readonly stream: StreamId
  /** What has arrived before it is read and taken, and asked to be read. By the clock. */
  taken: number
  asked: number
  /** By what the reading makes: which arrivals. */
  readonly reading: Map<string, { readonly at: number; readonly group: number }>
  readonly done: Map<string, TaskDone>
  /** Not yet sealed, by interval. */
  readonly buckets: Map<number, { readonly at: number; readonly block: SealedBlock | SealedAside }[]>
  /** Blocks in `buckets`, by when they arrived, ascending. */
  readonly waiting: Map<number, number>
  aside: number
}

type ArrivalsDefinition = StreamDefinition & {
  readonly node: InputNode & { readonly source: Extract<InputNode["source"], { kind: "arrivals" }> }
}

export class Arrivals {
  readonly #parts: Parts
  readonly #arriving = new Map<StreamId, Arriving>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  advance(): void {
    const { catalog, ledger, progress } = this.#parts
    for (const { definition } of catalog.inputsFrom("arrivals")) {
      if (!isTimed(definition)) continue
      const record = ledger.streams.get(definition.id) as StreamRecord
      const input = ledger.streams.get(definition.node.source.stream)
      if (record.held !== null || input === undefined) continue
      const arriving = this.#arriving.get(definition.id) ?? this.#open(record, input)
      const sealed = progress.sealed(input.definition.id) ?? input.since
      this.#read(arriving, definition, input, sealed)
      this.#take(arriving, definition, input, sealed)
      this.#seal(arriving, definition, record)
    }
  }

  #open(record: StreamRecord, input: StreamRecord): Arriving {
    const from = record.read?.resume ?? input.since
    const arriving: Arriving = {
      stream: record.definition.id,
      taken: from,
      asked: from,
      reading: new Map(),
      done: new Map(),
      buckets: new Map(),
      waiting: new Map(),
      aside: record.read?.late ?? 0,
    }
    this.#arriving.set(arriving.stream, arriving)
    return arriving
  }

  // ── reading ──

  #read(arriving: Arriving, definition: ArrivalsDefinition, input: StreamRecord, sealed: number): void {
    const { scheduler, registry, ledger } = this.#parts
    const ahead = Math.max(4, registry.executors * 4)
    while (arriving.asked < sealed && arriving.reading.size + arriving.done.size < ahead) {
      const seal = sealAt(input.seals, arriving.asked)
      if (seal === null) {
        if (arriving.asked >= input.forgottenBefore) return
        arriving.asked = input.forgottenBefore
        continue
      }
      for (const group of seal.groups.keys()) {
        const from = { input: input.definition.id, at: seal.from, group }
        const spec = arrivedStage(ledger, definition, from, "first")
        if (spec === null) continue
        arriving.reading.set(spec.output, from)
        scheduler.start({ id: jobOf(arriving.stream, seal.from, group), spec, pool: "stream", order: seal.from - beforeAll })
      }
      arriving.asked = seal.to
    }
  }

  /** A read task is done. False: it was none of these. */
  made(output: string, worker: NodeId, done: TaskDone): boolean {
    for (const arriving of this.#arriving.values()) {
      const from = arriving.reading.get(output)
      if (from === undefined) continue
      arriving.reading.delete(output)
      arriving.done.set(`${from.at}.${from.group}`, done)
      holdRead(this.#parts, worker, done)
      return true
    }
    return false
  }

  /** Blocks of which no copy is left: what is in no seal yet is read again. */
  workerLost(lost: ReadonlySet<string>): void {
    for (const arriving of [...this.#arriving.values()]) {
      let again = false
      for (const bucket of arriving.buckets.values()) again ||= bucket.some(({ block }) => lost.has(block.block))
      for (const { outputs } of arriving.done.values()) again ||= outputs.some(({ block }) => lost.has(block))
      if (again) this.stop(arriving.stream)
    }
  }

  stop(stream: StreamId): void {
    const arriving = this.#arriving.get(stream)
    if (arriving === undefined) return
    for (const { at, group } of arriving.reading.values()) this.#parts.scheduler.release(jobOf(stream, at, group))
    for (const bucket of arriving.buckets.values())
      for (const { block } of bucket) if (block.replay !== undefined) forgetBlock(this.#parts, block.block)
    for (const { outputs } of arriving.done.values()) for (const { block } of outputs) forgetBlock(this.#parts, block)
    this.#arriving.delete(stream)
  }

  /** Of each input of arrivals: the first interval that is still to be read, or would have to be read again. */
  *needs(): Iterable<readonly [StreamId, number]> {
    const { catalog, ledger } = this.#parts
    for (const { definition, read, seals, since, forgottenBefore } of catalog.kept()) {
      if (!isTimed(definition)) continue
      let from = read?.resume ?? since
      for (const seal of seals) {
        for (const { replay } of blocksOf(seal)) if (replay !== undefined && "at" in replay) from = Math.min(from, replay.at)
      }
      // Lines that were set aside as they came lie with the arrivals, and are in both seals.
      const aside = ledger.streams
        .get(definition.node.source.stream)
        ?.seals.find(seal => seal.aside !== undefined && seal.to > forgottenBefore)
      if (aside !== undefined) from = Math.min(from, aside.from)
      yield [definition.node.source.stream, from]
    }
  }

  // ── taking and sealing ──

  #take(arriving: Arriving, definition: ArrivalsDefinition, input: StreamRecord, sealed: number): void {
    while (arriving.taken < sealed) {
      const seal = sealAt(input.seals, arriving.taken)
      if (seal === null) {
        if (arriving.taken >= input.forgottenBefore) return
        arriving.taken = input.forgottenBefore
        continue
      }
      // A run of empty intervals may have grown since it was journaled.
      if (seal.to > sealed && !isEmpty(seal)) return
      const done = seal.groups.map((_, group) => arriving.done.get(`${seal.from}.${group}`))
      if (done.some(one => one === undefined)) return
      for (const [group, one] of done.entries()) {
        arriving.done.delete(`${seal.from}.${group}`)
        if (one !== undefined) this.#enter(arriving, definition, { input: input.definition.id, at: seal.from, group }, one)
      }
      for (const aside of seal.aside ?? []) this.#enterAside(arriving, definition, seal.from, aside)
      arriving.taken = Math.min(seal.to, sealed)
    }
  }

  #enter(
    arriving: Arriving,
    definition: ArrivalsDefinition,
    from: { readonly input: StreamId; readonly at: number; readonly group: number },
    { outputs }: TaskDone,
  ): void {
    const { ledger } = this.#parts
    const { sealedThrough } = ledger.streams.get(arriving.stream) as StreamRecord
    const open = openFrom(definition, from.at)
    for (const { block: id, rows, bytes, interval: own, aside } of outputs) {
      const interval = Math.max(own ?? from.at, open)
      if (interval < sealedThrough) {
        // Read once more: it is in a seal.
        forgetBlock(this.#parts, id)
        continue
      }
      const replay = { ...from, interval: own ?? null, ...(aside !== undefined && { aside }) }
      const plain: SealedBlock = { block: id, rows, bytes, replay, batch: null }
      const block =
        aside === undefined
          ? plain
          : { ...plain, batch: null, reason: own === undefined ? ("parse" as const) : ("late" as const), error: aside }
      wait(arriving, interval, from.at, block)
    }
  }

  /** No time can be read of it: it is of the interval in which it came. */
  #enterAside(arriving: Arriving, definition: ArrivalsDefinition, at: number, aside: SealedAside): void {
    const interval = Math.max(at, openFrom(definition, at))
    const { sealedThrough } = this.#parts.ledger.streams.get(arriving.stream) as StreamRecord
    if (interval >= sealedThrough) wait(arriving, interval, at, { ...aside, batch: null })
  }

  #seal(arriving: Arriving, definition: ArrivalsDefinition, record: StreamRecord): void {
    const { intervalMs } = definition
    const end = openFrom(definition, arriving.taken)
    let from = record.sealedThrough
    for (const start of [...arriving.buckets.keys()].sort((a, b) => a - b)) {
      if (start + intervalMs > end) break
      if (start > from) this.#append(arriving, from, start, [])
      const bucket = arriving.buckets.get(start) ?? []
      arriving.buckets.delete(start)
      for (const { at } of bucket) {
        const left = (arriving.waiting.get(at) as number) - 1
        if (left > 0) arriving.waiting.set(at, left)
        else arriving.waiting.delete(at)
      }
      this.#append(
        arriving,
        start,
        start + intervalMs,
        bucket.map(({ block }) => block),
      )
      from = start + intervalMs
    }
    if (end > from) this.#append(arriving, from, end, [])
  }

  #append(arriving: Arriving, from: number, to: number, all: readonly (SealedBlock | SealedAside)[]): void {
    const { tracker, registry, progress, admission } = this.#parts
    const blocks = all.filter(block => !("reason" in block))
    const aside = all.filter(block => "reason" in block)
    for (const { rows } of aside) arriving.aside += rows
    const resume = Math.min(arriving.taken, ...arriving.waiting.keys())
    const record: SealRecord = {
      kind: "seal",
      stream: arriving.stream,
      from,
      to,
      groups: groupBlocks(blocks, block => tracker.holders(block), registry.executors, this.#parts.config.leastGroupBytes),
      ...(aside.length > 0 && { aside }),
      read: { splitsDone: arriving.taken, resume, newest: arriving.taken, late: arriving.aside, ended: false },
    }
    if (all.length > 0) admission.sealed(arriving.stream, from, all)
    append(this.#parts, record, () => {
      progress.sealedTo(arriving.stream, to)
    })
  }
}

function wait({ buckets, waiting }: Arriving, interval: number, at: number, block: SealedBlock | SealedAside): void {
  const bucket = buckets.get(interval)
  if (bucket === undefined) buckets.set(interval, [{ at, block }])
  else bucket.push({ at, block })
  waiting.set(at, (waiting.get(at) ?? 0) + 1)
}

function isTimed(definition: StreamDefinition): definition is ArrivalsDefinition {
  return definition.node.kind === "input" && definition.node.source.kind === "arrivals"
}

export const jobOf = (stream: StreamId, at: number, group: number): string => `arrived:${stream}:${at}.${group}`
