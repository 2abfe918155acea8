/**
 * The cluster that a run over old records starts for itself. Input that fits into memory is read by one process with as many executors as workers were asked
 * for: a second one would compile the same code once more, and half of all lines would go from one to the other. What dies with it is read and made again.
 */
import { statSync } from "node:fs"
import { type EmbeddedOptions, embeddedMemoryBytes } from "../../cluster/embedded.js"
import { packingOfFile } from "./input-sample.js"

export type BatchSize = Pick<EmbeddedOptions, "workers" | "cores" | "memoryBytes" | "batch" | "frugal" | "keepsLineage">

/** One main thread can serve so many executors. */
const executorsOfOne = 4
/** A packed log unpacks to so many times its bytes, or less. */
const packedTimes = 16

/**
 * `memoryBytes`: block memory of each worker, where that was said. `files`: all that is read; null when it is not known. `saved`: blocks stay on disk, under
 * their workers' names, for a run that goes on with them.
 */
export function batchSize(workers: number, memoryBytes: number | undefined, files: readonly string[] | null, saved: boolean): BatchSize {
  const several = { workers, cores: 1, batch: true }
  if (memoryBytes !== undefined) return { ...several, memoryBytes, frugal: true }
  const all = workers * embeddedMemoryBytes
  if (saved || workers > executorsOfOne || files === null || unpackedBytes(files) > all / 2) return several
  return { workers: 1, cores: workers, memoryBytes: all, batch: true, keepsLineage: true }
}

function unpackedBytes(files: readonly string[]): number {
  return files.reduce((sum, path) => sum + statSync(path).size * (packingOfFile(path) === undefined ? 1 : packedTimes), 0)
}
