/** `textFile` and `parquetFile`: which files there are is asked when the RDD is first used; then they are pinned, in splits of at most 4 MB (of Parquet: of a file). */

import { RivuletError } from "../../engine/errors.js"
import type { ListedFile } from "../../engine/input/file-split.js"
import type { FileSplit, RddNode } from "../../engine/rdd.js"

const splitBytes = 4 * 1024 * 1024

export interface AskedFiles {
  readonly paths: readonly string[]
  readonly minPartitions: number
  /** Rows, not lines. */
  readonly parquet?: true
}

/** Splits in order of path and offset. Empty files have none. Throws (code 2) when no file matches, or one is too large to be read whole. */
export function textFileNode(id: string, asked: AskedFiles, files: readonly ListedFile[]): RddNode {
  if (files.length === 0) {
    throw new RivuletError(`no file ${asked.paths.join(", ")} on the workers' machines`, {
      code: 2,
      try: "an absolute path or glob that the workers can read",
    })
  }
  const total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const size = Math.max(1, Math.min(splitBytes, Math.ceil(total / Math.max(1, asked.minPartitions))))
  const ordered = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  return Object.freeze({
    kind: "textFile",
    id,
    splits: ordered.flatMap(file => (asked.parquet ? [wholeFile(file)] : splitsOf(file, size))),
  })
}

/** The footer is at a Parquet file's end, and a task has all of it in memory. */
function wholeFile({ path, sizeBytes, modifiedMs, ends }: ListedFile): FileSplit {
  if (sizeBytes > unpackedMost)
    throw new RivuletError(`${path} has ${Math.ceil(sizeBytes / 2 ** 20)} MB: a Parquet file is read whole, by one task (up to 256 MB)`, {
      code: 2,
      try: "several smaller files",
    })
  return { path, from: 0, to: sizeBytes, sizeBytes, modifiedMs, ...(ends !== undefined && { ends }), parquet: true }
}

/** Of a compressed file one split: a task has all that it unpacks to in memory. */
const unpackedMost = 256 * 1024 * 1024

function splitsOf({ path, sizeBytes, modifiedMs, ends, packed }: ListedFile, size: number): FileSplit[] {
  if (packed !== undefined) return [{ path, from: 0, to: unpackedMost, sizeBytes, modifiedMs, ...(ends !== undefined && { ends }), packed }]
  return Array.from({ length: Math.ceil(sizeBytes / size) }, (_, i) => ({
    path,
    from: i * size,
    to: Math.min(sizeBytes, (i + 1) * size),
    sizeBytes,
    modifiedMs,
    ...(ends !== undefined && { ends }),
  }))
}
