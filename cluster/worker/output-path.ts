/** Where a `save` writes: one file an (output, interval, partition), sorted by time and then partition in a listing. */

import type { StageWrite } from "../../engine/task.js"
import type { Interval } from "../../engine/time.js"

/** `<to>/2026-11-21T09-25-15.000Z-0003.ndjson`. The same whoever writes it, so that a second writing replaces the first. */
export function outputPath(write: Extract<StageWrite, { kind: "file" }>, interval: Interval | null, partition: number): string {
  const directory = write.to.replace(/^file:(\/\/(?=\/))?/, "").replace(/(?<=.)\/+$/, "")
  const part = String(partition).padStart(4, "0")
  // No colons: some file systems refuse them.
  const time = interval === null ? "" : `${new Date(interval.from).toISOString().replaceAll(":", "-")}-`
  return `${directory}/${time}${part}.${write.format}`
}
