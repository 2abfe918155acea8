/** `.why`: causes in order of their share, each with what shows it and what to try. */

import { parentsOf } from "../../cluster/client/tree.js"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { RivuletError } from "../../engine/errors.js"
import type { StreamInfo, Why } from "../../engine/fluent/types.js"
import type { TaskFailure } from "../../engine/task.js"
import { formatTime } from "../../engine/time.js"
import type { StyledLine } from "../session.js"
import { formatBytes, formatNumber } from "../view/number.js"
import { printable } from "../view/table.js"
import type { CommandHost } from "./command-host.js"
import { line } from "./commands/command.js"
import { streamHeader } from "./display.js"
import { errorText } from "./error-text.js"
import { troublesOf } from "./troubles.js"

type Asker = Pick<CommandHost, "session" | "tz" | "now" | "streamInfo">

/** Of one stream; without a name, of all that are held or late, and all else that is not as it should be. */
export async function whyLines(host: Asker, name: string): Promise<StyledLine[]> {
  const status = await host.session.status()
  const infos = name === "" ? troubled(status, await host.session.streams()) : [await host.streamInfo(name)]
  const lines: StyledLine[] = []
  for (const info of infos) {
    const why = await host.session.stream(`${info.program}/${info.name}`).why()
    const held = status.held.find(({ stream }) => stream === `${info.program}/${info.name}` || stream === info.name)
    lines.push(...ofStream(info, why, held, host))
  }
  if (name === "")
    for (const { about, text, command } of troublesOf(status))
      if (about !== "stream") lines.push(line(command === undefined ? text : `${text} · ${command}`, "warning"))
  return lines.length > 0 ? lines : [line("  nothing is held or late now, nothing set aside in the last minute", "dim")]
}

function troubled(status: ClusterStatus, infos: readonly StreamInfo[]): StreamInfo[] {
  const names = new Set([...status.held, ...status.behind].map(({ stream }) => stream))
  return infos.filter(info => names.has(`${info.program}/${info.name}`) || names.has(info.name))
}

function ofStream(info: StreamInfo, why: Why, held: ClusterStatus["held"][number] | undefined, host: Asker): StyledLine[] {
  if (held !== undefined) return heldLines(info, held, host)
  if (why.findings.length === 0) return [line(`  ${streamHeader(info, host)}: nothing is wrong`, "dim")]
  const lag = info.lagMs > 0 ? `${(info.lagMs / 1000).toFixed(1)} s behind` : "on time"
  const lines = [line(`${info.name} · ${info.state} · ${lag}`, info.state === "running" ? "bold" : "warning")]
  for (const [i, { what, evidence, since, share, try: tries }] of why.findings.entries()) {
    const from = since > 0 ? ` · since ${formatTime(since, host.tz, { nowMs: host.now() })}` : ""
    lines.push(line(`  ${i + 1}  ${`${Math.round(share * 100)} %`.padStart(5)}  ${printable(what)}`))
    if (evidence !== "") lines.push(line(`            ${printable(evidence)}${from}`, "dim"))
    for (const one of tries) lines.push(line(`            try   ${one}`))
  }
  return lines
}

function heldLines(info: StreamInfo, held: ClusterStatus["held"][number], host: Asker): StyledLine[] {
  const time = (timeMs: number) => formatTime(timeMs, host.tz, { nowMs: host.now() })
  const lines = [line(`${held.stream} · held since ${time(held.interval)} · its input is kept, other streams go on`, "warning")]
  const error = Object.assign(new RivuletError(held.failure.message), { failure: held.failure })
  lines.push(...errorText(error, time).map(text => line(`  ${text}`)))
  if (info.held) {
    const { keptBytes, boundBytes, lookedAhead, gaveUp } = info.held
    if (lookedAhead)
      lines.push(
        line(`  how many   ${formatNumber(lookedAhead.failing)} of ${formatNumber(lookedAhead.records)} records that wait would fail`),
      )
    const most = Number.isFinite(boundBytes)
      ? `of at most ${formatBytes(boundBytes)} of its input`
      : "of its input: all of it, senders wait when there is no more room"
    lines.push(line(`  held       ${formatBytes(keptBytes)} ${most}`))
    for (const { from, to } of gaveUp ?? [])
      lines.push(line(`  given up   ${time(from)} to ${time(to)}: more than that came; it will leave them out`))
  }
  const { name } = info
  if (held.retry) {
    const { tries, of, atMs } = held.retry
    lines.push(
      line(
        `  goes on    by itself at ${time(atMs)}: a machine was at fault (tried ${tries}${Number.isFinite(of) ? ` of ${of}` : ""} times)`,
      ),
    )
    lines.push(line(`  try        mend that, and it goes on; .resume ${name} tries at once`))
  } else {
    // Who sets aside the records of one interval is held by the next one that has such: of many the function is to be mended.
    const more = (info.held?.lookedAhead?.failing ?? 0) - 1
    const again = more > 0 ? `; ${formatNumber(more)} others may hold it again` : ""
    lines.push(
      line(
        `  try        ${`.edit ${holding(info, held.failure, host)}`.padEnd(24)} mend the function, try it on what is kept, put it in place`,
      ),
    )
    lines.push(line(`             ${`.resume ${name} record`.padEnd(24)} leaves such records of that interval out${again}`))
  }
  return lines
}

/** Shorter lines stand in many texts. */
const tellingLength = 12

/** The stream in whose text the function is that failed: the one that is held, or the nearest of those that it is made of. */
function holding({ program, name }: StreamInfo, { origin }: TaskFailure, { session }: Asker): string {
  const { definitions } = session.host
  // Of a function that stands in several declarations the first is told.
  const text = (origin?.text ?? "").replace(/^\s*(export\s+)?(const|let|var)\s+[\w$]+\s*=/, "").trim()
  const says = (line: string) => line.includes(text) || (line.length >= tellingLength && text.includes(line))
  const next = text.length < tellingLength ? [] : definitions.find(`${program}/${name}`)
  for (const one of next) {
    if (one.named && one.source.split("\n").some(line => says(line.trim())))
      return one.program === program ? one.name : `${one.program}/${one.name}`
    for (const parent of parentsOf(one.node)) if (definitions.has(parent)) next.push(definitions.get(parent))
  }
  return name
}
