/** What there is: streams, programs, workers, jobs, and what one of them is made of. */

import { formatTime } from "../../../engine/time.js"
import type { StyledLine } from "../../session.js"
import { formatBytes, formatRate } from "../../view/number.js"
import { truncate } from "../../view/table.js"
import { streamHeader } from "../display.js"
import { jobLines } from "../job-lines.js"
import { explainLines, lineageLines } from "../lineage-view.js"
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
    run: async host =>
      tableLines(
        (await host.session.workers()).map(worker => ({
          name: worker.name,
          state: worker.state === "up" ? "up" : worker.state.toUpperCase(),
          cores: worker.cores,
          load: `${Math.round(worker.load * 100)} %`,
          blocks: worker.blocks,
          memory: `${formatBytes(worker.bytes)} of ${formatBytes(worker.cap)}`,
          "median task": `${worker.median.toFixed(1)} ms${worker.slow ? ` ${worker.slow.times.toFixed(1)} ×` : ""}`,
          "second copies": worker.speculated,
          address: worker.address,
        })),
        host,
      ),
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
    usage: ".events",
    help: "what happened in the cluster since this shell attached",
    run: host =>
      host.events.length === 0
        ? [line("  (nothing yet)", "dim")]
        : host.events
            .slice(-40)
            .map(({ atMs, line: { text, style } }) => line(`  ${formatTime(atMs, host.tz, { nowMs: host.now() })}  ${text}`, style)),
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
