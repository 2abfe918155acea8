/**
 * Tells the master which received blocks are here and not yet in a seal, on the grid of the live intervals (the paper's
 * §4.1).
 *
 * A report's `through` is a promise: whatever arrived here before it has been reported. A batch whose replica is under
 * way is not reported yet (were it sealed and this worker died, an acked interval would have a hole), so it holds
 * `through` back to its own arrival; but no longer than `holdReportMs`, so that a dying peer cannot stop time. What misses
 * its interval by that enters the next one.
 *
 * Blocks are repeated until settled, ever more rarely: the channel is exact while the master lives, so repetition only
 * guards against what nobody foresaw. A master that is met anew hears of all of them at once.
 */

import type { InputInfo, ReceivedBlock } from "../protocol.js"
import type { ClockOffset } from "./clock-offset.js"
import type { MasterLink } from "./master-link.js"

const repeatAtMostMs = 5_000
const blocksPerMessage = 10_000

interface Entry {
  block: ReceivedBlock
  dueMs: number
  gapMs: number
}

export class Reporter {
  readonly #clock: ClockOffset
  readonly #master: MasterLink
  readonly #holdMs: number
  /** Blocks whose replicas are under way, in order of arrival. */
  readonly #arriving = new Map<string, number>()
  readonly #entries = new Map<string, Entry>()
  readonly #receivers = new Map<string, InputInfo>()
  #reportMs = 100
  /** The next time (master's clock) that is to be reported as past. */
  #boundaryMs = Number.NEGATIVE_INFINITY
  #throughMs = 0

  constructor(clock: ClockOffset, master: MasterLink, holdMs: number) {
    this.#clock = clock
    this.#master = master
    this.#holdMs = holdMs
  }

  /** Blocks that wait for their seal. */
  get size(): number {
    return this.#entries.size
  }

  /** Received blocks that are in no seal, as far as is known here. */
  get unsettled(): number {
    return this.#entries.size + this.#arriving.size
  }

  /** The input that receives under this name; undefined when nobody defined one. */
  input(receiver: string): InputInfo | undefined {
    return this.#receivers.get(receiver)
  }

  onInputs(inputs: readonly InputInfo[], reportMs: number): void {
    this.#receivers.clear()
    for (const input of inputs) this.#receivers.set(input.receiver, input)
    if (reportMs > 0 && reportMs !== this.#reportMs) {
      this.#reportMs = reportMs
      this.#boundaryMs = Number.NEGATIVE_INFINITY
    }
  }

  arriving(block: string, arrivedMs: number): void {
    this.#arriving.set(block, arrivedMs)
  }

  /** The block has all the copies it will have for now. */
  arrived(block: ReceivedBlock): void {
    this.#arriving.delete(block.block)
    this.#entries.set(block.block, { block, dueMs: 0, gapMs: this.#reportMs })
  }

  /** Settled, or dropped. */
  done(block: string): void {
    this.#arriving.delete(block)
    this.#entries.delete(block)
  }

  waiting(block: string): boolean {
    return this.#entries.has(block)
  }

  /** What was reported may not have reached the master that is there now. */
  onJoined(another: boolean): void {
    for (const entry of this.#entries.values()) {
      entry.dueMs = 0
      entry.gapMs = this.#reportMs
    }
    this.#boundaryMs = Number.NEGATIVE_INFINITY
    if (another) this.#throughMs = 0
  }

  /** Called after every event: a replica's confirmation may be what a boundary waits for. */
  onTime(nowMs: number): void {
    if (!this.#master.joined || !this.#clock.known) return
    const through = this.#through()
    if (through < this.#boundaryMs) return
    this.#boundaryMs = (Math.floor(through / this.#reportMs) + 1) * this.#reportMs
    const due: ReceivedBlock[] = []
    for (const entry of this.#entries.values()) {
      if (entry.dueMs > nowMs) continue
      // Half a tick early: ticks do not come to the millisecond.
      entry.dueMs = nowMs + entry.gapMs - this.#reportMs / 2
      entry.gapMs = Math.min(repeatAtMostMs, entry.gapMs * 2)
      due.push(entry.block)
    }
    let sent = 0
    for (; due.length - sent > blocksPerMessage; sent += blocksPerMessage) {
      this.#master.tell({ kind: "report", through: this.#throughMs, blocks: due.slice(sent, sent + blocksPerMessage) })
    }
    this.#throughMs = Math.max(this.#throughMs, through)
    this.#master.tell({ kind: "report", through: this.#throughMs, blocks: due.slice(sent) })
  }

  get deadlineMs(): number {
    if (!this.#master.joined || !this.#clock.known) return Number.POSITIVE_INFINITY
    if (this.#boundaryMs === Number.NEGATIVE_INFINITY) return this.#clock.monotonicMs
    const heldBack = this.#oldest() < this.#boundaryMs
    return this.#clock.monotonicAt(this.#boundaryMs + (heldBack ? this.#holdMs : 0))
  }

  #oldest(): number {
    for (const arrivedMs of this.#arriving.values()) return arrivedMs
    return Number.POSITIVE_INFINITY
  }

  #through(): number {
    const now = this.#clock.masterMs
    return Math.max(Math.min(now, this.#oldest()), now - this.#holdMs)
  }
}
