/** The workers as a table, and what to do about one that is slow. */
import type { WorkerInfo } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import { formatBytes } from "../view/number.js"
import { shareline } from "../view/sparkline.js"

/** Seconds. */
const loadsShown = 5

export function workerRows(workers: readonly WorkerInfo[]): Record<string, unknown>[] {
  return workers.map(worker => ({
    name: worker.name,
    state: worker.draining ? "DRAINING" : worker.state === "up" ? "up" : worker.state.toUpperCase(),
    tasks: `${worker.running} on ${worker.cores}`,
    load: `${shareline(worker.loads.slice(-loadsShown)).padStart(loadsShown)} ${Math.round(worker.load * 100)} %`,
    blocks: worker.blocks,
    memory: `${formatBytes(worker.bytes)} of ${formatBytes(worker.cap)}`,
    spilled: worker.spilled === 0 ? "0" : formatBytes(worker.spilled),
    "median task": `${worker.median.toFixed(1)} ms${worker.slow ? ` ${worker.slow.times.toFixed(1)} ×` : ""}`,
    "second copies": worker.speculated,
  }))
}

/** A line for each that is slow or on its way out. */
export function workerAdvice(workers: readonly WorkerInfo[], tz: string, nowMs: number): string[] {
  const time = (ms: number) => formatTime(ms, tz, { nowMs })
  return workers.flatMap(({ name, slow, draining, speculated }) => {
    if (draining) return [`  ${name}: being drained since ${time(draining.since)}, ${draining.left} blocks to copy. It stays: .undo`]
    if (!slow) return []
    const copies = speculated > 0 ? `, ${speculated} of them were given a second copy` : ""
    return [
      `  ${name}: tasks take ${slow.times.toFixed(1)} × what they take elsewhere since ${time(slow.since)}${copies}. Take it out: .drain ${name}`,
    ]
  })
}
