/** A stream's intervals as NDJSON lines: what batch mode prints, saves and compares. */

import { type Following, followIntervals, type IntervalParts, intervalsOf, type ReadThrough } from "../../cluster/client/intervals.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { Interval } from "../../engine/time.js"
import { toJson } from "./output.js"

export interface IntervalLine {
  readonly from: number
  readonly line: string
  readonly rows: number
}

/** `{"stream":…,"interval":…,"rows":[…]}` of every interval that has rows. Parts that did not change since the line before are not written anew. */
export async function* linesOf(
  session: ClientSession,
  name: string,
  handle: unknown,
  after: number | null = null,
): AsyncGenerator<IntervalLine, undefined> {
  const texts = new WeakMap<readonly string[], string>()
  for await (const { interval, parts } of intervalsOf(session, handle, toJson, after)) {
    const line = lineFrom(name, interval, parts, texts)
    if (line !== null) yield line
  }
  return undefined
}

/** The lines of a stream that still grows, to its end; `through`: nothing more comes of what begins before it. */
export async function* followLines(
  session: ClientSession,
  name: string,
  handle: unknown,
  following: Following,
  after: number | null,
): AsyncGenerator<IntervalLine | ReadThrough, undefined> {
  const texts = new WeakMap<readonly string[], string>()
  for await (const one of followIntervals(session, handle, toJson, following, after)) {
    if ("through" in one) yield one
    else yield lineFrom(name, one.interval, one.parts, texts) ?? { through: one.interval.to }
  }
  return undefined
}

function lineFrom(
  name: string,
  interval: Interval,
  parts: IntervalParts<string>["parts"],
  texts: WeakMap<readonly string[], string>,
): IntervalLine | null {
  const rows = parts.reduce((sum, part) => sum + part.length, 0)
  return rows === 0 ? null : { from: interval.from, line: lineOf(name, interval, textOf(parts, texts)), rows }
}

export function lineOf(name: string, { from, to }: Interval, rows: readonly string[]): string {
  const times = `["${new Date(from).toISOString()}","${new Date(to).toISOString()}"]`
  return `${toJson({ stream: name }).slice(0, -1)},"interval":${times},"rows":[${rows.join(",")}]}\n`
}

function textOf(parts: IntervalParts<string>["parts"], texts: WeakMap<readonly string[], string>): string[] {
  const rows: string[] = []
  for (const part of parts) {
    if (part.length === 0) continue
    let text = texts.get(part)
    if (text === undefined) {
      text = part.join(",")
      texts.set(part, text)
    }
    rows.push(text)
  }
  return rows
}
