/** What a node says, for people: a line each on stderr, or in a file. Pino keeps levels and bindings; only the form is ours. */

import { createWriteStream, mkdirSync } from "node:fs"
import { dirname } from "node:path"
import { performance } from "node:perf_hooks"
import pino from "pino"

export type Level = "debug" | "info" | "warn" | "error"
export type Say = (level: Level, text: string, data?: Record<string, unknown>) => void

export interface LogOptions {
  /** Shown in each line: which of several processes speaks. */
  readonly node: string
  /** Default `info`, or what RIVULET_LOG says. */
  readonly level?: Level | "silent"
  /** Appended to, made when missing. Default stderr. */
  readonly file?: string
}

export function openLog(options: LogOptions): Say {
  const logger = pino({ level: options.level ?? levelOfEnvironment(), base: null }, humanLines(options))
  return folding((level, text, data) => logger[level](data ?? {}, text))
}

/** So many lines alike in so long a time; the others are counted. */
const alikeAtMost = 10
const alikeMs = 10_000
const kindsAtMost = 1_000

/** Whoever makes a node complain all the time must not fill its disk: lines that differ in their numbers alone are folded. */
export function folding(say: Say, nowMs: () => number = () => performance.now()): Say {
  const kinds = new Map<string, { sinceMs: number; said: number; folded: number }>()
  return (level, text, data) => {
    const key = `${level} ${text.slice(0, 200).replace(/[0-9]+/g, "0")}`
    const now = nowMs()
    let kind = kinds.get(key)
    if (kind === undefined || now - kind.sinceMs >= alikeMs) {
      if (kind !== undefined && kind.folded > 0) say(level, `(${kind.folded} more lines like the next one were left out)`)
      if (kinds.size >= kindsAtMost) kinds.clear()
      kind = { sinceMs: now, said: 0, folded: 0 }
      kinds.set(key, kind)
    }
    if (kind.said < alikeAtMost) {
      kind.said += 1
      say(level, text, data)
    } else kind.folded += 1
  }
}

function levelOfEnvironment(): Level | "silent" {
  const asked = process.env.RIVULET_LOG
  return asked === "debug" || asked === "warn" || asked === "error" || asked === "silent" ? asked : "info"
}

/** `2026-11-21T09:20:02.123Z warn  w1  no master answers at …  {"tries":3}` */
function humanLines({ node, file }: LogOptions): { write(line: string): void } {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true })
  const to = file === undefined ? process.stderr : createWriteStream(file, { flags: "a" })
  return {
    write(line) {
      const { level, time, msg, ...data } = JSON.parse(line) as { level: number; time: number; msg?: string; stack?: string }
      const { stack, ...rest } = data
      const label = (pino.levels.labels[level] ?? "info").padEnd(5)
      const more = Object.keys(rest).length === 0 ? "" : `  ${JSON.stringify(rest)}`
      to.write(
        `${new Date(time).toISOString()} ${label} ${node}  ${readable(msg ?? "")}${more}\n${stack === undefined ? "" : `${stack}\n`}`,
      )
    },
  }
}

const longest = 4_000

/** What came from outside may stand in a line: no control character but a line's end, and not without end. */
function readable(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replace(/[^\P{Cc}\n]/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)
}
