/** What the user wrote: for `.source()` and the lines in messages. */

import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Texts of the user's own files, each read once. Undefined: there is none of that name. */
export function fileText(): (file: string) => string | undefined {
  const texts = new Map<string, string | undefined>()
  return file => {
    if (!texts.has(file)) texts.set(file, readText(file))
    return texts.get(file)
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file.startsWith("file:") ? fileURLToPath(file) : file, "utf8")
  } catch {
    return undefined
  }
}
