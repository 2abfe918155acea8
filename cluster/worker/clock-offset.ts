/**
 * The master's wall clock, as this worker estimates it: the worker's monotonic clock plus an offset learned
 * from exchanges with the master. The local wall clock plays no part, so its jumps change nothing.
 *
 * An answer that was long under way says little of the offset: of the newest samples the one with the shortest round trip
 * counts. The estimate does not go back, because what has been reported as past must stay past; only a master that has
 * itself set its clock back by more than `jumpMs` is followed.
 */

import type { Now } from "../ports.js"

export const samplesKept = 16
/** A step back by less is waited out. */
export const jumpMs = 2_000

interface Sample {
  readonly offsetMs: number
  readonly roundTripMs: number
}

export class ClockOffset {
  #samples: Sample[] = []
  #monotonicMs = 0
  #floorMs = Number.NEGATIVE_INFINITY

  /** Called with the time of every event before anything else. */
  advance(now: Now): void {
    this.#monotonicMs = Math.max(this.#monotonicMs, now.monotonicMs)
  }

  get monotonicMs(): number {
    return this.#monotonicMs
  }

  /** False until the master has been heard: then `masterMs` means nothing. */
  get known(): boolean {
    return this.#samples.length > 0
  }

  /** A message sent at `sentMs` (monotonic) was answered by the master when its clock was `masterMs`; the answer came now. */
  sample(sentMs: number, masterMs: number): void {
    const roundTripMs = this.#monotonicMs - sentMs
    if (!(roundTripMs >= 0) || !Number.isFinite(masterMs)) return
    this.#samples.push({ offsetMs: masterMs + roundTripMs / 2 - this.#monotonicMs, roundTripMs })
    if (this.#samples.length > samplesKept) this.#samples.shift()
  }

  /**
   * The master's clock was `masterMs` when it sent what came now. Nothing says how long the question was under way (it may have waited
   * for a master that was away), so half of that time must not be added: to be ahead would close an interval too early, to be behind
   * by an answer's way costs that much delay. Any exchange that was timed counts more.
   */
  atLeast(masterMs: number): void {
    if (!Number.isFinite(masterMs)) return
    this.#samples.push({ offsetMs: masterMs - this.#monotonicMs, roundTripMs: Number.POSITIVE_INFINITY })
    if (this.#samples.length > samplesKept) this.#samples.shift()
  }

  /** Another master: what the former one's clock said is void. */
  reset(): void {
    this.#samples = []
    this.#floorMs = Number.NEGATIVE_INFINITY
  }

  /** Now by the master's clock, whole ms; does not go back. */
  get masterMs(): number {
    const estimate = Math.floor(this.#monotonicMs + this.#offsetMs)
    if (estimate > this.#floorMs || estimate < this.#floorMs - jumpMs) this.#floorMs = estimate
    return this.#floorMs
  }

  /** When the master's clock will have reached `masterMs`, by this worker's monotonic clock. */
  monotonicAt(masterMs: number): number {
    return Math.ceil(masterMs - this.#offsetMs)
  }

  get #offsetMs(): number {
    let best: Sample | undefined
    for (const sample of this.#samples) if (best === undefined || sample.roundTripMs <= best.roundTripMs) best = sample
    return best?.offsetMs ?? 0
  }
}
