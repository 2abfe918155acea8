/** The definition of an input from what `readStream` and `readHistory` are given. */

import { homedir } from "node:os"
import { join } from "node:path"
import type { InputNode, SourceSpec, StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { notThere } from "../../engine/fluent/hints.js"
import type { StreamDraft, UserFunction } from "../../engine/fluent/host.js"
import { checkOptions } from "../../engine/fluent/options.js"
import { csv } from "../../engine/format/csv.js"
import type { FunctionLink } from "../../engine/function-ref.js"
import type { FormatSpec } from "../../engine/rdd.js"
import { type Duration, formatDuration, parseDuration } from "../../engine/time.js"
import { inFirstLine } from "./csv-names.js"

export interface InputSettings {
  readonly format?: string | UserFunction
  readonly header?: readonly string[] | true
  readonly timestamp?: UserFunction
  readonly slack?: Duration
  readonly remember?: Duration
  readonly archive?: string
  readonly onBadRecord?: "setAside" | "hold"
}

const settingNames: readonly string[] = Object.keys({
  format: 0,
  header: 0,
  timestamp: 0,
  slack: 0,
  remember: 0,
  archive: 0,
  onBadRecord: 0,
} satisfies Record<keyof InputSettings, 0>)

const commas = 'csv has commas; of other columns a function: { format: line => line.split(";") }'
const hints = {
  separator: commas,
  delimiter: commas,
  sep: commas,
  disorder: "slack; disorder is readHistory's",
  maxDisorder: "slack; in readHistory disorder",
}

export interface InputTools {
  link(f: UserFunction, operator: string): FunctionLink
  /** A path as the workers see it: absolute. */
  resolvePath(path: string): string
  /** All workers are on this machine: a file of it is theirs. */
  readonly workersHere: boolean
}

/** Throws a RivuletError of code 2 for settings that are wrong or not there. */
export function inputDraft(source: string, interval: Duration, settings: InputSettings, tools: InputTools): StreamDraft {
  checkOptions(settings, { of: "an input", names: settingNames, hints })
  const intervalMs = parseDuration(interval)
  if (intervalMs < 1) throw new RivuletError(`an interval of ${interval} is too short`, { code: 2, try: '"100ms", "1s"' })
  const spec = sourceOf(source, tools)
  if (settings.slack !== undefined && !settings.timestamp) {
    throw new RivuletError("slack goes with timestamp", { code: 2, try: "add timestamp: v => v.time, or leave slack out" })
  }
  const node: InputNode = {
    kind: "input",
    source: spec,
    format: formatOf(settings.format ?? "text", settings.header, tools),
    timestamp: settings.timestamp ? tools.link(settings.timestamp, "timestamp") : null,
    disorderMs: settings.slack === undefined ? 0 : parseDuration(settings.slack),
    onBadRecord: settings.onBadRecord ?? "setAside",
  }
  return {
    operator: "readStream",
    kind: "input",
    intervalMs,
    node: Object.freeze(node),
    ...(spec.kind === "receiver" && spec.url === undefined && { name: spec.name }),
    ...(settings.remember !== undefined && { rememberMs: parseDuration(settings.remember) }),
  }
}

/**
 * The receiver's stream, if the cluster has it and the settings are the same; undefined if it does not have it. A RivuletError
 * of code 4 that names both if they differ: a receiver exists once.
 */
export function existingInput(draft: StreamDraft, known: readonly StreamDefinition[]): StreamDefinition | undefined {
  const asked = draft.node as InputNode
  if (asked.source.kind !== "receiver") return undefined
  const { name } = asked.source
  const found = known.find(({ node }) => node.kind === "input" && "name" in node.source && node.source.name === name)
  if (found === undefined) return undefined
  const has = found.node as InputNode
  if (found.intervalMs === draft.intervalMs && sameFormat(has.format, asked.format)) {
    if (sameTime(has, asked)) return found
    const text = ({ timestamp, disorderMs }: InputNode) =>
      timestamp === null ? "by arrival" : `by a timestamp, with a slack of ${formatDuration(disorderMs)}`
    throw new RivuletError(
      `${name} is read ${text(has)} (${found.program}/${found.name}, ${found.owner}'s), not ${text(asked)}${has.timestamp !== null && asked.timestamp !== null && has.disorderMs === asked.disorderMs ? " of another function" : ""}`,
      {
        code: 4,
        try: `stream("${found.program}/${found.name}")`,
      },
    )
  }
  throw new RivuletError(
    `${name} is ${settingsText(found.intervalMs, has.format)} (${found.program}/${found.name}, ${found.owner}'s), not ${settingsText(draft.intervalMs, asked.format)}`,
    { code: 4, try: `stream("${found.program}/${found.name}"), and window for longer intervals` },
  )
}

function sourceOf(source: string, tools: InputTools): SourceSpec {
  if (source.startsWith("archive:")) return { kind: "archive", directory: tools.resolvePath(source.slice("archive:".length)) }
  if (source.startsWith("file:")) return { kind: "file", paths: pathsOf(source.slice("file:".length), tools) }
  const scheme = /^([a-z]+):/.exec(source)?.[1]
  if (scheme === "tcp" || scheme === "http" || scheme === "https") return { kind: "receiver", name: source, url: urlOf(source, scheme) }
  if (scheme === "local") return { kind: "file", paths: pathsOf(source, tools) }
  if (scheme !== undefined)
    notThere(
      `readStream("${scheme}:…")`,
      '"file:<glob>", "file:<directory>/", "tcp://host:port" and "http://…" are read by the workers; a plain name is what `rivulet send <name>` sends to',
    )
  if (!/^[\w.-]+$/.test(source)) {
    throw new RivuletError(`"${source}" is no receiver's name`, { code: 2, try: 'letters, digits, ".", "-", "_"; or "file:<glob>"' })
  }
  return { kind: "receiver", name: source }
}

function urlOf(source: string, scheme: string): string {
  const parsed = URL.canParse(source) ? new URL(source) : null
  const whole = parsed !== null && parsed.hostname !== "" && (scheme !== "tcp" || parsed.port !== "")
  if (whole) return source
  throw new RivuletError(`"${source}" is no address to read from`, {
    code: 2,
    try: scheme === "tcp" ? '"tcp://localhost:9999"' : `"${scheme}://example.org/lines"`,
  })
}

/** One glob or path, as the workers see it. `local:` one of this machine: RivuletError (2) when some worker is on another. */
export function pathsOf(paths: string, tools: Omit<InputTools, "link">): string[] {
  if (paths.startsWith("local:")) {
    const path = localPath(paths)
    if (tools.workersHere) return pathsOf(path, tools)
    throw new RivuletError(`${paths} is of this machine, and an input is read by workers, of which some are on others`, {
      code: 2,
      try: `textFile("${paths}") for a question; send it: rivulet send; or here, on a cluster of its own: rivulet replay --input <name>=${path}`,
    })
  }
  if (paths.trim() === "") throw new RivuletError("no path", { code: 2, try: '"logs/*.log"' })
  if (/\.(bz2|xz|zip|7z)$/.test(paths)) notThere(`reading ${paths}`, "gzip and zstd are read as they are; unpack others first")
  const resolved = tools.resolvePath(paths)
  return [paths.endsWith("/") && !resolved.endsWith("/") ? `${resolved}/` : resolved]
}

/** What `local:` stands before; `~/` is the person's own directory. */
export function localPath(paths: string): string {
  const path = paths.slice("local:".length)
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path
}

function formatOf(format: string | UserFunction, header: readonly string[] | true | undefined, tools: InputTools): FormatSpec {
  if (header !== undefined) {
    if (format !== "csv") throw new RivuletError("a header goes with csv", { code: 2, try: '{ format: "csv", header: ["id", "name"] }' })
    if (header === true) return { kind: "csv", header: inFirstLine }
    if (!Array.isArray(header) || header.length === 0 || header.some((name: unknown) => typeof name !== "string")) {
      throw new RivuletError("the csv header is no list of names", { code: 2, try: '{ format: "csv", header: ["id", "name"] }' })
    }
    csv(header)
    return { kind: "csv", header: Object.freeze([...header]) }
  }
  if (typeof format === "function") return { kind: "function", f: tools.link(format, "format") }
  if (format === "text" || format === "combined" || format === "json" || format === "csv") return { kind: format }
  throw new RivuletError(`"${format}" is no format`, { code: 2, try: '"text", "combined", "json", "csv", or a function of a line' })
}

function sameFormat(a: FormatSpec, b: FormatSpec): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === "csv" && b.kind === "csv" && JSON.stringify(a.header) !== JSON.stringify(b.header)) return false
  return a.kind !== "function" || b.kind !== "function" || (a.f.kind === "function" && b.f.kind === "function" && a.f.hash === b.f.hash)
}

function sameTime(a: InputNode, b: InputNode): boolean {
  const hash = ({ timestamp }: InputNode) => (timestamp?.kind === "function" ? timestamp.hash : (timestamp?.name ?? null))
  return hash(a) === hash(b) && a.disorderMs === b.disorderMs
}

function settingsText(intervalMs: number, format: FormatSpec): string {
  return `${formatDuration(intervalMs)} of ${format.kind === "function" ? "a format of its own" : `"${format.kind}"`}`
}
