/**
 * How many records the tasks of each stream set aside, since this master began. A task that runs again (its block was lost, a split is read
 * once more) meets the same records: they count once.
 */

import type { StreamId } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"
import { deleteFirst } from "./stage-facts.js"

/** Of so many tasks that set something aside it is known. What runs again is mostly young. */
const tasksKnown = 20_000

export class AsideCounts {
  readonly #streams = new Map<StreamId, number>()
  readonly #tasks = new Map<string, number>()

  made(spec: StageSpec, partition: number, records: number): void {
    const { stream } = spec
    if (records === 0 || stream === null) return
    const task = `${workOf(spec)}#${partition}`
    // Of a file's beginning some was read before, to see when it begins.
    const known = this.#tasks.get(task) ?? 0
    if (records <= known) return
    this.#tasks.delete(task)
    this.#tasks.set(task, records)
    if (this.#tasks.size > tasksKnown) deleteFirst(this.#tasks)
    this.#streams.set(stream, this.of(stream) + records - known)
  }

  of(stream: StreamId): number {
    return this.#streams.get(stream) ?? 0
  }
}

/** The same for each reading of the same: those have names of their own. */
function workOf({ write, output, stream }: StageSpec): string {
  if (write.kind !== "read") return output
  return write.split === null ? output.slice(0, output.lastIndexOf("/")) : `${stream} ${write.split.path} ${write.split.from}`
}
