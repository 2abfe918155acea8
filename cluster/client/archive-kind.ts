/** What `stream("archive:dir/views")` is: its interval and format are the name of the one directory in it. */

import { readdirSync } from "node:fs"
import { basename } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { archiveKind } from "../../engine/input/archive.js"
import { type Duration, formatDuration } from "../../engine/time.js"

/** Records of a function's format, or of none, are lines or values as they came. */
export function kindOfArchive(
  name: string,
  resolvePath: (path: string) => string,
): { readonly interval: Duration; readonly format: "text" | "combined" | "json" | "csv" } {
  const directory = resolvePath(name.slice("archive:".length))
  let entries: string[]
  try {
    entries = readdirSync(directory)
  } catch (error) {
    throw new RivuletError(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
      code: 2,
      try: `if only the workers see it: readStream("${name}", "1s", { format: "combined" })`,
    })
  }
  const kinds = entries.flatMap(entry => archiveKind(entry) ?? [])
  const [kind] = kinds
  if (kind === undefined) {
    const below = entries.filter(entry => !entry.startsWith(".")).slice(0, 5)
    throw new RivuletError(`${name} is no archived stream`, {
      code: 2,
      try:
        below.length > 0
          ? below.map(entry => `stream("${name.replace(/\/+$/, "")}/${entry}")`).join(", or ")
          : "the directory that archive(dir) was given, and the stream's name",
    })
  }
  if (kinds.length > 1)
    throw new RivuletError(`${name} was archived in ${kinds.length} ways: ${entries.filter(entry => archiveKind(entry)).join(", ")}`, {
      code: 2,
      try: `readStream("${name}/${basename(entries.find(entry => archiveKind(entry))!)}", …)`,
    })
  const { format, intervalMs } = kind
  if (format === "values") throw new RivuletError(`${name} holds values that no format reads`, { code: 2, try: "a stream of lines" })
  return { interval: formatDuration(intervalMs) as Duration, format: format === "function" ? "text" : format }
}
