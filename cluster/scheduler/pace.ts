/**
 * How fast a worker is beside the others, by the tasks of one stage that several of them did: who is slow is remembered, gets
 * less to do, and earns its way back, for it goes on getting some.
 *
 * One task that takes long tells of its partition as much as of its worker. So what counts is how many of a worker's newest
 * tasks were slow, and only when most of them were, by how much.
 */

/** Beside the mean of the stage's other tasks … */
const slower = 1.4
/** … if it took that long at all: below it is noise. */
const floorMs = 20
/** The newest tasks count, nearly: the weight of one. */
const weight = 1 / 16
const becomesSlow = 0.6
const isQuickAgain = 0.3
/** However slow, it gets a task now and then. */
const slowest = 8

export class Pace {
  #slowShare = 0
  #ratio = 1
  #slow = false

  /** How many times as long it takes as others; 1 for who is not slow. */
  get factor(): number {
    return this.#slow ? Math.max(slower, this.#ratio) : 1
  }

  /** One of its tasks took `ms`, others of that stage `othersMs`. True: whether it is slow has changed. */
  took(ms: number, othersMs: number): boolean {
    const isSlow = ms >= floorMs && ms > slower * othersMs
    this.#slowShare += ((isSlow ? 1 : 0) - this.#slowShare) * weight
    if (isSlow) this.#ratio += (Math.min(slowest, ms / Math.max(1, othersMs)) - this.#ratio) * 2 * weight
    const slow = this.#slow ? this.#slowShare > isQuickAgain : this.#slowShare > becomesSlow
    if (slow === this.#slow) return false
    this.#slow = slow
    if (!slow) this.#ratio = 1
    return true
  }
}
