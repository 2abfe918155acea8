/** Lines that functions print from now on, as they come: an endless sequence that ends with its reader or its session. */

import type { LogEntry } from "../protocol.js"
import type { ClientCalls } from "./calls.js"

/** So many lines wait for a slow reader; older ones go. */
const mostWaiting = 10_000

export class LogFeed {
  readonly #waiting: LogEntry[] = []
  readonly #release: () => void
  #wake: () => void = () => {}
  #ended = false

  /** Hears from the moment it is made, so that nothing is missed while older lines are fetched. */
  constructor(calls: ClientCalls, wanted: (entry: LogEntry) => boolean) {
    this.#release = calls.onPush(push => {
      if (push.kind !== "event" || push.event.kind !== "log") return
      const { stream, interval, partition, worker, lines } = push.event
      for (const line of lines) {
        const entry: LogEntry = { wallMs: calls.now(), worker, stream, interval, partition, line }
        if (wanted(entry)) this.#waiting.push(entry)
      }
      if (this.#waiting.length > mostWaiting) this.#waiting.splice(0, this.#waiting.length - mostWaiting)
      this.#wake()
    })
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#release()
    this.#wake()
  }

  /** Without those that came with the older lines, too. */
  async *after(before: readonly LogEntry[]): AsyncGenerator<LogEntry> {
    const seen = new Set(before.map(identityOf))
    for (;;) {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        if (!seen.delete(identityOf(next))) yield next
      }
      if (this.#ended) return
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

const identityOf = ({ worker, stream, interval, partition, line }: LogEntry): string =>
  JSON.stringify([worker, stream, interval, partition, line.level, line.text])
