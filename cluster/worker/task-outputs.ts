/**
 * What tasks made becomes blocks here: in memory, or on disk when there is no room.
 *
 * Of a task that is not reported yet nobody knows them, so the master would have them forgotten if they were in the inventory of a worker that
 * registers again, and then be told that they are there. They are spoken of once: by the task's report, or, when that was not heard, by
 * the next inventory.
 */

import type { StageSpec, TaskFailure, TaskOutput } from "../../engine/task.js"
import type { BlockOwner, LaunchTask, TaskDone } from "../protocol.js"
import type { BlockStore, BlockToStore } from "./block-store.js"
import type { WorkerConfig } from "./config.js"
import { defined } from "./defined.js"
import type { Outbox } from "./outbox.js"
import type { Spill } from "./spill.js"

type Kept = TaskDone["outputs"][number]

/** The task that made them. */
interface Maker {
  readonly stage: StageSpec
  readonly launch: LaunchTask
  readonly executor: number
}

export interface TaskOutputsParts {
  readonly config: WorkerConfig
  readonly store: BlockStore
  readonly spill: Spill
  readonly outbox: Outbox
}

export interface Keeping {
  /** The task is over otherwise: what is stored of it goes, and `done` is not called. */
  giveUp(): void
}

/** A question's result that is no larger goes to the master with the news that it is there. */
const inlineBytes = 8_192

export class TaskOutputs {
  readonly #config: WorkerConfig
  readonly #store: BlockStore
  readonly #spill: Spill
  readonly #outbox: Outbox
  readonly #untold = new Set<string>()

  constructor({ config, store, spill, outbox }: TaskOutputsParts) {
    this.#config = config
    this.#store = store
    this.#spill = spill
    this.#outbox = outbox
  }

  /** Whether it is part of what a task made that is not reported yet. */
  isUntold(block: string): boolean {
    return this.#untold.has(block)
  }

  /** These are reported, or never will be: from now on the inventory names their blocks. */
  told(done: readonly TaskDone[]): void {
    for (const { outputs } of done) for (const { block } of outputs) this.#untold.delete(block)
  }

  /** Stores them one after the other, so that any worker can be served with them. `done` is called once: with all of them, or with why there are none. */
  keep(maker: Maker, made: readonly TaskOutput[], done: (outputs: readonly Kept[], failure?: TaskFailure) => void): Keeping {
    const kept: Kept[] = []
    let over = false
    const drop = () => {
      over = true
      for (const { block } of kept) {
        this.#untold.delete(block)
        this.#store.drop(block)
      }
    }
    const next = (): void => {
      for (let output = made[kept.length]; output !== undefined; output = made[kept.length]) {
        const { bytes, rows } = output
        const block = { id: this.#store.newId(), bytes, rows, owner: ownerOf(maker, output) }
        const one = keptOf(maker, block.id, output)
        const stored = () => {
          this.#untold.add(block.id)
          kept.push(one)
        }
        if (this.#store.put(block) === null) {
          this.#toDisk(maker, block, failure => {
            if (over) this.#store.drop(block.id)
            else if (failure === null) {
              stored()
              next()
            } else {
              drop()
              done([], failure)
            }
          })
          return
        }
        if (bytes.byteLength >= this.#config.reusedBytes && one.inline === undefined)
          this.#outbox.push({ kind: "outputOver", executor: maker.executor, bytes })
        stored()
      }
      over = true
      done(kept)
    }
    next()
    return {
      giveUp: () => {
        if (!over) drop()
      },
    }
  }

  /** Memory has no room for what a task made: then it goes to disk. */
  #toDisk({ stage }: Maker, block: BlockToStore, then: (failure: TaskFailure | null) => void): void {
    const store = this.#store
    this.#spill.write(block.bytes, (place, error) => {
      if (place !== null) {
        store.putOnDisk({ ...block, bytes: block.bytes.byteLength }, place)
        return then(null)
      }
      const message =
        `block memory is full: an output of ${block.bytes.byteLength} bytes of ${stage.label} does not fit, ` +
        `${store.usedBytes} of ${store.capBytes} bytes are in use (more workers, a larger --memory or a shorter remember help), and ${error}`
      then({ kind: "machine", message })
    })
  }
}

function keptOf({ stage }: Maker, block: string, output: TaskOutput): Kept {
  const { bytes, rows, sectionRows, heavy, base, keys, interval, newest, aside } = output
  return {
    block,
    bytes: bytes.byteLength,
    rows,
    ...defined({ sectionRows, heavy, base, keys, interval, newest, aside }),
    ...(stage.write.kind === "result" && bytes.byteLength <= inlineBytes && { inline: bytes }),
  }
}

function ownerOf({ stage, launch }: Maker, { output, interval, sectionRows, base, keys }: TaskOutput): BlockOwner {
  // What is late is kept as long as the interval in which it came too late.
  const openFrom = stage.write.kind === "read" ? stage.write.arrived?.openFrom : undefined
  const start = openFrom === undefined ? (interval ?? stage.interval?.from ?? null) : Math.max(interval ?? openFrom, openFrom)
  return {
    output: output ?? stage.output,
    partition: launch.partition,
    stream: stage.stream,
    interval: start,
    ...defined({ sectionRows, base, keys }),
  }
}
