/**
 * How an input's sealed intervals lie on disk: a file for each group of an interval's seal, one block of the raw
 * records in the seal's order, so that batch mode over them repeats the same intervals. Everything but the records is in the
 * name, and a listing is the manifest: which interval, which part of how many, how many records. A file comes into being
 * whole, by a rename, and whoever writes it writes the same bytes under the same name; the block has its own checksum.
 *
 *   <directory>/1s.combined/2026-11-21/13/2026-11-21T13-05-01.000Z-0of2-1234.block
 */

import { Block } from "../block/block.js"
import { RivuletError } from "../errors.js"
import type { FileSplit, FormatSpec } from "../rdd.js"
import type { TaskOutput } from "../task.js"
import { type Duration, formatDuration, parseDuration } from "../time.js"

export interface ArchivedPart {
  /** The interval's start. */
  readonly interval: number
  readonly part: number
  readonly of: number
  readonly rows: number
}

/** What the records of an archive are: the directory between the stream's own and the days. */
export interface ArchiveKind {
  readonly intervalMs: number
  readonly format: FormatSpec["kind"]
}

const formats: readonly FormatSpec["kind"][] = ["text", "combined", "json", "csv", "function", "values"]
const nameForm = /\/(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)\.(\d{3})Z-(\d+)of(\d+)-(\d+)\.block$/

/** The directory of one kind of records below the stream's own. */
export function archiveDirectory(stream: string, { intervalMs, format }: ArchiveKind): string {
  return `${stream.replace(/(?<=.)\/+$/, "")}/${formatDuration(intervalMs)}.${format}`
}

/** The kind that a directory's name says; null when it is none of an archive's. */
export function archiveKind(name: string): ArchiveKind | null {
  const [, interval, format] = /^(\d+(?:ms|s|m|h|d))\.([a-z]+)$/.exec(name) ?? []
  const known = formats.find(kind => kind === format)
  return interval === undefined || known === undefined ? null : { intervalMs: parseDuration(interval as Duration), format: known }
}

/** `directory`: of `archiveDirectory`. */
export function archivePath(directory: string, { interval, part, of, rows }: ArchivedPart): string {
  const iso = new Date(interval).toISOString()
  return `${directory}/${iso.slice(0, 10)}/${iso.slice(11, 13)}/${iso.replaceAll(":", "-")}-${part}of${of}-${rows}.block`
}

/** What the file is; null when it is no part of an archive. */
export function archivedPart(path: string): ArchivedPart | null {
  const found = nameForm.exec(path)
  if (found === null) return null
  const [, day, hour, minute, second, ms, part, of, rows] = found
  const interval = Date.parse(`${day}T${hour}:${minute}:${second}.${ms}Z`)
  return Number.isNaN(interval) ? null : { interval, part: Number(part), of: Number(of), rows: Number(rows) }
}

/** The whole of an archived file, whatever its size. */
export function archivedSplit(path: string): FileSplit {
  return { path, from: 0, to: Number.MAX_SAFE_INTEGER, sizeBytes: Number.MAX_SAFE_INTEGER, modifiedMs: 0, archived: true }
}

/** The records of an archived file. Throws RivuletError that names it when its bytes are not those that were written. */
export function readArchived({ path }: FileSplit, bytes: Uint8Array): TaskOutput[] {
  const part = archivedPart(path)
  if (part === null) throw new RivuletError(`${path} is no file of an archive`)
  const own = bytes.slice()
  try {
    const block = Block.of(own)
    block.verify()
    if (block.rows !== part.rows) throw new Error(`it has ${block.rows} records, its name says ${part.rows}`)
  } catch (error) {
    throw new RivuletError(`the archived file ${path} is damaged: ${error instanceof Error ? error.message : String(error)}`, {
      try: "bring it back from a copy",
    })
  }
  return [{ bytes: own, rows: part.rows, interval: part.interval }]
}
