/**
 * Brings a task's inputs here before it starts: what block memory holds is pinned where it lies, the rest is fetched into
 * it, files are read, functions and data asked for. A task's thread never waits for any of this (the paper's §4.2).
 */

import { longestOverhangBytes, needsMore, splitOverhangBytes, splitRange, type Unpacked } from "../../engine/input/file-split.js"
import type { InputPart, StageSpec, TaskFailure, TaskInput } from "../../engine/task.js"
import type { NodeId } from "../ports.js"
import type { LaunchInput, LaunchTask } from "../protocol.js"
import type { Region } from "./allocator.js"
import { type Assets, assetsOf } from "./assets.js"
import { sectionView } from "./block-format.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { DiskBudget } from "./disk-budget.js"
import type { Fetcher, Waiter } from "./fetcher.js"
import type { Files } from "./files.js"
import type { Spill } from "./spill.js"

export interface TaskInputsParts {
  readonly node: NodeId
  readonly store: BlockStore
  readonly fetcher: Fetcher
  readonly files: Files
  readonly assets: Assets
  readonly spill: Spill
  readonly budgets: { readonly stream: DiskBudget; readonly query: DiskBudget }
}

type LaunchPart = LaunchInput["parts"][number]

export class TaskInputs {
  readonly #parts: TaskInputsParts
  readonly #inputs: { readonly ref: TaskInput["ref"]; readonly parts: InputPart[] }[] = []
  readonly #pinned: Region[] = []
  readonly #waiters = new Set<Waiter>()
  /** Gives back what was read from disk. */
  readonly #loans: (() => void)[] = []
  /** Called once: with null when all is here, or with why it never will be. */
  readonly #done: (failure: TaskFailure | null) => void
  #missing = 0
  #over = false
  /** Of its inputs, so much came from some worker's disk. */
  diskBytes = 0
  /** Of a split of a compressed file. */
  unpacked: Unpacked | undefined
  /** Blocks on this worker's disk: read when it is this task's turn. */
  readonly #onDisk: { readonly block: StoredBlock; readonly use: (bytes: Uint8Array) => void }[] = []
  #budget: DiskBudget | null = null

  constructor(parts: TaskInputsParts, done: (failure: TaskFailure | null) => void) {
    this.#parts = parts
    this.#done = done
  }

  start(task: LaunchTask, stage: StageSpec): void {
    // One is held back until all are asked for, lest the first that is here seem to be the last.
    this.#missing = 1
    this.#missing += this.#parts.assets.require(assetsOf(stage), () => this.#arrived())
    for (const input of task.inputs) {
      const parts: InputPart[] = []
      this.#inputs.push({ ref: input.ref, parts })
      if (input.ref.kind === "asset") this.#asset(input.ref.hash, parts)
      else if (input.ref.kind === "file") this.#file(input.ref, parts)
      else for (const part of input.parts) this.#block(part, input.ref.kind === "shuffle" ? input.ref.partition : undefined, parts)
    }
    this.#readDisk(this.#parts.budgets[task.pool])
    this.#arrived()
  }

  #readDisk(budget: DiskBudget): void {
    if (this.#onDisk.length === 0) return
    for (const { block } of this.#onDisk) this.diskBytes += block.bytes
    this.#budget = budget
    budget.take(this, this.diskBytes, () => {
      for (const { block, use } of this.#onDisk) {
        // Dropped while it waited, or back in memory: whoever is left is asked.
        this.#parts.spill.borrow(block, (bytes, error, giveBack) => {
          this.#borrowed(giveBack)
          if (this.#over) return
          if (bytes !== null) use(bytes)
          else
            this.#fail({
              kind: "fetch",
              message: `block ${block.id} cannot be read from disk: ${error}`,
              block: block.id,
              from: this.#parts.node,
            })
        })
      }
    })
  }

  /** For the executor, once `done` was called with null. */
  get inputs(): readonly TaskInput[] {
    return this.#inputs
  }

  /** The task is over, or will not be: nothing reads its inputs any more. */
  release(): void {
    this.#over = true
    for (const waiter of this.#waiters) this.#parts.fetcher.abandon(waiter)
    this.#waiters.clear()
    for (const region of this.#pinned) this.#parts.store.unpin(region)
    this.#pinned.length = 0
    for (const giveBack of this.#loans.splice(0)) giveBack()
    this.#budget?.give(this)
  }

  #block(part: LaunchPart, section: number | undefined, parts: InputPart[]): void {
    const { store, fetcher } = this.#parts
    const index = parts.length
    parts.push({ offset: 0, length: 0 })
    const kind = { ...(part.interval !== undefined && { interval: part.interval }), ...(part.base !== undefined && { base: part.base }) }
    const held = store.get(part.block)
    if (held !== undefined && held.region === null) {
      this.#missing++
      const use = (whole: Uint8Array) => {
        const bytes = section === undefined ? whole : sectionView(whole, section)
        parts[index] = { offset: 0, length: bytes.byteLength, bytes, ...kind }
        this.#arrived()
      }
      this.#onDisk.push({ block: held, use })
      return
    }
    if (held !== undefined && held.region !== null) {
      const whole = store.view(held.region)
      const { byteOffset, byteLength } = section === undefined ? whole : sectionView(whole, section)
      this.#pin(held.region)
      parts[index] = { offset: byteOffset, length: byteLength, ...kind }
      return
    }
    this.#missing++
    const waiter: Waiter = {
      arrived: (region, disk) => {
        this.#waiters.delete(waiter)
        if (this.#over) return store.unpin(region)
        this.#pinned.push(region)
        if (disk) this.diskBytes += region.length
        parts[index] = { offset: region.offset, length: region.length, ...kind }
        this.#arrived()
      },
      overflowed: (bytes, disk) => {
        this.#waiters.delete(waiter)
        if (this.#over) return
        if (disk) this.diskBytes += bytes.byteLength
        parts[index] = { offset: 0, length: bytes.byteLength, bytes, ...kind }
        this.#arrived()
      },
      failed: ({ from, why, answered }) => {
        this.#waiters.delete(waiter)
        const what = section === undefined ? `block ${part.block}` : `section ${section} of block ${part.block}`
        const message = `${what} cannot be had${from === null ? "" : ` from ${from}`}: ${why}`
        this.#fail({ kind: "fetch", message, block: part.block, ...(from !== null && { from }), ...(!answered && { unanswered: true }) })
      },
    }
    this.#waiters.add(waiter)
    fetcher.want(part.block, section, part.holders, waiter)
  }

  #asset(hash: string, parts: InputPart[]): void {
    const { assets } = this.#parts
    const put = () => {
      const bytes = assets.get(hash)!
      parts[0] = { offset: 0, length: bytes.byteLength, bytes }
    }
    if (assets.get(hash) !== undefined) {
      put()
      return
    }
    this.#missing++
    assets.want([hash], () => {
      put()
      this.#arrived()
    })
  }

  #file(ref: Extract<TaskInput["ref"], { kind: "file" }>, parts: InputPart[]): void {
    this.#missing++
    const { split } = ref
    const { path, sizeBytes, modifiedMs, ends, packed } = split
    const all = (bytes: Uint8Array | null, error: string) => {
      if (bytes === null) return this.#fail({ kind: "machine", message: error })
      parts[0] = { offset: 0, length: bytes.byteLength, bytes }
      this.#arrived()
    }
    if (split.archived === true) return this.#borrow(path, 0, split.to, null, all)
    const pinned = { sizeBytes, modifiedMs, ...(ends !== undefined && { ends }), ...(packed !== undefined && { packed }) }
    if (split.parquet === true) return this.#borrow(path, 0, sizeBytes, pinned, all)
    const read = (overhangBytes: number, last: boolean) => {
      const { from, to } = splitRange(split, overhangBytes)
      this.#borrow(path, from, to, pinned, (bytes, error, unpacked) => {
        if (bytes === null) return this.#fail({ kind: "machine", message: error })
        this.unpacked = unpacked
        if (!last && needsMore(split, bytes)) return read(longestOverhangBytes, true)
        parts[0] = { offset: 0, length: bytes.byteLength, bytes }
        this.#arrived()
      })
    }
    read(splitOverhangBytes, false)
  }

  #borrow(...[path, from, to, pinned, done]: Parameters<Files["borrow"]>): void {
    const giveBack = this.#parts.files.borrow(path, from, to, pinned, (bytes, error, unpacked) => {
      this.#borrowed(giveBack)
      done(bytes, error, unpacked)
    })
  }

  /** It is given back with all else, or now if that has been. */
  #borrowed(giveBack: () => void): void {
    if (this.#over) giveBack()
    else this.#loans.push(giveBack)
  }

  #pin(region: Region): void {
    this.#parts.store.pin(region)
    this.#pinned.push(region)
  }

  #arrived(): void {
    if (--this.#missing === 0 && !this.#over) this.#done(null)
  }

  #fail(failure: TaskFailure): void {
    if (this.#over) return
    this.release()
    this.#done(failure)
  }
}
