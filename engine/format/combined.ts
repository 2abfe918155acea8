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

const dash = 45
const space = 32
const quote = 34
const backslash = 92
const dayMs = 86_400_000

/** The record of a line. Throws RivuletError that says which part is not there. */
export function parseCombined(line: string): AccessLog {
  const ipEnd = line.indexOf(" ")
  if (ipEnd <= 0) throw no("an address")
  const identEnd = line.indexOf(" ", ipEnd + 1)
  const userEnd = identEnd < 0 ? -1 : line.indexOf(" [", identEnd + 1)
  if (userEnd < 0) throw no("a time in brackets")
  const time = parseTimestamp(line, userEnd + 2)
  // `] "` after the 26 characters of the time
  const requestAt = userEnd + 31
  if (line.charCodeAt(userEnd + 28) !== 93 || line.charCodeAt(userEnd + 29) !== space || line.charCodeAt(userEnd + 30) !== quote)
    throw no("a request in quotes")
  const requestEnd = closingQuote(line, requestAt)
  if (requestEnd < 0) throw no("an end of the request")

  const status = digits(line, requestEnd + 2, 3)
  if (line.charCodeAt(requestEnd + 1) !== space || status < 100) throw no("a status of three digits")
  if (line.charCodeAt(requestEnd + 5) !== space) throw no("a number of bytes")
  let at = requestEnd + 6
  let bytes = 0
  const bytesAt = at
  if (line.charCodeAt(at) === dash) at++
  else
    for (; at < line.length; at++) {
      const digit = line.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      bytes = bytes * 10 + digit
    }
  if (at === bytesAt || (at < line.length && line.charCodeAt(at) !== space)) throw no("a number of bytes")

  let referrer: string | null = null
  let agent: string | null = null
  if (line.charCodeAt(at + 1) === quote) {
    const end = closingQuote(line, at + 2)
    referrer = quoted(line, at + 2, end)
    if (end >= 0 && line.charCodeAt(end + 2) === quote) agent = quoted(line, end + 3, closingQuote(line, end + 3))
  } else if (at + 1 < line.length) throw no("a referrer in quotes")

  // METHOD url PROTOCOL; what is no such request (a dash, bytes of another protocol) is all url.
  const methodEnd = line.indexOf(" ", requestAt)
  const hasMethod = methodEnd > requestAt && methodEnd < requestEnd
  const protocolAt = hasMethod ? line.lastIndexOf(" ", requestEnd) : -1
  const urlEnd = protocolAt > methodEnd ? protocolAt : requestEnd
  return {
    ip: line.slice(0, ipEnd),
    user: userEnd - identEnd === 2 && line.charCodeAt(identEnd + 1) === dash ? null : line.slice(identEnd + 1, userEnd),
    time: new Date(time),
    method: hasMethod ? line.slice(requestAt, methodEnd) : "",
    url: hasMethod ? line.slice(methodEnd + 1, urlEnd) : line.slice(requestAt, requestEnd),
    status,
    bytes,
    referrer,
    agent,
  }
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
