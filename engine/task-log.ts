/** What user functions print: equal lines that follow each other are folded, and there is an end to it. */

import type { LogLevel } from "./capture/environment.js"
import type { CapturedLog } from "./task.js"
import { showValue } from "./values/values.js"

const mostLines = 200
const longestLine = 4000

export class TaskLog {
  private readonly lines: { level: LogLevel; text: string; repeated: number }[] = []
  private dropped = 0

  readonly add = (level: LogLevel, args: readonly unknown[]): void => {
    const text = args
      .map(arg => (typeof arg === "string" ? arg : showValue(arg, 1000)))
      .join(" ")
      .slice(0, longestLine)
    const last = this.lines.at(-1)
    if (last?.level === level && last.text === text) last.repeated++
    else if (this.lines.length < mostLines) this.lines.push({ level, text, repeated: 1 })
    else this.dropped++
  }

  end(): CapturedLog[] {
    if (this.dropped === 0) return this.lines
    return [...this.lines, { level: "warn", text: `… and ${this.dropped} more lines of this task`, repeated: 1 }]
  }
}
