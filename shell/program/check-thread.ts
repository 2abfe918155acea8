/** The check of a program's types in a thread of its own: the compiler's hundred megabytes go with it. */
import type { Checked } from "./check.js"
import { isChecked, rememberChecked } from "./checked.js"
import { askThread } from "./own-thread.js"

const entry = new URL(`./check-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

/** As `checkTypes`, but of a program that has passed and of which nothing has changed since. */
export async function typeErrors(path: string): Promise<string[]> {
  if (await isChecked(path)) return []
  const { errors, read } = (await askThread(entry, path)) as Checked
  if (errors.length === 0) await rememberChecked(path, read)
  return errors
}
