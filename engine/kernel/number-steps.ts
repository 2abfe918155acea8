/**
 * Steps of reductions from text to numbers over columns, those of windows and those that run on. What a step writes is, bit for bit, what its
 * functions give (`state/running-reduce.ts`, `state/reduce-by-window.ts`, `state/write-state.ts`).
 */

import { encodeRows } from "../block/block.js"
import type { FunctionLink } from "../function-ref.js"
import type { RddNode, StateNode, TaskContext } from "../rdd.js"
import type { ChainBlock } from "../state/state-cache.js"
import { needsBase } from "../state/write-state.js"
import type { TaskOutput } from "../task.js"
import { type PairColumns, pairColumns } from "./number-columns.js"
import type { Binary, NumberState } from "./number-state.js"
import { NumberStates } from "./number-states.js"
import { countedBlock, plainBlock } from "./state-block.js"

/** Of the executor's kernels (`map-side.ts`): null where the functions must be called. */
interface Read {
  binary(link: FunctionLink): Binary | null
  reduced(node: RddNode, partition: number, context: TaskContext): PairColumns | null
}

/** What an interval does to a state, and how its block is written. */
interface Change {
  readonly states: NumberStates
  readonly apply: (state: NumberState) => void
  readonly block: (state: NumberState, slots: Int32Array, at: number, base: boolean) => Uint8Array
}

export class NumberSteps {
  private readonly windows = new NumberStates("count")
  private readonly running = new NumberStates("nothing")

  /** The block of one partition's step; null: the functions must be called. `chain`: as of the version before. */
  step(node: StateNode, partition: number, context: TaskContext, chain: () => readonly ChainBlock[], read: Read): TaskOutput | null {
    const { stream, previous, interval } = node
    const change = this.change(node, partition, context, read)
    if (change === null) return null
    const { states, apply, block } = change
    const state = states.take(stream, partition, previous?.at ?? null, chain)
    if (state === null) return null
    const links = state.chain
    state.begin(interval)
    apply(state)
    const changes = state.touchedCount
    const base = changes > 0 && needsBase(links, changes, partition)
    const slots = base ? baseSlots(state) : state.touched.subarray(0, changes)
    const bytes = changes === 0 ? encodeRows([]) : block(state, slots, interval, base)
    if (changes > 0) state.end(base)
    states.keep(stream, partition, state)
    return { bytes, rows: slots.length, base, keys: state.keys }
  }

  /** As for `NumberStates`. */
  forget(stream: string, before: number): void {
    this.windows.forget(stream, before)
    this.running.forget(stream, before)
  }

  private change(node: StateNode, partition: number, context: TaskContext, read: Read): Change | null {
    const { op, window, input, initial, migrate } = node
    if (initial !== null || migrate !== undefined) return null
    if (op.kind === "runningReduce") {
      const f = read.binary(op.f)
      const pairs = f === null || input === null ? null : read.reduced(input, partition, context)
      return pairs === null ? null : { states: this.running, apply: state => state.fold(pairs, f!), block: plainBlock }
    }
    if (op.kind !== "reduceByWindow" || op.inverse === null || !window) return null
    const [f, inverse] = [read.binary(op.f), read.binary(op.inverse)]
    if (f === null || inverse === null) return null
    const [expired, added] = [panes(window.expired, partition, context), panes(window.added, partition, context)]
    if (expired === null || added === null) return null
    const apply = (state: NumberState) => {
      for (const pane of expired) state.subtract(pane, inverse)
      for (const pane of added) state.add(pane, f)
    }
    return { states: this.windows, apply, block: countedBlock }
  }
}

/** All that are alive, in order of birth, then those that the step removed. */
function baseSlots(state: NumberState): Int32Array {
  const slots = new Int32Array(state.keys + state.touchedCount)
  let n = 0
  for (let slot = 0; slot < state.slots; slot++) if (state.count(slot) > 0) slots[n++] = slot
  for (let i = 0; i < state.touchedCount; i++) if (state.count(state.touched[i]!) === 0) slots[n++] = state.touched[i]!
  return slots.subarray(0, n)
}

/** Null: some are no pairs of text and number, or of numbers that cannot be subtracted again. */
function panes(nodes: readonly RddNode[], partition: number, context: TaskContext): PairColumns[] | null {
  const all: PairColumns[] = []
  for (const node of nodes) {
    if (node.kind !== "stored") return null
    for (const block of context.blocks({ kind: "output", output: node.id, partition })) {
      const columns = block.rows === 0 ? noPairs : pairColumns(block)
      if (columns === null || !allFinite(columns.numbers)) return null
      all.push(columns)
    }
  }
  return all
}

const noPairs: PairColumns = { data: new Uint8Array(0), offsets: new Int32Array(1), rows: 0, numbers: new Float64Array(0) }

function allFinite(numbers: Float64Array): boolean {
  // A sum of zeros, unless one of them is no number or infinite.
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]! * 0
  return sum === 0
}
