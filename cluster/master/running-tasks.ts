/** What a stream waits for now: of the tasks of its jobs that run, the one that has run longest beyond what such tasks take. */

import type { StreamId } from "../../engine/definition.js"
import { median } from "../median.js"
import type { NodeId } from "../ports.js"
import type { RunningTask } from "../protocol.js"
import type { Stage } from "../scheduler/stage.js"
import { nameOf } from "./catalog.js"
import type { JobFacts } from "./job-facts.js"
import type { Parts, Times } from "./parts.js"
import { stageTimes } from "./stage-times.js"
import type { Streams } from "./streams.js"

type Running = Pick<Parts, "config" | "jobs" | "scheduler" | "ledger" | "registry">

/** Null: nothing of it runs. Of a `foreachRDD` that is its body. */
export function runningTask(parts: Running, facts: JobFacts, streams: Streams, stream: StreamId, times: Times): RunningTask | null {
  const { config, ledger, registry } = parts
  const record = ledger.streams.get(stream)
  const body = streams.drivers.running(stream)
  if (record === undefined || body === null) return longestTask(parts, facts, stream, times)
  const tookMs = streams.history.tookMs(stream)
  return {
    stream: nameOf(record),
    interval: body.interval,
    partition: null,
    stage: "foreachRDD",
    worker: registry.get(body.worker)?.name ?? body.worker,
    ms: times.monotonicMs - body.startedMs,
    othersMs: tookMs.length === 0 ? null : median(tookMs),
    timeoutMs: config.driverTimeoutMs,
    second: null,
  }
}

/** What such tasks are called that did the work of several intervals: they took no less. */
const stretched = ({ label }: Stage["spec"]): string => `${label}.${label.endsWith(".state") ? "stretch" : "stretchInput"}`

function longestTask(
  { jobs, scheduler, ledger, registry }: Running,
  facts: JobFacts,
  stream: StreamId,
  { monotonicMs }: Times,
): RunningTask | null {
  const usual = stageTimes(facts, stream)
  const nameAt = (node: NodeId) => registry.get(node)?.name ?? node
  const others = ({ spec, durationsMs }: Stage) =>
    durationsMs.length > 0 ? median(durationsMs) : (usual(spec) ?? usual({ label: stretched(spec) }))
  let longest = null as RunningTask | null
  for (const job of jobs.pending(stream)) {
    for (const stage of scheduler.stagesOf(job.id)) {
      if (stage.open === 0) continue
      const { spec, timeoutMs } = stage
      const othersMs = others(stage)
      stage.tasks.forEach(({ first, second, partition }) => {
        if (first === null || monotonicMs - first.startedMs <= (longest?.ms ?? 0)) return
        const of = ledger.streams.get(spec.stream ?? stream)
        longest = {
          stream: of === undefined ? (spec.stream ?? stream) : nameOf(of),
          interval: spec.interval?.from ?? job.interval.from,
          partition,
          stage: spec.label,
          worker: nameAt(first.worker),
          ms: monotonicMs - first.startedMs,
          othersMs,
          timeoutMs,
          second: second && nameAt(second.worker),
        }
      })
    }
  }
  return longest
}
