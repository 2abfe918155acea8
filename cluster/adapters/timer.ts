/** One timer of the monotonic clock, moved often and rung seldom: moving it later costs nothing until it rings. */

import { performance } from "node:perf_hooks"

export class Timer {
  private dueMs: number | null = null
  private pending: NodeJS.Timeout | null = null
  private pendingMs = 0

  constructor(private readonly ring: () => void) {}

  /** Rings once at or after the time; replaces what was set before. Null: not at all. */
  set(monotonicMs: number | null): void {
    this.dueMs = monotonicMs
    if (monotonicMs === null) {
      if (this.pending !== null) clearTimeout(this.pending)
      this.pending = null
    } else if (this.pending === null || this.pendingMs > monotonicMs) this.arm(monotonicMs)
  }

  private arm(dueMs: number): void {
    if (this.pending !== null) clearTimeout(this.pending)
    this.pendingMs = dueMs
    this.pending = setTimeout(() => this.rung(), Math.min(Math.max(0, Math.ceil(dueMs - performance.now())), 2 ** 31 - 1))
  }

  private rung(): void {
    this.pending = null
    if (this.dueMs === null) return
    // Set later meanwhile, or the system's timer came a little early.
    if (performance.now() < this.dueMs) {
      this.arm(this.dueMs)
      return
    }
    this.dueMs = null
    this.ring()
  }
}
