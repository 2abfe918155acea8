/**
 * `file:` inputs: which files there are, reading their splits ahead, and what of them enters which interval (the
 * paper's §3.1: external time stamps with a slack).
 *
 *   listing ──listed──▶ (looking) ──pinned──▶ reading ──all splits in seals──▶ ended
 *
 * Splits are read by tasks, several at a time, and taken in an order that follows from the files alone (`file-order.ts`),
 * whichever is done first. With time stamps their records go to the intervals they name, and an interval is sealed when every
 * file has passed it by the allowed disorder; what comes later is late: set aside in the interval that was the first one open
 * for its file. Without, they go to the interval in which they were read. Several files with time stamps are looked into first:
 * where each begins.
 *
 * The seal says how far has been read. A restarted master reads again from the first split of each file that holds records in
 * no seal, and leaves out of it what was sealed.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import type { ListedFile } from "../../engine/input/file-split.js"
import type { TaskFailure } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import { Arrivals } from "./arrivals.js"
import { FileLister } from "./file-lister.js"
import { FileOrder, type SourceFile, type SplitName, splitOf, type Taken } from "./file-order.js"
import { FileSeals, type SealedSource, type SourceDefinition } from "./file-seals.js"
import { isTimed, watches } from "./input-kinds.js"
import { append, forgetBlock, holdRead, type Parts, say, type Times } from "./parts.js"
import { readStage } from "./planner.js"
import { isReadAhead } from "./read-ahead.js"
import { Readings } from "./readings.js"
import type { SealedBlock } from "./records.js"
import type { StreamRecord } from "./stream-record.js"
import { WatchedDirectory } from "./watched-directory.js"

/** Reading goes below all jobs: it must not outrun them. */
const readOrder = 2 ** 40
const listAgainMs = 2_000
/** So much of each of several files is read to learn where it begins. */
const lookBytes = 64 * 1024

interface Source extends SealedSource {
  order: FileOrder<TaskDone>
  listedMs: number
  /** Of directories: why the last listing failed, as it was said. */
  listError: string | null
  /** Files that are being looked into, and those that are to be. */
  looking: { readonly files: readonly ListedFile[]; readonly begins: Map<number, number | null>; next: number } | null
  readonly directory: WatchedDirectory | null
  /** Jobs begun: reading the same split once more is another job. */
  jobs: number
}

export class Sources {
  readonly #parts: Parts
  readonly #sources = new Map<StreamId, Source>()
  /** Inputs whose records are read by their own time after they have arrived. */
  readonly arrivals: Arrivals
  readonly readings = new Readings()
  readonly lister: FileLister
  readonly #seals: FileSeals
  readonly #fail: (stream: StreamId, failure: TaskFailure) => void
  readonly #warn: (stream: StreamId, text: string) => void

  /** `warn`: into the stream's log. */
  constructor(parts: Parts, fail: (stream: StreamId, failure: TaskFailure) => void, warn: (stream: StreamId, text: string) => void) {
    this.#parts = parts
    this.#fail = fail
    this.#warn = warn
    this.arrivals = new Arrivals(parts)
    this.#seals = new FileSeals(parts)
    this.lister = new FileLister(parts)
  }

  /** Whether all its records are in seals. True for inputs that have no end. */
  ended(stream: StreamId): boolean {
    const record = this.#parts.ledger.streams.get(stream)
    const node = record?.definition.node
    return node?.kind !== "input" || !["file", "archive"].includes(node.source.kind) || record?.read?.ended === true
  }

  /** Somebody waits for the end of what is made of it. True: more had to be sealed for that. */
  finishSteps(stream: StreamId): boolean {
    const record = this.#parts.ledger.streams.get(stream)
    const node = record?.definition.node
    if (record === undefined || node?.kind !== "input" || node.source.kind !== "file") return false
    const source = this.#sources.get(stream) ?? this.#open(record)
    return source.state === "ended" && this.#seals.finishSteps(source, { ...record.definition, node })
  }

  advance(times: Times, memoryHigh: () => boolean): void {
    this.arrivals.advance()
    for (const { definition } of this.#parts.catalog.inputsFrom("file")) {
      if (definition.node.source.kind !== "file") continue
      const record = this.#parts.ledger.streams.get(definition.id) as StreamRecord
      if (record.held !== null) continue
      const source = this.#sources.get(definition.id) ?? this.#open(record)
      if (source.state === "listing") this.#list(source, definition, times)
      if (source.state === "looking") this.#look(source, definition)
      if (source.state !== "reading") continue
      if (watches(definition)) this.#watch(source, definition, times)
      this.#take(source, definition, times)
      this.#seals.seal(source, definition, times)
      if (!memoryHigh()) this.#read(source, definition)
    }
  }

  #open(record: StreamRecord): Source {
    const { definition, read, files } = record
    const at = { begun: read?.begun ?? 0, positions: read?.positions ?? [], newest: read?.newest ?? Number.NEGATIVE_INFINITY }
    const source: Source = {
      stream: definition.id,
      state: read?.ended === true ? "ended" : files === null && !watches(definition) ? "listing" : "reading",
      order: this.#orderOf(definition, files?.list ?? [], files?.first ?? 0, at),
      listedMs: Number.NEGATIVE_INFINITY,
      listError: null,
      looking: null,
      directory: watches(definition)
        ? new WatchedDirectory([...(files?.read ?? []), ...(files?.list ?? []).map(({ path }) => path)])
        : null,
      jobs: 0,
      buckets: new Map(),
      late: read?.late ?? 0,
      finishedAt: null,
    }
    source.order.taken = read?.splitsDone ?? 0
    this.#sources.set(source.stream, source)
    return source
  }

  #orderOf(
    definition: StreamDefinition,
    files: readonly SourceFile[],
    first: number,
    at: ConstructorParameters<typeof FileOrder>[3],
  ): FileOrder<TaskDone> {
    const merged = isTimed(definition) && !watches(definition)
    return new FileOrder<TaskDone>(files, first, { splitBytes: this.#parts.config.splitBytes, merged }, at)
  }

  // ── which files ──

  #list(source: Source, definition: SourceDefinition, times: Times): void {
    // A worker that died with the question does not answer: it is asked again.
    if (times.monotonicMs - source.listedMs < listAgainMs) return
    source.listedMs = times.monotonicMs
    if (definition.node.source.kind !== "file") return
    const { paths } = definition.node.source
    this.lister.list(paths, ({ files, error }) => {
      if (source.state !== "listing") return
      if (error !== undefined || files.length === 0) {
        const what = error ?? `no file matches ${paths.join(", ")}`
        this.#fail(source.stream, { kind: "machine", message: `${what} (paths are read on the workers)` })
        return
      }
      const whole = files.filter(({ sizeBytes }) => sizeBytes > 0)
      if (isTimed(definition) && whole.length > 1) {
        source.looking = { files: whole, begins: new Map(), next: 0 }
        source.state = "looking"
      } else this.#pin(source, definition, whole)
    })
  }

  /** Reads the first lines of each file, to learn from when on it has something. */
  #look(source: Source, definition: SourceDefinition): void {
    const { scheduler, registry } = this.#parts
    const { looking } = source
    if (looking === null) return
    const ahead = Math.max(2, registry.executors * 4)
    while (looking.next < looking.files.length && looking.next - looking.begins.size < ahead) {
      const n = looking.next++
      const spec = readStage(definition, splitOf(looking.files[n] as ListedFile, 0, lookBytes), `look.${n}`)
      scheduler.start({ id: lookOf(source.stream, n), spec, pool: "stream", order: readOrder + n })
    }
  }

  #looked(source: Source, n: number, { outputs }: TaskDone): void {
    const { looking } = source
    const { definition } = this.#parts.ledger.streams.get(source.stream) as StreamRecord
    const oldest = Math.min(...outputs.map(({ interval }) => interval ?? Number.POSITIVE_INFINITY))
    looking?.begins.set(n, oldest === Number.POSITIVE_INFINITY ? null : oldest)
    for (const { block } of outputs) forgetBlock(this.#parts, block)
    if (looking === null || looking.begins.size < looking.files.length) return
    const begins = looking.files.map((file, i): SourceFile => {
      const first = looking.begins.get(i) ?? null
      return first === null ? file : { ...file, begins: first }
    })
    const from = ({ begins: first = Number.NEGATIVE_INFINITY }: SourceFile) => first
    begins.sort((a, b) => (from(a) < from(b) ? -1 : from(a) > from(b) ? 1 : a.path < b.path ? -1 : 1))
    source.looking = null
    this.#pin(source, definition as SourceDefinition, begins)
  }

  #pin(source: Source, definition: SourceDefinition, files: readonly SourceFile[]): void {
    source.order = this.#orderOf(definition, files, 0, { begun: 0, positions: [], newest: Number.NEGATIVE_INFINITY })
    source.state = "reading"
    append(this.#parts, { kind: "files", stream: source.stream, files }, () => {})
    this.#sayPacked(definition, files)
  }

  /** At once, not after an hour: what is compressed is read from its beginning to its end. */
  #sayPacked({ name }: StreamDefinition, files: readonly SourceFile[]): void {
    const packed = files.filter(file => file.packed !== undefined)
    const { executors } = this.#parts.registry
    if (packed.length === 0 || packed.length >= executors) return
    const kinds = [...new Set(packed.map(file => file.packed))].join(" and ")
    say(this.#parts, "warn", `${name}: ${packed.length} of ${executors} executors can unpack: ${kinds} cannot be split`)
  }

  /** A directory is listed again and again: what is new in it, and has not changed since the last time, is read next. */
  #watch(source: Source, definition: SourceDefinition, times: Times): void {
    const { directory } = source
    if (directory === null || times.monotonicMs - source.listedMs < listAgainMs || definition.node.source.kind !== "file") return
    source.listedMs = times.monotonicMs
    this.lister.list(definition.node.source.paths, ({ files, error }) => {
      if (this.#sources.get(source.stream) !== source) return
      if (error !== undefined) {
        if (source.listError !== error) {
          say(this.#parts, "warn", `${definition.name}: ${error}; trying again`)
          this.#warn(source.stream, `${error}; trying again`)
        }
        source.listError = error
        return
      }
      source.listError = null
      const read = new Set(this.#parts.ledger.streams.get(source.stream)?.files?.read ?? [])
      const { whole, gone, changed } = directory.listed(files, read, times.monotonicMs)
      for (const what of changed) this.#warn(source.stream, `${what}; what is new in it is not read: write it to a file of another name`)
      if (whole.length === 0 && gone.length === 0) return
      append(this.#parts, { kind: "files", stream: source.stream, files: whole, ...(gone.length > 0 && { gone }) }, () => {
        // Nothing of it is in a seal before it is known which files there are.
        if (this.#sources.get(source.stream) === source) source.order.add(whole)
      })
    })
  }

  // ── reading ──

  #read(source: Source, definition: SourceDefinition): void {
    const { scheduler, registry } = this.#parts
    if (isReadAhead(this.#parts, this.readings, source.stream)) return
    for (const name of source.order.toRead(Math.max(2, registry.executors * 2))) {
      const spec = readStage(definition, source.order.split(name), `${name.file}.${name.split}`)
      scheduler.start({ id: jobOf(source.stream, name), spec, pool: "stream", order: readOrder + source.jobs++ })
    }
  }

  /** A read task is done. False: it was not one of a source's (a lost block read again). */
  made(output: string, worker: NodeId, done: TaskDone): boolean {
    if (this.arrivals.made(output, worker, done)) return true
    const { scheduler } = this.#parts
    for (const source of this.#sources.values()) {
      if (source.looking !== null) {
        for (let n = 0; n < source.looking.next; n++) {
          if (source.looking.begins.has(n) || scheduler.job(lookOf(source.stream, n))?.target !== output) continue
          holdRead(this.#parts, worker, done)
          this.#looked(source, n, done)
          return true
        }
      }
      for (const name of source.order.reading()) {
        if (scheduler.job(jobOf(source.stream, name))?.target !== output) continue
        holdRead(this.#parts, worker, done)
        return source.order.read(name, done, done.unpacked)
      }
    }
    return false
  }

  /** A read job ended. False: it was none of ours. */
  jobEnded(job: string, failure: TaskFailure | null): boolean {
    if (!job.startsWith("read:") && !job.startsWith("arrived:")) return false
    this.#parts.scheduler.release(job)
    if (failure === null) return true
    const stream = job.slice(job.indexOf(":") + 1, job.lastIndexOf(":"))
    this.#fail(stream, failure)
    // Resumed, it begins where it has come to.
    if (job.startsWith("read:")) this.#restart(stream)
    return true
  }

  /** A worker is gone, and blocks with it that are in no seal yet: their splits are read again, from the first on. */
  workerLost(inputs: readonly string[]): void {
    const lost = new Set(inputs)
    this.arrivals.workerLost(lost)
    for (const source of this.#sources.values()) {
      let again = false
      for (const bucket of source.buckets.values()) again ||= bucket.some(({ block }) => lost.has(block.block))
      for (const { outputs } of source.order.untaken()) again ||= outputs.some(({ block }) => lost.has(block))
      if (again) this.#restart(source.stream)
    }
  }

  #restart(stream: StreamId): void {
    const source = this.#sources.get(stream)
    if (source === undefined) return
    this.#letGo(source)
    const record = this.#parts.ledger.streams.get(stream)
    if (record === undefined || record.stoppedMs !== null) return
    // What has been read since the last seal is in none: it is read again.
    const { begun, positions, newest, taken } = source.order
    const { definition, files } = record
    source.order = this.#orderOf(definition, files?.list ?? [], files?.first ?? 0, { begun, positions, newest })
    source.order.taken = taken
    source.buckets.clear()
    if (source.state !== "looking") return
    source.looking = null
    source.state = "listing"
  }

  stop(stream: StreamId): void {
    this.arrivals.stop(stream)
    const source = this.#sources.get(stream)
    if (source === undefined) return
    this.#letGo(source)
    this.#sources.delete(stream)
  }

  #letGo({ stream, order, looking, buckets }: Source): void {
    const { scheduler } = this.#parts
    for (const name of order.reading()) scheduler.release(jobOf(stream, name))
    for (let n = 0; n < (looking?.next ?? 0); n++) if (looking?.begins.has(n) === false) scheduler.release(lookOf(stream, n))
    for (const bucket of buckets.values()) for (const { block } of bucket) forgetBlock(this.#parts, block.block)
    for (const { outputs } of order.untaken()) for (const { block } of outputs) forgetBlock(this.#parts, block)
  }

  // ── taking and sealing ──

  #take(source: Source, definition: SourceDefinition, times: Times): void {
    for (let next = source.order.take(); next !== null; next = source.order.take()) this.#enter(source, definition, next, times)
  }

  #enter(source: Source, definition: SourceDefinition, taken: Taken<TaskDone>, times: Times): void {
    const { ledger } = this.#parts
    const { sealedThrough, since } = ledger.streams.get(source.stream) as StreamRecord
    const { intervalMs, node } = definition
    const timed = isTimed(definition)
    const { done } = taken
    const split = source.order.split(taken)
    const now = Math.max(sealedThrough, Math.floor(times.timeMs / intervalMs) * intervalMs)
    // By what comes before it in its file alone, however quickly it was read: reading it again gives the same intervals.
    const open = timed ? Math.max(since, Math.floor((taken.newest - node.disorderMs) / intervalMs) * intervalMs) : now
    const first = Math.min(...done.outputs.map(({ interval }) => (interval !== undefined && interval >= open ? interval : Infinity)))
    let newest = Number.NEGATIVE_INFINITY
    let blocks = 0
    for (const output of done.outputs) {
      const { block: id, rows, bytes } = output
      if (output.newest !== undefined) newest = Math.max(newest, output.newest)
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
        late || output.aside !== undefined ? { ...plain, batch: null, reason: late ? ("late" as const) : ("parse" as const), error } : plain
      const bucket = source.buckets.get(interval)
      const waiting = { file: taken.file, split: taken.split, block }
      if (bucket === undefined) source.buckets.set(interval, [waiting])
      else bucket.push(waiting)
      blocks += 1
    }
    source.order.saw(taken, newest, blocks)
  }
}

const jobOf = (stream: StreamId, { file, split }: SplitName): string => `read:${stream}:${file}.${split}`
const lookOf = (stream: StreamId, file: number): string => `read:${stream}:look.${file}`
