/** What a cell finds without an import: the session's verbs and the library's functions, under their public names. */
import type { ClientSession } from "../../cluster/client/session.js"
import { max, min, sum } from "../../engine/builtins.js"
import { diff } from "../../engine/fluent/diff.js"

export function sessionGlobals(session: ClientSession): Record<string, unknown> {
  return {
    readStream: session.readStream.bind(session),
    readHistory: session.readHistory.bind(session),
    stream: session.stream.bind(session),
    state: session.state.bind(session),
    textFile: session.textFile.bind(session),
    parquetFile: session.parquetFile.bind(session),
    parallelize: session.parallelize.bind(session),
    union: session.union.bind(session),
    watch: session.watch.bind(session),
    streams: session.streams.bind(session),
    programs: session.programs.bind(session),
    workers: session.workers.bind(session),
    jobs: session.jobs.bind(session),
    logs: session.logs.bind(session),
    drained: session.drained.bind(session),
    stopped: session.stopped.bind(session),
    clock: session.clock,
    diff,
    sum,
    max,
    min,
  }
}
