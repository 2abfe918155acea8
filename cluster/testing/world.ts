/**
 * Simulated time: events in order of their time, and of their making where times are equal. Nothing happens in between, and
 * an hour without events takes no time.
 */

import { Random } from "./random.js"
import { Trace } from "./trace.js"

export interface Timer {
  cancelled: boolean
}

interface Scheduled extends Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class World {
  nowMs = 0
  readonly random: Random
  readonly trace: Trace
  /** Rules of the seams that were seen broken, whatever came of it: a run with any has failed. */
  readonly breaches: string[] = []
  readonly #heap: Scheduled[] = []
  #order = 0

  constructor(seed: number, trace = new Trace()) {
    this.random = new Random(seed)
    this.trace = trace
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.nowMs + Math.max(0, delayMs), run)
  }

  at(atMs: number, run: () => void): Timer {
    const scheduled: Scheduled = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run, cancelled: false }
    this.#push(scheduled)
    return scheduled
  }

  /** Does what is due next, unless that is after `untilMs`. False if there was nothing. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > untilMs) return false
      this.#pop()
      if (next.cancelled) continue
      this.nowMs = next.atMs
      next.run()
      return true
    }
  }

  runUntil(untilMs: number): void {
    while (this.step(untilMs)) {}
    this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** Until `done`, but not beyond `untilMs`. Returns whether it is done. */
  runWhileNot(done: () => boolean, untilMs: number): boolean {
    while (!done()) if (!this.step(untilMs)) return false
    return true
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a]!
    const y = this.#heap[b]!
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order)
  }

  #swap(a: number, b: number): void {
    const x = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = x
  }

  #push(scheduled: Scheduled): void {
    this.#heap.push(scheduled)
    for (let i = this.#heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  #pop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      if (left >= this.#heap.length) return
      const least = left + 1 < this.#heap.length && this.#before(left + 1, left) ? left + 1 : left
      if (!this.#before(least, i)) return
      this.#swap(i, least)
      i = least
    }
  }
}
