/**
 * Dot-commands: short forms of methods and verbs. One row a command, from which `.help` is made. They run beside the
 * evaluator, where the session is.
 */

import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { Explain, Field, Lineage } from "../../engine/fluent/types.js"
import type { TaskFailure } from "../../engine/task.js"
import { formatTime, type TimeLike } from "../../engine/time.js"
import { keyTable } from "../editor/keys.js"
import type { StyledLine } from "../session.js"
import { formatBytes, formatNumber, formatRate } from "../view/number.js"
import { printable, table, truncate } from "../view/table.js"
import type { CommandHost } from "./command-host.js"
import { streamHeader } from "./display.js"
import { errorText } from "./error-text.js"
import { errorLines } from "./error-view.js"
import { explainLines, lineageLines } from "./lineage-view.js"

export interface DotCommand {
  readonly name: string
  readonly usage: string
  readonly help: string
  /** The same as code, where there is a same. */
  readonly code?: string
  run(host: CommandHost, args: string): Promise<readonly StyledLine[]> | readonly StyledLine[]
}

const line = (text: string, style?: StyledLine["style"]): StyledLine => (style ? { text, style } : { text })

function tableLines(rows: readonly Record<string, unknown>[], host: CommandHost): StyledLine[] {
  if (rows.length === 0) return [line("  (none)", "dim")]
  return table(rows, { width: host.columns, maxRows: 200 }).lines.map(text => line(text))
}

export const dotCommands: readonly DotCommand[] = [
  {
    name: "help",
    usage: ".help [keys|name]",
    help: "commands; `.help keys` the keys; `.help slice` a word",
    run: (_host, args) => help(args.trim()),
  },
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
          "median task": `${worker.median.toFixed(1)} ms`,
          address: worker.address,
        })),
        host,
      ),
  },
  {
    name: "jobs",
    usage: ".jobs [stream]",
    help: "the newest intervals' jobs",
    code: "jobs({ stream })",
    run: async (host, args) => {
      const jobs = await host.session.jobs(args.trim() === "" ? {} : { stream: args.trim() })
      return tableLines(
        jobs.slice(0, 30).map(job => ({
          stream: job.stream,
          interval: formatTime(job.interval.from, host.tz, { nowMs: host.now() }),
          state: job.state,
          took: `${(job.ms / 1000).toFixed(2)} s`,
          tasks: job.stages.map(stage => `${stage.done}/${stage.tasks}`).join(" "),
        })),
        host,
      )
    },
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
    name: "resume",
    usage: ".resume <stream> [record|interval]",
    help: "a held stream goes on; without the records at which it throws, or the whole interval",
    code: 'stream.resume({ skip: "record" })',
    run: async (host, args) => {
      const [name = "", skip] = args.trim().split(/\s+/)
      if (skip !== undefined && skip !== "record" && skip !== "interval")
        throw new RivuletError(`.resume ${name} ${skip}: skip what?`, { code: 2, try: `.resume ${name} record` })
      const info = await host.streamInfo(name)
      await host.session.stream(`${info.program}/${info.name}`).resume(skip === undefined ? {} : { skip })
      return [line(`  ${name} goes on`)]
    },
  },
  {
    name: "why",
    usage: ".why [stream]",
    help: "what holds a stream or makes it late",
    run: (host, args) => why(host, args.trim()),
  },
  {
    name: "record",
    usage: ".record",
    help: "the record at which the last error happened, whole",
    run: host => {
      const record = (host.lastError as { readonly failure?: TaskFailure } | undefined)?.failure?.record
      return [record === undefined ? line("  (the last error had no record)", "dim") : line(`  ${printable(record)}`)]
    },
  },
  {
    name: "watch",
    usage: ".watch [expression] [as name]",
    help: "a live panel; bare: of the last expression",
    code: "watch(…)",
    run: (host, args) => host.watch(args),
  },
  {
    name: "unwatch",
    usage: ".unwatch [name]",
    help: "closes a panel, or all",
    run: (host, args) => host.unwatch(args.trim()),
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
  {
    name: "stop",
    usage: ".stop <stream> [cascade]",
    help: "ends a stream",
    code: "stream.stop()",
    run: async (host, args) => {
      const [name = "", more] = args.trim().split(/\s+/)
      await host.stop(name, more === "cascade")
      return [line(`  stopped ${name} · .undo calls it back for ten minutes`)]
    },
  },
  {
    name: "undo",
    usage: ".undo",
    help: "calls back what this shell stopped last, for ten minutes: it goes on from where it was",
    code: "session.undo()",
    run: async host => [line(`  ${(await host.session.undo()).join(", ")} run again`)],
  },
  {
    name: "keep",
    usage: ".keep <stream>",
    help: "it stays when its shell is long gone: until it is stopped",
    code: "stream.keep()",
    run: async (host, args) => {
      const { program, name } = await host.streamInfo(args)
      await host.session.keepStreams([`${program}/${name}`], { force: false })
      return [line(`  ${name} stays until it is stopped`)]
    },
  },
  {
    name: "last",
    usage: ".last",
    help: "the last answer's stamp, whole",
    run: host => (host.lastStamp ? [line(`  ${JSON.stringify(host.lastStamp)}`)] : [line("  (no answer yet)", "dim")]),
  },
  { name: "stamp", usage: ".stamp", help: "the same", run: host => dotCommand("last")!.run(host, "") },
  {
    name: "error",
    usage: ".error [full]",
    help: "the last error again; full: with its stack",
    run: (host, args) =>
      host.lastError === undefined
        ? [line("  (no error yet)", "dim")]
        : args.trim() === "full"
          ? (host.lastError.stack ?? host.lastError.message).split("\n").map(text => line(`  ${text}`, "error"))
          : errorLines(host.lastError),
  },
  {
    name: "tz",
    usage: ".tz [zone]",
    help: "the zone of times as text",
    run: (host, args) => {
      if (args.trim() !== "") host.setZone(args.trim())
      return [line(`  times are ${host.tz}`)]
    },
  },
  {
    name: "save",
    usage: ".save <file.ts>",
    help: "the cells so far, as a program",
    run: (host, args) => host.save(args.trim()),
  },
  { name: "load", usage: ".load <file>", help: "runs a file's cells", run: (host, args) => host.load(args.trim()) },
  {
    name: "chaos",
    usage: ".chaos kill <worker>",
    help: "embedded cluster only: kills a worker process and starts it again",
    run: (host, args) => host.chaos(args.trim()),
  },
]

/** Those that the screen itself carries out. */
export const screenCommands: readonly { readonly name: string; readonly usage: string; readonly help: string }[] = [
  { name: "clear", usage: ".clear", help: "clears the screen" },
  { name: "detach", usage: ".detach", help: "leaves; streams of a running cluster go on" },
  { name: "exit", usage: ".exit", help: "the same" },
  { name: "tour", usage: ".tour [off]", help: "with npm start: the steps in grey, from the first again" },
]

interface Explained {
  schema(): Promise<Field[]>
  explain(): Promise<Explain>
  lineage(time?: TimeLike): Promise<Lineage>
}

/** Of a name or an expression; bare: of the last value. */
async function handleOf(host: CommandHost, args: string): Promise<Explained> {
  const expression = args.trim() === "" ? "_" : args.trim()
  const value = await host.value(expression)
  if (handleData(value)?.kind !== "stream" && handleData(value)?.kind !== "rdd")
    throw new RivuletError(`${expression} is neither a stream nor an RDD`, { code: 2, try: ".streams" })
  return value as Explained
}

async function why(host: CommandHost, name: string): Promise<StyledLine[]> {
  const status = await host.session.status()
  const wanted = name === "" ? undefined : await host.streamInfo(name)
  const isWanted = (stream: string) => wanted === undefined || stream === wanted.name || stream === `${wanted.program}/${wanted.name}`
  const lines: StyledLine[] = []
  for (const held of status.held.filter(({ stream }) => isWanted(stream))) {
    const since = formatTime(held.interval, host.tz, { nowMs: host.now() })
    lines.push(line(`${held.stream} · held since ${since} · its input is kept, other streams go on`, "warning"))
    const error = Object.assign(new RivuletError(held.failure.message), { failure: held.failure })
    lines.push(...errorText(error).map(text => line(`  ${text}`)))
    const info = (await host.session.streams()).find(one => `${one.program}/${one.name}` === held.stream || one.name === held.stream)
    if (info?.held) {
      const { keptBytes, boundBytes, lookedAhead } = info.held
      if (lookedAhead)
        lines.push(
          line(`  how many   ${formatNumber(lookedAhead.failing)} of ${formatNumber(lookedAhead.records)} records that wait would fail`),
        )
      lines.push(line(`  held       ${formatBytes(keptBytes)} of at most ${formatBytes(boundBytes)} of its input`))
    }
    const name = held.stream.split("/").at(-1)!
    if (held.retry) {
      const at = formatTime(held.retry.atMs, host.tz, { nowMs: host.now() })
      lines.push(line(`  goes on    by itself at ${at}: a machine was at fault (tried ${held.retry.tries} of ${held.retry.of} times)`))
      lines.push(line(`  try        .resume ${name} tries at once`))
    } else
      lines.push(line(`  try        ${name}.replace(…) puts a fixed one in its place; .resume ${name} record goes on without such records`))
  }
  for (const behind of status.behind.filter(({ stream }) => isWanted(stream)))
    lines.push(line(`${behind.stream} · ${(behind.lagMs / 1000).toFixed(1)} s behind · .jobs ${behind.stream} · .workers`, "warning"))
  for (const worker of status.workers) if (worker.state !== "up") lines.push(line(`worker ${worker.name} is ${worker.state}`, "warning"))
  return lines.length > 0
    ? lines
    : [line(wanted ? `  ${streamHeader(wanted, host)}: nothing is wrong` : "  nothing is held or late", "dim")]
}

export function dotCommand(name: string): DotCommand | undefined {
  return dotCommands.find(command => command.name === name)
}

/** `.word` at the start of a cell, not followed by `(` (that continues the last expression). */
export function parseDotCommand(cell: string): { readonly name: string; readonly args: string } | undefined {
  const match = /^\s*\.([a-z]+)(?![\w(])\s*([\s\S]*)$/.exec(cell)
  return match && !match[2]!.startsWith("(") ? { name: match[1]!, args: match[2]!.trim() } : undefined
}

export async function runDotCommand(host: CommandHost, name: string, args: string): Promise<readonly StyledLine[]> {
  const command = dotCommand(name)
  if (command === undefined) {
    const near = dotCommands.find(row => row.name.startsWith(name.slice(0, 3)))
    throw new RivuletError(`.${name} is not a command`, { code: 2, try: near ? `.${near.name}` : ".help" })
  }
  return command.run(host, args)
}

const words: Readonly<Record<string, string>> = {
  slice:
    "stream.slice(from, to): of a record stream, one RDD of all its records in [from, to); of a snapshot stream, its versions in time order, an action gives one result a version. Half-open: to is not in it.",
  at: 'stream.at(time): how things stood at the end of the interval that holds time. counts.at("21:05").top(10)',
  changes:
    'state.changes(from, to): keys whose state differs between the two times: { key, before, after, delta }. counts.changes("-5m").top(5, c => c.delta)',
  get: 'state.get(key, at?): one key\'s state. counts.get("/search")',
  window: 'stream.window(length, slide?): the records of the last length, each interval. views.window("1m").count()',
  reduceByWindow:
    'pairs.reduceByWindow(length, f, inverse?, slide?): views.map(v => [v.url, 1]).reduceByWindow("30s", (a, b) => a + b, (a, b) => a - b)',
  runningReduce: "pairs.runningReduce(f): the reduction of each key's values since the start: a state.",
  join: "pairs.join(other): keys in both, [key, [left, right]]. other may be a stream of the same interval, a state, or an RDD (textFile, parallelize).",
  readStream:
    'readStream(name, interval, { format }): records that `rivulet send name` sends, or readStream("file:logs/*.log", …). Formats: text, combined, json, csv, or a function of a line.',
  textFile:
    'textFile(paths): lines of files on the workers\' machines, as an RDD. textFile("old/*.log").filter(l => l.includes("error")).count()',
}

function help(topic: string): StyledLine[] {
  if (topic === "keys") return keyTable.map(row => line(`  ${row.keys.join(", ").padEnd(24)}${row.help}`))
  if (topic !== "") {
    const command = dotCommand(topic.replace(/^\./, ""))
    if (command) return [line(`  ${command.usage}   ${command.help}${command.code ? `   ≡   ${command.code}` : ""}`)]
    const word = words[topic]
    if (word) return [line(`  ${word}`)]
    throw new RivuletError(`no help on ${topic}`, { code: 2, try: `.help, or one of ${Object.keys(words).join(", ")}` })
  }
  return [
    ...dotCommands.map(row => line(`  ${row.usage.padEnd(30)}${row.help}${row.code ? `   ≡   ${row.code}` : ""}`)),
    ...screenCommands.map(row => line(`  ${row.usage.padEnd(30)}${row.help}`)),
    line(`  .help ${Object.keys(words).join("|")}   ·   .help keys`, "dim"),
  ]
}

/** Used by hosts to say which handle a name or expression stands for. */
export function isStreamHandle(value: unknown): boolean {
  return handleData(value)?.kind === "stream"
}
