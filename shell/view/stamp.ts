/** The line under every answer: which interval(s), how old, how many partitions, from where, how long it took. */
import type { Stamp } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { formatNumber } from "./number.js"

export function stampLine(
  stamp: Stamp,
  options: { readonly tz: string; readonly nowMs: number; readonly shown?: readonly [shown: number, of: number] },
): string {
  const { from, to } = stamp.intervals
  const time = (ms: number) => formatTime(ms, options.tz, { nowMs: options.nowMs })
  const parts = [
    options.shown ? `${formatNumber(options.shown[0])} of ${formatNumber(options.shown[1])}` : undefined,
    to > from ? `${time(from)}–${time(to)}` : noInterval(stamp, time),
    to > from && Number.isFinite(stamp.ageMs) ? age(stamp.ageMs) : undefined,
    stamp.held && `${stamp.held.join(", ")} ${stamp.held.length === 1 ? "is" : "are"} held`,
    `${stamp.partitions[0]} of ${stamp.partitions[1]} partitions`,
    stamp.definitionChanged && `definition changed at ${stamp.definitionChanged.map(time).join(", ")}`,
    stamp.leftOut && `without ${stamp.leftOut.map(({ from, to }) => `${time(from)}–${time(to)}`).join(", ")}`,
    stamp.recomputed > 0 ? `${stamp.recomputed} recomputed` : undefined,
    stamp.from.join(" + ") || undefined,
    `${Math.max(1, Math.round(stamp.ms))} ms`,
  ]
  return parts.filter(part => part !== undefined).join(" · ")
}

/** A range in which the stream has no interval: what was taken for its times, which may be yesterday's, and where the first one begins. */
function noInterval({ intervals, from, asked }: Stamp, time: (ms: number) => string): string {
  if (from.includes("files")) return "of the files, of no interval"
  const times =
    asked === undefined ? "" : asked.to > asked.from ? ` from ${time(asked.from)} to ${time(asked.to)}` : ` at ${time(asked.from)}`
  return intervals.from > 0 ? `of no interval${times}, the first begins ${time(intervals.from)}` : `of no interval${times}`
}

/** An old interval is what was asked for: what is late says so in its own words. */
export function age(ms: number): string {
  if (ms < 0) return "just now"
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s old`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s old`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min old`
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h old`
  return `${Math.round(ms / 86_400_000)} d old`
}
