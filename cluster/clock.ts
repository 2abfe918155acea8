/**
 * The master's clock: the wall clock, anchored to the monotonic one.
 *
 * The problem: intervals are named by wall time, and a wall clock jumps (NTP, suspend, an operator). Seals must never go
 * back, and an hour backwards must not stop all streams for an hour. The solution: time runs on with the monotonic clock;
 * a wall clock ahead is adopted at once (the intervals jumped over are sealed as one empty run), one behind is approached
 * by running a tenth slower until they meet.
 */

import type { Now } from "./ports.js"

/** Differences below this are noise of reading two clocks. */
const toleranceMs = 2
const slowedBy = 0.1

export class MasterClock {
  #monotonicMs: number | null = null
  #timeMs = 0

  /** `floorMs`: no time before it is ever given (the end of what is sealed already). */
  constructor(private readonly floorMs = Number.NEGATIVE_INFINITY) {}

  /** Whole milliseconds; never less than what was given before. */
  read(now: Now): number {
    if (this.#monotonicMs === null) {
      this.#timeMs = Math.max(now.wallMs, this.floorMs)
    } else {
      const passedMs = Math.max(0, now.monotonicMs - this.#monotonicMs)
      const ahead = now.wallMs - (this.#timeMs + passedMs)
      if (ahead > toleranceMs) this.#timeMs = now.wallMs
      else if (ahead < -toleranceMs) this.#timeMs += passedMs * (1 - slowedBy)
      else this.#timeMs += passedMs
    }
    this.#monotonicMs = now.monotonicMs
    return Math.floor(this.#timeMs)
  }
}
