/**
 * What would be computed again if a worker were lost now (the paper's §3.3), of some partitions of an interval: the tasks from what
 * others hold to those partitions. The walk is that of recovery itself: what is read and has no place left is made first.
 */

import type { InputRef } from "../../engine/rdd.js"
import type { StageSpec } from "../../engine/task.js"
import { nodeName } from "../node-id.js"
import type { NodeId } from "../ports.js"
import type { LossOrigin, WorkerLoss } from "../protocol.js"
import { nameOf } from "./catalog.js"
import type { Parts } from "./parts.js"
import type { SealedBlocks } from "./sealed-blocks.js"
import type { StageTimes } from "./stage-times.js"

type Needed = Pick<Parts, "chains" | "ledger" | "planner" | "registry" | "tracker">

/** A recovery of more tasks is told as that many. */
const mostTasks = 20_000

/** Of every living worker that holds something of them. */
export function lossesOf(
  parts: Needed,
  spec: StageSpec,
  partitions: readonly number[],
  about: { readonly times: StageTimes; readonly sealed: SealedBlocks },
): WorkerLoss[] {
  return [...parts.registry.live].flatMap(({ node }) => {
    const loss = new Loss(parts, node, about).of(spec, partitions)
    return loss === null ? [] : [loss]
  })
}

interface Task {
  readonly spec: StageSpec
  /** After how many others, one behind the other, it can run. */
  readonly level: number
}

class Loss {
  readonly #parts: Needed
  readonly #lost: NodeId
  readonly #times: StageTimes
  readonly #sealed: SealedBlocks
  readonly #tasks = new Map<string, Task>()
  readonly #from = new Origins()
  readonly #gone = new Origins()
  readonly #copies = new Set<NodeId>()

  constructor(parts: Needed, lost: NodeId, { times, sealed }: { readonly times: StageTimes; readonly sealed: SealedBlocks }) {
    this.#parts = parts
    this.#lost = lost
    this.#times = times
    this.#sealed = sealed
  }

  of(spec: StageSpec, partitions: readonly number[]): WorkerLoss | null {
    let holds = false
    const again = partitions.filter(partition => {
      const blocks = this.#blocksOf(spec, partition).filter(block => this.#parts.tracker.holders(block).includes(this.#lost))
      if (blocks.length === 0) return false
      holds = true
      for (const block of blocks) for (const holder of this.#others(block)) this.#copies.add(holder)
      return blocks.some(block => this.#others(block).length === 0)
    })
    if (!holds) return null
    for (const partition of again) this.#remake(spec, partition)
    const staying = [...this.#parts.registry.live].filter(({ node, drainingMs }) => node !== this.#lost && drainingMs === null)
    return {
      worker: nodeName(this.#lost),
      partitions: again,
      copies: [...this.#copies].map(nodeName).sort(),
      tasks: this.#named(),
      from: this.#from.all,
      on: staying.map(({ name }) => name),
      ms: this.#ms(staying.reduce((sum, { cores }) => sum + cores, 0)),
      gone: this.#gone.all,
    }
  }

  /** Those of a state are its whole chain. */
  #blocksOf(spec: StageSpec, partition: number): string[] {
    const { chains, tracker } = this.#parts
    if (spec.write.kind === "state" && spec.stream !== null && spec.interval !== null) {
      const { links } = chains.resolve(spec.stream, partition, spec.interval.from)
      return (links ?? []).flatMap(({ part }) => part.block ?? [])
    }
    const block = tracker.part(spec.output, partition)?.block
    return block == null ? [] : [block]
  }

  #others(block: string): NodeId[] {
    const { tracker } = this.#parts
    return tracker.holders(tracker.current(block)).filter(holder => holder !== this.#lost)
  }

  /** All of the chain's steps that would be missing, or the one partition. */
  #remake(spec: StageSpec, partition: number): number {
    if (spec.write.kind === "state" && spec.stream !== null && spec.interval !== null)
      return this.#version(spec.stream, partition, spec.interval.from)
    return this.#task(spec, partition)
  }

  /** The level of what is made last for it; 0: nothing has to be. */
  #version(stream: string, partition: number, at: number): number {
    const { chains, tracker, planner } = this.#parts
    const steps = chains.steps(stream, partition).filter(({ interval }) => interval <= at)
    let level = 0
    const missing = []
    for (let i = steps.length - 1; i >= 0; i--) {
      const { interval, output } = steps[i]!
      const part = tracker.part(output, partition)
      const there = part !== undefined && (part.block === null || this.#others(part.block).length > 0)
      if (!there) missing.unshift(interval)
      else if (part.base === true) {
        this.#from.add("state", this.#name(stream) ?? stream, interval)
        break
      }
    }
    for (const interval of missing) {
      const spec = planner.state(stream, interval)
      if (spec !== null) level = Math.max(level, this.#task(spec, partition))
    }
    return level
  }

  /** Counts it, after what it reads. Gives its level. */
  #task(spec: StageSpec, partition: number): number {
    const key = `${partition} ${spec.output}`
    const known = this.#tasks.get(key)
    if (known !== undefined) return known.level
    if (this.#tasks.size >= mostTasks) return 1
    let level = 1
    for (const ref of this.#parts.planner.reads(spec)(partition)) level = Math.max(level, this.#read(spec, ref) + 1)
    this.#tasks.set(key, { spec, level })
    return level
  }

  #read(reader: StageSpec, ref: InputRef): number {
    const { planner } = this.#parts
    switch (ref.kind) {
      case "block":
        return this.#block(ref.block)
      case "state":
        return this.#version(ref.stream, ref.partition, ref.at)
      case "shuffle":
      case "output": {
        const made = planner.dependencies(reader).find(({ output }) => output === ref.output)
        if (made === undefined) return 0
        const which = ref.kind === "output" ? [ref.partition] : Array.from({ length: made.partitions }, (_, map) => map)
        return which.reduce((level, partition) => Math.max(level, this.#output(made, partition)), 0)
      }
      case "file":
        this.#from.add("file", ref.split.path, 0)
        return 0
      case "asset":
        return 0
    }
  }

  #output(made: StageSpec, partition: number): number {
    const part = this.#parts.tracker.part(made.output, partition)
    if (part !== undefined && (part.block === null || this.#others(part.block).length > 0)) return 0
    return this.#task(made, partition)
  }

  #block(block: string): number {
    const { planner } = this.#parts
    const holders = this.#others(block)
    const sealed = this.#sealed.get(block)
    const note = (origins: Origins): number => {
      if (sealed === undefined) origins.add("blocks", "stored blocks", 0)
      else origins.add("records", nameOf(sealed.record), sealed.from)
      return 0
    }
    if (holders.length > 0) return note(this.#from)
    const again = planner.replay(block)
    return again === null ? note(this.#gone) : this.#task(again.spec, 0)
  }

  #named(): WorkerLoss["tasks"] {
    const names = new Map<string, { tasks: number; level: number }>()
    for (const { spec, level } of this.#tasks.values()) {
      const name = spec.write.kind === "shuffle" ? spec.label : (this.#name(spec.stream) ?? spec.label)
      const one = names.get(name) ?? { tasks: 0, level }
      names.set(name, { tasks: one.tasks + 1, level: Math.min(one.level, level) })
    }
    return [...names].sort(([, a], [, b]) => a.level - b.level).map(([name, { tasks }]) => ({ name, tasks }))
  }

  /** Tasks of one level run side by side on all executors, the next when they are done. */
  #ms(executors: number): number | null {
    const levels = new Map<number, { longest: number; all: number }>()
    for (const { spec, level } of this.#tasks.values()) {
      const ms = this.#times(spec)
      if (ms === null) continue
      const here = levels.get(level) ?? { longest: 0, all: 0 }
      levels.set(level, { longest: Math.max(here.longest, ms), all: here.all + ms })
    }
    if (this.#tasks.size === 0) return 0
    if (levels.size === 0 || executors === 0) return null
    let sum = 0
    for (const { longest, all } of levels.values()) sum += Math.max(longest, all / executors)
    return sum
  }

  #name(stream: string | null): string | null {
    const record = stream === null ? undefined : this.#parts.ledger.streams.get(stream)
    return record === undefined ? null : nameOf(record)
  }
}

/** Of each thing one, however many of its intervals. */
class Origins {
  readonly #found = new Map<string, LossOrigin>()

  add(kind: LossOrigin["kind"], name: string, at: number): void {
    const before = this.#found.get(`${kind} ${name}`)
    const [first, last] = [Math.min(before?.first ?? at, at), Math.max(before?.last ?? at, at)]
    this.#found.set(`${kind} ${name}`, { name, kind, first, last })
  }

  get all(): LossOrigin[] {
    return [...this.#found.values()]
  }
}
