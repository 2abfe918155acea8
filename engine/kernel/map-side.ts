/**
 * Kernels of one executor: what a task does over bytes where its functions are understood, and why it does not where they
 * are not. What it gives is, bit for bit, what the functions give.
 */

import { aggregatesEarly } from "../aggregate.js"
import type { Block } from "../block/block.js"
import { type Lambda, NotUnderstood } from "../expression/expression.js"
import type { FunctionLink, FunctionRef } from "../function-ref.js"
import { operatorOf } from "../operators/index.js"
import type { FormatSpec, RddNode, ShuffleWrite, TaskContext } from "../rdd.js"
import type { TaskOutput } from "../task.js"
import { type Accumulator, Tables } from "./accumulator.js"
import type { ByteTable } from "./byte-table.js"
import { type Chain, chainOf } from "./chain.js"
import { binaryKernel, type MergeKernel, mergeKernel } from "./combine.js"
import { type CountKernel, countKernel } from "./count.js"
import type { Begun } from "./folds.js"
import { type PairColumns, pairColumns } from "./number-columns.js"
import type { Binary } from "./number-state.js"
import { pairSections, tableColumns } from "./pair-sections.js"
import { type Plan, Plans } from "./plans.js"
import { nameOf, ReadFunctions } from "./read-functions.js"
import { slowRows } from "./slow-rows.js"
import { type Scan, type StateQuestion, scanOf } from "./state-scan.js"
import { type TimeKernel, timeKernel } from "./time-kernel.js"

/** A task that is the map side of a reduction by key, as it can be compiled. The first of `accumulators` that takes all its blocks will do. */
interface MapSide {
  readonly chain: Chain
  readonly name: string
  readonly orderless: boolean
  readonly accumulators: readonly (() => Accumulator)[]
}

interface Sent {
  readonly columns: readonly PairColumns[]
  readonly kernel: MergeKernel
}

export class Kernels {
  private readonly functions: ReadFunctions
  private readonly plans: Plans
  private readonly merges = new Map<string, MergeKernel | null>()
  private readonly binaries = new Map<string, Binary | null>()
  private readonly timesOf = new Map<string, TimeKernel | null>()
  private readonly counts = new Map<string, CountKernel | null>()
  private readonly scans = new Map<string, Scan | null>()

  /** `refOf`: null for built-in functions. */
  constructor(
    refOf: (link: FunctionLink) => FunctionRef | null,
    private readonly tables = new Tables(),
  ) {
    this.functions = new ReadFunctions(refOf)
    this.plans = new Plans(this.functions)
  }

  /** What becomes of a chain that ends in a reduction by key. */
  plan(...of: Parameters<Plans["plan"]>): Plan {
    return this.plans.plan(...of)
  }

  /** The map side of a reduction by key; null: the functions must be called. */
  combine(root: RddNode, partition: number, write: ShuffleWrite, context: TaskContext): TaskOutput | null {
    const side = this.sideOf(root, partition, write)
    const blocks = side === null ? null : this.lines(side.chain, context)
    if (side === null || blocks === null) return null
    for (const make of side.accumulators) {
      const accumulator = make()
      try {
        if (addAll(accumulator, blocks, root, partition, context)) return accumulator.output(write.partitions)
      } finally {
        accumulator.end()
      }
    }
    return null
  }

  /** Whether the order of records does not matter to it, so that its blocks can be folded as they come. */
  canFold(root: RddNode, partition: number, write: ShuffleWrite): boolean {
    return this.sideOf(root, partition, write)?.orderless === true
  }

  /** Takes the partition's blocks into what is begun; null: nothing is yet. Null: it cannot. */
  fold(begun: Begun | null, root: RddNode, partition: number, write: ShuffleWrite, context: TaskContext): Begun | null {
    const side = this.sideOf(root, partition, write)
    if (side === null || !side.orderless || (begun !== null && begun.chain !== side.name)) return null
    const blocks = this.lines(side.chain, context)
    const accumulator = begun?.accumulator ?? side.accumulators[0]!()
    let added = false
    try {
      added = blocks !== null && addAll(accumulator, blocks, root, partition, context)
    } finally {
      if (!added && begun === null) accumulator.end()
    }
    const into = begun ?? { chain: side.name, accumulator, blocks: [], tallies: [] }
    if (added) for (const { block } of groupOf(side.chain)) into.blocks.push(block)
    return added ? into : null
  }

  /** `combine` with what was begun of it, to which the rest is added. Null: it is not of this task, or the rest cannot be added. */
  finish(begun: Begun, root: RddNode, partition: number, write: ShuffleWrite, context: TaskContext): TaskOutput | null {
    const side = this.sideOf(root, partition, write)
    if (side === null || begun.chain !== side.name) return null
    const group = groupOf(side.chain)
    if (begun.blocks.length > group.length || begun.blocks.some((block, i) => block !== group[i]!.block)) return null
    const rest = this.lines(side.chain, context, begun.blocks.length)
    if (rest === null || !addAll(begun.accumulator, rest, root, partition, context)) return null
    return begun.accumulator.output(write.partitions)
  }

  private sideOf(root: RddNode, partition: number, write: ShuffleWrite): MapSide | null {
    if (write.by !== "key" || !aggregatesEarly(write.aggregate) || write.aggregate.kind !== "combine") return null
    const { create, merge } = write.aggregate
    const chain = this.chain(root, partition)
    if (chain === null) return null
    const plan = this.plan(chain.input.format, chain.steps, create, merge)
    if ("refusal" in plan) return null
    const { name, kernel, pieces, sums, orderless } = plan
    const accumulators = [() => this.tables.combining(kernel, this.binary(merge))]
    if (pieces !== null) accumulators.unshift(() => this.tables.counting(pieces))
    else if (sums !== null) accumulators.unshift(() => this.tables.summing(sums))
    return { chain, name, orderless, accumulators }
  }

  /**
   * A partition of a reduction by key, out of what the map tasks sent, as the block to be stored: keys of text, numbers. Null:
   * the functions must be called.
   */
  merge(root: RddNode, partition: number, context: TaskContext): TaskOutput | null {
    let node = root
    while (node.kind === "within") node = node.parent
    const sent = this.sent(node, partition, context)
    if (sent === null || sent.columns.length === 0) return null
    return this.merged(sent, table => ({ bytes: pairSections(table, 1).blocks[0]!, rows: table.count }))
  }

  /** The same as columns, for a state's step. Null: its functions must be called. */
  reduced(node: RddNode, partition: number, context: TaskContext): PairColumns | null {
    const sent = this.sent(node, partition, context)
    if (sent === null) return null
    // Of one map task each key comes once.
    return sent.columns.length === 1 ? sent.columns[0]! : this.merged(sent, tableColumns)
  }

  /** What the map tasks of a reduction by key have sent to a partition, and how it is merged; null: it is something else. */
  private sent(node: RddNode, partition: number, context: TaskContext): Sent | null {
    if (node.kind !== "shuffled" || !aggregatesEarly(node.aggregate) || node.aggregate.kind !== "combine") return null
    const [dependency] = operatorOf(node).dependencies(node)
    const kernel = this.mergeOf(node.aggregate.combine)
    if (dependency?.kind !== "shuffle" || kernel === null) return null
    const { step } = node
    const columns: PairColumns[] = []
    for (const block of context.blocks({ kind: "shuffle", output: dependency.output, partition, ...(step !== undefined && { step }) })) {
      const pairs = pairColumns(block)
      if (pairs === null) return null
      columns.push(pairs)
    }
    return { columns, kernel }
  }

  private merged<T>({ columns, kernel }: Sent, of: (table: ByteTable) => T): T {
    const table = this.tables.take()
    try {
      for (const { data, offsets, rows, numbers } of columns) kernel(data, offsets, rows, table, numbers)
      return of(table)
    } finally {
      this.tables.give(table)
    }
  }

  private mergeOf(link: FunctionLink): MergeKernel | null {
    return this.understood(link, this.merges, mergeKernel)
  }

  /** A function of two numbers that gives one; null: it is not understood. */
  readonly binary = (link: FunctionLink): Binary | null => this.understood(link, this.binaries, binaryKernel)

  private understood<K>(link: FunctionLink, known: Map<string, K | null>, make: (f: Lambda) => K): K | null {
    const name = nameOf(link)
    let kernel = known.get(name)
    if (kernel === undefined) {
      try {
        kernel = make(this.functions.lambda(link))
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        kernel = null
      }
      known.set(name, kernel)
    }
    return kernel
  }

  /** How many records the first half of a `count` has; null: its functions must be called. */
  counted(root: RddNode, partition: number, context: TaskContext): number | null {
    const chain = this.chain(root, partition)
    const kernel = chain === null ? null : this.countOf(chain)
    const blocks = kernel === null ? null : this.lines(chain!, context)
    if (kernel === null || blocks === null) return null
    let [count, rest] = [0, 0]
    let slow: ((line: string) => void) | null = null
    for (const block of blocks) {
      if (block.rows === 0) continue
      count += kernel(block.textBytes(), block.offsets(), block.rows, block.allAscii, row => {
        slow ??= slowRows(root, partition, context, () => void rest++)
        slow(block.row(row) as string)
      })
    }
    return count + rest
  }

  /** Which fields of its records a chain asks for; null: that is not known, or may be all. */
  fieldsRead(root: RddNode, partition: number): ReadonlySet<string> | null {
    const chain = this.chain(root, partition)
    if (chain?.input.format.kind !== "combined") return null
    const all = new Set<string>()
    for (const { kind, f } of chain.steps) {
      const fields = kind === "map" || kind === "flatMap" || kind === "filter" ? this.functions.fields(f) : null
      if (fields === null) return null
      for (const name of fields) all.add(name)
      if (kind !== "filter") return all
    }
    return null
  }

  private countOf({ input: { format }, steps }: Chain): CountKernel | null {
    if (format.kind === "function" || format.kind === "values") return null
    const name = [JSON.stringify(format), ...steps.map(({ kind, f }) => `${kind} ${nameOf(f)}`)].join("|")
    let kernel = this.counts.get(name)
    if (kernel === undefined) {
      try {
        const read = steps.map(({ kind, f }) => ({ kind, f: this.functions.lambda(f) }))
        kernel = countKernel(format, read)
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        kernel = null
      }
      this.counts.set(name, kernel)
    }
    return kernel
  }

  /** Null: something else stands between. */
  private chain(root: RddNode, partition: number): Chain | null {
    try {
      return chainOf(root, partition)
    } catch (error) {
      if (error instanceof NotUnderstood) return null
      throw error
    }
  }

  /** The blocks that a chain reads, from the `first` on; null: not all of them are text. */
  private lines(chain: Chain, context: TaskContext, first = 0): Block[] | null {
    const blocks: Block[] = []
    for (const { block } of groupOf(chain).slice(first)) blocks.push(...context.blocks({ kind: "block", block }))
    return blocks.every(block => block.rows === 0 || block.isText) ? blocks : null
  }

  /** The event times of a format's lines; null: its function must be called. */
  times(format: FormatSpec, timestamp: FunctionLink): TimeKernel | null {
    if (format.kind === "function" || format.kind === "values") return null
    const name = `${JSON.stringify(format)} ${nameOf(timestamp)}`
    let times = this.timesOf.get(name)
    if (times === undefined) {
      try {
        times = timeKernel(format, this.functions.lambda(timestamp))
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        times = null
      }
      this.timesOf.set(name, times)
    }
    return times
  }

  /** The code for a question of a state's keys; null: its functions must be called. */
  scan({ filters, by }: StateQuestion): Scan | null {
    const name = [...filters, ...(by === null ? [] : ["by", by])].map(link => (typeof link === "string" ? link : nameOf(link))).join("|")
    let scan = this.scans.get(name)
    if (scan === undefined) {
      try {
        scan = scanOf(
          filters.map(f => this.functions.lambda(f)),
          by === null ? null : this.functions.lambda(by),
        )
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        scan = null
      }
      this.scans.set(name, scan)
    }
    return scan
  }
}

const groupOf = ({ input, partition }: Chain) => input.groups[partition]!

function addAll(into: Accumulator, blocks: readonly Block[], root: RddNode, partition: number, context: TaskContext): boolean {
  return blocks.every(block => block.rows === 0 || into.add(block, push => slowRows(root, partition, context, push)))
}
