/** `local:` paths: files of the machine on which the session is, read here and sent with the question. */

import { readFileSync, statSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import glob from "fast-glob"
import { RivuletError } from "../../engine/errors.js"

/** What an RDD of the user's own values may be. */
const mostBytes = 32 * 1024 * 1024

/** The lines of the files that a path or pattern names, in order of their names. Throws RivuletError (2): there is none, or they are too much to send. */
export function localLines(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory())
    throw new RivuletError(`local:${path} is a directory`, { code: 2, try: `its files by a pattern: "local:${path}/*"` })
  const files = found === undefined ? glob.sync(path, { onlyFiles: true }).sort() : [path]
  if (files.length === 0)
    throw new RivuletError(`there is no file ${path} on this machine`, {
      code: 2,
      try: "without local: for a file of the workers' machines",
    })
  let total = 0
  return files.flatMap(file => {
    const text = textOf(file)
    total += text.length
    if (total > mostBytes)
      throw new RivuletError(`local:${path} is more than the 32 MB that are sent with a question`, {
        code: 2,
        try: "put it where the workers can read it, or send it: rivulet send",
      })
    if (text === "") return []
    const lines = text.split(/\r?\n/)
    if (lines.at(-1) === "") lines.pop()
    return lines
  })
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file)
    return (file.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: mostBytes + 1 }) : bytes).toString("utf8")
  } catch (error) {
    throw new RivuletError(`local:${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { code: 2 })
  }
}
