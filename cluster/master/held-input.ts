/**
 * Input that is kept for held streams alone, up to a stated bound. Beyond it the oldest is given up: the streams
 * that were to read it leave those intervals out when they go on, and that is said at once, not when they do. What is still to be
 * archived is not given up: when there is no more room for it, senders wait.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { lineageReach } from "../../engine/dstream.js"
import { nameOf } from "./catalog.js"
import { append, forgetBlock, type Parts, say, type Times } from "./parts.js"
import type { SealRecord } from "./records.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"

/** Where a stream that waits will go on: after what it has finished, and after what was given up since. */
export function resumesAt({ through, leftOut }: Pick<StreamRecord, "through" | "leftOut">): number {
  let at = through
  for (const { from, to, what } of leftOut) if (what === "interval" && from <= at && at < to) at = to
  return at
}

/** Whether its blocks must be kept: of a file it can be read again. */
function isKept({ definition: { node } }: StreamRecord): boolean {
  return node.kind === "input" && node.source.kind !== "file" && node.source.kind !== "archive"
}

interface Waiting {
  readonly stream: StreamRecord
  readonly holder: StreamRecord
}

export class HeldInput {
  readonly #parts: Parts
  readonly #tell: (text: string) => void
  /** Bytes by the held stream for which they are kept. */
  #kept = new Map<StreamId, number>()

  constructor(parts: Parts, tell: (text: string) => void) {
    this.#parts = parts
    this.#tell = tell
  }

  /** Running streams that are held, or behind one that is. */
  waiting(): Waiting[] {
    const { catalog } = this.#parts
    const live = catalog.live()
    if (!live.some(({ held }) => held !== null)) return []
    return live.flatMap(stream => {
      const holder = runs(stream.definition) ? catalog.heldBy(stream.definition) : null
      return holder === null ? [] : [{ stream, holder }]
    })
  }

  /** Of one held stream: bytes that are kept for it alone, and how many may be for all together; of an archive, as many as there are. */
  of({ id, node }: StreamDefinition): { readonly keptBytes: number; readonly boundBytes: number } {
    return { keptBytes: this.#kept.get(id) ?? 0, boundBytes: node.kind === "archive" ? Number.POSITIVE_INFINITY : this.#bound() }
  }

  #bound(): number {
    const { registry, config } = this.#parts
    let capBytes = 0
    for (const worker of registry.live) capBytes += worker.capBytes
    return Math.floor(capBytes * config.heldShare)
  }

  /** `free`: from when on others still need each input. Gives up what goes beyond the bound. */
  sweep(waiting: readonly Waiting[], free: ReadonlyMap<StreamId, number>, times: Times): void {
    this.#kept = new Map()
    if (waiting.length === 0) return
    const bound = this.#bound()
    const archiving = this.#archiving(waiting)
    const held = this.#heldSeals(waiting, free, times)
    let excess = held.reduce((sum, { bytes, input, seal }) => sum + (archiving(input, seal) ? 0 : bytes), 0) - bound
    const gone = new Map<StreamId, number>()
    for (const { input, seal, bytes, holder } of held) {
      if (excess > 0 && bound > 0 && !archiving(input, seal)) {
        excess -= bytes
        gone.set(input, seal.to)
      } else this.#kept.set(holder, (this.#kept.get(holder) ?? 0) + bytes)
    }
    for (const [input, to] of gone) this.#giveUp(waiting, input, to, bound)
    this.#dropGaps(waiting, free, times)
  }

  /**
   * Whether a seal is still to be archived. What an archive leaves out nobody ever has again, and only a machine can fail there: until
   * it can be written it is waited for, by senders too.
   */
  #archiving(waiting: readonly Waiting[]): (input: StreamId, seal: SealRecord) => boolean {
    const from = new Map<StreamId, number>()
    for (const { stream } of waiting) {
      if (stream.definition.node.kind !== "archive") continue
      for (const input of this.#parts.catalog.inputsOf(stream.definition))
        from.set(input, Math.min(from.get(input) ?? Number.POSITIVE_INFINITY, resumesAt(stream)))
    }
    return (input, seal) => seal.from >= (from.get(input) ?? Number.POSITIVE_INFINITY)
  }

  /**
   * Of what all that wait have given up the bytes go, though it is known that it was there: a window reaches over it to what came
   * before. Time and again, as workers that were away come back with them.
   */
  #dropGaps(waiting: readonly Waiting[], free: ReadonlyMap<StreamId, number>, times: Times): void {
    const { catalog, ledger, log, tracker } = this.#parts
    // Before that is journaled they may have to be read yet.
    if (log.pending > 0) return
    const gaps = new Map<StreamId, { readonly from: number; readonly to: number }>()
    for (const { stream } of waiting) {
      const to = resumesAt(stream)
      for (const input of catalog.inputsOf(stream.definition)) {
        const known = gaps.get(input) ?? { from: stream.through, to }
        gaps.set(input, { from: Math.max(known.from, stream.through), to: Math.min(known.to, to) })
      }
    }
    for (const [input, { from, to }] of gaps) {
      const record = ledger.streams.get(input)
      if (record === undefined || !isKept(record)) continue
      const until = Math.min(to, this.#freeFrom(record, free, times))
      for (const seal of record.seals) {
        if (seal.to > until) break
        if (seal.from < from) continue
        for (const { block } of seal.groups.flat()) if (tracker.knows(block)) forgetBlock(this.#parts, block)
      }
    }
  }

  /** What begins before it nobody needs but who waits. */
  #freeFrom({ definition: { id, rememberMs } }: StreamRecord, free: ReadonlyMap<StreamId, number>, times: Times): number {
    return Math.min(times.timeMs - (rememberMs ?? this.#parts.config.rememberMs), free.get(id) ?? Number.POSITIVE_INFINITY)
  }

  /** Sealed intervals with records that only waiting streams still need, oldest first. */
  #heldSeals(waiting: readonly Waiting[], free: ReadonlyMap<StreamId, number>, times: Times) {
    const { graph, ledger, tracker } = this.#parts
    const needed = new Map<StreamId, { from: number; holder: StreamId }>()
    for (const { stream, holder } of waiting) {
      const at = resumesAt(stream)
      for (const input of lineageReach(graph, stream.definition.id, at).inputs.keys()) {
        const known = needed.get(input)
        if (known === undefined || at < known.from) needed.set(input, { from: at, holder: holder.definition.id })
      }
    }
    const found: { input: StreamId; seal: SealRecord; bytes: number; holder: StreamId }[] = []
    for (const [input, { from, holder }] of needed) {
      const record = ledger.streams.get(input)
      if (record === undefined || !isKept(record)) continue
      const until = this.#freeFrom(record, free, times)
      for (const seal of record.seals) {
        if (seal.to > until) break
        if (seal.from < from) continue
        let bytes = 0
        for (const group of seal.groups) for (const { block } of group) bytes += tracker.bytes(block) * tracker.holders(block).length
        if (bytes > 0) found.push({ input, seal, bytes, holder })
      }
    }
    return found.sort((a, b) => a.seal.to - b.seal.to)
  }

  #giveUp(waiting: readonly Waiting[], input: StreamId, to: number, bound: number): void {
    const { catalog, ledger } = this.#parts
    const byFrom = new Map<number, StreamId[]>()
    const names = new Set<string>()
    for (const { stream, holder } of waiting) {
      const from = resumesAt(stream)
      if (from >= to || !catalog.inputsOf(stream.definition).includes(input)) continue
      names.add(nameOf(holder))
      const those = byFrom.get(from)
      if (those === undefined) byFrom.set(from, [stream.definition.id])
      else those.push(stream.definition.id)
    }
    const of = ledger.streams.get(input)
    const first = Math.min(...byFrom.keys())
    const text =
      `${[...names].join(", ")} ${names.size > 1 ? "are" : "is"} held, and more input is kept for that than ${bound} bytes: ` +
      `of ${of === undefined ? input : nameOf(of)} ${new Date(first).toISOString()} to ${new Date(to).toISOString()} is given up`
    for (const [from, streams] of byFrom) append(this.#parts, { kind: "gaveUp", streams, from, to }, () => {})
    say(this.#parts, "warn", text)
    this.#tell(text)
  }
}
