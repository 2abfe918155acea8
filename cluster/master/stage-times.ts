/** How long tasks of a kind took of late: what an estimate goes by. */

import type { StreamId } from "../../engine/definition.js"
import type { StageSpec } from "../../engine/task.js"
import { median } from "../median.js"
import type { JobFacts } from "./job-facts.js"

/** Median ms of a task of that stage; null: none is known. */
export type StageTimes = (stage: Pick<StageSpec, "label">) => number | null

/** By the jobs of the stream that is asked about; what they do not have is not known. */
export function stageTimes(facts: JobFacts, stream: StreamId): StageTimes {
  const byLabel = new Map<string, number[]>()
  for (const { stages } of facts.of(stream)) {
    for (const { label, tasks } of stages) {
      const ms = byLabel.get(label) ?? []
      byLabel.set(label, ms)
      for (const task of tasks) ms.push(task.ms)
    }
  }
  return ({ label }) => {
    const ms = byLabel.get(label)
    return ms === undefined || ms.length === 0 ? null : median(ms)
  }
}
