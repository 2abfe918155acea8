/**
 * Access logs in the combined format, or the common one (which ends after the bytes):
 *
 *   ip ident user [17/May/2015:10:05:03 +0000] "GET /url HTTP/1.1" 200 203023 "referrer" "agent"
 *
 * Address, time, request, status and bytes must be there. Referrer and agent may be missing (null) or cut off (what there is).
 * Escapes (`\"`, `\xhh`) stay as the log has them.
 */

import { RivuletError } from "../errors.js"
import type { AccessLog } from "../fluent/values.js"
import type { Format } from "./format.js"

export const combined: Format = { parse: parseCombined }

/** Records with these fields alone, of the same lines. */
export function combinedOf(fields: ReadonlySet<string>): Format {
  const wanted = (Object.keys(readers) as (keyof AccessLog)[]).filter(name => fields.has(name))
  // A literal of the fields is several times as fast as setting them one by one.
  const source = `read(line)\nreturn { ${wanted.map(name => `${name}: readers.${name}(line)`).join(", ")} }`
  const parse = new Function("read", "readers", "line", source) as (...args: [typeof read, typeof readers, string]) => unknown
  return { parse: line => parse(read, readers, line) }
}

const dash = 45
const space = 32
const quote = 34
const backslash = 92
const dayMs = 86_400_000

/** Where the parts of a line are that `read` has gone through; holds nothing between lines. */
const at = { ipEnd: 0, identEnd: 0, userEnd: 0, timeMs: 0, request: 0, requestEnd: 0, status: 0, bytes: 0, bytesEnd: 0 }

/** The record of a line. Throws RivuletError that says which part is not there. */
export function parseCombined(line: string): AccessLog {
  read(line)
  const { ip, user, time, method, url, referrer, agent } = readers
  return {
    ip: ip(line),
    user: user(line),
    time: time(),
    method: method(line),
    url: url(line),
    status: at.status,
    bytes: at.bytes,
    referrer: referrer(line),
    agent: agent(line),
  }
}

/** Throws RivuletError on a line that is none. */
function read(line: string): void {
  const ipEnd = line.indexOf(" ")
  if (ipEnd <= 0) throw no("an address")
  const identEnd = line.indexOf(" ", ipEnd + 1)
  const userEnd = identEnd < 0 ? -1 : line.indexOf(" [", identEnd + 1)
  if (userEnd < 0) throw no("a time in brackets")
  at.timeMs = parseTimestamp(line, userEnd + 2)
  // `] "` after the 26 characters of the time
  const request = userEnd + 31
  if (line.charCodeAt(userEnd + 28) !== 93 || line.charCodeAt(userEnd + 29) !== space || line.charCodeAt(userEnd + 30) !== quote)
    throw no("a request in quotes")
  const requestEnd = closingQuote(line, request)
  if (requestEnd < 0) throw no("an end of the request")

  const status = digits(line, requestEnd + 2, 3)
  if (line.charCodeAt(requestEnd + 1) !== space || status < 100) throw no("a status of three digits")
  if (line.charCodeAt(requestEnd + 5) !== space) throw no("a number of bytes")
  const bytesFrom = requestEnd + 6
  let end = bytesFrom
  let bytes = 0
  if (line.charCodeAt(end) === dash) end++
  else
    for (; end < line.length; end++) {
      const digit = line.charCodeAt(end) - 48
      if (digit < 0 || digit > 9) break
      bytes = bytes * 10 + digit
    }
  if (end === bytesFrom || (end < line.length && line.charCodeAt(end) !== space)) throw no("a number of bytes")
  if (end + 1 < line.length && line.charCodeAt(end + 1) !== quote) throw no("a referrer in quotes")
  at.ipEnd = ipEnd
  at.identEnd = identEnd
  at.userEnd = userEnd
  at.request = request
  at.requestEnd = requestEnd
  at.status = status
  at.bytes = bytes
  at.bytesEnd = end
}

/** Of the line that was read last. */
const readers = {
  ip: (line: string) => line.slice(0, at.ipEnd),
  user: (line: string) =>
    at.userEnd - at.identEnd === 2 && line.charCodeAt(at.identEnd + 1) === dash ? null : line.slice(at.identEnd + 1, at.userEnd),
  time: () => new Date(at.timeMs),
  // METHOD url PROTOCOL; what is no such request (a dash, bytes of another protocol) is all url.
  method(line: string) {
    const end = methodEnd(line)
    return end < 0 ? "" : line.slice(at.request, end)
  },
  url(line: string) {
    const end = methodEnd(line)
    if (end < 0) return line.slice(at.request, at.requestEnd)
    const protocol = line.lastIndexOf(" ", at.requestEnd)
    return line.slice(end + 1, protocol > end ? protocol : at.requestEnd)
  },
  status: () => at.status,
  bytes: () => at.bytes,
  referrer(line: string) {
    const from = at.bytesEnd + 2
    return line.charCodeAt(from - 1) === quote ? quoted(line, from, closingQuote(line, from)) : null
  },
  agent(line: string) {
    if (line.charCodeAt(at.bytesEnd + 1) !== quote) return null
    const end = closingQuote(line, at.bytesEnd + 2)
    return end >= 0 && line.charCodeAt(end + 2) === quote ? quoted(line, end + 3, closingQuote(line, end + 3)) : null
  },
}

/** -1: the request has none. */
function methodEnd(line: string): number {
  const end = line.indexOf(" ", at.request)
  return end > at.request && end < at.requestEnd ? end : -1
}

/** The next quote that no backslash escapes; -1 if there is none. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from)
  while (at > from && line.charCodeAt(at - 1) === backslash) {
    let first = at - 1
    while (first > from && line.charCodeAt(first - 1) === backslash) first--
    if ((at - first) % 2 === 0) return at
    at = line.indexOf('"', at + 1)
  }
  return at
}

function quoted(line: string, from: number, to: number): string | null {
  if (to < 0) return line.slice(from)
  return to === from + 1 && line.charCodeAt(from) === dash ? null : line.slice(from, to)
}

/** So many digits as a number; -1 if they are not all digits. */
function digits(line: string, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) {
    const digit = line.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** `17/May/2015:10:05:03 +0000` in epoch ms. */
export function parseTimestamp(line: string, at: number): number {
  const day = digits(line, at, 2)
  const month = monthOf(line, at + 3)
  const year = digits(line, at + 7, 4)
  const hour = digits(line, at + 12, 2)
  const minute = digits(line, at + 15, 2)
  const second = digits(line, at + 18, 2)
  const zone = digits(line, at + 22, 4)
  const sign = line.charCodeAt(at + 21)
  const date = day >= 1 && month >= 0 && year >= 1 && day <= daysIn(month, year)
  const clock = hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60
  const valid = date && clock && zone >= 0 && zone % 100 < 60 && (sign === 43 || sign === dash)
  if (!valid) throw no("a time like [17/May/2015:10:05:03 +0000]")
  const offset = (Math.floor(zone / 100) * 60 + (zone % 100)) * (sign === dash ? -60_000 : 60_000)
  return daysSinceEpoch(year, month, day) * dayMs + ((hour * 60 + minute) * 60 + second) * 1000 - offset
}

/** 0 … 11 by the first letters of an English month's name; -1 if it is none. */
function monthOf(line: string, at: number): number {
  const place = "JanFebMarAprMayJunJulAugSepOctNovDec".indexOf(line.slice(at, at + 3))
  return place >= 0 && place % 3 === 0 ? place / 3 : -1
}

function daysIn(month: number, year: number): number {
  if (month === 1) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 3 || month === 5 || month === 8 || month === 10 ? 30 : 31
}

/** Of the Gregorian calendar; years begin in March, so that the leap day comes last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month < 2 ? year - 1 : year
  const fromMarch = (month + 10) % 12
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - 719_468
}

function no(what: string): RivuletError {
  return new RivuletError(`no combined log line: it has no ${what.replace(/^an? /, "")}`)
}
