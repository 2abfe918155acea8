/**
 * What a run's inputs set aside, and its streams' functions, saved beside its results: a stream `<name>.aside` each, in the file `aside/<name>.ndjson`. As with every stream
 * of the run its intervals are in the file once, also after `--resume`.
 */
import { createReadStream, existsSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { draftInputs, draftStreams } from "../../cluster/client/batch.js"
import type { ClientSession } from "../../cluster/client/session.js"
import { ownAside } from "../../engine/fluent/aside.js"
import type { Handle } from "../../engine/fluent/types.js"
import { formatDuration } from "../../engine/time.js"
import { formatNumber } from "../view/number.js"

const ending = ".aside"

/** No name that a program can export has a dot. */
export const isAside = (name: string): boolean => name.endsWith(ending)

/** Where the lines of a stream are, in a directory of results. */
export const savedFile = (name: string): string =>
  isAside(name) ? join("aside", `${name.slice(0, -ending.length)}.ndjson`) : `${name}.ndjson`

export type AsideSource = { readonly name: string } & (
  | {
      /** What a line that cannot be read is not. */
      readonly format: string
      readonly disorderMs: number
    }
  /** The stream whose functions did not take the records. */
  | { readonly of: string }
)

/** Defines them, of all inputs that the program has defined and of all that sets records aside itself, among its exports. */
export function defineAsides(session: ClientSession, exports: Record<string, unknown>): readonly AsideSource[] {
  const { host } = session
  const define = (of: string, aside: unknown): string => {
    const name = `${of}${ending}`
    session.name(aside as Handle, name)
    exports[name] = aside
    return name
  }
  const own = draftStreams(session, exports).flatMap(({ id, name }) => {
    const draft = ownAside(host, id)
    return draft === null ? [] : [{ name, draft }]
  })
  const ofInputs = draftInputs(session, exports).map(({ id, name, node: { format, disorderMs } }) => ({
    name: define(name, (host.open(id, false) as unknown as Handle).aside),
    format: format.kind,
    disorderMs,
  }))
  const ofStreams = own.map(({ name, draft }) => ({ name: define(name, host.open(host.define(draft).id, false)), of: name }))
  return [...ofInputs, ...ofStreams]
}

/** `1 204 lines not "combined" · 96 later than 1m: both in nov/aside`, of all that the files hold; null: nothing was set aside. */
export async function asideText(directory: string, sources: readonly AsideSource[]): Promise<string | null> {
  const counts = new Map<string, { what: string; count: number }>()
  for (const source of sources) {
    const path = join(directory, savedFile(source.name))
    if (!existsSync(path)) continue
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const { rows } = JSON.parse(line) as { readonly rows: readonly { readonly reason: string }[] }
      for (const { reason } of rows) {
        const why = whyOf(source, reason)
        counts.set(why, { what: "of" in source ? "record" : "line", count: (counts.get(why)?.count ?? 0) + 1 })
      }
    }
  }
  if (counts.size === 0) return null
  let said = ""
  const parts = [...counts].map(([why, { what, count }]) => {
    const noun = what === said ? "" : `${what}${count === 1 ? "" : "s"} `
    said = what
    return `${formatNumber(count)} ${noun}${why}`
  })
  return `${parts.join(" · ")}: ${["", "", "both "][parts.length] ?? "all "}in ${join(directory, "aside")}`
}

function whyOf(source: AsideSource, reason: string): string {
  if ("of" in source) return `set aside by ${source.of}`
  const { format, disorderMs } = source
  if (reason === "late") return disorderMs > 0 ? `later than ${formatDuration(disorderMs)}` : "late"
  return format === "text" || format === "function" ? "that could not be read" : `not "${format}"`
}
