/** What there is: streams, programs, workers, jobs, and what one of them is made of. */

import { RivuletError } from "../../../engine/errors.js"
import { handleData } from "../../../engine/fluent/brand.js"
import type { StreamInfo } from "../../../engine/fluent/types.js"
import { formatTime } from "../../../engine/time.js"
import type { StyledLine } from "../../session.js"
import { aSecond, formatNumber, formatRate } from "../../view/number.js"
import { truncate } from "../../view/table.js"
import { wrapped } from "../../view/wrapped.js"
import type { CommandHost } from "../command-host.js"
import { streamHeader } from "../display.js"
import { eventKinds, pastLine, usualKinds } from "../event-line.js"
import { jobLines } from "../job-lines.js"
import { explainLines, lineageLines } from "../lineage-view.js"
import { masterLines } from "../master-lines.js"
import { partitionLines } from "../partition-view.js"
import { pastLines } from "../past-lines.js"
import { spareOfStreams } from "../stream-lines.js"
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
      const steps = streams.filter(isStep)
      const table = tableLines(
        (steps.length === streams.length ? streams : streams.filter(info => !isStep(info))).map(info => ({
          name: `${info.program}/${info.name}`,
          kind: info.kind,
          interval: info.interval,
          state: info.state,
          owner: info.owner,
          behind: `${(info.lagMs / 1000).toFixed(1)} s`,
          "rec/s": formatRate(info.perSecond),
          keys: info.keys,
          "back to": info.reaches > 0 ? formatTime(info.reaches, host.tz, { nowMs: host.now() }) : "–",
          // To the second: it is hours away.
          ...(info.expires !== undefined && { ends: formatTime(Math.floor(+info.expires / 1000) * 1000, host.tz, { nowMs: host.now() }) }),
        })),
        host,
        spareOfStreams,
      )
      const hidden = steps.length > 0 && steps.length < streams.length ? [stepsLine(steps.length)] : []
      return [...table, ...hidden, ...asideLines(streams)]
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
      const masters = masterLines(await host.session.status(), host.tz)
      return [
        ...tableLines(workerRows(workers), host),
        ...masters.map(text => line(text, "dim")),
        ...workerAdvice(workers, host.tz, host.now()).map(text => line(text, "warning")),
      ]
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
    usage: ".lineage [stream] [time] [partition n]",
    help: "what an interval is made of, where it lies, where recovery would begin; what would be made again if a worker were lost, how long about",
    code: "stream.lineage(time)",
    run: (host, args) => lineageOf(host, args.trim()),
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

/** What streams have set aside, in all and a second; one line, for most have nothing. */
/** What a longer chain is made of (`map@cell:3:1`), not what runs, and what a saved run is read by (`counts@lines`). */
function isStep({ name, state }: StreamInfo): boolean {
  return name.includes("@") && (state === "on demand" || /@[a-z]+$/.test(name))
}

/** There are many of them, and nobody asks for them by name. */
function stepsLine(steps: number): StyledLine {
  return line(`  … ${formatNumber(steps)} step${steps === 1 ? "" : "s"} without a name, made when asked for; streams() has them`, "dim")
}

function asideLines(streams: readonly StreamInfo[]): StyledLine[] {
  const some = streams.filter(({ aside }) => aside > 0)
  if (some.length === 0) return []
  const each = some.map(
    ({ program, name, aside, asidePerSecond }) => `${program}/${name} ${formatNumber(aside)} (${aSecond(asidePerSecond)}/s)`,
  )
  return [line(`  set aside, as <stream>.aside has it: ${each.join(" · ")}`, "warning")]
}

/** Of a stream that holds something the loss of workers too; of one partition its own tree. */
async function lineageOf(host: CommandHost, args: string): Promise<StyledLine[]> {
  const [, before = "", partition] = /^(.*?)(?:(?:^|\s+)partition\s+(\d+))?$/.exec(args)!
  const [name = "", ...words] = before.trim().split(/\s+/)
  const time = words.length > 0 ? words.join(" ") : null
  const handle = await handleOf(host, name)
  if (partition !== undefined) {
    const { program, name: called } = await infoOf(handle, name)
    return partitionLines(await host.session.partitionLineage(`${program}/${called}`, time, Number(partition)), host)
  }
  const tree = lineageLines(await (time === null ? handle.lineage() : handle.lineage(time))).map(text => line(text))
  const info = handleData(handle)?.kind === "stream" ? await infoOf(handle, name) : null
  if (info === null || info.kind === "input" || info.kind === "output") return tree
  const whole = await host.session.partitionLineage(`${info.program}/${info.name}`, time, null).catch(nothingMade)
  return whole === null || whole.losses.length === 0 ? tree : [...tree, ...partitionLines(whole, host)]
}

function infoOf(handle: unknown, name: string): Promise<StreamInfo> {
  if (handleData(handle)?.kind === "stream") return (handle as { info(): Promise<StreamInfo> }).info()
  throw new RivuletError(`${name || "the last answer"} is no stream: nothing is held of its partitions`, { code: 2, try: ".streams" })
}

/** What has made nothing yet, or is no longer kept, can lose nothing. */
function nothingMade(error: unknown): null {
  if (error instanceof RivuletError && (error.code === 2 || error.code === 5)) return null
  throw error
}

/** Below the end of its kind, whatever the time looks like. */
const reasonIndent = 6

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
  // Who asks for a kind wants each of them.
  const lines = words.some(isKind) ? found.map(entry => pastLine(entry, host.tz, host.now())) : pastLines(found, host.tz, host.now())
  return lines
    .slice(-mostEvents)
    .flatMap(({ text, style }) => wrapped(`  ${text}`, host.columns, reasonIndent).map(part => line(part, style)))
}
