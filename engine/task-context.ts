/** What `compute` may use, for one task: its inputs where they lie, its functions, and where what it sets aside goes. */

import { Block } from "./block/block.js"
import { parquetRows } from "./block/parquet-rows.js"
import type { TaskEnv } from "./capture/environment.js"
import { RivuletError } from "./errors.js"
import { openFormat } from "./format/index.js"
import type { FunctionLink } from "./function-ref.js"
import { linesOf, ownLines, tooLong, tooLongLines } from "./input/file-split.js"
import { operatorOf } from "./operators/index.js"
import { inputKey } from "./plan.js"
import type { FileSplit, FormatSpec, InputRef, OutputId, Push, RddNode, TaskContext } from "./rdd.js"
import { sectionOf } from "./shuffle-region.js"
import { KeyedState } from "./state/keyed-state.js"
import type { ChainBlock, StateCache } from "./state/state-cache.js"
import type { InputPart, TaskInput, TaskProgress, TaskRun } from "./task.js"
import { BadRecord, type CallPlace, type CallWatch, show } from "./task-error.js"
import type { TaskFunctions } from "./task-functions.js"
import type { TaskLog } from "./task-log.js"
import type { Interval } from "./time.js"
import { copyValue } from "./values/copy-value.js"

type UserCall = (...args: never[]) => unknown

/** What all contexts of one task share. */
export class TaskScope {
  readonly inputs: ReadonlyMap<string, TaskInput>
  private readonly opened = new Map<string, KeyedState>()
  rowsIn = 0
  asideCount = 0
  threwCount = 0
  readonly asideSamples: string[] = []
  /** See TaskResult. Set by the runner. */
  folds = false

  constructor(
    readonly buffer: ArrayBufferLike,
    run: TaskRun,
    readonly functions: TaskFunctions,
    readonly states: StateCache,
    readonly log: TaskLog,
    /** In the second run of a failed task. */
    readonly watch: CallWatch | null,
    private readonly progress: TaskProgress | null,
  ) {
    this.inputs = new Map(run.inputs.map(input => [inputKey(input.ref), input]))
  }

  /** The function, each of whose calls is a step on. */
  counted(f: UserCall, link: FunctionLink): UserCall {
    const { progress } = this
    if (progress === null || link.kind === "builtin") return f
    const [high, low] = [Number.parseInt(link.hash.slice(0, 8), 16), Number.parseInt(link.hash.slice(8), 16)]
    return (...args) => {
      progress[0]!++
      progress[1] = high
      progress[2] = low
      return f(...args)
    }
  }

  /** Of the records that are being computed: those that their functions can come to. Null: all. */
  fields: ReadonlySet<string> | null = null
  /** See TaskContext. Set by the runner. */
  shortcut: ((node: RddNode, partition: number, context: TaskContext) => readonly unknown[] | null) | null = null

  /** What was counted so far; `recount` takes back what came after. */
  counts(): Counts {
    const { rowsIn, asideCount, threwCount, asideSamples } = this
    return { rowsIn, asideCount, threwCount, samples: asideSamples.length }
  }

  recount({ rowsIn, asideCount, threwCount, samples }: Counts): void {
    Object.assign(this, { rowsIn, asideCount, threwCount })
    this.asideSamples.length = samples
  }

  /** What was counted, to be added to what another task counts. */
  tally(): Tally {
    const { rowsIn, asideCount, threwCount, asideSamples } = this
    return { rowsIn, asideCount, threwCount, asideSamples }
  }

  add({ rowsIn, asideCount, threwCount, asideSamples }: Tally): void {
    this.rowsIn += rowsIn
    this.asideCount += asideCount
    this.threwCount += threwCount
    this.asideSamples.push(...asideSamples.slice(0, mostSamples - this.asideSamples.length))
  }

  /** Another block is read. */
  step(): void {
    if (this.progress !== null) this.progress[0]!++
  }

  input(ref: InputRef): TaskInput {
    const input = this.inputs.get(inputKey(ref))
    if (!input) throw new Error(`the task was not given ${inputKey(ref)}`)
    return input
  }

  open({ offset, length, bytes }: InputPart): Block | null {
    if (bytes) return bytes.length === 0 ? null : Block.of(bytes)
    return length === 0 ? null : Block.open(this.buffer, offset, length)
  }

  /** Whether an interval of a stretch brought the partition anything. */
  hasStep(output: OutputId, partition: number, step: number): boolean {
    const { parts } = this.input({ kind: "shuffle", output, partition })
    return parts.some(part => this.openStep(part, step) !== null)
  }

  /** One interval's block of a stretch's section. */
  openStep({ offset, length, bytes }: InputPart, step: number): Block | null {
    if (length === 0) return null
    const section = bytes ?? new Uint8Array(this.buffer, offset, length)
    const one = sectionOf(section, step)
    return one.length === 0 ? null : Block.of(section.subarray(one.offset, one.offset + one.length))
  }

  /** A state's partition at all versions that the task reads of it: a series asks for each of them. */
  state(ref: InputRef): KeyedState {
    const key = inputKey(ref)
    let state = this.opened.get(key)
    if (state === undefined) {
      const input = this.input(ref)
      state = this.states.read(input.ref as Extract<InputRef, { kind: "state" }>, this.chain(input.ref))
      this.opened.set(key, state)
    }
    return state
  }

  /** A state's blocks, oldest first. */
  chain(ref: InputRef): ChainBlock[] {
    const parts = [...this.input(ref).parts].sort((a, b) => a.interval! - b.interval!)
    return parts.map(part => ({
      interval: part.interval!,
      base: part.base ?? false,
      open: () => {
        this.step()
        return this.open(part)
      },
    }))
  }
}

interface Counts {
  readonly rowsIn: number
  readonly asideCount: number
  readonly threwCount: number
  readonly samples: number
}

export type Tally = Pick<TaskScope, "rowsIn" | "asideCount" | "threwCount" | "asideSamples">

export interface Place {
  readonly stream: string | null
  /** What random numbers go by, beside interval and partition; absent: the stream. */
  readonly seed?: string | undefined
  readonly interval: Interval | undefined
  readonly partition: number
  /** Records at which a function throws are set aside. */
  readonly onError: "setAside" | undefined
}

const mostSamples = 5
const longestSample = 1000

export class Context implements TaskContext {
  readonly stream: string | null
  readonly interval: Interval | undefined
  readonly partition: number
  readonly setAside: TaskContext["setAside"]
  private readonly onError: "setAside" | undefined
  private readonly seed: string
  private readonly env: TaskEnv

  constructor(
    private readonly scope: TaskScope,
    place: Place,
    setAside?: TaskContext["setAside"],
  ) {
    this.stream = place.stream
    this.interval = place.interval
    this.partition = place.partition
    this.onError = place.onError
    this.seed = place.seed ?? place.stream ?? ""
    const intervalStart = place.interval?.from ?? 0
    this.env = { intervalStart, seed: `${this.seed}|${intervalStart}|${place.partition}`, log: scope.log.add }
    this.setAside = setAside ?? this.count
  }

  compute(node: RddNode, partition: number, push: Push): void {
    operatorOf(node).compute(node, partition, this, push)
  }

  derive(change: Partial<Place> & { readonly setAside?: TaskContext["setAside"] }): TaskContext {
    const { stream = this.stream, interval = this.interval, partition = this.partition, onError = this.onError } = change
    const seed = change.stream === undefined ? this.seed : change.seed
    return new Context(this.scope, { stream, seed, interval, partition, onError }, change.setAside ?? this.setAside)
  }

  fn(link: FunctionLink, operator: string, otherwise?: (...args: never[]) => unknown): (...args: never[]) => unknown {
    const { functions, watch } = this.scope
    const instance = functions.instance(link, this.env)
    const watched = watch === null ? instance : watch.wrap(instance, operator, functions.ref(link), this.callPlace())
    const f = this.scope.counted(watched, link)
    return this.onError === undefined || otherwise === undefined ? f : this.settingAside(f, operator, otherwise)
  }

  private callPlace(): CallPlace {
    return { ...(this.interval && { interval: this.interval.from }), partition: this.partition }
  }

  private settingAside(f: UserCall, operator: string, otherwise: UserCall): UserCall {
    return (...args) => {
      // A function may change what it is given before it throws.
      const given = args.map(copyValue) as never[]
      try {
        const result = f(...args)
        if (typeof result !== "object" || result === null || !("next" in result) || !(Symbol.iterator in result)) return result
        return [...(result as unknown as Iterable<unknown>)]
      } catch (error) {
        this.setAside(show(given), "threw", error instanceof Error ? error.message : String(error), operator)
        return otherwise(...given)
      }
    }
  }

  parser(format: FormatSpec, onBadRecord?: "hold"): ((line: string, push: Push) => void) | null {
    if (format.kind === "values" || format.kind === "text") return null
    const f = format.kind === "function" ? (this.fn(format.f, "format") as (line: string) => unknown) : undefined
    // What is set aside is shown whole.
    const { parse } = openFormat(format, f, this.onError === undefined ? this.scope.fields : null)
    const { setAside } = this
    const strict = onBadRecord === "hold" && this.onError === undefined
    return (line, push) => {
      let record: unknown
      try {
        record = parse(line)
      } catch (error) {
        if (strict) throw f === undefined ? new BadRecord(error instanceof Error ? error.message : String(error), line) : error
        setAside(line, "parse", error instanceof Error ? error.message : String(error), "format")
        return
      }
      push(record)
    }
  }

  lines(split: FileSplit, push: Push): void {
    const bytes = this.scope.input({ kind: "file", split }).parts[0]?.bytes ?? new Uint8Array(0)
    if (split.parquet === true) {
      for (const row of parquetRows(split.path, bytes)) push(row)
      return
    }
    if (split.packed !== undefined && bytes.length > split.to) {
      const message = `${split.path} unpacks to more than the ${split.to / 2 ** 20} MB that a task takes: ${split.packed} cannot be split`
      throw new RivuletError(message, { code: 2, try: "readHistory or readStream, which read it in pieces; or unpack it" })
    }
    const own = ownLines(split, bytes)
    let at = own.from
    for (const long of tooLongLines(bytes, own.from, own.to)) {
      linesOf(bytes, at, long.from, push)
      this.setAside(Buffer.from(bytes.subarray(long.from, long.from + longestSample)).toString("utf8"), "parse", tooLong, "textFile")
      at = long.to
    }
    linesOf(bytes, at, own.to, push)
  }

  *blocks(ref: InputRef): Generator<Block> {
    if (ref.kind === "asset" && !this.scope.inputs.has(inputKey(ref))) {
      yield Block.of(this.scope.functions.asset(ref.hash))
      return
    }
    for (const part of this.scope.input(ref).parts) {
      const block = ref.kind === "shuffle" && ref.step !== undefined ? this.scope.openStep(part, ref.step) : this.scope.open(part)
      if (block === null) continue
      this.scope.rowsIn += block.rows
      this.scope.step()
      yield block
    }
  }

  state(stream: string, partition: number, at: number): KeyedState {
    if (at === -Infinity) return new KeyedState()
    return this.scope.state({ kind: "state", stream, partition, at })
  }

  shortcut(node: RddNode, partition: number): readonly unknown[] | null {
    return this.scope.shortcut?.(node, partition, this) ?? null
  }

  private readonly count: TaskContext["setAside"] = (record, reason, error, operator) => {
    this.scope.asideCount++
    if (reason === "threw") this.scope.threwCount++
    if (this.scope.asideSamples.length >= mostSamples) return
    const sample = record.slice(0, longestSample)
    this.scope.asideSamples.push(reason === "threw" ? `${operator} threw ${error}: ${sample}` : `cannot be read: ${sample}`)
  }
}
