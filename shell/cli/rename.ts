import { withSession } from "./attach.js"
import { confirmGuarded } from "./confirm.js"

export interface RenameOptions {
  readonly master?: string
  readonly yes?: boolean
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** `rivulet rename`: identity and handles stay. */
export async function rename(stream: string, name: string, options: RenameOptions): Promise<void> {
  await withSession(options, async session => {
    const { force = false, dryRun = false } = options
    await confirmGuarded(`rename ${stream}`, options)
    await session.renameStream(stream, name, { force, dryRun })
    if (dryRun) process.stdout.write(`would rename ${stream} to ${name}\n`)
    else process.stderr.write(`${stream} is now ${name}\n`)
  })
}
