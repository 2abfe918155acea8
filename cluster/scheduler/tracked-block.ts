/** What the block tracker knows of a block and of what a stage makes: one object a block, as there are as many as tasks of all retained intervals. */

import type { StreamId } from "../../engine/definition.js"
import type { OutputId } from "../../engine/rdd.js"
import type { NodeId } from "../ports.js"

/** What one task made. `block` null: the partition is empty, nothing was stored. */
export interface MadePart {
  readonly block: string | null
  readonly rows: number
  readonly bytes: number
  /** Of a shuffle's region: rows of each section. */
  readonly sectionRows?: readonly number[] | undefined
  /** Of a keyed state: a whole base, and how many keys the version has. */
  readonly base?: boolean | undefined
  readonly keys?: number | undefined
}

/** A part that is there, and who holds it, in the order in which they got it. */
export interface Part extends MadePart {
  readonly holders: readonly NodeId[]
  /** As it is named to tasks, kept since many read it: a region each reducer, a chain's block each of several intervals' tasks. */
  place?: Place | null
}

/** What is stored for good: copied to a second worker, and part of its interval's lineage until it is. */
export interface StoredOf {
  readonly stream: StreamId
  readonly interval: number
  readonly partitions: number
}

/** A block, with what the checkpointer notes of it. Forgotten, or with no place left, it has no holders. */
export interface TrackedBlock extends Part {
  readonly block: string
  /** Of received input null. */
  readonly output: Output | null
  readonly partition: number
  /** Of a durable cluster: it is on its holders' disks. */
  onDisk: boolean
  /** Of what is stored: there are fewer copies than there should be. */
  unsafe: boolean
  /** Where a copy is under way to, and who was asked for it. */
  copyTo: NodeId | null
  copyBy: NodeId | null
  /** Of received input: who has begun to take it in for the tasks that will read it. */
  begunAt: NodeId | null
}

/** A block as it is named to tasks; of a state's chain with what it is there. */
export interface Place {
  readonly block: string
  readonly holders: readonly NodeId[]
  readonly interval?: number
  readonly base?: boolean
}

/** What a stage makes, as far as it is there. */
export interface Output {
  readonly id: OutputId
  readonly parts: readonly (Part | undefined)[]
  /** How many of them are there. */
  readonly present: number
  /** It was forgotten. One of that name that is made again is another object. */
  readonly gone: boolean
  /** All of them as they are named to tasks; null: to be made. For who needs all. */
  places: readonly Place[] | null
  /** Null: it is temporary, or not known yet. */
  stored: StoredOf | null
}

export const nobody: readonly NodeId[] = Object.freeze([])

export const emptyPart: Part = Object.freeze({ block: null, rows: 0, bytes: 0, holders: nobody })

/** As the tracker has it; of received input `output` is null. */
export class Held implements TrackedBlock {
  holders: readonly NodeId[] = nobody
  place: Place | null = null
  onDisk = false
  unsafe = false
  copyTo: NodeId | null = null
  copyBy: NodeId | null = null
  begunAt: NodeId | null = null
  readonly sectionRows: readonly number[] | undefined
  readonly base: boolean | undefined
  readonly keys: number | undefined

  constructor(
    readonly block: string,
    readonly bytes: number,
    readonly rows: number,
    readonly output: KnownOutput | null,
    readonly partition: number,
    made: MadePart | null,
  ) {
    this.sectionRows = made?.sectionRows
    this.base = made?.base
    this.keys = made?.keys
  }
}

export class KnownOutput implements Output {
  readonly parts: (Part | undefined)[] = []
  present = 0
  gone = false
  stored: StoredOf | null = null
  places: readonly Place[] | null = null

  constructor(readonly id: OutputId) {}
}
