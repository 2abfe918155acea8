/** What user functions print: the lines that the master has kept, then those that come. */

import type { LogLine } from "../../engine/fluent/shapes.js"
import type { LogEntry } from "../protocol.js"
import type { ClientCalls } from "./calls.js"
import { logLine } from "./inspection.js"
import { LogFeed } from "./log-feed.js"
import type { SessionHost } from "./session-host.js"

export interface LogsAsked {
  /** By `name` or `program/name`; null: of all. */
  readonly stream: string | null
  readonly lastMs: number
  readonly follow: boolean
  /** Resolves when the session does not listen any more. */
  readonly ended: Promise<void>
}

/** Oldest first, each once. Without `follow` it ends with what there is. */
export async function* readLogs(
  host: SessionHost,
  calls: ClientCalls,
  { stream, lastMs, follow, ended }: LogsAsked,
): AsyncGenerator<LogLine> {
  const shown = (entry: LogEntry): LogLine => {
    const interval = entry.stream === null ? undefined : host.definitions.find(entry.stream)[0]?.intervalMs
    return logLine(entry, interval)
  }
  const isWanted = (entry: LogEntry) => stream === null || entry.stream === stream || entry.stream?.endsWith(`/${stream}`) === true
  const sinceMs = calls.now() - lastMs
  const coming = follow ? new LogFeed(calls, isWanted) : null
  ended.then(() => coming?.end())
  try {
    const before = await host.request({ kind: "logs", stream, sinceMs })
    for (const entry of before) yield shown(entry)
    if (coming !== null) for await (const entry of coming.after(before)) yield shown(entry)
  } finally {
    coming?.end()
  }
}
