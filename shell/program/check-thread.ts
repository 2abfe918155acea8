/** The check of a program's types in a thread of its own: the compiler's hundred megabytes go with it. */
import { askThread } from "./own-thread.js"

const entry = new URL(`./check-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf("."))}`, import.meta.url)

/** As `typeErrors`. */
export function typeErrorsApart(path: string): Promise<string[]> {
  return askThread(entry, path) as Promise<string[]>
}
