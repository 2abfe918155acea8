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
import { age } from "../view/stamp.js"
import { cellText, pad, table } from "../view/table.js"
import { cellWidth } from "../view/width.js"

const rowsAsked = 20
const sparkWidth = 18

interface Panel {
  readonly name: string
  readonly title: string
  readonly stream: SnapshotDStream<unknown>
  stop: () => Promise<void>
  /** Of each row its numbers, with the ends of the intervals that they are of. */
  readonly past: Map<string, { readonly at: number; readonly value: number }[]>
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
/** So much later than an interval ought to be there it is not called live. */
const behindMs = 10_000
/** Steps over more intervals than these are a gap in the bars: it was held, or away. */
const gapIntervals = 5
const barsKept = 60

export interface PanelsOptions {
  readonly session: ClientSession
  readonly tz: () => string
  readonly changed: (panels: readonly PanelView[], timeline: Timeline | null) => void
  /** Some were closed, or have another in their place. */
  readonly closed?: () => void
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
    const replaces = this.remove(name)
    const panel: Panel = {
      name,
      title,
      stream,
      stop: async () => {},
      past: new Map(),
      view: { name, title: titleOf(name, title), lines: ["…"], note: "waiting", live: true },
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
    if (replaces) this.options.closed?.()
    if (this.at !== null) await this.look(panel)
  }

  /** What the panel that was opened last is called, and what it shows, as an expression; undefined: none is open. */
  get newest(): { readonly name: string; readonly expression: string } | undefined {
    const [name, panel] = [...this.open_].at(-1) ?? []
    return name === undefined || panel === undefined ? undefined : { name, expression: panel.title }
  }

  /** What open panels show. */
  get shown(): readonly unknown[] {
    return [...this.open_.values()].map(({ stream }) => stream)
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
    for (const key of closing) this.remove(key)
    if (this.open_.size === 0) {
      this.at = null
      clearInterval(this.aging)
      this.aging = undefined
    }
    if (closing.length > 0) {
      this.publish()
      this.options.closed?.()
    }
    return closing.length
  }

  private remove(name: string): boolean {
    void this.open_
      .get(name)
      ?.stop()
      .catch(() => {})
    return this.open_.delete(name)
  }

  private show(panel: Panel, rows: readonly unknown[], stamp: Stamp, at: number | null): void {
    if (this.open_.get(panel.name) !== panel) return
    panel.newest = Math.max(panel.newest, stamp.asOf)
    const time = this.time(stamp.asOf)
    panel.shown = stamp.asOf
    panel.view = {
      ...panel.view,
      lines: this.lines(panel, rows, at === null ? stamp.asOf : null),
      note: at === null ? this.liveNote(panel.stream, stamp.asOf, stamp.ageMs) : `${time} · fixed`,
      live: true,
    }
    this.publish()
  }

  /** `late`: of a stream that catches up, or has nothing to go on with, it is not what is now. */
  private liveNote({ interval }: Pick<Panel["stream"], "interval">, asOf: number, ageMs: number): string {
    return `${ageMs > interval + behindMs ? "late" : "live"} · ${this.time(asOf)} · ${age(ageMs)}`
  }

  /** Those whose next answer is late say how old the last one is by now. */
  age(): void {
    const nowMs = this.options.session.clock.now()
    const late = [...this.open_.values()].filter(
      ({ stream, view, shown }) => this.at === null && view.live && shown > 0 && nowMs - shown > stream.interval + agesMs,
    )
    for (const panel of late) panel.view = { ...panel.view, note: this.liveNote(panel.stream, panel.shown, nowMs - panel.shown) }
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

  /** Changes and bars are of the newest intervals: who shows that of `newest` alone has them. */
  private lines(panel: Panel, rows: readonly unknown[], newest: number | null): string[] {
    if (rows.length === 0) return ["(no rows)"]
    if (rows.length === 1 && typeof rows[0] === "number") return [this.single(panel, rows[0], newest)]
    const ranked = rows.every((row): row is [unknown, number] => Array.isArray(row) && row.length === 2 && typeof row[1] === "number")
    if (!ranked) return [...table(rows, { width: 200, maxRows: rowsAsked, indent: 0 }).lines]
    const seen = new Set<string>()
    const lines = rows.map(([key, value]) => {
      const label = cellText(key)
      seen.add(label)
      if (newest === null) return { key: label, value: formatNumber(value), change: "", spark: "" }
      const past = (panel.past.get(label) ?? []).filter(({ at }) => at < newest)
      const before = past.at(-1)
      past.push({ at: newest, value })
      if (past.length > barsKept) past.shift()
      panel.past.set(label, past)
      const steps = past.slice(1).map((one, i) => stepOf(past[i]!, one, panel.stream.interval))
      const by = before === undefined || Number.isNaN(steps.at(-1)) ? null : value - before.value
      const change = by === null ? "" : changeOf(by)
      return { key: label, value: formatNumber(value), change, spark: sparkline(steps, sparkWidth) }
    })
    if (newest !== null) for (const label of [...panel.past.keys()]) if (!seen.has(label)) panel.past.delete(label)
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

  /** A stream of one number an interval, as of `count()`: its bars are the numbers themselves. */
  private single(panel: Panel, value: number, newest: number | null): string {
    if (newest === null) return formatNumber(value)
    const past = (panel.past.get("") ?? []).filter(({ at }) => at < newest)
    const before = past.at(-1)
    past.push({ at: newest, value })
    if (past.length > barsKept) past.shift()
    panel.past.set("", past)
    const change = before === undefined ? "" : changeOf(value - before.value)
    const away = (i: number) => i > 0 && past[i]!.at - past[i - 1]!.at > gapIntervals * panel.stream.interval
    const bars = sparkline(
      past.flatMap((one, i) => (away(i) ? [Number.NaN, one.value] : [one.value])),
      sparkWidth,
    )
    return `${formatNumber(value)}  ${change}   ${bars}`
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

const titleOf = (name: string, expression: string): string =>
  expression === name || expression === "_" ? name : `${name} ─ ${expression.replace(/\s+/g, " ")}`

const changeOf = (by: number): string => `${by >= 0 ? "+" : "-"}${formatNumber(Math.abs(by))}`

type Point = { readonly at: number; readonly value: number }

/** By how much it changed an interval; NaN where nobody looked for long. */
function stepOf(before: Point, { at, value }: Point, intervalMs: number): number {
  const intervals = Math.max(1, (at - before.at) / intervalMs)
  return intervals > gapIntervals ? Number.NaN : (value - before.value) / intervals
}
