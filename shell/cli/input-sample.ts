/**
 * A look at the first bytes of an old log before a whole cluster reads all of it: what would set every line aside (another
 * format, a field that is not there, bytes that are no text) is said at once, with the value that is wrong.
 */
import { isUtf8 } from "node:buffer"
import { spawnSync } from "node:child_process"
import { closeSync, openSync, readSync } from "node:fs"
import { gunzipSync, constants as zlibConstants } from "node:zlib"
import { RivuletError } from "../../engine/errors.js"
import { openFormat } from "../../engine/format/index.js"
import { packingOf } from "../../engine/input/file-split.js"
import type { FormatSpec, Packing } from "../../engine/rdd.js"
import { parseTime, type TimeLike } from "../../engine/time.js"
import { printable } from "../view/table.js"

export interface Asked {
  /** As typed, for messages: `--input views=access.log`. */
  readonly what: string
  readonly format: FormatSpec
  /** `--timestamp`; undefined when the program's own function says. */
  readonly field?: string
}

const sampleBytes = 64 * 1024
const linesTried = 200
const guesses = ["combined", "json"] as const

/** The first bytes of a file; of a compressed one, of what it unpacks to. */
export function sampleOf(path: string): Uint8Array {
  const bytes = headOf(path, sampleBytes)
  const packing = packingOf(bytes)
  return packing === undefined ? bytes : unpackedHead(bytes, packing)
}

/** How a file is compressed, by its first bytes. */
export function packingOfFile(path: string): Packing | undefined {
  return packingOf(headOf(path, 4))
}

function headOf(path: string, most: number): Uint8Array {
  const file = openSync(path, "r")
  try {
    const bytes = new Uint8Array(most)
    return bytes.subarray(0, readSync(file, bytes))
  } finally {
    closeSync(file)
  }
}

/** What can be made of it though its end is missing: workers say what is wrong with the file. */
function unpackedHead(bytes: Uint8Array, packing: Packing): Uint8Array {
  if (packing === "zstd") return spawnSync("zstd", ["-dcq"], { input: bytes, maxBuffer: 64 * 1024 * 1024 }).stdout ?? new Uint8Array(0)
  try {
    return gunzipSync(bytes, { finishFlush: zlibConstants.Z_SYNC_FLUSH })
  } catch {
    return new Uint8Array(0)
  }
}

/** Throws RivuletError (2) when none of the first lines can become a record with a time. An empty sample is fine. */
export function checkSample(sample: Uint8Array, path: string, { what, format, field }: Asked): void {
  if (sample.length === 0 || format.kind === "values") return
  if (sample.includes(0) || isCompressed(sample)) {
    throw new RivuletError(`${what}: ${path} is binary, not lines of text`, {
      code: 2,
      try: isCompressed(sample) ? "unpack it first: gzip and zstd are read as they are" : "a log of lines",
    })
  }
  if (format.kind === "function") return
  const lines = linesOf(sample)
  const records: unknown[] = []
  let why = ""
  const { parse } = openFormat(format)
  for (const line of lines) {
    try {
      records.push(parse(line))
    } catch (error) {
      if (why === "") why = error instanceof Error ? error.message : String(error)
    }
  }
  if (records.length === 0) throw notThatFormat(lines, path, what, format.kind, why)
  if (field !== undefined) checkField(records, path, field)
}

/** By the first bytes of bzip2, xz, zip and 7z. */
function isCompressed(sample: Uint8Array): boolean {
  return ["BZh", "\xfd7zXZ", "PK\x03\x04", "7z\xbc\xaf"].some(
    mark => Buffer.from(sample.subarray(0, mark.length)).toString("latin1") === mark,
  )
}

function notThatFormat(lines: readonly string[], path: string, what: string, kind: string, why: string): RivuletError {
  const better = guesses.find(guess => guess !== kind && lines.some(line => parses(line, guess)))
  const shown = printable(lines[0] ?? "").slice(0, 120)
  return new RivuletError(`${what}: none of the first ${lines.length} lines of ${path} is ${kind}: ${why}\n  1 │ ${shown}`, {
    code: 2,
    try: better === undefined ? "--format text, json, csv or combined, as the file is" : `--format ${better}`,
  })
}

function checkField(records: readonly unknown[], path: string, field: string): void {
  const fields = new Set<string>()
  let bad: unknown
  let found = false
  for (const record of records) {
    if (typeof record !== "object" || record === null) continue
    for (const name of Object.keys(record)) fields.add(name)
    const value = (record as Record<string, unknown>)[field]
    if (value === undefined) continue
    if (isTime(value)) return
    found = true
    bad ??= value
  }
  const times = [...fields].filter(name => records.some(record => isNamedTime(record, name)))
  const shown = times.length > 0 ? times : [...fields]
  throw new RivuletError(
    found
      ? `--timestamp ${field}: ${JSON.stringify(bad)} is no time`
      : `--timestamp ${field}: the records of ${path} have no such field (they have ${[...fields].join(", ") || "none"})`,
    { code: 2, try: shown.length > 0 ? `--timestamp ${shown.join(", or ")}` : "--format json, csv or combined, whose records have fields" },
  )
}

/** Numbers are times as well, but none that anyone would be proposed. */
function isNamedTime(record: unknown, name: string): boolean {
  const value = (record as Record<string, unknown> | null)?.[name]
  return value instanceof Date || (typeof value === "string" && isTime(value))
}

function isTime(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value)
  if (value instanceof Date) return !Number.isNaN(value.getTime())
  if (typeof value !== "string") return false
  try {
    parseTime(value as TimeLike, { nowMs: 0, tz: "UTC" })
    return true
  } catch {
    return false
  }
}

function parses(line: string, kind: (typeof guesses)[number]): boolean {
  try {
    const record = openFormat({ kind }).parse(line)
    return typeof record === "object" && record !== null
  } catch {
    return false
  }
}

/** Whole lines, or the only one. A character cut at the end of the sample is no bad one. */
export function linesOf(sample: Uint8Array): string[] {
  const end = sample.lastIndexOf(10)
  const whole = end > 0 ? sample.subarray(0, end) : sample
  const text = Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString(isUtf8(whole) ? "utf8" : "latin1")
  return text.split(/\r?\n/).slice(0, linesTried)
}
