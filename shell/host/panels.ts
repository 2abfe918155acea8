/**
 * Live panels: each asks its stream for the newest version whenever an interval is finished, and keeps the last minute of
 * each row's number for its sparkline. One question a panel at a time: on a slow cluster a panel skips intervals.
 *
 * They have one time: held or stepped, all of them show how things stood at the end of the same interval (a stream of longer
 * intervals the newest one that had ended by then).
 */

import type { ClientSession } from "../../cluster/client/session.js"
import { asError } from "../../engine/errors.js"
import type { SnapshotDStream, Stamp } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import type { PanelOrder, PanelView, Timeline } from "../session-types.js"
import { formatNumber } from "../view/number.js"
import { sparkline } from "../view/sparkline.js"
import { cellText, pad, table } from "../view/table.js"
import { cellWidth } from "../view/width.js"

const rowsAsked = 20
const sparkWidth = 18

interface Panel {
  readonly name: string
  readonly title: string
  readonly stream: SnapshotDStream<unknown>
  stop: () => Promise<void>
  readonly past: Map<string, number[]>
  view: PanelView
  /** A question is under way. */
  asking: boolean
  /** End of the newest interval that was seen. */
  newest: number
  /** End of the interval that it shows, when that is the newest. */
  shown: number
}

/** What a panel shows grows old while no newer answer comes: its age is said anew so often. */
const agesMs = 1_000

export interface PanelsOptions {
  readonly session: ClientSession
  readonly tz: () => string
  readonly changed: (panels: readonly PanelView[], timeline: Timeline | null) => void
}

export class Panels {
  private readonly open_ = new Map<string, Panel>()
  /** End of the interval that all of them show; null: the newest. */
  private at: number | null = null
  /** As far back as a stream of theirs can be asked. */
  private reaches = 0
  private aging: NodeJS.Timeout | undefined

  constructor(private readonly options: PanelsOptions) {}

  async open(name: string, title: string, stream: SnapshotDStream<unknown>): Promise<void> {
    if (this.open_.has(name)) this.close(name)
    const panel: Panel = {
      name,
      title,
      stream,
      stop: async () => {},
      past: new Map(),
      view: { name, title: name, lines: ["…"], note: "waiting", live: true },
      asking: false,
      newest: 0,
      shown: 0,
    }
    // It may call back at once.
    const subscription = await this.options.session.onCompleted(stream, through => {
      panel.newest = Math.max(panel.newest, through)
      if (this.at === null) return this.look(panel)
      this.publish()
    })
    panel.stop = () => subscription.stop()
    this.open_.set(name, panel)
    this.aging ??= setInterval(() => this.age(), agesMs).unref()
    this.publish()
    if (this.at !== null) await this.look(panel)
  }

  /** What the panel that was opened last shows, as an expression; undefined: none is open. */
  get newest(): string | undefined {
    return [...this.open_.values()].at(-1)?.title
  }

  /** All of them go back or forward together, are held, or live again. */
  async order(order: PanelOrder): Promise<void> {
    if (order.kind === "close") {
      this.close(order.name)
      return
    }
    const panels = [...this.open_.values()]
    const newest = Math.max(0, ...panels.map(panel => panel.newest))
    if (newest === 0) return
    if (this.at === null && order.kind !== "live") await this.lookBack(panels)
    const step = Math.min(...panels.map(({ stream }) => stream.interval))
    const before = this.at ?? newest
    const to = order.kind === "step" ? before + order.by * step : order.kind === "oldest" ? this.reaches + step : before
    const live = order.kind === "live" || (order.kind === "hold" && this.at !== null) || to > newest
    this.at = live ? null : Math.max(to, Math.min(before, this.reaches + step))
    this.publish()
    await Promise.all(panels.map(panel => this.look(panel)))
  }

  private async lookBack(panels: readonly Panel[]): Promise<void> {
    const reaches = await Promise.all(
      panels.map(({ stream }) =>
        stream.info().then(
          info => info.reaches,
          () => 0,
        ),
      ),
    )
    this.reaches = Math.max(...reaches)
  }

  /** Asks for what is to be shown, again when that has become another meanwhile. */
  private async look(panel: Panel): Promise<void> {
    if (panel.asking) return
    panel.asking = true
    try {
      for (let done = false; !done; ) {
        const at = this.at
        const { stream } = panel
        try {
          // A version is what stood at the end of its interval.
          const version = at === null ? stream.latest() : stream.at(Math.floor(at / stream.interval) * stream.interval - 1)
          const { value, stamp } = await this.options.session.host.questions.watching(() => version.take(rowsAsked)).stamped()
          done = this.at === at
          if (done) this.show(panel, value, stamp, at)
        } catch (error) {
          done = this.at === at
          // What it shows stays, and the next interval is asked for again.
          if (done) this.note(panel, `${at === null ? "not asked" : this.time(at)}: ${asError(error).message.split("\n")[0]}`)
        }
      }
    } finally {
      panel.asking = false
    }
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
    if (this.open_.size === 0) {
      this.at = null
      clearInterval(this.aging)
      this.aging = undefined
    }
    if (closing.length > 0) this.publish()
    return closing.length
  }

  private show(panel: Panel, rows: readonly unknown[], stamp: Stamp, at: number | null): void {
    if (this.open_.get(panel.name) !== panel) return
    panel.newest = Math.max(panel.newest, stamp.asOf)
    const time = this.time(stamp.asOf)
    panel.shown = stamp.asOf
    panel.view = {
      ...panel.view,
      lines: this.lines(panel, rows, at === null),
      note: at === null ? this.liveNote(stamp.asOf, stamp.ageMs) : `${time} · fixed`,
      live: true,
    }
    this.publish()
  }

  private liveNote(asOf: number, ageMs: number): string {
    return `live · ${this.time(asOf)} · ${(ageMs / 1000).toFixed(1)} s old`
  }

  /** Those whose next answer is late say how old the last one is by now. */
  age(): void {
    const nowMs = this.options.session.clock.now()
    const late = [...this.open_.values()].filter(
      ({ stream, view, shown }) => this.at === null && view.live && shown > 0 && nowMs - shown > stream.interval + agesMs,
    )
    for (const panel of late) panel.view = { ...panel.view, note: this.liveNote(panel.shown, nowMs - panel.shown) }
    if (late.length > 0) this.publish()
  }

  private time(ms: number): string {
    return formatTime(ms, this.options.tz(), { nowMs: this.options.session.clock.now() })
  }

  private note(panel: Panel, note: string): void {
    if (this.open_.get(panel.name) !== panel) return
    panel.view = { ...panel.view, note, live: false }
    this.publish()
  }

  /** Changes and bars are of the newest intervals: `live` alone has them. */
  private lines(panel: Panel, rows: readonly unknown[], live: boolean): string[] {
    if (rows.length === 0) return ["(no rows)"]
    const ranked = rows.every((row): row is [unknown, number] => Array.isArray(row) && row.length === 2 && typeof row[1] === "number")
    if (!ranked) return [...table(rows, { width: 200, maxRows: rowsAsked, indent: 0 }).lines]
    const seen = new Set<string>()
    const lines = rows.map(([key, value]) => {
      const label = cellText(key)
      seen.add(label)
      if (!live) return { key: label, value: formatNumber(value), change: "", spark: "" }
      const past = panel.past.get(label) ?? []
      const before = past.at(-1)
      past.push(value)
      if (past.length > 60) past.shift()
      panel.past.set(label, past)
      const change = before === undefined ? "" : `${value - before >= 0 ? "+" : "-"}${formatNumber(Math.abs(value - before))}`
      const steps = past.map((n, i) => (i === 0 ? 0 : n - past[i - 1]!)).slice(1)
      return { key: label, value: formatNumber(value), change, spark: sparkline(steps, sparkWidth) }
    })
    if (live) for (const label of [...panel.past.keys()]) if (!seen.has(label)) panel.past.delete(label)
    const widest = (of: (line: (typeof lines)[number]) => string) => Math.max(...lines.map(line => cellWidth(of(line))))
    const widths = [
      Math.min(
        48,
        widest(line => line.key),
      ),
      widest(line => line.value),
      widest(line => line.change),
    ] as const
    return lines.map(line =>
      `${pad(line.key, widths[0], false)}   ${line.value.padStart(widths[1])}  ${line.change.padStart(widths[2])}   ${line.spark}`.trimEnd(),
    )
  }

  private publish(): void {
    const panels = [...this.open_.values()]
    this.options.changed(
      panels.map(panel => panel.view),
      this.at === null ? null : this.timeline(this.at, Math.max(this.at, ...panels.map(({ newest }) => newest))),
    )
  }

  private timeline(at: number, newest: number): Timeline {
    const from = Math.min(this.reaches, at)
    const share = newest === from ? 1 : (at - from) / (newest - from)
    return { from: this.time(from), at: this.time(at), to: this.time(newest), share }
  }
}
