/**
 * Brings a task's inputs here before it starts: what block memory holds is pinned where it lies, the rest is fetched into
 * it, files are read, functions and data asked for. A task's thread never waits for any of this (the paper's §4.2).
 */

import { splitRange } from "../../engine/file-split.js"
import type { InputPart, StageSpec, TaskFailure, TaskInput } from "../../engine/task.js"
import type { LaunchInput, LaunchTask } from "../protocol.js"
import type { Region } from "./allocator.js"
import { type Assets, assetsOf } from "./assets.js"
import { sectionView } from "./block-format.js"
import type { BlockStore } from "./block-store.js"
import type { Fetcher, Waiter } from "./fetcher.js"
import type { Files } from "./files.js"

export interface TaskInputsParts {
  readonly store: BlockStore
  readonly fetcher: Fetcher
  readonly files: Files
  readonly assets: Assets
}

type LaunchPart = LaunchInput["parts"][number]

export class TaskInputs {
  readonly #parts: TaskInputsParts
  readonly #inputs: { readonly ref: TaskInput["ref"]; readonly parts: InputPart[] }[] = []
  readonly #pinned: Region[] = []
  readonly #waiters = new Set<Waiter>()
  /** Called once: with null when all is here, or with why it never will be. */
  readonly #done: (failure: TaskFailure | null) => void
  #missing = 0
  #over = false

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
      else for (const part of input.parts) this.#block(part, parts)
    }
    this.#arrived()
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
  }

  #block(part: LaunchPart, parts: InputPart[]): void {
    const { store, fetcher } = this.#parts
    const index = parts.length
    parts.push({ offset: 0, length: 0 })
    const kind = { ...(part.interval !== undefined && { interval: part.interval }), ...(part.base !== undefined && { base: part.base }) }
    const held = store.get(part.block)
    if (held !== undefined) {
      const whole = store.view(held.region)
      const { byteOffset, byteLength } = part.section === undefined ? whole : sectionView(whole, part.section)
      this.#pin(held.region)
      parts[index] = { offset: byteOffset, length: byteLength, ...kind }
      return
    }
    this.#missing++
    const waiter: Waiter = {
      arrived: region => {
        this.#waiters.delete(waiter)
        if (this.#over) return store.unpin(region)
        this.#pinned.push(region)
        parts[index] = { offset: region.offset, length: region.length, ...kind }
        this.#arrived()
      },
      failed: (from, why, full = false) => {
        this.#waiters.delete(waiter)
        const what = part.section === undefined ? `block ${part.block}` : `section ${part.section} of block ${part.block}`
        const message = full ? why : `${what} cannot be had${from === null ? "" : ` from ${from}`}: ${why}`
        this.#fail(full ? { kind: "machine", message } : { kind: "fetch", message, block: part.block, ...(from !== null && { from }) })
      },
    }
    this.#waiters.add(waiter)
    fetcher.want(part.block, part.section, part.holders, waiter)
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
    assets.require([hash], () => {
      put()
      this.#arrived()
    })
  }

  #file(ref: Extract<TaskInput["ref"], { kind: "file" }>, parts: InputPart[]): void {
    this.#missing++
    const { from, to } = splitRange(ref.split)
    this.#parts.files.read(ref.split.path, from, to, (bytes, error) => {
      if (bytes === null) return this.#fail({ kind: "machine", message: error })
      parts[0] = { offset: 0, length: bytes.byteLength, bytes }
      this.#arrived()
    })
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
