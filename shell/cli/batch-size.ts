/**
 * The cluster that a run over old records starts for itself. One process reads it with as many executors as workers were asked for: a second one would compile
 * the same code once more, and half of all lines would go from one to the other. If it dies all is read and made again, which must not take too long.
 */
import { statSync } from "node:fs"
import { type EmbeddedOptions, embeddedMemoryBytes } from "../../cluster/embedded.js"
import { RivuletError } from "../../engine/errors.js"
import { packingOfFile } from "./input-sample.js"

export type BatchSize = Pick<EmbeddedOptions, "workers" | "cores" | "memoryBytes" | "batch" | "frugal" | "keepsLineage">

/** One main thread can serve so many executors. */
const executorsOfOne = 4
/** A packed log unpacks to so many times its bytes, or less. */
const packedTimes = 16
/** That is read again in half a minute on two cores. Of more, workers have copies of what the others make. */
const readAgainBytes = 8 * 1024 ** 3

/** What this process, the master's, a worker's and its further executors need beside blocks: code, threads, V8's heaps. Measured, with some room. */
const fixedBytes = { here: 300 << 20, master: 140 << 20, worker: 230 << 20, executor: 90 << 20 }
const leastBytes = 16 << 20

/** `memoryBytes`: of all processes together, where that was said. `files`: all that is read; null when it is not known. RivuletError (2): too little memory. */
export function batchSize(workers: number, memoryBytes: number | undefined, files: readonly string[] | null): BatchSize {
  const asOne = workers <= executorsOfOne && files !== null && unpackedBytes(files) <= readAgainBytes
  const shape = asOne ? { workers: 1, cores: workers, batch: true, keepsLineage: true } : { workers, cores: 1, batch: true }
  if (memoryBytes !== undefined) return { ...shape, memoryBytes: blockMemory(memoryBytes, shape), frugal: true }
  return { ...shape, memoryBytes: shape.cores * embeddedMemoryBytes }
}

/** Block memory of each worker. Heaps beyond what is usual are not bounded by it. */
function blockMemory(totalBytes: number, { workers, cores }: { readonly workers: number; readonly cores: number }): number {
  const fixed = fixedBytes.here + fixedBytes.master + workers * (fixedBytes.worker + (cores - 1) * fixedBytes.executor)
  const each = Math.floor((totalBytes - fixed) / workers)
  if (each >= leastBytes) return each
  const least = Math.ceil((fixed + workers * leastBytes) / (1 << 20))
  const asked = workers * cores
  throw new RivuletError(`--memory ${Math.floor(totalBytes / (1 << 20))}M is too little for ${asked} workers`, {
    code: 2,
    try: asked > 1 ? `--memory ${least}M, or --workers 1` : `--memory ${least}M`,
  })
}

function unpackedBytes(files: readonly string[]): number {
  return files.reduce((sum, path) => sum + statSync(path).size * (packingOfFile(path) === undefined ? 1 : packedTimes), 0)
}
