import { withSession } from "./attach.js"
import { confirmGuarded } from "./confirm.js"

export interface KeepOptions {
  readonly master?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** `rivulet keep`: scratch stays until it is stopped. Nothing that runs is changed by it, so only a cluster whose profile says so asks. */
export async function keep(streams: readonly string[], options: KeepOptions): Promise<void> {
  await withSession(options, async session => {
    const { force = false, dryRun = false } = options
    const infos = await Promise.all(streams.map(name => session.stream(name).info()))
    const full = infos.map(({ program, name }) => `${program}/${name}`)
    await confirmGuarded(`keep ${full.join(" ")}`, options)
    await session.keepStreams(full, { force, dryRun })
    if (dryRun) process.stdout.write(`${full.map(name => `would keep ${name}`).join("\n")}\n`)
    else process.stderr.write(`${full.join(" ")} ${full.length === 1 ? "stays until it is" : "stay until they are"} stopped\n`)
  })
}
