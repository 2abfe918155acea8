/** What a cell finds without an import: the session's verbs and the library's functions, under their public names. */
import type { ClientSession } from "../../cluster/client/session.js"
import { max, min, sum } from "../../engine/builtins.js"
import { diff } from "../../engine/fluent/diff.js"

export function sessionGlobals(session: ClientSession): Record<string, unknown> {
  return {
    readStream: session.readStream,
    readHistory: session.readHistory,
    stream: session.stream,
    state: session.state,
    textFile: session.textFile,
    parquetFile: session.parquetFile,
    parallelize: session.parallelize,
    union: session.union,
    watch: session.watch,
    streams: session.streams,
    programs: session.programs,
    workers: session.workers,
    jobs: session.jobs,
    logs: session.logs,
    drained: session.drained,
    stopped: session.stopped,
    clock: session.clock,
    diff,
    sum,
    max,
    min,
  }
}
