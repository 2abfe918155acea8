/** What user functions print: equal lines that follow each other are folded, and there is an end to it. */

import type { LogLevel } from "./capture/environment.js"
import type { TaskLine } from "./task.js"
import { showValue } from "./values/values.js"

const mostLines = 200
const longestLine = 4000

export class TaskLog {
  private readonly lines: { level: LogLevel; text: string; repeated: number; interval?: number }[] = []
  private dropped = 0
  private interval: { readonly interval?: number } = {}

  /** What comes now is of the interval that starts then: in a task that computes several. */
  of(interval: number): void {
    this.interval = { interval }
  }

  readonly add = (level: LogLevel, args: readonly unknown[]): void => {
    const text = args
      .map(arg => (typeof arg === "string" ? arg : showValue(arg, 1000)))
      .join(" ")
      .slice(0, longestLine)
    const last = this.lines.at(-1)
    if (last?.level === level && last.text === text && last.interval === this.interval.interval) last.repeated++
    else if (this.lines.length < mostLines) this.lines.push({ level, text, repeated: 1, ...this.interval })
    else this.dropped++
  }

  end(): TaskLine[] {
    if (this.dropped === 0) return this.lines
    return [...this.lines, { level: "warn", text: `… and ${this.dropped} more lines of this task`, repeated: 1 }]
  }
}
