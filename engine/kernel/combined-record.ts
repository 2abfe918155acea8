/** Access logs where they lie: the places of a line's parts (`format/combined.ts` says what they are). */

import { parseTimestamp } from "../format/combined.js"
import type { Code } from "./code.js"
import { stringOf } from "./text.js"
import type { TextValue, Value } from "./values.js"

const space = 32
const quote = 34
const dash = 45
const backslash = 92

/** Where parts of the line at hand begin and end. */
export class CombinedLine {
  ipEnd = 0
  identEnd = 0
  userEnd = 0
  requestFrom = 0
  requestEnd = 0
  status = 0
  bytesEnd = 0
  /** What is longer than an integer is a double here. */
  readonly numbers = new Float64Array(2)
  methodEnd = 0
  urlFrom = 0
  urlEnd = 0
  referrerFrom = 0
  /** -1: null. */
  referrerTo = 0
  agentFrom = 0
  agentTo = 0
  // The day that was read last, as it stands in the text, and its first millisecond.
  private day0 = 0
  private day1 = 0
  private day2 = 0
  private zone0 = 0
  private zone1 = 0
  private dayMs = Number.NaN

  /** False: the line is none, or a rare one. */
  read(data: Uint8Array, view: DataView, from: number, to: number): boolean {
    let at = from
    while (at < to && data[at] !== space) at++
    this.ipEnd = at
    if (at === from || at >= to) return false
    at++
    while (at < to && data[at] !== space) at++
    if (at >= to) return false
    this.identEnd = at
    at++
    while (at < to && (data[at] !== space || data[at + 1] !== 91)) at++
    this.userEnd = at
    if (at + 31 >= to || data[at + 28] !== 93 || data[at + 29] !== space || data[at + 30] !== quote) return false
    if (!this.time(data, view, at + 2)) return false
    at += 31
    this.requestFrom = at
    while (at < to && data[at] !== quote) at++
    this.requestEnd = at
    if (at + 6 >= to || data[at - 1] === backslash || data[at + 1] !== space || data[at + 5] !== space) return false
    const [a, b, c] = [data[at + 2]! - 48, data[at + 3]! - 48, data[at + 4]! - 48]
    if (a < 1 || a > 9 || b < 0 || b > 9 || c < 0 || c > 9) return false
    this.status = a * 100 + b * 10 + c
    at += 6
    let bytes = 0
    if (data[at] === dash) at++
    else {
      const first = at
      for (; at < to; at++) {
        const digit = data[at]! - 48
        if (digit < 0 || digit > 9) break
        bytes = bytes * 10 + digit
      }
      if (at === first) return false
    }
    this.numbers[1] = bytes
    this.bytesEnd = at
    return at >= to || (data[at] === space && (at + 1 >= to || data[at + 1] === quote))
  }

  private time(data: Uint8Array, view: DataView, at: number): boolean {
    const hour = two(data, at + 12)
    const minute = two(data, at + 15)
    const second = two(data, at + 18)
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false
    if ((data[at + 14]! | data[at + 17]! | data[at + 20]!) > 127) return false
    const clock = ((hour * 60 + minute) * 60 + second) * 1000
    const day0 = view.getInt32(at, true)
    const day1 = view.getInt32(at + 4, true)
    const day2 = view.getInt32(at + 8, true)
    const zone0 = view.getInt32(at + 21, true)
    const zone1 = data[at + 25]!
    if (day0 !== this.day0 || day1 !== this.day1 || day2 !== this.day2 || zone0 !== this.zone0 || zone1 !== this.zone1) {
      const text = stringOf(data, at, at + 26)
      if (text.length !== 26) return false
      try {
        this.dayMs = parseTimestamp(text, 0) - clock
      } catch {
        return false
      }
      Object.assign(this, { day0, day1, day2, zone0, zone1 })
    }
    this.numbers[0] = this.dayMs + clock
    return true
  }

  /** METHOD url PROTOCOL; what is no such request is all url. */
  request(data: Uint8Array): void {
    const { requestFrom, requestEnd } = this
    let methodEnd = requestFrom
    while (methodEnd < requestEnd && data[methodEnd] !== space) methodEnd++
    if (methodEnd === requestFrom || methodEnd === requestEnd) {
      this.methodEnd = this.urlFrom = requestFrom
      this.urlEnd = requestEnd
      return
    }
    let protocol = requestEnd
    while (data[protocol] !== space) protocol--
    this.methodEnd = methodEnd
    this.urlFrom = methodEnd + 1
    this.urlEnd = protocol > methodEnd ? protocol : requestEnd
  }

  /** Referrer and agent. False: they have escapes, or are cut off. */
  quoted(data: Uint8Array, to: number): boolean {
    this.referrerTo = this.agentTo = -1
    let at = this.bytesEnd + 1
    if (at >= to) return true
    let from = at + 1
    at = closing(data, from, to)
    if (at < 0) return false
    this.referrerFrom = from
    if (!isDash(data, from, at)) this.referrerTo = at
    if (at + 2 >= to || data[at + 2] !== quote) return true
    from = at + 3
    at = closing(data, from, to)
    if (at < 0) return false
    this.agentFrom = from
    if (!isDash(data, from, at)) this.agentTo = at
    return true
  }
}

/** -1: there is none, or an escape before it. */
function closing(data: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (data[at] === backslash) return -1
    if (data[at] === quote) return at
  }
  return -1
}

const isDash = (data: Uint8Array, from: number, to: number): boolean => to === from + 1 && data[from] === dash

function two(data: Uint8Array, at: number): number {
  const [a, b] = [data[at]! - 48, data[at + 1]! - 48]
  return a >= 0 && a <= 9 && b >= 0 && b <= 9 ? a * 10 + b : -1
}

/** The record of a row, of which the fields are read that are asked for. */
export function combinedRecord(code: Code): Value {
  code.constants.push("const log = new text.CombinedLine()")
  code.guard("log.read(data, dataView, start, end)")
  const piece = (from: string, to: string): TextValue => {
    const [a, b] = [code.fresh("p"), code.fresh("q")]
    code.line(`const ${a} = ${from}, ${b} = ${to}`)
    return { type: "text", data: "data", from: a, to: b }
  }
  const maybe = (name: string): Value => {
    code.once("quoted", () => {
      code.guard("log.quoted(data, end)")
      return { type: "null" }
    })
    const text = piece(`log.${name}From`, `log.${name}To`)
    return { type: "maybe", present: `(${text.to} >= 0)`, text }
  }
  const request = () =>
    code.once("request", () => {
      code.line("log.request(data)")
      return { type: "null" }
    })
  const fields: Readonly<Record<string, () => Value>> = {
    ip: () => piece("start", "log.ipEnd"),
    user() {
      const text = piece("log.identEnd + 1", "log.userEnd")
      return { type: "maybe", present: `!(${text.to} === ${text.from} + 1 && data[${text.from}] === ${dash})`, text }
    },
    time: () => ({ type: "date", js: code.number("log.numbers[0]").js }),
    method() {
      request()
      return piece("log.requestFrom", "log.methodEnd")
    },
    url() {
      request()
      return piece("log.urlFrom", "log.urlEnd")
    },
    status: () => code.number("log.status"),
    bytes: () => code.number("log.numbers[1]"),
    referrer: () => maybe("referrer"),
    agent: () => maybe("agent"),
  }
  return { type: "object", field: name => (Object.hasOwn(fields, name) ? code.once(name, fields[name]!) : null) }
}
