/**
 * How long a task may keep those of others waiting, by the clock, before it is set apart from them: little, for it may never end. But a
 * task that is set apart takes its thread with it, and the state that is cached there; so one whose stream's tasks take long anyhow has more time.
 */

/** Beside the longest of its group's tasks of late, … */
const times = 2
/** … but no less than this, for a new thread begins with cold code, … */
const leastMs = 300
/** … and after so long in any case. */
const mostMs = 5_000
/** What nobody knows of: a question, or a stream's first task, whose code is cold. */
const unknownMs = 500
/** One that finds no place apart has so long, and is ended then. */
export const placelessMs = 1_000
/** What was long once is forgotten, task by task. */
const fades = 0.9
/** So many streams are remembered. */
const groupsMost = 1_000

export class Patience {
  readonly #usualMs = new Map<string, number>()

  /** A task of the group has come to its end after so long. */
  took(group: string, ms: number): void {
    const usualMs = Math.max(ms, (this.#usualMs.get(group) ?? 0) * fades)
    this.#usualMs.delete(group)
    this.#usualMs.set(group, usualMs)
    if (this.#usualMs.size > groupsMost) this.#usualMs.delete(this.#usualMs.keys().next().value!)
  }

  limitMs(group: string): number {
    const usualMs = this.#usualMs.get(group)
    return usualMs === undefined ? unknownMs : Math.min(mostMs, Math.max(leastMs, times * usualMs))
  }
}
