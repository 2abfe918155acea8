/** Jobs as people read them: of a stream's intervals a bar each, on one scale; of one job its stages as a tree. Pure. */
import type { JobInfo } from "../../engine/fluent/types.js"
import { formatTime, type TimeContext } from "../../engine/time.js"
import type { StyledLine } from "../session-types.js"
import { formatNumber } from "./number.js"
import { printable } from "./table.js"

type Stage = JobInfo["stages"][number]

export interface JobsContext extends TimeContext {
  readonly columns: number
  /** So many of the newest are shown; all are counted. */
  readonly most: number
}

const barMost = 40
/** So many times the median's length, a job's slowest task is named. */
const slowTimes = 2

/** Newest first. `intervalMs`: of the stream; 0: not known. */
export function jobBars(jobs: readonly JobInfo[], intervalMs: number, context: JobsContext): StyledLine[] {
  const [first] = jobs
  if (first === undefined) return [{ text: "  (none of late)", style: "dim" }]
  const shown = jobs.slice(0, context.most)
  const took = jobs.filter(({ state }) => state === "done").map(({ ms }) => ms)
  const median = quantile(took, 0.5)
  const scaleMs = Math.max(intervalMs, ...shown.map(job => job.delayMs + job.ms), 1)
  const width = Math.max(10, Math.min(barMost, context.columns - 50))
  const lead = `${printable(first.stream)} · ${seconds(intervalMs)} intervals · newest first`
  return [
    { text: `${lead}     ░ waiting  ▒ before it  █ its own tasks`, style: "bold" },
    ...shown.map((job): StyledLine => {
      const time = formatTime(job.interval.from, context.tz, { nowMs: context.nowMs })
      const [done, of] = tasksOf(job)
      const notes = [job.state === "done" ? "" : job.state, `${done} of ${of}`, slowNote(job, median)].filter(note => note !== "")
      const text = ` ${time}  ${seconds(job.ms).padStart(7)}  ${barOf(job, scaleMs, width).padEnd(width)}  ${notes.join("  ")}`
      return { text, ...(job.state === "failed" && { style: "error" as const }) }
    }),
    {
      text: `${" ".repeat(` ${formatTime(first.interval.from, context.tz, { nowMs: context.nowMs })}  `.length + 9)}${axis(scaleMs, intervalMs, width)}`,
      style: "dim",
    },
    {
      text: ` last ${formatNumber(jobs.length)}: ${timesOf(took)} · ${lateOf(jobs, intervalMs)} late`,
      style: "dim",
    },
  ]
}

/** Of those that are done. */
function timesOf(took: readonly number[]): string {
  if (took.length === 0) return "none is done"
  return `median ${seconds(quantile(took, 0.5))} · p95 ${seconds(quantile(took, 0.95))} · worst ${seconds(Math.max(...took))}`
}

const lateOf = (jobs: readonly JobInfo[], intervalMs: number): number =>
  jobs.filter(job => intervalMs > 0 && job.delayMs + job.ms > intervalMs).length

/** A stage that others wait for is ▒, the target's own █, where neither runs ░. */
export function barOf({ delayMs, ms, stages }: JobInfo, scaleMs: number, width: number): string {
  const cells = Math.max(1, Math.round(((delayMs + ms) / scaleMs) * width))
  const runs = (stage: Stage | undefined, at: number, step: number) =>
    stage !== undefined && stage.done + stage.ms > 0 && at + step > stage.startMs && at < stage.startMs + Math.max(stage.ms, 1)
  const [target, ...before] = stages
  const step = (delayMs + ms) / cells
  return Array.from({ length: cells }, (_, i) => {
    const at = i * step - delayMs
    if (runs(target, at, step)) return "█"
    return before.some(stage => runs(stage, at, step)) ? "▒" : "░"
  }).join("")
}

/** The scale below the bars, with the interval's length: bars beyond it make lag. */
function axis(scaleMs: number, intervalMs: number, width: number): string {
  const end = seconds(scaleMs)
  const at = intervalMs > 0 ? Math.round((intervalMs / scaleMs) * width) : width
  const line = `0${" ".repeat(Math.max(0, Math.min(at, width) - 1))}┊`
  return at >= width
    ? `${line} ${end} = interval`
    : `${line}${" ".repeat(Math.max(1, width - line.length - end.length))}${end}   ┊ = interval`
}

function slowNote({ stages, ms }: JobInfo, medianMs: number): string {
  const slowest = stages.reduce<Stage["slowest"] | null>(
    (most, { slowest }) => (most === null || slowest.ms > most.ms ? slowest : most),
    null,
  )
  if (slowest === null || slowest.worker === "" || ms < slowTimes * medianMs || slowest.ms < ms / 2) return ""
  const partition = slowest.partition === undefined ? "" : `partition ${slowest.partition} `
  return `${partition}on ${slowest.worker}: ${seconds(slowest.ms)}`
}

/** One job: the stage that makes the interval, below it those that it reads, each once. */
export function jobTree(job: JobInfo, context: TimeContext): StyledLine[] {
  const time = formatTime(job.interval.from, context.tz, { nowMs: context.nowMs })
  const waited = job.delayMs >= 1 ? ` · begun ${seconds(job.delayMs)} after its end` : ""
  const so = job.state === "running" || job.state === "waiting" ? " so far" : ""
  const lines: StyledLine[] = [
    { text: `${printable(job.stream)}[${time}] · ${job.state} · ${seconds(job.ms)}${so}${waited}`, style: "bold" },
  ]
  const seen = new Set<number>()
  const rows: { readonly lead: string; readonly stage: Stage; readonly again: boolean }[] = []
  const walk = (index: number, lead: string, below: string): void => {
    const stage = job.stages[index]
    if (stage === undefined) return
    const again = seen.has(index)
    rows.push({ lead, stage, again })
    if (again) return
    seen.add(index)
    stage.reads.forEach((read, i) => {
      const last = i === stage.reads.length - 1
      walk(read, `${below}${last ? "└─ " : "├─ "}`, `${below}${last ? "   " : "│  "}`)
    })
  }
  if (job.stages.length > 0) walk(0, "  ", "  ")
  const width = Math.max(0, ...rows.map(({ lead, stage }) => lead.length + stage.name.length))
  for (const { lead, stage, again } of rows) {
    const name = `${lead}${printable(stage.name)}`.padEnd(width)
    lines.push({ text: again ? `${name}  (above)` : `${name}  ${stageText(stage)}` })
  }
  return lines
}

function stageText({ tasks, done, ms, startMs, slowest }: Stage): string {
  const share = tasks === 0 ? 1 : done / tasks
  const bar = "█".repeat(Math.round(share * 8)).padEnd(8, "░")
  if (tasks === 0) return "nothing to do"
  const when = ms > 0 || done > 0 ? `from ${seconds(startMs)}, ${seconds(ms)}` : "waits"
  const partition = slowest.partition === undefined ? "" : ` in partition ${slowest.partition}`
  const slow = slowest.worker === "" ? "" : `   longest ${seconds(slowest.ms)} on ${slowest.worker}${partition}`
  return `${bar} ${done} of ${tasks}   ${when}${slow}`
}

function tasksOf({ stages }: JobInfo): readonly [done: number, of: number] {
  return [stages.reduce((sum, { done }) => sum + done, 0), stages.reduce((sum, { tasks }) => sum + tasks, 0)]
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
