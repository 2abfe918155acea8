/**
 * What functions print on the workers, shown in the shell that defined them: the master is asked once a second, from the first
 * definition of this shell on.
 */
import type { ClientSession } from "../../cluster/client/session.js"
import type { StyledLine } from "../session.js"
import { printable, truncate } from "../view/table.js"

const everyMs = 1_000
/** More in one turn are counted, not shown. */
const shownAtOnce = 10
/** By which lines begin that say what a task set aside. */
const setAside = "set aside, "

export class LogTail {
  private readonly streams = new Set<string>()
  private timer: NodeJS.Timeout | undefined
  private seenMs: number
  /** Lines of the newest millisecond that have been shown: the next answer may hold more of it. */
  private seenAtMs = 0
  private asking = false
  /** Of which it was said once that they set something aside: how much it is by now is in the status line. */
  private readonly settingAside = new Set<string>()
  private readonly asideSaid = new Set<string>()

  constructor(
    private readonly session: ClientSession,
    private readonly print: (lines: readonly StyledLine[]) => void,
    private readonly columns: () => number = () => Number.POSITIVE_INFINITY,
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
        const isAside = entry.text.startsWith(setAside)
        if (isAside && !this.isNews(name, entry.text)) continue
        const after = isAside ? `; ${name}.aside has them, .streams counts them` : entry.repeated > 1 ? ` (× ${entry.repeated})` : ""
        // A record is printed over several lines: here each is one, and `.log` has it whole.
        const text = `  ${name}: ${printable(entry.text.replace(/\s*\n\s*/g, " "))}${after}`
        lines.push({ text: isAside ? text : truncate(text, this.columns() - 1), style: "dim" })
      }
      const more = lines.length - shownAtOnce
      this.print(more > 0 ? [...lines.slice(-shownAtOnce), { text: `  … ${more} more lines: .log`, style: "dim" }] : lines)
    } catch {
      // a master that does not answer is the status line's business
    } finally {
      this.asking = false
    }
  }

  /** Each stream that reads an input says the same of its broken lines, of each of them, for as long as they come. */
  private isNews(name: string, text: string): boolean {
    const isNews = !this.settingAside.has(name) && !this.asideSaid.has(text)
    this.settingAside.add(name)
    if (isNews) this.asideSaid.add(text)
    return isNews
  }
}
