/**
 * What functions print on the workers, shown in the shell that defined them: the master is asked once a second, from the first
 * definition of this shell on.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StyledLine } from "../session.js"
import { printable } from "../view/table.js"

const everyMs = 1_000
/** More in one turn are counted, not shown. */
const shownAtOnce = 10

export class LogTail {
  private readonly streams = new Set<string>()
  private timer: NodeJS.Timeout | undefined
  private seenMs: number
  /** Lines of the newest millisecond that have been shown: the next answer may hold more of it. */
  private seenAtMs = 0
  private asking = false

  constructor(
    private readonly session: ClientSession,
    private readonly print: (lines: readonly StyledLine[]) => void,
  ) {
    this.seenMs = session.clock.now()
  }

  follow(names: readonly string[]): void {
    for (const name of names) this.streams.add(name)
    this.timer ??= setInterval(() => void this.look(), everyMs)
    this.timer.unref()
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async look(): Promise<void> {
    if (this.asking) return
    this.asking = true
    try {
      const lines: StyledLine[] = []
      let atSeen = 0
      const behindMs = Math.ceil(this.session.clock.now() - this.seenMs) + 1
      for await (const entry of this.session.logs({ last: `${behindMs}ms` })) {
        if (entry.time < this.seenMs) continue
        if (entry.time > this.seenMs) {
          this.seenMs = entry.time
          this.seenAtMs = 0
          atSeen = 0
        }
        if (atSeen++ < this.seenAtMs) continue
        this.seenAtMs = atSeen
        const name = entry.stream?.split("/").at(-1) ?? ""
        if (!this.streams.has(name)) continue
        lines.push({ text: `  ${name}: ${printable(entry.text)}${entry.repeated > 1 ? ` (× ${entry.repeated})` : ""}`, style: "dim" })
      }
      const more = lines.length - shownAtOnce
      this.print(more > 0 ? [...lines.slice(-shownAtOnce), { text: `  … ${more} more lines: .log`, style: "dim" }] : lines)
    } catch {
      // a master that does not answer is the status line's business
    } finally {
      this.asking = false
    }
  }
}
