/**
 * `rivulet run program.ts --only stream@time/partition`: that partition alone, made here from what the workers hold, and compared with
 * what the cluster made; with `--inspect` under Node's debugger, stopped at the call that fails or at the first.
 */
import { open, url, waitForDebugger } from "node:inspector"
import { programName, programPath } from "../../cluster/client/program/loader.js"
import { type FetchedRecipe, fetchRecipe } from "../../cluster/client/recipe.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { RivuletError } from "../../engine/errors.js"
import { formatTime } from "../../engine/time.js"
import { parsePartitionName } from "../host/partition-name.js"
import { followed, recompute, recomputedLines } from "../host/recompute.js"
import { StoppingWatch } from "../program/stopping-watch.js"
import { localZone, withSession } from "./attach.js"
import { write } from "./output.js"

export interface OnlyOptions {
  readonly master?: string
  readonly only: string
  /** `true`, or where it is to listen: `[host:]port`. */
  readonly inspect?: string | true
}

export async function only(file: string, { master, only, inspect }: OnlyOptions): Promise<void> {
  const attached = { ...(master !== undefined && { master }) }
  const about = programName(programPath(file))
  if (inspect === undefined) return compare(about, only, attached)
  const { host, port } = inspectAt(inspect)
  const { stream, time, partition } = parsePartitionName(only)
  if (partition === null)
    throw new RivuletError(`--only ${only} --inspect: which partition?`, { code: 2, try: `--only ${stream}@${time ?? ""}/0` })
  // All that it needs is fetched before a debugger stops this thread.
  const fetched = await withSession(attached, async session =>
    fetchRecipe(session, await ofProgram(session, about, stream), time, partition),
  )
  debug(fetched, host, port)
}

async function compare(about: string, name: string, attached: { readonly master?: string }): Promise<void> {
  await withSession(attached, async session => {
    const { stream } = parsePartitionName(name)
    const all = await recompute(session, name.replace(stream, await ofProgram(session, about, stream)))
    const tz = process.stdout.isTTY ? localZone() : "UTC"
    await write(
      `${recomputedLines(all, { tz, now: () => session.clock.now() })
        .map(({ text }) => text.trim())
        .join("\n")}\n`,
    )
    if (all.some(({ compared }) => compared.kind === "differs")) process.exitCode = 1
  })
}

/** The program's stream of that name, where it has one. */
async function ofProgram(session: ClientSession, program: string, name: string): Promise<string> {
  const streams = await session.streams({ program })
  return streams.some(one => one.name === name) ? `${program}/${name}` : name
}

function inspectAt(text: string | true): { readonly host: string; readonly port: number } {
  const [, host = "127.0.0.1", port = ""] = text === true ? ["", undefined, "9229"] : (/^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [])
  if (port === "" || Number(port) > 65_535)
    throw new RivuletError(`--inspect ${String(text)}: not a port`, { code: 2, try: "--inspect 127.0.0.1:9229" })
  return { host, port: Number(port) }
}

function debug(fetched: FetchedRecipe, host: string, port: number): void {
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const { stream, interval, partition } = fetched.recipe
  const name = `${stream}@${formatTime(interval.from, "UTC", { nowMs: Date.now(), date: "always" })}/${partition}`
  const { calls, ofLast, failure } = counted(fetched)
  const first = ofLast > 0 ? calls - ofLast + 1 : Math.min(calls, 1)
  const at = failure === null ? first : calls
  if (at === 0) throw new RivuletError(`${name}: no function of yours is called in it`, { code: 2, try: "another partition" })
  say(`${name} · ${calls} calls of its functions · ${failure === null ? "none throws" : `call ${calls} throws ${failure.message}`}`)
  open(port, host)
  const address = new URL(url() ?? "ws://127.0.0.1").host
  say(`it stops at call ${at}, before your function: step into it, twice. Attach: node inspect ${address}, chrome://inspect, or an editor`)
  waitForDebugger()
  const output = followed(fetched, { watch: new StoppingWatch(at) })
  say(`${name}: ${output.rows} rows`)
}

/** How many calls there are, and of these in the last task; of one that throws it is the last call. */
function counted(fetched: FetchedRecipe): { readonly calls: number; readonly ofLast: number; readonly failure: Error | null } {
  const watch = new StoppingWatch()
  let before = 0
  try {
    followed(fetched, {
      watch,
      onStep: () => {
        before = watch.calls
      },
    })
    return { calls: watch.calls, ofLast: watch.calls - before, failure: null }
  } catch (error) {
    return { calls: watch.calls, ofLast: 1, failure: error as Error }
  }
}
