/**
 * Runs tasks, one at a time: an executor has one (the paper's §4.1). Synchronous; touches nothing but the task's inputs and what
 * it caches: compiled functions, and keyed states. Neither shows in the bytes of a result.
 */

import { encodeRows } from "./block/block.js"
import { readArchived } from "./input/archive.js"
import { readArrived, readSplit } from "./input/read-split.js"
import { SplitPacker } from "./input/split-packer.js"
import { Tables } from "./kernel/accumulator.js"
import { AskedStates } from "./kernel/asked-states.js"
import { type Begun, Folds } from "./kernel/folds.js"
import { Kernels } from "./kernel/map-side.js"
import { NumberSteps } from "./kernel/number-steps.js"
import { fileBytes } from "./output/file-write.js"
import { OutputMemory } from "./output-memory.js"
import { stageAssets } from "./plan.js"
import type { FormatSpec, RddNode } from "./rdd.js"
import { shuffleWriter } from "./shuffle-write.js"
import { StateCache } from "./state/state-cache.js"
import { writeState } from "./state/write-state.js"
import { regionOfRegions, stepsOf, writeStretch } from "./state/write-stretch.js"
import type { FoldRun, StageSpec, StageWrite, TaskOutput, TaskProgress, TaskResult, TaskRun } from "./task.js"
import { Context, TaskScope } from "./task-context.js"
import { CallWatch, Refusal, TaskError } from "./task-error.js"
import { TaskFunctions } from "./task-functions.js"
import { TaskLog } from "./task-log.js"

export class TaskRunner {
  private readonly functions = new TaskFunctions()
  private readonly states: StateCache
  private readonly numbers = new NumberSteps()
  private readonly asked = new AskedStates()
  private readonly tables = new Tables()
  private readonly folds = new Folds()
  private readonly packer: SplitPacker
  private kernels: Kernels | null
  private readonly watch: CallWatch | null
  /** Of the attempt that runs, or was the last to. */
  private log = new TaskLog()

  /**
   * `buffer` is the block memory in which inputs lie. `compiled: false`: functions are called, never read; results are the same.
   * `watch`: it sees each call from the first run on. `memory`: for what tasks make. `frugal`: memory is
   * short, and versions of states that are made once more cost less than those that are kept.
   */
  constructor(
    private readonly buffer: ArrayBufferLike,
    {
      compiled = true,
      watch = null,
      memory = new OutputMemory(),
      frugal = false,
    }: { readonly compiled?: boolean; readonly watch?: CallWatch | null; readonly memory?: OutputMemory; readonly frugal?: boolean } = {},
  ) {
    this.states = new StateCache(frugal)
    this.packer = new SplitPacker(memory)
    this.watch = watch
    this.kernels = compiled ? this.freshKernels() : null
  }

  private freshKernels(): Kernels {
    return new Kernels(link => this.functions.ref(link), this.tables)
  }

  /** They are not used any more. Should they be after all, they are added again. */
  dropAssets(hashes: readonly string[]): void {
    for (const hash of hashes) this.functions.drop(hash)
    // What was read of them goes too; of the others it is read again.
    if (this.kernels !== null) this.kernels = this.freshKernels()
  }

  /** A function's bytes (`encodeFunction`), or a `parallelize` partition's block. */
  addAsset(hash: string, bytes: Uint8Array): void {
    this.functions.add(hash, bytes)
  }

  /** The functions and data that the stage's tasks need and this runner does not have. */
  missingAssets(stage: StageSpec): string[] {
    return stageAssets(stage).filter(hash => !this.functions.has(hash))
  }

  /** Versions of the stream before the one in force at `before` will not be read again. */
  forgetState(stream: string, before: number): void {
    this.states.forget(stream, before)
    this.numbers.forget(stream, before)
    this.asked.forget(stream, before)
  }

  /** Throws TaskError, whose `failure` says whose fault it is, where, and on which record. `progress`, if given, grows meanwhile. */
  run(run: TaskRun, progress: TaskProgress | null = null): TaskResult {
    if (run.fold !== undefined) return { ...nothing, folds: this.fold(run, run.fold, progress) }
    const { watch } = this
    try {
      return this.attempt(run, watch, progress)
    } catch (error) {
      if (watch !== null && !(error instanceof TaskError)) throw this.failed(watch, error)
      throw this.explained(run, error, progress)
    } finally {
      this.states.settle()
    }
  }

  /** True: the blocks were taken in. What failed would fail in the task, which then tells. */
  private fold(run: TaskRun, { name, after, keep }: FoldRun, progress: TaskProgress | null): boolean {
    const { stage, partition } = run
    this.folds.keep(keep)
    if (run.inputs.length === 0 || this.kernels === null || stage.write.kind !== "shuffle") return false
    const begun = after === 0 ? null : (this.folds.get(name) ?? null)
    if (begun?.blocks.length !== (after === 0 ? undefined : after)) return false
    const log = new TaskLog()
    const scope = new TaskScope(this.buffer, run, this.functions, this.states, log, null, progress)
    const context = new Context(scope, {
      stream: stage.stream,
      seed: stage.seed,
      interval: undefined,
      partition,
      onError: onErrorOf(stage.root),
    })
    let folded: Begun | null = null
    try {
      folded = this.kernels.fold(begun, stage.root, partition, stage.write, context)
    } catch {}
    if (folded !== null) {
      folded.tallies.push(scope.tally())
      if (this.folds.put(name, folded) && log.end().length === 0) return true
    }
    this.folds.drop(name)
    return false
  }

  /** Runs the task again with every call watched. Functions are deterministic: it fails in the same place. */
  private explained(run: TaskRun, error: unknown, progress: TaskProgress | null): TaskError {
    if (error instanceof TaskError) return error
    if (error instanceof Refusal) return new TaskError(error.failure, error)
    const watch = new CallWatch()
    try {
      this.attempt(run, watch, progress)
    } catch (again) {
      return this.failed(watch, again)
    }
    const message = error instanceof Error ? error.message : String(error)
    return new TaskError({ kind: "machine", message: `${message} (not when it was run again)` }, error)
  }

  /** With what was printed on the way there: it is what its author put there to see why. */
  private failed(watch: CallWatch, error: unknown): TaskError {
    const logs = this.log.end()
    return new TaskError({ ...watch.failure(error), ...(logs.length > 0 && { logs }) }, error)
  }

  private attempt(run: TaskRun, watch: CallWatch | null, progress: TaskProgress | null): TaskResult {
    const { stage, partition } = run
    const log = new TaskLog()
    this.log = log
    const scope = new TaskScope(this.buffer, run, this.functions, this.states, log, watch, progress)
    const { kernels } = this
    if (kernels !== null && watch === null) scope.shortcut = (node, place, at) => this.asked.rows(node, place, at, scope, kernels)
    const context = new Context(scope, {
      stream: stage.stream,
      seed: stage.seed,
      interval: stage.interval ?? undefined,
      partition,
      onError: onErrorOf(stage.root),
    })
    const outputs = this.write(run, scope, context)
    return {
      outputs,
      rowsIn: scope.rowsIn,
      rowsOut: outputs.reduce((n, output) => n + output.rows, 0),
      logs: log.end(),
      aside: { count: scope.asideCount, samples: scope.asideSamples, threw: scope.threwCount },
      ...(scope.folds && { folds: true }),
    }
  }

  private write(run: TaskRun, scope: TaskScope, context: Context): TaskOutput[] {
    const { stage, partition } = run
    const { root, write } = stage
    if (write.kind === "read") return readStage(write, scope, context, this.packer, scope.watch === null ? this.kernels : null)
    if (write.kind === "state") {
      if (root.kind !== "state") throw new Error(`${root.kind} is no state`)
      const { stream, previous } = root
      const chain = () => (previous === null ? [] : scope.chain({ kind: "state", stream, partition, at: previous.at }))
      return [
        this.attempted(scope, kernels => this.numbers.step(root, partition, context, chain, kernels)) ??
          writeState(root, partition, context, this.states, chain()),
      ]
    }
    if (write.kind === "stretch") {
      if (root.kind !== "stretch") throw new Error(`${root.kind} is no stretch`)
      const byColumns = (kernels: Kernels) =>
        writeStretch(root, partition, scope, (step, context, chain) => this.numbers.step(step, partition, context, () => chain, kernels))
      return this.attempted(scope, byColumns) ?? writeStretch(root, partition, scope, stepsOf(root, partition, this.states))!
    }
    if (root.kind === "stretchInput" && write.kind === "shuffle") return [this.shuffleStretch(run, root, write, scope)]
    const compiled = this.compiled(run, scope, context)
    if (compiled !== null) return [compiled]
    if (write.kind === "shuffle") {
      const sections = shuffleWriter(write, partition, context)
      scope.fields = scope.watch === null ? (this.kernels?.fieldsRead(root, partition) ?? null) : null
      context.compute(root, partition, sections.add)
      scope.fields = null
      return [sections.end()]
    }
    const rows: unknown[] = []
    context.compute(root, partition, row => {
      rows.push(row)
    })
    return [{ bytes: write.kind === "file" ? fileBytes(rows, write.format) : encodeRows(rows), rows: rows.length }]
  }

  /** Each interval of a stretch as its own map task would write it, in one region. */
  private shuffleStretch(run: TaskRun, { parents }: StretchInput, write: ShuffleStage, scope: TaskScope): TaskOutput {
    const regions = parents.map(root => {
      const { stream, seed, interval } = root.kind === "within" ? root : { stream: null, seed: undefined, interval: null }
      if (interval !== null) scope.log.of(interval.from)
      const context = new Context(scope, {
        stream,
        seed,
        interval: interval ?? undefined,
        partition: run.partition,
        onError: onErrorOf(root),
      })
      const [region] = this.write({ ...run, stage: { ...run.stage, root, stream, interval } }, scope, context)
      return region!
    })
    return regionOfRegions(regions, write.partitions)
  }

  private compiled(run: TaskRun, scope: TaskScope, context: Context): TaskOutput | null {
    const { root, write } = run.stage
    if (write.kind === "shuffle") return this.mapped(run, write, scope, context)
    return write.kind === "store" ? this.attempted(scope, kernels => kernels.merge(root, run.partition, context)) : null
  }

  private mapped(
    { stage: { root }, partition, begun: name }: TaskRun,
    write: ShuffleStage,
    scope: TaskScope,
    context: Context,
  ): TaskOutput | null {
    const begun = name === undefined ? null : this.folds.take(name)
    let output: TaskOutput | null = null
    if (begun !== null) {
      output = this.attempted(scope, kernels => {
        for (const tally of begun.tallies) scope.add(tally)
        return kernels.finish(begun, root, partition, write, context)
      })
      begun.accumulator.end()
    }
    output ??= this.attempted(scope, kernels => kernels.combine(root, partition, write, context))
    scope.folds = output !== null && this.kernels!.canFold(root, partition, write)
    return output
  }

  /** By a kernel; null if there is none. A failed task is run again by its functions, so that each call can be watched. */
  private attempted<T>(scope: TaskScope, run: (kernels: Kernels) => T | null): T | null {
    if (this.kernels === null || scope.watch !== null) return null
    const before = scope.counts()
    const output = run(this.kernels)
    if (output === null) scope.recount(before)
    return output
  }
}

const nothing: TaskResult = { outputs: [], rowsIn: 0, rowsOut: 0, logs: [], aside: { count: 0, samples: [] } }

type StretchInput = Extract<RddNode, { kind: "stretchInput" }>
type ShuffleStage = Extract<StageWrite, { kind: "shuffle" }>

/** What a stage does beside computing its root (the map side of a reduction, a state's step) follows its root. */
export function onErrorOf(root: RddNode): "setAside" | undefined {
  return root.kind === "within" || root.kind === "state" ? root.onError : undefined
}

function readStage(
  write: Extract<StageWrite, { kind: "read" }>,
  scope: TaskScope,
  context: Context,
  packer: SplitPacker,
  kernels: Kernels | null,
): TaskOutput[] {
  // A line that cannot be read is counted when its interval is; here only what gets into no interval.
  const quiet = context.derive({ setAside: () => {} })
  const reader = {
    packer,
    parser: (format: FormatSpec) => quiet.parser(format),
    timestamp: write.timestamp === null ? null : (context.fn(write.timestamp, "timestamp") as (record: unknown) => unknown),
    times: write.timestamp === null ? null : (kernels?.times(write.format, write.timestamp) ?? null),
    setAside: (line: string, error: string) => context.setAside(line, "parse", error, "read"),
  }
  const { split, arrived } = write
  if (split?.archived === true) return readArchived(split, scope.input({ kind: "file", split }).parts[0]?.bytes ?? new Uint8Array(0))
  if (arrived !== undefined) {
    const blocks = arrived.blocks.flatMap(({ block }) => [...context.blocks({ kind: "block", block })])
    return readArrived(write, arrived, blocks, reader)
  }
  if (split === null) throw new Error("a read task has nothing to read")
  const bytes = scope.input({ kind: "file", split }).parts[0]?.bytes ?? new Uint8Array(0)
  return readSplit(write, split, bytes, reader)
}
