/**
 * The versions of keyed state, partition by partition.
 *
 * The problem: a version is not one block but a base and the deltas since; a partition into which an interval brought
 * nothing has no block of it at all, and a lost block has none either. The two must not be confused, or a version would
 * be read with a hole in it. So a *step* is entered for every partition before its task runs, and taken out again when
 * the task turns out to be needless. A step that stands without its block is missing: it must be made (again).
 *
 * The same holds for the chain's beginning. A partition that never had a key begins with nothing; one whose versions before a base have been
 * forgotten begins with that base, its *root*, and what lies before it is not empty but gone: a root whose copies are lost cannot be made again.
 */

import type { StreamId } from "../../engine/definition.js"
import type { OutputId } from "../../engine/rdd.js"
import type { BlockTracker } from "./block-tracker.js"
import type { Output, Part, Place } from "./tracked-block.js"

export interface Step {
  readonly interval: number
  readonly output: OutputId
}

export interface PartitionStep {
  readonly partition: number
  readonly step: Step
}

export interface ChainLink {
  readonly interval: number
  readonly part: Part
}

export type Chain =
  /** Base first, then deltas; empty when the version has no keys. */
  | { readonly links: readonly ChainLink[]; readonly missing: null }
  /** Oldest first: what must be made before the version can be read. None: it is forgotten. */
  | { readonly links: null; readonly missing: readonly Step[] }

/** One for all partitions. Where its parts are is looked up once, and again when that is gone. */
interface Standing extends Step {
  made: Output | undefined
}

interface StreamChains {
  readonly partitions: Standing[][]
  /** By partition: the base before which all is forgotten. */
  readonly roots: Map<number, number>
}

const none: StreamChains = { partitions: [], roots: new Map() }
const nothingToMake: readonly Step[] = []

export class StateChains {
  readonly #streams = new Map<StreamId, StreamChains>()
  readonly #tracker: BlockTracker

  constructor(tracker: BlockTracker) {
    this.#tracker = tracker
  }

  partitions(stream: StreamId): number {
    return this.#streams.get(stream)?.partitions.length ?? 0
  }

  /** Enters a step for each partition (or those given). Idempotent. */
  enter(stream: StreamId, partitions: number, { interval, output }: Step, only?: readonly number[]): void {
    const step: Standing = { interval, output, made: undefined }
    let chains = this.#streams.get(stream)
    if (chains === undefined) {
      chains = { partitions: Array.from({ length: partitions }, () => []), roots: new Map() }
      this.#streams.set(stream, chains)
    }
    for (let i = 0; i < (only ?? chains.partitions).length; i++) {
      const steps = chains.partitions[only === undefined ? i : (only[i] as number)]
      if (steps === undefined) continue
      const newest = steps.at(-1)
      if (newest === undefined || newest.interval < interval) {
        steps.push(step)
        continue
      }
      const index = lastAtOrBefore(steps, interval)
      if (steps[index]?.interval === interval) {
        // What was begun by another version of the definition.
        if (steps[index]?.output !== output) steps[index] = step
        continue
      }
      steps.splice(index + 1, 0, step)
    }
  }

  /** Nothing changed there: the step is no part of the chain. */
  skip(stream: StreamId, partition: number, interval: number): void {
    const steps = this.#streams.get(stream)?.partitions[partition]
    if (steps === undefined) return
    const index = lastAtOrBefore(steps, interval)
    if (steps[index]?.interval === interval) steps.splice(index, 1)
  }

  has(stream: StreamId, partition: number, interval: number): boolean {
    const steps = this.#streams.get(stream)?.partitions[partition] ?? []
    return steps[lastAtOrBefore(steps, interval)]?.interval === interval
  }

  /**
   * What must be made before the version can be read that `resolve` would give, oldest first; null when all is there. None: the version is forgotten,
   * and nothing can be made of it.
   */
  missing(stream: StreamId, partition: number, at: number, since = at): readonly Step[] | null {
    const chains = this.#streams.get(stream)
    const steps = chains?.partitions[partition]
    if (chains === undefined || steps === undefined) return null
    let missing: Step[] | null = null
    const newest = lastAtOrBefore(steps, at)
    if (newest < 0 && chains.roots.has(partition)) return nothingToMake
    for (let i = newest; i >= 0; i--) {
      const step = steps[i] as Standing
      const part = this.#part(step, partition)
      if (part === undefined) missing = missing === null ? [step] : [step, ...missing]
      else if (part.base === true && step.interval <= since) break
    }
    return missing
  }

  /** The chain of the version "as of the end of interval `at`", reaching back so far that versions from `since` on can be read, too. */
  resolve(stream: StreamId, partition: number, at: number, since = at): Chain {
    const missing = this.missing(stream, partition, at, since)
    if (missing !== null) return { links: null, missing }
    const steps = this.#streams.get(stream)?.partitions[partition] ?? []
    const links: ChainLink[] = []
    for (let i = lastAtOrBefore(steps, at); i >= 0; i--) {
      const { interval } = steps[i] as Standing
      const part = this.#part(steps[i] as Standing, partition) as Part
      links.push({ interval, part })
      if (part.base === true && interval <= since) break
    }
    return { links: links.reverse(), missing: null }
  }

  /** The blocks of the version that `resolve` would give, as they travel, base first; null: something of it is missing. */
  links(stream: StreamId, partition: number, at: number, since = at): readonly Place[] | null {
    const chains = this.#streams.get(stream)
    const steps = chains?.partitions[partition]
    if (chains === undefined || steps === undefined) return []
    const newest = lastAtOrBefore(steps, at)
    if (newest < 0 && chains.roots.has(partition)) return null
    let blocks = 0
    let oldest = newest
    for (; oldest >= 0; oldest--) {
      const step = steps[oldest] as Standing
      const part = this.#part(step, partition)
      if (part === undefined) return null
      if (part.block !== null) blocks += 1
      if (part.base === true && step.interval <= since) break
    }
    // As long as it comes to be: this is done for each task.
    const found = new Array<Place>(blocks)
    for (let i = newest; blocks > 0 && i >= 0; i--) {
      const step = steps[i] as Standing
      const part = this.#part(step, partition) as Part
      if (part.block !== null) found[--blocks] = placeOf(part, part.block, step.interval)
    }
    return found
  }

  #part(step: Standing, partition: number): Part | undefined {
    if (step.made === undefined || step.made.gone) step.made = this.#tracker.output(step.output)
    return step.made?.parts[partition]
  }

  /** Keys of the newest version at or before `at`, as its task reported them. */
  keys(stream: StreamId, partition: number, at: number): number | undefined {
    const steps = this.#streams.get(stream)?.partitions[partition] ?? []
    for (let i = lastAtOrBefore(steps, at); i >= 0; i--) {
      const part = this.#part(steps[i] as Standing, partition)
      if (part === undefined) return undefined
      if (part.keys !== undefined) return part.keys
    }
    return 0
  }

  /** All standing steps of a partition, oldest first. */
  steps(stream: StreamId, partition: number): readonly Step[] {
    return this.#streams.get(stream)?.partitions[partition] ?? []
  }

  /**
   * The earliest step of any partition that stands without its block, of those that versions from `oldest` on are read from: what it is made from is
   * needed. (What lies before a base that is there may be missing for ever, as nobody asks for it.) Infinity: none.
   */
  missingFrom(stream: StreamId, oldest: number): number {
    let from = Number.POSITIVE_INFINITY
    const chains = this.#streams.get(stream)?.partitions ?? []
    for (let p = 0; p < chains.length; p++) {
      const steps = chains[p] as readonly Standing[]
      for (let i = this.#baseBefore(steps, p, oldest); i < steps.length; i++) {
        const step = steps[i] as Standing
        if (step.interval >= from) break
        if (this.#part(step, p) !== undefined) continue
        from = step.interval
        break
      }
    }
    return from
  }

  /**
   * Versions that end before `oldest` (an interval's start) are no longer asked for: gives the steps that no later
   * version needs, which are those before the newest base at or before `oldest`, and takes them out.
   */
  trim(stream: StreamId, oldest: number): PartitionStep[] {
    const gone: PartitionStep[] = []
    const { partitions, roots } = this.#streams.get(stream) ?? none
    for (const [partition, steps] of partitions.entries()) {
      const first = this.#baseBefore(steps, partition, oldest)
      if (first === 0) continue
      for (const step of steps.splice(0, first)) gone.push({ partition, step })
      roots.set(partition, (steps[0] as Standing).interval)
    }
    return gone
  }

  /** What `trim` would take out, as far as it is there: the steps stay, and can be made again. */
  unread(stream: StreamId, oldest: number): PartitionStep[] {
    const unread: PartitionStep[] = []
    for (const [partition, steps] of (this.#streams.get(stream)?.partitions ?? []).entries()) {
      const first = this.#baseBefore(steps, partition, oldest)
      for (let i = 0; i < first; i++) {
        const step = steps[i] as Standing
        if (this.#part(step, partition) !== undefined) unread.push({ partition, step })
      }
    }
    return unread
  }

  /** The index of the newest base at or before `oldest`; 0: none. */
  #baseBefore(steps: readonly Standing[], partition: number, oldest: number): number {
    let i = lastAtOrBefore(steps, oldest)
    while (i > 0 && this.#part(steps[i] as Standing, partition)?.base !== true) i--
    return Math.max(0, i)
  }

  /** By partition, the bases before which all is forgotten. */
  roots(stream: StreamId): ReadonlyMap<number, number> {
    return this.#streams.get(stream)?.roots ?? none.roots
  }

  /** A partition's chain begins with that base: steps before it are taken out. */
  root(stream: StreamId, partition: number, interval: number): void {
    const chains = this.#streams.get(stream)
    const steps = chains?.partitions[partition]
    if (chains === undefined || steps === undefined) return
    chains.roots.set(partition, interval)
    steps.splice(0, lastAtOrBefore(steps, interval - 1) + 1)
  }

  /** Steps from `from` on are not to count: gives them, and takes them out. */
  cutFrom(stream: StreamId, from: number): PartitionStep[] {
    const gone: PartitionStep[] = []
    for (const [partition, steps] of (this.#streams.get(stream)?.partitions ?? []).entries()) {
      for (const step of steps.splice(lastAtOrBefore(steps, from - 1) + 1)) gone.push({ partition, step })
    }
    return gone
  }

  /** The stream is stopped: gives all its steps, and knows it no more. */
  remove(stream: StreamId): PartitionStep[] {
    const gone: PartitionStep[] = []
    for (const [partition, steps] of (this.#streams.get(stream)?.partitions ?? []).entries()) {
      for (const step of steps) gone.push({ partition, step })
    }
    this.#streams.delete(stream)
    return gone
  }
}

function lastAtOrBefore(steps: readonly Step[], at: number): number {
  let low = 0
  let high = steps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((steps[middle] as Step).interval <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

function placeOf(part: Part, block: string, interval: number): Place {
  part.place ??= { block, holders: part.holders, interval, base: part.base === true }
  return part.place
}
