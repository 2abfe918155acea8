/**
 * What has happened, a line each; of what happens again and again (tasks begun twice, tried once more) a line for all of a stream that lie
 * between two events of other kinds, with their number.
 */
import type { EventEntry, PastEvent } from "../../cluster/protocol.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session.js"
import { pastLine } from "./event-line.js"

const gathered: ReadonlySet<PastEvent["kind"]> = new Set(["speculated", "retried"])

interface Group {
  readonly first: EventEntry
  last: EventEntry
  count: number
}

/** Oldest first, each where the last of it happened. */
export function pastLines(entries: readonly EventEntry[], tz: string, nowMs: number): StyledLine[] {
  const groups: Group[] = []
  let open = new Map<string, Group>()
  for (const entry of entries.filter(isTold)) {
    const { kind } = entry.event
    const key = gathered.has(kind) ? `${kind} ${"stream" in entry.event ? entry.event.stream : ""}` : null
    if (key === null) open = new Map()
    const before = key === null ? undefined : open.get(key)
    const group = before ?? { first: entry, last: entry, count: 0 }
    if (before !== undefined) groups.splice(groups.indexOf(before), 1)
    group.last = entry
    group.count += 1
    groups.push(group)
    if (key !== null) open.set(key, group)
  }
  return groups.map(({ first, last, count }) => {
    const { text, style } = pastLine(last, tz, nowMs)
    const more = count === 1 ? "" : ` · ${count} such since ${formatTime(first.wallMs, tz, { nowMs })}`
    return { text: `${text}${more}`, ...(style && { style }) }
  })
}

/** Of a loss after which nothing was missing there is nothing to tell. */
function isTold({ event }: EventEntry): boolean {
  return event.kind !== "recovered" || event.partitions > 0
}
