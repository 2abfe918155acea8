/** What a node says, for people: a line each on stderr, or in a file. Pino keeps levels and bindings; only the form is ours. */

import { createWriteStream, mkdirSync } from "node:fs"
import { dirname } from "node:path"
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
  return (level, text, data) => logger[level](data ?? {}, text)
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
      to.write(`${new Date(time).toISOString()} ${label} ${node}  ${msg ?? ""}${more}\n${stack === undefined ? "" : `${stack}\n`}`)
    },
  }
}
