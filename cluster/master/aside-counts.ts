/**
 * How many records the tasks of each stream set aside, since this master began. A task that runs again (its block was lost, a split is read
 * once more) meets the same records: they count once.
 */

import type { StreamId } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"
import { deleteOldest } from "../oldest.js"

/** Of so many tasks that set something aside it is known. What runs again is mostly young. */
const tasksKnown = 20_000
const recentS = 60
const rateS = 10

export class AsideCounts {
  readonly #streams = new Map<StreamId, number>()
  readonly #tasks = new Map<string, number>()
  /** Of each of the newest seconds in which there were some: `[second, records]`. */
  readonly #newest = new Map<StreamId, [number, number][]>()

  made(spec: StageSpec, partition: number, records: number, timeMs: number): void {
    const { stream } = spec
    if (records === 0 || stream === null) return
    const task = `${workOf(spec)}#${partition}`
    // Of a file's beginning some was read before, to see when it begins.
    const known = this.#tasks.get(task) ?? 0
    if (records <= known) return
    this.#tasks.delete(task)
    this.#tasks.set(task, records)
    if (this.#tasks.size > tasksKnown) deleteOldest(this.#tasks)
    this.#streams.set(stream, this.of(stream) + records - known)
    this.#noteNewest(stream, Math.floor(timeMs / 1_000), records - known)
  }

  #noteNewest(stream: StreamId, second: number, records: number): void {
    const newest = (this.#newest.get(stream) ?? []).filter(([at]) => at > second - recentS)
    const last = newest.at(-1)
    if (last?.[0] === second) last[1] += records
    else newest.push([second, records])
    this.#newest.set(stream, newest)
  }

  /** Whether there were some in the last minute, and how many a second in the last ten seconds that are over. */
  recent(stream: StreamId, timeMs: number): { readonly any: boolean; readonly perSecond: number } {
    const second = Math.floor(timeMs / 1_000)
    const newest = this.#newest.get(stream) ?? []
    const records = newest.reduce((sum, [at, n]) => (at >= second - rateS && at < second ? sum + n : sum), 0)
    return { any: newest.some(([at]) => at > second - recentS), perSecond: records / rateS }
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
