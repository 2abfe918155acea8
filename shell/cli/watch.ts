/** `rivulet watch`: an answer each finished interval until Ctrl-C, `--for`, or `--until`. */
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { SnapshotDStream } from "../../engine/fluent/types.js"
import { formatTime } from "../../engine/time.js"
import type { ShellHost } from "../host/host.js"
import { table } from "../view/table.js"
import { withSession } from "./attach.js"
import { stopNameless } from "./nameless.js"
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
  await withSession(options, async (session, ending) => {
    // Only now: who finds no master is told so before all this is loaded.
    const [{ ShellHost }, { watched }] = await Promise.all([import("../host/host.js"), import("../host/watched.js")])
    const host = new ShellHost({ session, tz: session.tz, columns: 100, embedded: false, emit: () => {} })
    host.start()
    void warnOfTypes(expression, host)
    const until = options.until === undefined ? undefined : await predicate(options.until, host)
    ending.add(() => stopNameless(session))
    const { stream } = await watched(expression, host)
    /** The answer before, of which only what changed since is shown. */
    let last: readonly unknown[] = []
    const show = async (): Promise<boolean> => {
      const { value: rows, stamp } = await stream.latest().collect().stamped()
      const shown = options.changes === true ? rowChanges(last, rows) : rows
      last = rows
      if (options.changes === true && shown.length === 0) {
        // Nothing is written of an interval in which nothing changed.
      } else if (format === "table") {
        const text = table(shown, { width: process.stdout.columns ?? 100, maxRows: 20, header: options.changes === true })
        await write(`${formatTime(stamp.asOf, session.tz, { nowMs: Date.now() })}\n${text.lines.join("\n")}\n`)
      } else await write(`${toJson({ interval: stamp.intervals, [options.changes === true ? "changes" : "rows"]: shown })}\n`)
      return until?.(rows) ?? false
    }
    await new Promise<void>((resolve, reject) => {
      const over = () => (options.until === undefined ? resolve() : reject(neverHeld(options.until, options.for!)))
      const limit = forMs === undefined ? undefined : setTimeout(over, forMs)
      const end = (error?: unknown) => {
        clearTimeout(limit)
        if (error === undefined) resolve()
        else reject(error)
      }
      whenStopped(session, stream, end)
      session.onCompleted(stream, () => show().then(done => (done ? end() : undefined), end)).catch(end)
    })
    await host.close()
  })
}

/** RivuletError of code 2 for what is no function; what it throws later is the user's (1), named as the flag's. */
async function predicate(text: string, host: ShellHost): Promise<(rows: unknown) => boolean> {
  const value = (await host.evaluate(`(${text})`)).value
  if (typeof value !== "function")
    throw new RivuletError(`--until ${text}: not a function`, { code: 2, try: "--until 'rows => rows[0][1] > 1000'" })
  return rows => {
    try {
      return Boolean(value(rows))
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      throw new RivuletError(`--until ${text}: ${what}`, {
        code: 1,
        try: "its argument is the answer's rows: rows => rows.length > 0 && …",
      })
    }
  }
}

function neverHeld(until: string, limit: string): RivuletError {
  return new RivuletError(`--until ${until} did not hold within ${limit}`, { code: 124, try: "a longer --for, or none" })
}

/** Nothing more would come, and nothing would say so. */
function whenStopped(session: ClientSession, stream: SnapshotDStream<unknown>, end: (error: unknown) => void): void {
  const data = handleData(stream)
  // Of what who may only read has for himself, what it is made of may be stopped: then the next question fails.
  if (data?.kind !== "stream" || (session.readOnly && session.host.definitions.isDraft(data.id))) return
  const name = stream.name
  const look = async () => {
    const id = session.host.definitions.idOf(data.id)
    if ((await session.host.catalog()).some(({ definition }) => definition.id === id)) return
    end(new RivuletError(`${name} was stopped`, { code: 5, try: "rivulet streams shows those that run" }))
  }
  session.calls.onPush(push => {
    // Without a master there is nobody to ask; it says again what it has when it is back.
    if (push.kind === "event" && push.event.kind === "stopped") look().catch(() => {})
  })
}
