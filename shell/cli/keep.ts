import { withSession } from "./attach.js"

export interface KeepOptions {
  readonly master?: string
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** `rivulet keep`: scratch stays until it is stopped. Nothing that runs is changed by it, so nobody is asked. */
export async function keep(streams: readonly string[], options: KeepOptions): Promise<void> {
  await withSession(options, async session => {
    const infos = await Promise.all(streams.map(name => session.stream(name).info()))
    const full = infos.map(({ program, name }) => `${program}/${name}`)
    if (options.dryRun) {
      process.stdout.write(`${full.map(name => `would keep ${name}`).join("\n")}\n`)
      return
    }
    await session.keepStreams(full, { force: options.force ?? false })
    process.stderr.write(`${full.join(" ")} ${full.length === 1 ? "stays until it is" : "stay until they are"} stopped\n`)
  })
}
