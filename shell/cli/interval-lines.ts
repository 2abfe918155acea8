/** A stream's intervals as NDJSON lines (SHELL §1.3): what batch mode prints, saves and compares. */

import { type IntervalParts, intervalsOf } from "../../cluster/client/intervals.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { Interval } from "../../engine/time.js"
import { toJson } from "./output.js"

export interface IntervalLine {
  readonly from: number
  readonly line: string
}

/** `{"stream":…,"interval":…,"rows":[…]}` of every interval that has rows. Parts that did not change since the line before are not written anew. */
export async function* linesOf(session: ClientSession, name: string, handle: unknown): AsyncGenerator<IntervalLine, undefined> {
  const texts = new WeakMap<readonly string[], string>()
  for await (const { interval, parts } of intervalsOf(session, handle, toJson)) {
    const rows = textOf(parts, texts)
    if (rows.length > 0) yield { from: interval.from, line: lineOf(name, interval, rows) }
  }
  return undefined
}

export function lineOf(name: string, interval: Interval, rows: readonly string[]): string {
  return `${toJson({ stream: name }).slice(0, -1)},"interval":${toJson(interval)},"rows":[${rows.join(",")}]}\n`
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
