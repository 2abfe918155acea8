/**
 * What a run's inputs set aside, saved beside its results: a stream `<input>.aside` each, in the file `aside/<input>.ndjson`. As with every stream
 * of the run its intervals are in the file once, also after `--resume`.
 */
import { createReadStream, existsSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { draftInputs } from "../../cluster/client/batch.js"
import type { ClientSession } from "../../cluster/client/session.js"
import type { InputNode } from "../../engine/definition.js"
import type { Handle } from "../../engine/fluent/types.js"
import { formatDuration } from "../../engine/time.js"
import { formatNumber } from "../view/number.js"

const ending = ".aside"

/** No name that a program can export has a dot. */
export const isAside = (name: string): boolean => name.endsWith(ending)

/** Where the lines of a stream are, in a directory of results. */
export const savedFile = (name: string): string =>
  isAside(name) ? join("aside", `${name.slice(0, -ending.length)}.ndjson`) : `${name}.ndjson`

export interface AsideSource {
  readonly name: string
  /** What a line that cannot be read is not. */
  readonly format: string
  readonly disorderMs: number
}

/** Defines them, of all inputs that the program has defined, among its exports. */
export function defineAsides(session: ClientSession, exports: Record<string, unknown>): readonly AsideSource[] {
  return draftInputs(session, exports).map(({ id, name: input, node }) => {
    const name = `${input}${ending}`
    const aside = (session.host.open(id, false) as unknown as Handle).aside
    session.name(aside, name)
    exports[name] = aside
    const { format, disorderMs } = node as InputNode
    return { name, format: format.kind, disorderMs }
  })
}

/** `1 204 lines not "combined" · 96 later than 1m: both in nov/aside`, of all that the files hold; null: nothing was set aside. */
export async function asideText(directory: string, sources: readonly AsideSource[]): Promise<string | null> {
  const counts = new Map<string, number>()
  for (const source of sources) {
    const path = join(directory, savedFile(source.name))
    if (!existsSync(path)) continue
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const { rows } = JSON.parse(line) as { readonly rows: readonly { readonly reason: string }[] }
      for (const { reason } of rows) {
        const why = whyOf(source, reason)
        counts.set(why, (counts.get(why) ?? 0) + 1)
      }
    }
  }
  if (counts.size === 0) return null
  const [first, ...others] = [...counts].map(([why, lines]) => ({ why, lines: formatNumber(lines) }))
  const parts = [
    `${first!.lines} ${first!.lines === "1" ? "line" : "lines"} ${first!.why}`,
    ...others.map(({ why, lines }) => `${lines} ${why}`),
  ]
  return `${parts.join(" · ")}: ${["", "", "both "][parts.length] ?? "all "}in ${join(directory, "aside")}`
}

function whyOf({ format, disorderMs }: AsideSource, reason: string): string {
  if (reason === "late") return disorderMs > 0 ? `later than ${formatDuration(disorderMs)}` : "late"
  return format === "text" || format === "function" ? "that could not be read" : `not "${format}"`
}
