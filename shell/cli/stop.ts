import { RivuletError } from "../../engine/errors.js"
import { withSession } from "./attach.js"
import { confirm } from "./confirm.js"

export interface StopOptions {
  readonly master?: string
  readonly cascade?: boolean
  readonly force?: boolean
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `rivulet stop`: asks on a terminal, refuses without `--yes` where nobody can answer. */
export async function stop(streams: readonly string[], options: StopOptions): Promise<void> {
  await withSession(options, async session => {
    const known = await session.streams()
    const full = streams.map(name => {
      const found = known.filter(info => info.name === name || `${info.program}/${info.name}` === name)
      if (found.length === 0) throw new RivuletError(`no stream ${name}`, { code: 2, try: "rivulet streams" })
      if (found.length > 1)
        throw new RivuletError(`${name} is in ${found.map(info => info.program).join(" and ")}`, {
          code: 2,
          try: `rivulet stop ${found[0]!.program}/${name}`,
        })
      return `${found[0]!.program}/${found[0]!.name}`
    })
    const how = { cascade: options.cascade ?? false, force: options.force ?? false }
    // Before anybody is asked: what depends on them is refused by name, or named as what goes with them.
    const all = await session.wouldStop(full, how)
    if (options.dryRun) {
      process.stdout.write(`${all.map(name => `would stop ${name}`).join("\n")}\n`)
      return
    }
    if (!options.yes) await confirm(`stop ${all.join(" ")}`, options.master)
    await session.stopStreams(full, how)
    process.stderr.write(`stopped ${all.join(" ")}\n`)
  })
}
