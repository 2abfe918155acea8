/** `rivulet replace <stream> '<expression>'`: what the expression gives takes the stream's place, at an interval's boundary. */
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import type { ReplaceOptions as HowReplaced } from "../../engine/fluent/host.js"
import type { ShellHost } from "../host/host.js"
import { withSession } from "./attach.js"
import { confirm } from "./confirm.js"
import { planText } from "./submit.js"

export interface ReplaceOptions {
  readonly master?: string
  readonly from?: string
  readonly state?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly force?: boolean
}

export async function replace(name: string, expression: string, options: ReplaceOptions): Promise<void> {
  await withSession(options, async session => {
    const old = session.stream(name)
    const host = (await import("./quiet-host.js")).quietHost(session)
    host.start()
    try {
      const next = await host.value(expression)
      const [to, from] = [handleData(next), handleData(old)]
      if (to?.kind !== "stream" || from?.kind !== "stream")
        throw new RivuletError(`${expression} is not a stream`, { code: 2, try: `rivulet replace ${name} 'views.map(v => [v.url, 1])'` })
      const state = await stateOf(host, options.state)
      const how = { from: options.from ?? null, state, force: options.force ?? false }
      const plan = await session.host.replace(from.id, to.id, { ...how, dryRun: true })
      if (options.dryRun) {
        process.stdout.write(`${planText(plan)}\n`)
        return
      }
      if (!options.yes) {
        process.stderr.write(`${planText(plan)}\n`)
        await confirm(`replace ${name}`, options.master)
      }
      const { change, at } = await session.host.replace(from.id, to.id, { ...how, dryRun: false })
      process.stderr.write(
        `${change[0]?.name ?? name} runs as ${change[0]?.to ?? ""} from ${at === undefined ? "now" : new Date(at).toISOString()}\n`,
      )
    } finally {
      await host.close()
    }
  })
}

/** `keep`, `reset`, or the text of a function of the old state. */
async function stateOf(host: ShellHost, text: string | undefined): Promise<HowReplaced["state"]> {
  if (text === undefined || text === "keep" || text === "reset") return text ?? "keep"
  const f = await host.value(text)
  if (typeof f === "function") return f as (...args: never[]) => unknown
  throw new RivuletError(`--state ${text}: not understood`, { code: 2, try: "--state keep, reset, or 'old => ({ ...old, device: null })'" })
}
