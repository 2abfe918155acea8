/**
 * Local time and back, for one time zone. A local time is written as the epoch milliseconds that the same date and time would
 * have in UTC, so that arithmetic on days is plain arithmetic. The zone data are those of Intl.
 */

import { RivuletError } from "./errors.js"

export const dayMs = 86_400_000

export interface TimeZone {
  readonly name: string
  /** What local clocks show minus UTC, in ms, at this instant. */
  offsetAt(instantMs: number): number
}

/** Zones of names that have been asked for: Intl takes a tenth of a millisecond to make one. */
const known = new Map<string, TimeZone>()

/** The zone of an IANA name, `UTC`, `Z` or `±HH:MM`. Throws RivuletError (code 2) on an unknown name. */
export function timeZone(name: string): TimeZone {
  if (name === "UTC" || name === "Z") return { name, offsetAt: () => 0 }
  const found = known.get(name)
  if (found !== undefined) return found
  const fixed = parseOffset(name)
  if (fixed !== null) return { name, offsetAt: () => fixed }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "iso8601",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    })
  } catch (cause) {
    throw new RivuletError(`no time zone is called ${JSON.stringify(name)}`, {
      code: 2,
      try: 'a name like "Europe/Berlin" or "UTC"',
      cause,
    })
  }
  const zone: TimeZone = {
    name,
    offsetAt(instantMs) {
      const wholeSeconds = Math.floor(instantMs / 1000) * 1000
      const field: Record<string, number> = {}
      for (const part of format.formatToParts(wholeSeconds)) field[part.type] = Number(part.value)
      return Date.UTC(field.year!, field.month! - 1, field.day!, field.hour!, field.minute!, field.second!) - wholeSeconds
    },
  }
  known.set(name, zone)
  return zone
}

/** `+01:00`, `-0330`, `+01` in ms; null if it is none. */
export function parseOffset(text: string): number | null {
  const match = /^([+-])(\d\d)(?::?(\d\d))?$/.exec(text)
  if (!match) return null
  const hours = Number(match[2])
  const minutes = Number(match[3] ?? 0)
  if (hours > 23 || minutes > 59) return null
  return (match[1] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

/** `+01:00` for an offset in ms, of which seconds are cut. */
export function offsetText(offsetMs: number): string {
  const minutes = Math.floor(Math.abs(offsetMs) / 60_000)
  const two = (n: number) => String(n).padStart(2, "0")
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/**
 * The instants at which local clocks show this time, oldest first: one; two where clocks are put back; none where they
 * are put forward over it.
 */
export function instantsOf(zone: TimeZone, localMs: number): readonly number[] {
  const before = localMs - zone.offsetAt(localMs - dayMs)
  const after = localMs - zone.offsetAt(localMs + dayMs)
  const found = before === after ? [before] : [Math.min(before, after), Math.max(before, after)]
  return found.filter(instant => instant + zone.offsetAt(instant) === localMs)
}

/** One instant for a local time with its date: the first of two; where clocks jump over it, as far after the jump as it lies in the gap. */
export function instantOf(zone: TimeZone, localMs: number): number {
  return instantsOf(zone, localMs)[0] ?? localMs - zone.offsetAt(localMs - dayMs)
}
