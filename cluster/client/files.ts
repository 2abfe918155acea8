/** `textFile` and `parquetFile`: files of the workers' machines are read there, those of this one are sent along (`local:`). */

import { RddHandle } from "../../engine/fluent/rdd.js"
import type { RDD } from "../../engine/fluent/types.js"
import { type InputTools, localPath, pathsOf } from "./inputs.js"
import { localLines, localRows } from "./local-files.js"
import { ofAssets, parallelize } from "./parallelize.js"
import type { SessionHost } from "./session-host.js"

export interface FilesAsked {
  readonly paths: string
  readonly minPartitions?: number
  readonly parquet?: true
}

/** Throws RivuletError (2): of `local:` there is no such file, or it is too large to be sent. */
export function filesOf<T>(host: SessionHost, tools: InputTools, { paths, minPartitions, parquet }: FilesAsked): RDD<T> {
  const rdd = (node: ReturnType<typeof ofAssets>) => new RddHandle(host, node) as unknown as RDD<T>
  if (!paths.startsWith("local:"))
    return rdd(host.textFile({ paths: pathsOf(paths, tools), minPartitions: minPartitions ?? 1, ...(parquet && { parquet }) }))
  const path = tools.resolvePath(localPath(paths))
  const partitions = minPartitions ?? host.partitions
  return rdd(ofAssets(host, parquet ? parallelize(localRows(path), partitions) : localLines(path, partitions)))
}
