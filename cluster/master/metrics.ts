/** What the master knows as OpenMetrics text (openmetrics.io, version 1.0.0): what Prometheus and others ask for again and again. */

import type { ClusterStatus } from "../protocol.js"
import type { Catalog } from "./catalog.js"
import { nameOf } from "./catalog.js"
import { jobBoundsMs, type Totals } from "./totals.js"

type Labels = Readonly<Record<string, string>>

/** A family: its kind and help once, then its samples. */
class Family {
  readonly #lines: string[]

  constructor(
    private readonly name: string,
    kind: "counter" | "gauge" | "histogram",
    unit: "seconds" | "bytes" | null,
    help: string,
  ) {
    this.#lines = [`# TYPE ${name} ${kind}`, ...(unit === null ? [] : [`# UNIT ${name} ${unit}`]), `# HELP ${name} ${help}`]
  }

  add(value: number, labels: Labels = {}, suffix = ""): this {
    const named = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    this.#lines.push(`${this.name}${suffix}${named.length === 0 ? "" : `{${named.join(",")}}`} ${value}`)
    return this
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`
  }
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

export function metricsText({
  status,
  catalog,
  totals,
  questions,
}: {
  readonly status: ClusterStatus
  readonly catalog: Catalog
  readonly totals: Totals
  /** Under way now. */
  readonly questions: number
}): string {
  const intervals = new Family(
    "rivulet_intervals",
    "counter",
    null,
    "Intervals that a running stream has finished since this master began.",
  )
  const job = new Family(
    "rivulet_job_seconds",
    "histogram",
    "seconds",
    "How long the jobs of intervals took, from their start to their end.",
  )
  const delay = new Family("rivulet_delay_seconds", "counter", "seconds", "From intervals' ends to their jobs' starts, summed up.")
  const behind = new Family("rivulet_behind_seconds", "gauge", "seconds", "How far a stream is behind its inputs.")
  const held = new Family("rivulet_held", "gauge", null, "1 for a stream that is held.")
  const records = new Family("rivulet_records", "counter", null, "Records of an input that are sealed.")
  const bytes = new Family("rivulet_input_bytes", "counter", "bytes", "Bytes of these records.")
  const lags = new Map(status.behind.map(({ stream, lagMs }) => [stream, lagMs]))
  const stopped = new Set(status.held.map(({ stream }) => stream))
  for (const record of catalog.live()) {
    const labels = { stream: nameOf(record) }
    const done = totals.streams.get(record.definition.id)
    const taken = totals.inputs.get(record.definition.id)
    if (done !== undefined) {
      intervals.add(done.intervals, labels, "_total")
      delay.add(done.delayMs / 1000, labels, "_total")
      behind.add((lags.get(labels.stream) ?? 0) / 1000, labels)
      held.add(stopped.has(labels.stream) ? 1 : 0, labels)
      let below = 0
      jobBoundsMs.forEach((bound, i) => {
        below += done.classes[i] ?? 0
        job.add(below, { ...labels, le: (bound / 1000).toFixed(2) }, "_bucket")
      })
      job.add(done.intervals, { ...labels, le: "+Inf" }, "_bucket")
      job.add(done.ms / 1000, labels, "_sum").add(done.intervals, labels, "_count")
    }
    if (taken !== undefined) {
      records.add(taken.records, labels, "_total")
      bytes.add(taken.bytes, labels, "_total")
    }
  }
  return `${[intervals, job, delay, behind, held, records, bytes, ...ofMasters(status), ...ofWorkers(status, totals), ...ofQuestions(totals, questions)].join("")}# EOF\n`
}

/** Of a cluster whose masters share a store. */
function ofMasters({ masters }: ClusterStatus): Family[] {
  if (masters === undefined) return []
  return [new Family("rivulet_standby_masters", "gauge", null, "Masters that would take over.").add(masters.standbys.length)]
}

function ofWorkers({ workers }: ClusterStatus, { workersLost }: Totals): Family[] {
  const states = new Family("rivulet_workers", "gauge", null, "Workers by their state; slow ones are also up.")
  const up = workers.filter(({ state }) => state !== "lost")
  states.add(up.length, { state: "up" })
  states.add(up.filter(({ slow }) => slow !== undefined).length, { state: "slow" })
  states.add(up.filter(({ draining }) => draining !== undefined).length, { state: "draining" })
  const lost = new Family("rivulet_workers_lost", "counter", null, "Workers that were lost.").add(workersLost, {}, "_total")
  const load = new Family("rivulet_worker_load", "gauge", null, "How many of a worker's cores are at work, 0 to 1.")
  const memory = new Family("rivulet_worker_memory_bytes", "gauge", "bytes", "Block memory in use.")
  const cap = new Family("rivulet_worker_memory_cap_bytes", "gauge", "bytes", "Block memory that there is.")
  const spilled = new Family("rivulet_worker_spilled_bytes", "gauge", "bytes", "Blocks that lie on the worker's disk.")
  const blocks = new Family("rivulet_worker_blocks", "gauge", null, "Blocks in memory and on disk.")
  const tasks = new Family("rivulet_worker_task_seconds", "counter", "seconds", "Spent in tasks.")
  for (const worker of up) {
    const labels = { worker: worker.name }
    load.add(worker.load, labels)
    memory.add(worker.bytes, labels)
    cap.add(worker.capBytes, labels)
    spilled.add(worker.spilledBytes, labels)
    blocks.add(worker.blocks, labels)
    tasks.add(worker.taskMs / 1000, labels, "_total")
  }
  return [states, lost, load, memory, cap, spilled, blocks, tasks]
}

function ofQuestions({ questions }: Totals, running: number): Family[] {
  return [
    new Family("rivulet_queries", "counter", null, "Questions that were asked.").add(questions, {}, "_total"),
    new Family("rivulet_queries_running", "gauge", null, "Questions that are under way or whose answer is being fetched.").add(running),
  ]
}
