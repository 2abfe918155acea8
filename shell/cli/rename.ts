import { withSession } from "./attach.js"
import { profileOf } from "./config.js"
import { confirm } from "./confirm.js"

/** `rivulet rename`: identity and handles stay. */
export async function rename(stream: string, name: string, options: { readonly master?: string; readonly yes?: boolean }): Promise<void> {
  await withSession(options, async session => {
    if (!options.yes && profileOf(options.master)?.confirm) await confirm(`rename ${stream}`, options.master)
    session.stream(stream).named(name)
    await session.flush()
    process.stderr.write(`${stream} is now ${name}\n`)
  })
}
