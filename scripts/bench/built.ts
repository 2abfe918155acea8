/** The built program, as benchmarks run it: its cluster and client from `dist/`, and the sending process beside them. */

import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildAt } from "./build-at.js"
import type { SentAll } from "./ingest.js"

export interface Built {
  readonly startEmbedded: typeof import("../../cluster/embedded.js").startEmbedded
  readonly connect: typeof import("../../cluster/client/session.js").connect
  /** Sends lines, of words or of a log, to the receiver `lines` for so long, `rate` a second (0: as fast as credit allows). */
  send(address: string, seconds: number, rate: number, what?: "words" | "log"): Promise<SentAll>
}

/** Of `buildAt`. */
export async function built(directory: string): Promise<Built> {
  const dist = pathToFileURL(`${buildAt(directory)}/`).href
  // The built program's processes and threads need no TypeScript; the sender does.
  const withTypeScript = process.execArgv
  process.execArgv = withTypeScript.filter((arg, i) => arg !== "--import" && withTypeScript[i - 1] !== "--import")
  const { startEmbedded }: typeof import("../../cluster/embedded.js") = await import(`${dist}cluster/embedded.js`)
  const { connect }: typeof import("../../cluster/client/session.js") = await import(`${dist}cluster/client/session.js`)
  return {
    startEmbedded,
    connect,
    async send(address, seconds, rate, what = "words") {
      const ingest = fileURLToPath(new URL("./ingest.ts", import.meta.url))
      const sender = fork(ingest, [dist, address, "lines", String(seconds), String(rate), what], { execArgv: withTypeScript })
      const [sent] = (await once(sender, "message")) as [SentAll]
      return sent
    },
  }
}
