/** `.jobs` and `rivulet jobs`: what the cluster is at, and was of late. */
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import type { JobInfo, StreamInfo } from "../../engine/fluent/types.js"
import { type Duration, formatTime, parseDuration } from "../../engine/time.js"
import type { StyledLine } from "../session-types.js"
import { jobBars, jobTree } from "../view/jobs.js"
import { table } from "../view/table.js"

export interface JobPlace {
  readonly session: ClientSession
  readonly tz: string
  readonly columns: number
  now(): number
  streamInfo(name: string): Promise<StreamInfo>
}

const barsShown = 20
const rowsShown = 30
/** So far back one interval is looked for. */
const kept: Duration = "1h"

/** `""`, `counts`, `counts 21:05:30`, `counts now`. */
export async function jobLines(place: JobPlace, args: string): Promise<StyledLine[]> {
  const [stream = "", ...when] = args.trim().split(/\s+/)
  const context = { tz: place.tz, nowMs: place.now(), columns: place.columns, most: barsShown }
  if (stream === "") return rowLines(await place.session.jobs(), place)
  const info = await place.streamInfo(stream)
  const name = `${info.program}/${info.name}`
  const jobs = await place.session.jobs({ stream: name, last: kept })
  if (when.length === 0) return jobBars(jobs.slice(0, 60), parseDuration(info.interval), context)
  const job = jobAt(jobs, when.join(" "), place)
  if (job === undefined)
    throw new RivuletError(`no job of ${name} at ${when.join(" ")} is known: nothing changed then, or it is long ago`, {
      code: 2,
      try: `.jobs ${stream}`,
    })
  return jobTree(job, context)
}

/** Of one interval; `now`: the newest, which may be under way. */
function jobAt(jobs: readonly JobInfo[], when: string, { session }: JobPlace): JobInfo | undefined {
  if (when === "now") return jobs[0]
  const at = session.host.instant(when)
  return jobs.find(({ interval }) => interval.from <= at && at < interval.to)
}

/** Of all streams, newest first. */
function rowLines(jobs: readonly JobInfo[], place: JobPlace): StyledLine[] {
  if (jobs.length === 0) return [{ text: "  (none of late)", style: "dim" }]
  const rows = jobRows(jobs.slice(0, rowsShown), place.tz, place.now())
  return table(rows, { width: place.columns, maxRows: rowsShown }).lines.map(text => ({ text }))
}

export function jobRows(jobs: readonly JobInfo[], tz: string, nowMs: number): Record<string, unknown>[] {
  return jobs.map(job => ({
    stream: job.stream,
    interval: formatTime(job.interval.from, tz, { nowMs }),
    state: job.state,
    took: `${(job.ms / 1000).toFixed(2)} s`,
    waited: `${(job.delayMs / 1000).toFixed(2)} s`,
    tasks: job.stages.map(stage => `${stage.done}/${stage.tasks}`).join(" "),
  }))
}
