/** What a node says, for people: a line each on stderr, or in a file. Pino keeps levels and bindings; only the form is ours. */

import { createWriteStream, mkdirSync, type WriteStream } from "node:fs"
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
  const write = file === undefined ? toStderr() : toFile(file)
  return {
    write(line) {
      const { level, time, msg, ...data } = JSON.parse(line) as { level: number; time: number; msg?: string; stack?: string }
      const { stack, ...rest } = data
      const label = (pino.levels.labels[level] ?? "info").padEnd(5)
      const more = Object.keys(rest).length === 0 ? "" : `  ${JSON.stringify(rest)}`
      write(`${new Date(time).toISOString()} ${label} ${node}  ${readable(msg ?? "")}${more}\n${stack === undefined ? "" : `${stack}\n`}`)
    },
  }
}

/** A log that cannot be written, because the disk is full or nobody reads, must not end who writes it. */
function toFile(file: string): (text: string) => void {
  mkdirSync(dirname(file), { recursive: true })
  let stream: WriteStream | null = null
  let again = 0
  return text => {
    if (stream === null) {
      if (performance.now() < again) return
      const opened = createWriteStream(file, { flags: "a" })
      opened.on("error", () => {
        if (stream === opened) stream = null
        again = performance.now() + logAgainMs
      })
      stream = opened
    }
    stream.write(text)
  }
}

function toStderr(): (text: string) => void {
  if (!stderrGuarded) process.stderr.on("error", () => {})
  stderrGuarded = true
  return text => void process.stderr.write(text)
}

let stderrGuarded = false
const logAgainMs = 1_000
const longest = 4_000

/** What came from outside may stand in a line: no control character but a line's end, and not without end. */
function readable(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return cut.replace(/[^\P{Cc}\n]/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)
}
