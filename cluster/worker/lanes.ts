/** Lanes of received blocks: by the interval of their arrival, one an executor, in which they wait to be folded (`folding.ts`). */

import type { FoldMark, InputInfo } from "../protocol.js"
import type { StoredBlock } from "./block-store.js"

export interface Lane {
  readonly input: string
  readonly interval: number
  readonly intervalMs: number
  readonly executor: number
  readonly blocks: { readonly block: string; readonly rows: number; readonly bytes: number }[]
  bytes: number
  /** By the stage's key. */
  readonly begun: Map<string, Begun>
}

/** What an executor has of one stage and lane. */
export interface Begun {
  readonly name: string
  readonly input: string
  readonly key: string
  readonly executor: number
  /** How many of the lane's blocks, and how many more when what is under way is done. */
  folded: number
  underway: number
  /** No more is added. */
  stopped: boolean
}

interface Interval {
  readonly lanes: Lane[]
  /** Whose lane comes first: with little input not always the same executor's. */
  readonly first: number
  readonly untilMs: number
}

/** The last of an interval's blocks are left to the task: what arrives about its end may count in the next one. */
const leaveShare = 1 / 10
const leaveMs = 40
/** Those of an interval whose task does not come are kept so long after its end. */
const keptMs = 5_000

export class Lanes {
  readonly #executors: number
  readonly #fullBytes: number
  /** By input and start, oldest first. */
  readonly #intervals = new Map<string, Interval>()
  readonly #marks = new Map<string, FoldMark>()
  #turn = 0

  /** A lane of so many bytes is worth a task of its own. */
  constructor(executors: number, fullBytes: number) {
    this.#executors = executors
    this.#fullBytes = fullBytes
  }

  /** `nowMs` on the monotonic clock. */
  put({ id, rows, bytes, arrivedMs }: StoredBlock, { stream, intervalMs }: InputInfo, nowMs: number): void {
    const from = Math.floor(arrivedMs / intervalMs) * intervalMs
    if (arrivedMs >= from + intervalMs - Math.min(leaveMs, intervalMs * leaveShare)) return
    const name = nameOf(stream, from)
    let interval = this.#intervals.get(name)
    if (interval === undefined) {
      interval = { lanes: [], first: this.#turn++, untilMs: nowMs + intervalMs + keptMs }
      this.#intervals.set(name, interval)
    }
    const lane = this.#laneFor(interval, stream, from, intervalMs)
    this.#marks.set(id, { interval: from, lane: lane.executor, order: lane.blocks.length })
    lane.blocks.push({ block: id, rows, bytes })
    lane.bytes += bytes
  }

  /** Where the block was put; undefined: nowhere. */
  markOf(block: string): FoldMark | undefined {
    return this.#marks.get(block)
  }

  /** The lane of the interval that begins with the block. */
  find(input: string, interval: number, block: string | undefined): Lane | undefined {
    const mark = block === undefined ? undefined : this.#marks.get(block)
    if (mark?.interval !== interval) return undefined
    return this.#intervals.get(nameOf(input, interval))?.lanes.find(({ executor }) => executor === mark.lane)
  }

  /** Those that are worth a task of their own, oldest first. */
  *of(executor: number): Generator<Lane> {
    for (const { lanes } of this.#intervals.values())
      for (const lane of lanes) if (lane.executor === executor && lane.bytes >= this.#fullBytes) yield lane
  }

  /** Gives the lanes of intervals that are over for long. */
  expired(nowMs: number): Lane[] {
    const gone: Lane[] = []
    for (const [name, { lanes, untilMs }] of this.#intervals) {
      if (nowMs < untilMs) continue
      this.#intervals.delete(name)
      for (const { blocks } of lanes) for (const { block } of blocks) this.#marks.delete(block)
      gone.push(...lanes)
    }
    return gone
  }

  /** A lane is filled until it is worth a task of its own; then the one that has least goes on. */
  #laneFor({ lanes, first }: Interval, input: string, interval: number, intervalMs: number): Lane {
    let least: Lane | undefined
    for (const lane of lanes) if (least === undefined || lane.bytes < least.bytes) least = lane
    if (least !== undefined && (least.bytes < this.#fullBytes || lanes.length >= this.#executors)) return least
    const executor = (first + lanes.length) % this.#executors
    const lane: Lane = { input, interval, intervalMs, executor, blocks: [], bytes: 0, begun: new Map() }
    lanes.push(lane)
    return lane
  }
}

function nameOf(input: string, from: number): string {
  return `${input}@${from}`
}
