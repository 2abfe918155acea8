/** Where a `save` writes: one file an (output, interval, partition), sorted by time and then partition in a listing. */

import { archivePath } from "../../engine/input/archive.js"
import type { StageSpec } from "../../engine/task.js"

/** `<to>/2026-11-21T09-25-15.000Z-0003.ndjson`. The same whoever writes it, so that a second writing replaces the first. */
export function outputPath({ write, interval, partitions }: StageSpec, partition: number, rows: number): string {
  if (write.kind === "archive" && interval !== null)
    return archivePath(write.to, { interval: interval.from, part: partition, of: partitions, rows })
  if (write.kind !== "file") throw new Error(`${write.kind} is written to no file`)
  const directory = write.to.replace(/^file:(\/\/(?=\/))?/, "").replace(/(?<=.)\/+$/, "")
  const part = String(partition).padStart(4, "0")
  // No colons: some file systems refuse them.
  const time = interval === null ? "" : `${new Date(interval.from).toISOString().replaceAll(":", "-")}-`
  return `${directory}/${time}${part}.${write.format}`
}
