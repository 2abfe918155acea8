/** Streams in a line: each that a cell defined, and each program when a shell starts. */
import type { Defined } from "../../cluster/client/session.js"
import type { StreamInfo } from "../../engine/fluent/types.js"
import { formatTime, type TimeContext } from "../../engine/time.js"
import type { StyledLine } from "../session.js"
import { runs } from "./kinds.js"

const programsShown = 6

/** Of a table of streams: a narrow terminal has the names whole in place of these. */
export const spareOfStreams: readonly string[] = ["back to", "owner", "rec/s", "ends", "interval"]

/** `counts   state · 1s · from 15:32:54 · captures: n` */
export function definitionLine(item: Defined, { tz, nowMs }: TimeContext): string {
  const captures = item.captures.length > 0 ? `captures: ${item.captures.join(", ")}` : ""
  const parts = [
    item.kind,
    `${item.interval}`,
    runs(item.kind) || item.persist ? `from ${formatTime(item.since, tz, { nowMs })}` : "on demand",
    captures,
    ...item.notes,
    // It may print, or write, each interval from now on: whoever began it in passing must not look for its name.
    item.kind === "output" && item.name.includes("@") ? `.stop ${item.name} ends it` : "",
  ]
  return `${item.name}   ${parts.filter(part => part !== "").join(" · ")}`
}

/** The running streams under their programs, the first few of these. */
export function programLines(infos: readonly StreamInfo[], { tz, nowMs }: TimeContext): readonly StyledLine[] {
  const programs = new Map<string, StreamInfo[]>()
  for (const info of infos)
    if (info.state !== "stopped" && !info.name.includes("@")) programs.set(info.program, [...(programs.get(info.program) ?? []), info])
  const lines = [...programs].map(([program, streams]): StyledLine => {
    const names = streams.map(info => `${info.name}${info.kind === "state" ? "°" : ""}`).join(" · ")
    // Of what runs over old logs it is no time at which anything began.
    const since = Math.min(...streams.map(info => info.since).filter(ms => ms > 0))
    const begun = Number.isFinite(since) ? `   since ${formatTime(since, tz, { nowMs })}` : ""
    return { text: `  ${program.padEnd(12)} ${streams[0]!.owner.padEnd(8)} ${names}${begun}` }
  })
  const shown = lines.slice(0, programsShown)
  if (lines.length > shown.length) shown.push({ text: `  … ${lines.length - shown.length} more, .streams`, style: "dim" })
  return shown
}
