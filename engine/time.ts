/**
 * Time: intervals, durations as text, and the forms in which people write a time (the paper's §3; integer epoch
 * milliseconds everywhere inside). Nothing here reads a clock: "now" is given.
 */

import { RivuletError } from "./errors.js"
import { dayMs, instantOf, instantsOf, offsetText, parseOffset, type TimeZone, timeZone } from "./time-zone.js"

/** `[from, to)` in epoch ms. A result is named by its interval. */
export interface Interval {
  /** Its first ms. */
  readonly from: number
  /** The first ms after it. */
  readonly to: number
}

/** A length of time as text: `250ms`, `1s`, `1.5m`, `2h`, `7d`. */
export type Duration = `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`

/** A time as people give it: text in one of the forms of `timeForms`, epoch ms, or a Date. */
export type TimeLike = string | number | Date

/** What a time may look like; part of every error about one. */
export const timeForms: readonly string[] = [
  '"21:05", "21:05:30.250" (latest such time, not in the future)',
  '"2026-11-14", "2026-11-14 21:00", with "Z" or "+01:00" if not in the local zone',
  '"-5m" (before now)',
  '"-7d 21:00" (that time of day, 7 days ago)',
  '"now" (end of the newest finished interval)',
  "a Date",
  "epoch milliseconds",
]

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: dayMs } as const

/** The length in ms, zero or more. Throws RivuletError (code 2) on other text or on a fraction of a millisecond. */
export function parseDuration(text: Duration | (string & {})): number {
  const match = typeof text === "string" ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : null
  if (match) {
    const ms = Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
    const whole = Math.round(ms)
    if (Math.abs(ms - whole) < 1e-6 && whole <= Number.MAX_SAFE_INTEGER) return whole
  }
  throw new RivuletError(`${JSON.stringify(text) ?? String(text)} is not a duration`, {
    code: 2,
    try: 'a number and a unit (ms, s, m, h, d): "250ms", "1s", "5m", "2h", "7d"',
  })
}

/** The shortest exact text of a length in whole ms: 60000 → `1m`, 1500 → `1500ms`. `parseDuration` reads it back. */
export function formatDuration(ms: number): Duration {
  const units = ["d", "h", "m", "s"] as const
  if (ms !== 0) for (const unit of units) if (ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`
  return ms === 0 ? "0s" : `${ms}ms`
}

/** The start of the interval that holds t: intervals are aligned to the epoch. */
export function intervalStart(timeMs: number, intervalMs: number): number {
  const start = Math.floor(timeMs / intervalMs) * intervalMs
  return start === 0 ? 0 : start // never -0
}

/** Greatest common divisor of two positive integers. */
export function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return a
}

/** What a time's text is relative to: now (epoch ms), and the zone (IANA name, `UTC`, `±HH:MM`) of times that name none. */
export interface TimeContext {
  readonly nowMs: number
  readonly tz: string
}

const timeOfDay = String.raw`(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?`
const clockForm = new RegExp(`^${timeOfDay}$`)
const dateForm = new RegExp(String.raw`^(\d{4})-(\d\d)-(\d\d)(?:[ T]${timeOfDay})? ?(Z|[+-]\d\d(?::?\d\d)?)?$`)
const daysAgoForm = new RegExp(String.raw`^-(\d{1,6})d ${timeOfDay}$`)

/**
 * The instant in epoch ms (fractions are cut). Local times that a change of clocks makes ambiguous: with a date the first
 * of the two, without one the latest not after now; one that clocks jump over counts from the jump on.
 * Throws RivuletError (code 2) that lists the forms.
 */
export function parseTime(time: TimeLike, context: TimeContext): number {
  if (time instanceof Date) time = time.getTime()
  if (typeof time === "number") {
    if (Number.isFinite(time) && Math.abs(time) <= 8.64e15) return Math.floor(time) + 0
    throw notATime(time)
  }
  if (typeof time !== "string") throw notATime(time)
  const text = time.trim()
  if (text === "now") return context.nowMs

  const date = dateForm.exec(text)
  if (date) {
    const day = utcDay(Number(date[1]), Number(date[2]), Number(date[3]))
    const clock = date[4] === undefined ? 0 : clockMs(date, 4)
    if (day === null || clock === null) throw notATime(time)
    if (date[8] === undefined) return instantOf(timeZone(context.tz), day + clock)
    const offset = date[8] === "Z" ? 0 : parseOffset(date[8])
    if (offset === null) throw notATime(time)
    return day + clock - offset
  }

  const clock = clockForm.exec(text)
  if (clock) {
    const ms = clockMs(clock, 1)
    if (ms === null) throw notATime(time)
    return latestAt(timeZone(context.tz), ms, context.nowMs)
  }

  const daysAgo = daysAgoForm.exec(text)
  if (daysAgo) {
    const ms = clockMs(daysAgo, 2)
    if (ms === null) throw notATime(time)
    const zone = timeZone(context.tz)
    return instantOf(zone, localDay(zone, context.nowMs) - Number(daysAgo[1]) * dayMs + ms)
  }

  if (text.startsWith("-"))
    try {
      return context.nowMs - parseDuration(text.slice(1))
    } catch {
      throw notATime(time)
    }
  throw notATime(time)
}

/** The latest instant, not after now, at which local clocks show this time of day. */
function latestAt(zone: TimeZone, clock: number, nowMs: number): number {
  const today = localDay(zone, nowMs)
  for (let back = 0; back < 4; back++) {
    const found = instantsOf(zone, today - back * dayMs + clock).filter(instant => instant <= nowMs)
    if (found.length > 0) return found[found.length - 1]!
  }
  return instantOf(zone, today - dayMs + clock)
}

/** Local midnight of the day that holds this instant, as a local time. */
function localDay(zone: TimeZone, instantMs: number): number {
  return Math.floor((instantMs + zone.offsetAt(instantMs)) / dayMs) * dayMs
}

function utcDay(year: number, month: number, day: number): number | null {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null
}

/** Time of day in ms, of the groups hour, minute, second, fraction that begin at `group`. */
function clockMs(match: RegExpExecArray, group: number): number | null {
  const [hour, minute, second] = [Number(match[group]), Number(match[group + 1]), Number(match[group + 2] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return null
  return ((hour * 60 + minute) * 60 + second) * 1000 + Number((match[group + 3] ?? "").slice(0, 3).padEnd(3, "0"))
}

function notATime(time: unknown): RivuletError {
  const shown = typeof time === "string" ? JSON.stringify(time) : String(time)
  return new RivuletError(`${shown} is not a time`, { code: 2, try: `one of: ${timeForms.join(" · ")}` })
}

/** How `formatTime` writes: `date: "auto"` (the default) leaves the date out when it is that of `nowMs`. */
export interface FormatTimeOptions {
  readonly date?: "auto" | "always"
  readonly nowMs: number
}

/**
 * `21:05:31`, `21:05:31.250`, `2026-11-14 21:05:31`: a form that `parseTime` reads. Of a time that local clocks show twice the date is
 * written, and of the second `2026-10-25 02:30+01:00`. Infinity is `now`; what is no time is shown as `–`.
 */
export function formatTime(timeMs: number, tz: string, options: FormatTimeOptions): string {
  if (timeMs === Number.POSITIVE_INFINITY) return "now"
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > 8.64e15 - dayMs) return "–"
  const zone = timeZone(tz)
  const offset = zone.offsetAt(timeMs)
  const local = new Date(timeMs + offset).toISOString()
  const end = local.length - 1
  const clock = local.slice(end - 12, local.endsWith(".000Z") ? end - 4 : end)
  const today = options.date !== "always" && Number.isFinite(options.nowMs) && localDay(zone, timeMs) === localDay(zone, options.nowMs)
  const instants = instantsOf(zone, Math.floor(timeMs) + offset)
  if (today && instants.length < 2) return clock
  return `${local.slice(0, end - 13)} ${clock}${Math.floor(timeMs) === instants[1] ? offsetText(offset) : ""}`
}
