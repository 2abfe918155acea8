/**
 * `setTimeout` in a notebook's cells, on the simulated clock. A cell that waits for one lets that much simulated time pass: nobody else would, and
 * without it a wait of an hour would either take one or never end.
 */

interface Timer {
  readonly dueMs: number
  readonly run: () => void
}

export interface SimulatedClock {
  now(): number
  advance(by: `${number}ms`): Promise<void>
}

export class SimulatedTimers {
  private readonly timers = new Map<number, Timer>()
  private lastId = 0
  private passing = false
  /** Told whenever a timer is no more. */
  private watchers: (() => void)[] = []

  constructor(private readonly clock: SimulatedClock) {}

  readonly setTimeout = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): number => {
    const id = ++this.lastId
    this.timers.set(id, { dueMs: this.clock.now() + Math.max(0, ms), run: () => run(...args) })
    if (!this.passing) {
      this.passing = true
      // Not at once: what the cell does before it waits belongs to this moment.
      setImmediate(() => {
        // A cluster that has been closed has no time; a cell that still waits for it is told so elsewhere.
        this.pass().catch(() => {
          for (const id of [...this.timers.keys()]) this.remove(id)
        })
      })
    }
    return id
  }

  /** Resolves when the timers that are waiting now have run: a cell that has ended has none that run beside the next one. */
  async settled(): Promise<void> {
    const waiting = [...this.timers.keys()]
    while (waiting.some(id => this.timers.has(id))) await new Promise<void>(resolve => this.watchers.push(resolve))
    // What the last one threw is told as a cell's.
    await new Promise(resolve => setImmediate(resolve))
  }

  readonly clearTimeout = (id: number): void => this.remove(id)

  private remove(id: number): void {
    this.timers.delete(id)
    for (const watcher of this.watchers.splice(0)) watcher()
  }

  /** Lets time pass to the next timer that is due, and to the next, until there is none. */
  private async pass(): Promise<void> {
    for (let next = this.next(); next !== undefined; next = this.next()) {
      const waitMs = next[1].dueMs - this.clock.now()
      if (waitMs > 0) {
        await this.clock.advance(`${waitMs}ms`)
        continue
      }
      this.remove(next[0])
      try {
        next[1].run()
      } catch (error) {
        // As of any timer: nobody waits for it, and the next ones are due all the same.
        queueMicrotask(() => {
          throw error
        })
      }
      // What waited for it goes on before more time passes.
      await new Promise(resolve => setImmediate(resolve))
    }
    this.passing = false
  }

  /** The earliest, of several the one that was set first. */
  private next(): [number, Timer] | undefined {
    let first: [number, Timer] | undefined
    for (const timer of this.timers) if (first === undefined || timer[1].dueMs < first[1].dueMs) first = timer
    return first
  }
}
