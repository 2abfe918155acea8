import { formatTime } from "../../engine/time.js"
import { localZone, withSession } from "./attach.js"
import { confirmGuarded } from "./confirm.js"

export interface ResumeOptions {
  readonly master?: string
  readonly skip?: "record" | "interval"
  readonly force?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `rivulet resume`: a held stream goes on, as it is or without what it failed on. */
export async function resume(stream: string, options: ResumeOptions): Promise<void> {
  await withSession(options, async session => {
    const { skip = null, force = false, dryRun = false } = options
    await confirmGuarded(`resume ${stream}`, options)
    const { from, leftOut } = await session.resumeStream(stream, { skip, force, dryRun })
    const tz = process.stdout.isTTY ? localZone() : "UTC"
    const time = (ms: number) => formatTime(ms, tz, { date: "always", nowMs: ms })
    const without = leftOut.map(
      ({ from, to, what }) => `${what === "record" ? "the records that fail in " : ""}${time(from)} to ${time(to)}`,
    )
    const how = without.length === 0 ? "" : `, without ${without.join(" and ")}`
    if (dryRun) process.stdout.write(`would go on: ${stream} from ${time(from)}${how}\n`)
    else process.stderr.write(`${stream} goes on${how}\n`)
  })
}
