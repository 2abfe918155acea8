/** `rivulet query '<expression>'`: one answer on stdout, its stamp on stderr if asked, then exit. */
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { RDD, StateDStream } from "../../engine/fluent/types.js"
import { isAnswer } from "../host/answers.js"
import type { ShellHost } from "../host/host.js"
import { kindOf, runs } from "../host/kinds.js"
import { interruptAfter } from "../host/loop-guard.js"
import { progressOf } from "../view/progress.js"
import { stampLine } from "../view/stamp.js"
import { withSession } from "./attach.js"
import { stopNameless } from "./nameless.js"
import { duration } from "./options.js"
import { outputFormat, render, write } from "./output.js"
import { warnOfTypes } from "./type-warnings.js"

export interface QueryOptions {
  readonly master?: string
  readonly o?: string
  readonly tz?: string
  readonly readOnly?: boolean
  readonly at?: string
  readonly timeout?: string
  readonly stamp?: boolean
  readonly partial?: boolean
}

/** A cell that has not ended so long after its time is in a loop. */
const graceMs = 100

export async function query(expression: string, options: QueryOptions): Promise<void> {
  const format = outputFormat(options.o, process.stdout.isTTY)
  const timeoutMs = options.timeout === undefined ? undefined : duration(options.timeout, "--timeout")
  if (options.partial && timeoutMs === undefined)
    throw new RivuletError("--partial says what is there when --timeout is over", { code: 2, try: "--timeout 2s --partial" })
  const noAnswer = () => new RivuletError(`no answer within ${options.timeout}`, { code: 124 })
  const startedMs = Date.now()
  await withSession(options, async session => {
    const cancelling = new AbortController()
    // Only now: who finds no master is told so before all this is loaded.
    const host = (await import("./quiet-host.js")).quietHost(session)
    host.start()
    const settled = showProgress(session)
    const asked = await pinned(expression, session)
    const warned = warnOfTypes(asked, host)
    const giveUpMs = (timeoutMs ?? 0) + (options.partial ? partialGraceMs : 0)
    const disarm = timeoutMs === undefined ? undefined : interruptAfter(giveUpMs + graceMs)
    const incomplete: string[] = []
    let held: readonly string[] = []
    // Until it turns out that it defines what is to stay.
    let asks = true
    if (options.partial && timeoutMs !== undefined)
      session.host.questions.patience = {
        withinMs: timeoutMs,
        missing: (parts, of) => incomplete.push(`${parts.length} of ${of} partitions were not ready: ${whyMissing(parts)}`),
      }
    const limit = timeoutMs === undefined ? undefined : setTimeout(() => cancelling.abort(noAnswer()), giveUpMs)
    const over = new Promise<void>(resolve => cancelling.signal.addEventListener("abort", () => resolve(), { once: true }))
    try {
      const result = await host.evaluate(asked, cancelling.signal)
      asks = false
      const echo = await host.define(result)
      host.print(echo)
      if (result.declared.length > 0 && !result.hasValue) return
      // What only a question makes is a recipe: bare, it answers with its newest interval.
      if (runs(kindOf(session, result.value)) && session.justDefined(result.value)) {
        // Who may only read has defined nothing: the master says so.
        if (session.readOnly) await session.flush()
        return
      }
      asks = true
      const answer = await ask(result.value, host, options.at)
      settled()
      held = answer.stamp?.held ?? []
      await write(
        await render(answer.value, format, { width: process.stdout.columns ?? 120, ...(answer.stamp ? { stamp: answer.stamp } : {}) }),
      )
      if (options.stamp && answer.stamp) process.stderr.write(`${stampLine(answer.stamp, { tz: session.tz, nowMs: Date.now() })}\n`)
      await Promise.race([warned, over])
    } catch (error) {
      if (cancelling.signal.aborted) throw cancelling.signal.reason
      if (timeoutMs !== undefined && Date.now() - startedMs >= giveUpMs) throw noAnswer()
      throw error
    } finally {
      settled()
      disarm?.()
      clearTimeout(limit)
      // Old logs and archives that the question alone has opened: it is answered.
      if (asks) await stopNameless(session, ({ kind }) => kind === "input")
      await host.close()
    }
    if (held.length > 0)
      throw new RivuletError(`${held.join(", ")} ${held.length === 1 ? "is" : "are"} held: the answer is from before that`, {
        code: 5,
        try: `rivulet why ${held[0]} says what for`,
      })
    if (incomplete.length > 0) throw new RivuletError(`incomplete: ${incomplete.join("; ")}`, { code: 5, try: "a longer --timeout" })
  })
}

/** What `@7f3a9c` stands for. */
async function pinned(expression: string, session: ClientSession): Promise<string> {
  if (!expression.trimStart().startsWith("@")) return expression
  const { pinnedExpression } = await import("../host/pinned.js")
  return (await pinnedExpression(expression, session)) ?? expression
}

/** For the way there and back. */
const partialGraceMs = 2_000

function whyMissing(parts: readonly { readonly partition: number; readonly why: string }[]): string {
  const few = parts.slice(0, 3).map(({ partition, why }) => `${partition} (${why})`)
  return `${few.join(", ")}${parts.length > few.length ? ", …" : ""}`
}

/** On a terminal a question that takes long says how far it is. Gives what ends it; calling that again does nothing. */
function showProgress({ calls }: Pick<ClientSession, "calls">): () => void {
  if (!process.stderr.isTTY) return () => {}
  let shown = false
  const deaf = calls.onPush(push => {
    if (push.kind !== "progress") return
    shown = true
    process.stderr.write(`\r\x1b[K${progressOf(push)}`)
  })
  return () => {
    deaf()
    if (shown) process.stderr.write("\r\x1b[K")
    shown = false
  }
}

type Asked = { readonly value: unknown; readonly stamp: ShellHost["lastStamp"] }

/** A bare stream answers with its newest interval's records (or the one at `--at`), an RDD with its records. */
export async function ask(value: unknown, host: ShellHost, at?: string): Promise<Asked> {
  const handle = handleData(value)
  if (handle?.kind === "stream") {
    const stream = value as StateDStream<unknown, unknown>
    return (at === undefined ? stream.latest() : stream.at(at)).collect().stamped()
  }
  if (at !== undefined)
    throw new RivuletError("--at goes with a stream", { code: 2, try: 'counts --at 21:05, or counts.at("21:05").top(5)' })
  if (handle?.kind === "rdd") return (value as RDD<unknown>).collect().stamped()
  if (handle?.kind === "snapshots")
    throw new RivuletError("a slice of a snapshot stream is a series of versions", {
      code: 2,
      try: ".count(), .top(10) or .last().collect()",
    })
  if (isAnswer(value)) return value.stamped()
  return { value, stamp: host.lastStamp }
}
