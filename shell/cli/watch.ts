/** `rivulet watch`: an answer each finished interval until Ctrl-C, `--for`, or `--until`. */
import { RivuletError } from "../../engine/errors.js"
import { formatTime } from "../../engine/time.js"
import { table } from "../view/table.js"
import { withSession } from "./attach.js"
import { duration } from "./options.js"
import { lineFormat, toJson, write } from "./output.js"
import { rowChanges } from "./row-changes.js"
import { warnOfTypes } from "./type-warnings.js"

export interface WatchOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
  readonly readOnly?: boolean
  readonly until?: string
  readonly for?: string
  readonly changes?: boolean
}

export async function watch(expression: string, options: WatchOptions): Promise<void> {
  const format = lineFormat(options.o, process.stdout.isTTY)
  const forMs = options.for === undefined ? undefined : duration(options.for, "--for")
  await withSession(options, async session => {
    // Only now: who finds no master is told so before all this is loaded.
    const [{ ShellHost }, { watched }] = await Promise.all([import("../host/host.js"), import("../host/watched.js")])
    const host = new ShellHost({ session, tz: session.tz, columns: 100, embedded: false, emit: () => {} })
    host.start()
    void warnOfTypes(expression, host)
    const { stream } = await watched(expression, host)
    const until =
      options.until === undefined ? undefined : ((await host.evaluate(`(${options.until})`)).value as (rows: unknown) => boolean)
    if (until !== undefined && typeof until !== "function")
      throw new RivuletError(`--until ${options.until}: not a function`, { code: 2, try: "--until 'rows => rows[0][1] > 1000'" })
    /** The answer before, of which only what changed since is shown. */
    let last: readonly unknown[] = []
    await new Promise<void>((resolve, reject) => {
      const limit = forMs === undefined ? undefined : setTimeout(resolve, forMs)
      void session
        .onCompleted(stream, async () => {
          try {
            const { value: rows, stamp } = await stream.latest().collect().stamped()
            const shown = options.changes === true ? rowChanges(last, rows) : rows
            last = rows
            if (options.changes === true && shown.length === 0) {
              // Nothing is written of an interval in which nothing changed.
            } else if (format === "table") {
              const text = table(shown, { width: process.stdout.columns ?? 100, maxRows: 20, header: options.changes === true })
              await write(`${formatTime(stamp.asOf, session.tz, { nowMs: Date.now() })}\n${text.lines.join("\n")}\n`)
            } else await write(`${toJson({ interval: stamp.intervals, [options.changes === true ? "changes" : "rows"]: shown })}\n`)
            if (until?.(rows)) {
              clearTimeout(limit)
              resolve()
            }
          } catch (error) {
            clearTimeout(limit)
            reject(error)
          }
        })
        .catch(reject)
    })
    await host.close()
  })
}
