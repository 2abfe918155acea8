/** What there is: streams, programs, workers, jobs, and what one of them is made of. */

import { RivuletError } from "../../../engine/errors.js"
import { formatTime } from "../../../engine/time.js"
import type { StyledLine } from "../../session.js"
import { formatRate } from "../../view/number.js"
import { truncate } from "../../view/table.js"
import type { CommandHost } from "../command-host.js"
import { streamHeader } from "../display.js"
import { eventKinds, pastLine, usualKinds } from "../event-line.js"
import { jobLines } from "../job-lines.js"
import { explainLines, lineageLines } from "../lineage-view.js"
import { workerAdvice, workerRows } from "../worker-lines.js"
import { type DotCommand, handleOf, line, tableLines } from "./command.js"

export const lookCommands: readonly DotCommand[] = [
  {
    name: "streams",
    usage: ".streams [program]",
    help: "what runs and what can be asked",
    code: "streams()",
    run: async (host, args) => {
      const streams = await host.session.streams(args.trim() === "" ? undefined : { program: args.trim() })
      return tableLines(
        streams.map(info => ({
          name: `${info.program}/${info.name}`,
          kind: info.kind,
          interval: info.interval,
          state: info.state,
          owner: info.owner,
          behind: `${(info.lagMs / 1000).toFixed(1)} s`,
          "rec/s": formatRate(info.perSecond),
          keys: info.keys,
          "back to": info.reaches > 0 ? formatTime(info.reaches, host.tz, { nowMs: host.now() }) : "–",
          ...(info.expires !== undefined && { ends: formatTime(info.expires, host.tz, { nowMs: host.now() }) }),
        })),
        host,
      )
    },
  },
  {
    name: "programs",
    usage: ".programs",
    help: "programs and whose they are",
    code: "programs()",
    run: async host =>
      tableLines(
        (await host.session.programs()).map(({ name, owner, streams }) => ({ name, owner, streams: streams.join(" ") })),
        host,
      ),
  },
  {
    name: "workers",
    usage: ".workers",
    help: "the workers and their load",
    code: "workers()",
    run: async host => {
      const workers = await host.session.workers()
      return [...tableLines(workerRows(workers), host), ...workerAdvice(workers, host.tz, host.now()).map(text => line(text, "warning"))]
    },
  },
  {
    name: "jobs",
    usage: ".jobs [stream [time|now]]",
    help: "the newest intervals' jobs; of a stream: how long each took, and at what; of one interval: its stages, also while they run",
    code: "jobs({ stream })",
    run: (host, args) => jobLines(host, args),
  },
  {
    name: "source",
    usage: ".source <stream>",
    help: "the text that defined it",
    run: async (host, args) => [line(`  ${(await host.streamInfo(args)).source}`)],
  },
  {
    name: "info",
    usage: ".info <stream>",
    help: "kind, owner, reach",
    run: async (host, args) => [line(`  ${streamHeader(await host.streamInfo(args), host)}`)],
  },
  {
    name: "schema",
    usage: ".schema <stream>",
    help: "fields of its records, with a value of the newest",
    code: "stream.schema()",
    run: async (host, args) => {
      const fields = await (await handleOf(host, args)).schema()
      return tableLines(
        fields.map(({ name, type, nullable, sample }) => ({ name, type, missing: nullable ? "sometimes" : "", sample })),
        host,
      )
    },
  },
  {
    name: "lineage",
    usage: ".lineage <stream> [time]",
    help: "what an interval is made of, where it lies, where recovery would begin",
    code: "stream.lineage(time)",
    run: async (host, args) => {
      const [name = "", ...time] = args.trim().split(/\s+/)
      const handle = await handleOf(host, name)
      return lineageLines(await (time.length > 0 ? handle.lineage(time.join(" ")) : handle.lineage())).map(text => line(text))
    },
  },
  {
    name: "explain",
    usage: ".explain <stream>",
    help: "the stages in which it is computed, and which functions are compiled",
    code: "stream.explain()",
    run: async (host, args) => explainLines(await (await handleOf(host, args)).explain()).map(text => line(text)),
  },
  {
    name: "events",
    usage: ".events [stream|kind …]",
    help: "what happened in the cluster: workers, definitions, what was held or tried again; by kind also what was sealed and checkpointed",
    run: (host, args) => pastEvents(host, args),
  },
  {
    name: "log",
    usage: ".log [stream]",
    help: "what functions printed",
    run: async (host, args) => {
      const lines: StyledLine[] = []
      for await (const entry of host.session.logs(args.trim() === "" ? {} : { stream: args.trim() }))
        lines.push(
          line(
            truncate(
              `  ${formatTime(entry.time, host.tz, { nowMs: host.now() })} ${entry.stream ?? ""} ${entry.worker}  ${entry.text}${entry.repeated > 1 ? ` (× ${entry.repeated})` : ""}`,
              host.columns,
            ),
          ),
        )
      return lines.length === 0 ? [line("  (nothing printed)", "dim")] : lines.slice(-40)
    },
  },
]

/** So many lines, the newest. */
const mostEvents = 40

async function pastEvents(host: CommandHost, args: string): Promise<StyledLine[]> {
  const words = args.split(/[\s,]+/).filter(word => word !== "")
  const isKind = (word: string) => eventKinds.some(kind => kind === word)
  const [name, ...more] = words.filter(word => !isKind(word))
  if (more.length > 0) throw new RivuletError(`.events ${args}: ${more.join(" ")}?`, { code: 2, try: `kinds: ${eventKinds.join(" ")}` })
  const stream = name === undefined ? null : await host.streamInfo(name)
  const kinds = words.some(isKind) ? words.filter(isKind) : usualKinds
  const found = await host.session.events({ after: 0, sinceMs: 0, kinds, stream: stream && `${stream.program}/${stream.name}` })
  if (found.length === 0) return [line("  (nothing of that)", "dim")]
  return found.slice(-mostEvents).map(entry => {
    const { text, style } = pastLine(entry, host.tz, host.now())
    return line(truncate(`  ${text}`, host.columns), style)
  })
}
