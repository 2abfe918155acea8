/**
 * Stragglers (the paper's §5.2): a task that takes more than 1.4 times the median of its stage's finished ones. At tasks of
 * 5–20 ms that is noise, so there is a floor as well, and half of the stage must be done.
 */

import type { Stage, Task } from "./stage.js"

const slower = 1.4
const floorMs = 250

export function stragglers(stage: Stage, nowMs: number): Task[] {
  const kind = stage.spec.write.kind
  if (kind === "file" || stage.open === 0 || stage.durationsMs.length === 0) return []
  if (stage.open > stage.durationsMs.length) return []
  const sorted = [...stage.durationsMs].sort((a, b) => a - b)
  const limitMs = Math.max(floorMs, slower * (sorted[sorted.length >> 1] as number))
  const slow: Task[] = []
  stage.tasks.forEach(task => {
    if (task.state !== "running" || task.first === null || task.second !== null) return
    if (nowMs - task.first.startedMs > limitMs) slow.push(task)
  })
  return slow
}
