/**
 * Live panels: each asks its stream for the newest version whenever an interval is finished, and keeps the last minute of
 * each row's number for its sparkline. One question a panel at a time: on a slow cluster a panel skips intervals.
 */

import type { ClientSession } from "../../cluster/client/session.js"
import { asError } from "../../engine/errors.js"
import type { SnapshotDStream, Stamp } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import type { PanelView } from "../session.js"
import { formatNumber } from "../view/number.js"
import { sparkline } from "../view/sparkline.js"
import { cellText, pad, table } from "../view/table.js"
import { cellWidth } from "../view/width.js"

const rowsAsked = 20
const sparkWidth = 18

interface Panel {
  readonly name: string
  readonly title: string
  readonly stop: () => Promise<void>
  readonly past: Map<string, number[]>
  view: PanelView
}

export interface PanelsOptions {
  readonly session: ClientSession
  readonly tz: () => string
  readonly changed: (panels: readonly PanelView[]) => void
}

export class Panels {
  private readonly open_ = new Map<string, Panel>()

  constructor(private readonly options: PanelsOptions) {}

  async open(name: string, title: string, stream: SnapshotDStream<unknown>): Promise<void> {
    if (this.open_.has(name)) this.close(name)
    const subscription = await this.options.session.onCompleted(stream, async () => {
      try {
        const { value, stamp } = await stream.latest().take(rowsAsked).stamped()
        this.show(panel, value, stamp)
      } catch (error) {
        // What it shows stays, and the next interval is asked for again.
        this.note(panel, `not asked: ${asError(error).message}`)
      }
    })
    const panel: Panel = {
      name,
      title,
      stop: () => subscription.stop(),
      past: new Map(),
      view: { name, title, lines: ["…"], note: "waiting", live: true },
    }
    this.open_.set(name, panel)
    this.publish()
  }

  /** Closes one, or all when the name is empty. How many were closed. */
  close(name: string): number {
    const closing = name === "" ? [...this.open_.keys()] : this.open_.has(name) ? [name] : []
    for (const key of closing) {
      void this.open_
        .get(key)!
        .stop()
        .catch(() => {})
      this.open_.delete(key)
    }
    if (closing.length > 0) this.publish()
    return closing.length
  }

  private show(panel: Panel, rows: readonly unknown[], stamp: Stamp): void {
    if (this.open_.get(panel.name) !== panel) return
    const time = formatTime(stamp.asOf, this.options.tz(), { nowMs: this.options.session.clock.now() })
    panel.view = {
      ...panel.view,
      lines: this.lines(panel, rows),
      note: `live · ${time} · ${(stamp.ageMs / 1000).toFixed(1)} s old`,
      live: true,
    }
    this.publish()
  }

  private note(panel: Panel, note: string): void {
    if (this.open_.get(panel.name) !== panel) return
    panel.view = { ...panel.view, note, live: false }
    this.publish()
  }

  private lines(panel: Panel, rows: readonly unknown[]): string[] {
    if (rows.length === 0) return ["(no rows)"]
    const ranked = rows.every((row): row is [unknown, number] => Array.isArray(row) && row.length === 2 && typeof row[1] === "number")
    if (!ranked) return [...table(rows, { width: 200, maxRows: rowsAsked, indent: 0 }).lines]
    const seen = new Set<string>()
    const lines = rows.map(([key, value]) => {
      const label = cellText(key)
      seen.add(label)
      const past = panel.past.get(label) ?? []
      const before = past.at(-1)
      past.push(value)
      if (past.length > 60) past.shift()
      panel.past.set(label, past)
      const change = before === undefined ? "" : `${value - before >= 0 ? "+" : "-"}${formatNumber(Math.abs(value - before))}`
      const steps = past.map((n, i) => (i === 0 ? 0 : n - past[i - 1]!)).slice(1)
      return { key: label, value: formatNumber(value), change, spark: sparkline(steps, sparkWidth) }
    })
    for (const label of [...panel.past.keys()]) if (!seen.has(label)) panel.past.delete(label)
    const widest = (of: (line: (typeof lines)[number]) => string) => Math.max(...lines.map(line => cellWidth(of(line))))
    const widths = [
      Math.min(
        48,
        widest(line => line.key),
      ),
      widest(line => line.value),
      widest(line => line.change),
    ] as const
    return lines.map(
      line => `${pad(line.key, widths[0], false)}   ${line.value.padStart(widths[1])}  ${line.change.padStart(widths[2])}   ${line.spark}`,
    )
  }

  private publish(): void {
    this.options.changed([...this.open_.values()].map(panel => panel.view))
  }
}
