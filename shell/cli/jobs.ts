/** `rivulet jobs`: the newest intervals' jobs, as a table or as data; with `--follow` each as it ends. */
import { setTimeout as wait } from "node:timers/promises"
import type { ClientSession } from "../../cluster/client/session.js"
import type { JobInfo } from "../../engine/fluent/types.js"
import type { Duration } from "../../engine/time.js"
import { findStream } from "../host/find-stream.js"
import { jobRows } from "../host/job-lines.js"
import { table } from "../view/table.js"
import { localZone, withSession } from "./attach.js"
import { duration } from "./options.js"
import { type OutputFormat, outputFormat, render, toJson, write } from "./output.js"

export interface JobsOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
  readonly last?: string
  readonly follow?: boolean
}

/** So often is looked what has ended since. */
const followMs = 500

export async function jobs(stream: string | undefined, options: JobsOptions): Promise<void> {
  const format = options.o === undefined ? "table" : outputFormat(options.o, process.stdout.isTTY)
  if (options.last !== undefined) duration(options.last, "--last")
  await withSession(options, async session => {
    const info = stream === undefined ? undefined : findStream(await session.streams(), stream)
    const filter = {
      ...(info && { stream: `${info.program}/${info.name}` }),
      ...(options.last !== undefined && { last: options.last as Duration }),
    }
    const tz = options.tz ?? (process.stdout.isTTY ? localZone() : "UTC")
    if (options.follow === true) return follow(session, filter, format, tz)
    const found = await session.jobs(filter)
    if (format !== "table") return write(await render(found, format, { width: 0 }))
    const width = process.stdout.columns ?? 160
    const { lines } = table(jobRows(found, tz, session.clock.now()), { width, maxRows: Number.POSITIVE_INFINITY, indent: 0 })
    return write(lines.map(line => `${line}\n`).join(""))
  })
}

/** Oldest first, a line each, until Ctrl-C. */
async function follow(
  session: ClientSession,
  filter: Parameters<ClientSession["jobs"]>[0],
  format: OutputFormat,
  tz: string,
): Promise<void> {
  const told = new Set<string>()
  for (;;) {
    const ended = (await session.jobs(filter)).filter(({ state }) => state === "done" || state === "failed").reverse()
    const fresh = ended.filter(job => !told.has(nameOf(job)))
    told.clear()
    for (const job of ended) told.add(nameOf(job))
    for (const job of fresh) {
      const [row] = jobRows([job], tz, session.clock.now())
      await write(format === "table" ? `${Object.values(row!).join("  ")}\n` : `${toJson(job)}\n`)
    }
    await wait(followMs)
  }
}

const nameOf = ({ stream, interval }: JobInfo): string => `${stream}@${interval.from}`
