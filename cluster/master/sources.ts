/**
 * `file:` inputs: which splits there are, reading them ahead, and what of them enters which interval (DESIGN §3, §6; the
 * paper's §3.1: external time stamps with a slack).
 *
 *   listing ──pinned──▶ reading ──all splits in seals──▶ ended
 *
 * Splits are read by tasks, several at a time, and taken in order, whichever is done first. With time stamps their records
 * go to the intervals they name, and an interval is sealed when the newest time seen has passed it by the allowed disorder;
 * what comes later is late: set aside in the interval that is the first one open then. Without, they go to the interval in which they were read.
 *
 * The seal says how far it has read. A restarted master reads again from the first split that holds records in no seal, and
 * leaves out of it what was sealed.
 */

import type { InputNode, StreamDefinition, StreamId } from "../../engine/definition.js"
import type { FileSplit } from "../../engine/rdd.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { Message, TaskDone } from "../protocol.js"
import { Arrivals } from "./arrivals.js"
import type { StreamRecord } from "./ledger.js"
import { append, forgetBlock, type Parts, say, type Times } from "./parts.js"
import { readStage } from "./planner.js"
import type { SealedAside, SealedBlock, SealRecord } from "./records.js"
import { groupBlocks } from "./seal.js"

/** Reading goes below all jobs: it must not outrun them. */
const readOrder = 2 ** 40
const listAgainMs = 2_000
/** Sealed intervals with records that its slowest dependent may be behind. */
const behindAtMost = 400

interface Source {
  readonly stream: StreamId
  state: "listing" | "reading" | "ended"
  splits: readonly FileSplit[]
  listedMs: number
  listing: string | null
  /** Of directories: files that were there when it was listed last and are not read yet. Once one has not changed in between it is whole. */
  seen: Map<string, string>
  readonly known: Set<string>
  /** The next split to read, and the next to take. */
  nextRead: number
  nextTake: number
  /** Splits before it were taken by an earlier master. */
  takenBefore: number
  readonly reading: Set<number>
  readonly done: Map<number, { readonly worker: NodeId; readonly done: TaskDone }>
  /** Not yet sealed, by interval. */
  readonly buckets: Map<number, { readonly split: number; readonly block: SealedBlock | SealedAside }[]>
  /** Of each split that may be read again: the first interval that was open for it. */
  readonly opens: Map<number, number>
  /** Blocks in `buckets`, by split, ascending: the first is where a restarted master begins. */
  readonly waiting: Map<number, number>
  newest: number
  late: number
}

type SourceDefinition = StreamDefinition & { readonly node: InputNode }

export class Sources {
  readonly #parts: Parts
  readonly #sources = new Map<StreamId, Source>()
  /** Inputs whose records are read by their own time after they have arrived. */
  readonly arrivals: Arrivals
  readonly #lists = new Map<string, (message: Extract<Message, { kind: "filesListed" }>) => void>()
  readonly #fail: (stream: StreamId, failure: TaskFailure) => void
  #requests = 0

  constructor(parts: Parts, fail: (stream: StreamId, failure: TaskFailure) => void) {
    this.#parts = parts
    this.#fail = fail
    this.arrivals = new Arrivals(parts)
  }

  /** Whether all its records are in seals. True for inputs that have no end. */
  ended(stream: StreamId): boolean {
    const record = this.#parts.ledger.streams.get(stream)
    const node = record?.definition.node
    return node?.kind !== "input" || !["file", "archive"].includes(node.source.kind) || record?.read?.ended === true
  }

  advance(times: Times, memoryHigh: boolean): void {
    this.arrivals.advance()
    for (const { definition } of [...this.#parts.catalog.inputs()]) {
      if (definition.node.source.kind !== "file") continue
      const record = this.#parts.ledger.streams.get(definition.id) as StreamRecord
      if (record.held !== null) continue
      const source = this.#sources.get(definition.id) ?? this.#open(record)
      if (source.state === "listing") this.#list(source, definition, times)
      if (source.state !== "reading") continue
      if (watches(definition)) this.#watch(source, definition, times)
      this.#take(source, definition, times)
      this.#seal(source, definition, times)
      if (!memoryHigh) this.#read(source, definition)
    }
  }

  #open(record: StreamRecord): Source {
    const { read, splits } = record
    const from = read?.resume ?? 0
    const source: Source = {
      stream: record.definition.id,
      state: read?.ended === true ? "ended" : splits === null && !watches(record.definition) ? "listing" : "reading",
      splits: splits ?? [],
      listedMs: Number.NEGATIVE_INFINITY,
      listing: null,
      seen: new Map(),
      known: new Set((splits ?? []).map(({ path }) => path)),
      nextRead: from,
      nextTake: from,
      takenBefore: read?.splitsDone ?? 0,
      reading: new Set(),
      done: new Map(),
      buckets: new Map(),
      opens: new Map((read?.opens ?? []).map((open, i) => [from + i, open])),
      waiting: new Map(),
      newest: read?.newest ?? Number.NEGATIVE_INFINITY,
      late: read?.late ?? 0,
    }
    this.#sources.set(source.stream, source)
    return source
  }

  // ── which files ──

  /** Asks a worker for sizes of files. False: there is no worker. */
  list(paths: readonly string[], done: (message: Extract<Message, { kind: "filesListed" }>) => void): boolean {
    const worker = [...this.#parts.registry.live][0]
    if (worker === undefined) return false
    const request = `files:${++this.#requests}`
    this.#lists.set(request, done)
    this.#parts.outbox.send(worker.node, { kind: "listFiles", request, paths })
    return true
  }

  listed(message: Extract<Message, { kind: "filesListed" }>): void {
    const done = this.#lists.get(message.request)
    this.#lists.delete(message.request)
    done?.(message)
  }

  #list(source: Source, definition: SourceDefinition, times: Times): void {
    // A worker that died with the question does not answer: it is asked again.
    if (times.monotonicMs - source.listedMs < listAgainMs) return
    source.listedMs = times.monotonicMs
    if (definition.node.source.kind !== "file") return
    const { paths } = definition.node.source
    this.list(paths, ({ files, error }) => {
      if (source.state !== "listing") return
      if (error !== undefined || files.length === 0) {
        const what = error ?? `no file matches ${paths.join(", ")}`
        this.#fail(source.stream, { kind: "machine", message: `${what} (paths are read on the workers)` })
        return
      }
      source.splits = cutFiles(files, this.#parts.config.splitBytes)
      source.state = "reading"
      append(this.#parts, { kind: "files", stream: source.stream, splits: source.splits }, () => {})
    })
  }

  /** A directory is listed again and again: what is new in it, and has not changed since the last time, is read next. */
  #watch(source: Source, definition: SourceDefinition, times: Times): void {
    if (times.monotonicMs - source.listedMs < listAgainMs || definition.node.source.kind !== "file") return
    source.listedMs = times.monotonicMs
    this.list(definition.node.source.paths, ({ files, error }) => {
      if (this.#sources.get(source.stream) !== source) return
      if (error !== undefined) {
        if (source.listing !== error) say(this.#parts, "warn", `${definition.name}: ${error}; trying again`)
        source.listing = error
        return
      }
      source.listing = null
      const before = source.seen
      source.seen = new Map()
      const whole: PinnedListing[] = []
      for (const file of files) {
        if (source.known.has(file.path) || file.sizeBytes === 0) continue
        const mark = `${file.sizeBytes} ${file.modifiedMs} ${file.ends ?? ""}`
        if (before.get(file.path) === mark) whole.push(file)
        else source.seen.set(file.path, mark)
      }
      if (whole.length === 0) return
      whole.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1))
      const splits = [...source.splits, ...whole.flatMap(file => cutFiles([file], this.#parts.config.splitBytes))]
      for (const { path } of whole) source.known.add(path)
      append(this.#parts, { kind: "files", stream: source.stream, splits }, () => {
        // Nothing of it is in a seal before it is known which files there are.
        if (this.#sources.get(source.stream) === source) source.splits = splits
      })
    })
  }

  // ── reading ──

  #read(source: Source, definition: SourceDefinition): void {
    const { scheduler, registry } = this.#parts
    const ahead = Math.max(2, registry.executors * 2)
    if (source.reading.size + source.done.size >= ahead || this.#behind(source.stream)) return
    while (source.nextRead < source.splits.length && source.reading.size + source.done.size < ahead) {
      const n = source.nextRead++
      source.reading.add(n)
      const spec = readStage(definition, source.splits[n] as FileSplit, `${n}`)
      scheduler.start({ id: jobOf(source.stream, n), spec, pool: "stream", order: readOrder + n })
    }
  }

  /** Some stream made of it has too much before it already. */
  #behind(stream: StreamId): boolean {
    const { catalog, ledger } = this.#parts
    const seals = (ledger.streams.get(stream) as StreamRecord).seals
    for (const { definition, through, held } of catalog.dependents(stream)) {
      const runs = definition.node.kind !== "lift" && definition.node.kind !== "window"
      if (!runs || held !== null) continue
      let behind = 0
      for (let i = seals.length - 1; i >= 0 && (seals[i] as SealRecord).to > through; i--) {
        if ((seals[i] as SealRecord).groups.length > 0) behind += 1
        if (behind > behindAtMost) return true
      }
    }
    return false
  }

  /** A read task is done. False: it was not one of a source's (a lost block read again). */
  made(output: string, worker: NodeId, done: TaskDone): boolean {
    if (this.arrivals.made(output, worker, done)) return true
    for (const source of this.#sources.values()) {
      for (const n of source.reading) {
        if (this.#parts.scheduler.job(jobOf(source.stream, n))?.target !== output) continue
        source.reading.delete(n)
        source.done.set(n, { worker, done })
        return true
      }
    }
    return false
  }

  /** A read job ended. False: it was none of ours. */
  jobEnded(job: string, failure: TaskFailure | null): boolean {
    if (!job.startsWith("read:") && !job.startsWith("arrived:")) return false
    this.#parts.scheduler.release(job)
    if (failure !== null) this.#fail(job.slice(job.indexOf(":") + 1, job.lastIndexOf(":")), failure)
    return true
  }

  /** A worker is gone, and blocks with it that are in no seal yet: their splits are read again, from the first on. */
  workerLost(inputs: readonly string[]): void {
    const lost = new Set(inputs)
    this.arrivals.workerLost(lost)
    for (const source of this.#sources.values()) {
      let again = false
      for (const bucket of source.buckets.values()) again ||= bucket.some(({ block }) => lost.has(block.block))
      for (const { done } of source.done.values()) again ||= done.outputs.some(({ block }) => lost.has(block))
      if (again) this.#restart(source.stream)
    }
  }

  #restart(stream: StreamId): void {
    const source = this.#sources.get(stream)
    if (source === undefined) return
    for (const n of source.reading) this.#parts.scheduler.release(jobOf(stream, n))
    for (const bucket of source.buckets.values()) for (const { block } of bucket) forgetBlock(this.#parts, block.block)
    for (const { done } of source.done.values()) for (const { block } of done.outputs) forgetBlock(this.#parts, block)
    this.#sources.delete(stream)
    const record = this.#parts.ledger.streams.get(stream)
    if (record === undefined || record.stoppedMs !== null) return
    const fresh = this.#open(record)
    // What was open for the splits that are read again is as it was.
    for (const [n, open] of source.opens) fresh.opens.set(n, open)
    fresh.takenBefore = Math.max(fresh.takenBefore, source.nextTake)
    fresh.newest = source.newest
  }

  stop(stream: StreamId): void {
    this.arrivals.stop(stream)
    const source = this.#sources.get(stream)
    if (source === undefined) return
    for (const n of source.reading) this.#parts.scheduler.release(jobOf(stream, n))
    for (const bucket of source.buckets.values()) for (const { block } of bucket) forgetBlock(this.#parts, block.block)
    this.#sources.delete(stream)
  }

  // ── taking and sealing ──

  #take(source: Source, definition: SourceDefinition, times: Times): void {
    const { ledger, tracker } = this.#parts
    const { sealedThrough } = ledger.streams.get(source.stream) as StreamRecord
    const { intervalMs } = definition
    const timed = definition.node.timestamp !== null
    for (let next = source.done.get(source.nextTake); next !== undefined; next = source.done.get(source.nextTake)) {
      const n = source.nextTake++
      source.done.delete(n)
      const split = source.splits[n] as FileSplit
      const { worker, done } = next
      const now = Math.max(sealedThrough, Math.floor(times.timeMs / intervalMs) * intervalMs)
      // By the splits before it alone, however quickly they were read: reading them again gives the same intervals.
      const passed = Math.floor((source.newest - definition.node.disorderMs) / intervalMs) * intervalMs
      const open = source.opens.get(n) ?? (timed ? Math.max(sealedThrough, passed) : now)
      source.opens.set(n, open)
      const first = Math.min(...done.outputs.map(({ interval }) => (interval !== undefined && interval >= open ? interval : Infinity)))
      for (const output of done.outputs) {
        const { block: id, rows, bytes } = output
        tracker.hold(id, worker, bytes, rows)
        // What has no time of its own goes with what was read with it; what is late with what is open.
        const own = timed ? (output.interval ?? (first === Infinity ? open : first)) : now
        const late = timed && own < open
        const interval = late ? open : own
        if (interval < sealedThrough) {
          forgetBlock(this.#parts, id)
          continue
        }
        const replay = { ...split, interval: output.interval ?? null, ...(output.aside !== undefined && { aside: output.aside }) }
        const plain: SealedBlock = { block: id, rows, bytes, replay, batch: null }
        const error = output.aside ?? `late: intervals before ${new Date(open).toISOString()} were closed when it was read`
        const block =
          late || output.aside !== undefined
            ? { ...plain, batch: null, reason: late ? ("late" as const) : ("parse" as const), error }
            : plain
        const bucket = source.buckets.get(interval)
        if (bucket === undefined) source.buckets.set(interval, [{ split: n, block }])
        else bucket.push({ split: n, block })
        source.waiting.set(n, (source.waiting.get(n) ?? 0) + 1)
        if (output.newest !== undefined) source.newest = Math.max(source.newest, output.newest)
      }
    }
  }

  #seal(source: Source, definition: SourceDefinition, times: Times): void {
    const { intervalMs, node } = definition
    const record = this.#parts.ledger.streams.get(source.stream) as StreamRecord
    const all = source.nextTake >= source.splits.length && !watches(definition)
    const starts = [...source.buckets.keys()].sort((a, b) => a - b)
    const timed = node.timestamp !== null
    const clock = timed ? source.newest - node.disorderMs : times.timeMs
    // At the end nothing can come any more; by the clock, what was read now still waits for its interval's end.
    const end = timed && all ? Number.POSITIVE_INFINITY : Math.floor(clock / intervalMs) * intervalMs
    let from = record.sealedThrough
    for (const start of starts) {
      if (start + intervalMs > end) break
      if (start > from) this.#append(source, from, start, [])
      const bucket = source.buckets.get(start) ?? []
      const blocks = bucket.map(({ block }) => block)
      source.buckets.delete(start)
      for (const { split } of bucket) {
        const left = (source.waiting.get(split) as number) - 1
        if (left > 0) source.waiting.set(split, left)
        else source.waiting.delete(split)
      }
      this.#append(source, start, start + intervalMs, blocks)
      from = start + intervalMs
    }
    // All that has passed is sealed in the same step: whether a record is late must not depend on when a master stopped.
    if (end !== Number.POSITIVE_INFINITY && end > from && !(all && source.buckets.size === 0)) {
      this.#append(source, from, end, [])
      from = end
    }
    if (all && source.buckets.size === 0 && source.state !== "ended") {
      source.state = "ended"
      if (record.read?.ended !== true) this.#append(source, from, from + (from === record.since ? intervalMs : 0), [])
    }
  }

  #append(source: Source, from: number, to: number, all: readonly (SealedBlock | SealedAside)[]): void {
    const { tracker, registry, progress } = this.#parts
    const blocks = all.filter(block => !("reason" in block))
    const aside = all.filter(block => "reason" in block)
    for (const { rows } of aside) source.late += rows
    const [resume = source.nextTake] = source.waiting.keys()
    const splitsDone = Math.max(source.takenBefore, source.nextTake)
    for (const n of [...source.opens.keys()]) if (n < resume) source.opens.delete(n)
    const opens = Array.from({ length: splitsDone - resume }, (_, i) => source.opens.get(resume + i) ?? from)
    const { definition } = this.#parts.ledger.streams.get(source.stream) as StreamRecord
    const ended = source.nextTake >= source.splits.length && source.buckets.size === 0 && !watches(definition)
    const record: SealRecord = {
      kind: "seal",
      stream: source.stream,
      from,
      to,
      groups: blocks.length === 0 ? [] : groupBlocks(blocks, block => tracker.holders(block), registry.executors),
      ...(aside.length > 0 && { aside }),
      read: { splitsDone, resume, newest: source.newest, late: source.late, ended, ...(opens.length > 0 && { opens }) },
    }
    if (all.length > 0) this.#parts.admission.sealed(source.stream, from, all)
    append(this.#parts, record, () => {
      progress.sealed.set(source.stream, Math.max(progress.sealed.get(source.stream) ?? 0, to))
      if (ended) say(this.#parts, "info", `all ${source.splits.length} splits of ${source.stream} are read`)
    })
    if (ended) source.state = "ended"
  }
}

/** Whether it comes to an end. */
export function isBounded(definition: StreamDefinition): boolean {
  const { node } = definition
  return node.kind === "input" && (node.source.kind === "archive" || (node.source.kind === "file" && !watches(definition)))
}

/** Whether more files may come. */
function watches({ node }: StreamDefinition): boolean {
  return node.kind === "input" && node.source.kind === "file" && node.source.paths.some(path => path.endsWith("/"))
}

const jobOf = (stream: StreamId, split: number): string => `read:${stream}:${split}`

type PinnedListing = Extract<Message, { kind: "filesListed" }>["files"][number]

/** Splits of at most so many bytes, by path, then offset. */
function cutFiles(files: readonly PinnedListing[], splitBytes: number): FileSplit[] {
  const splits: FileSplit[] = []
  for (const { path, sizeBytes, modifiedMs, ends } of [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    for (let from = 0; from < sizeBytes; from += splitBytes) {
      splits.push({ path, from, to: Math.min(sizeBytes, from + splitBytes), sizeBytes, modifiedMs, ...(ends !== undefined && { ends }) })
    }
  }
  return splits
}
