import { withSession } from "./attach.js"

/** `rivulet rename`: identity and handles stay. */
export async function rename(stream: string, name: string, options: { readonly master?: string }): Promise<void> {
  await withSession(options, async session => {
    session.stream(stream).named(name)
    await session.flush()
    process.stderr.write(`${stream} is now ${name}\n`)
  })
}
