/**
 * Seals whose records lie in an archive (`engine/input/archive.ts`): of a live input, those that were forgotten in memory; of an
 * input that is an archive, all. Their blocks are read from the files when something asks for them, and again if they are lost.
 */

import type { StreamId } from "../../engine/definition.js"
import { type ArchivedPart, archivedPart, archivedSplit, archivePath } from "../../engine/input/archive.js"
import type { FileSplit } from "../../engine/rdd.js"
import { isEmpty, type SealedBlock, type SealRecord } from "./records.js"

const prefix = "archive:"

/** Names the group of a seal as it lies on disk. */
function archivedBlock(stream: StreamId, path: string, part: ArchivedPart, bytes: number): SealedBlock {
  const replay = { ...archivedSplit(path), interval: part.interval }
  return { block: `${prefix}${stream}:${path}`, rows: part.rows, bytes, batch: null, replay }
}

/** What an archived block's name says; null for all other blocks. */
export function archivedSource(block: string): { readonly stream: StreamId; readonly interval: number; readonly split: FileSplit } | null {
  if (!block.startsWith(prefix)) return null
  const colon = block.indexOf(":/", prefix.length)
  const path = block.slice(colon + 1)
  const part = archivedPart(path)
  if (colon < 0 || part === null) return null
  return { stream: block.slice(prefix.length, colon), interval: part.interval, split: archivedSplit(path) }
}

export function isArchived({ groups }: SealRecord): boolean {
  return groups.length > 0 && groups.every(group => group.length === 1 && group[0]!.block.startsWith(prefix))
}

/** The seal with its records where they were archived, in the same groups. What was set aside in it is not archived. */
export function archivedSeal(seal: SealRecord, directory: string): SealRecord {
  if (isEmpty(seal) || isArchived(seal)) return seal
  const { aside: _, lanes: __, ...kept } = seal
  const of = seal.groups.length
  const groups = seal.groups.map((group, part): SealedBlock[] => {
    let rows = 0
    let bytes = 0
    for (const block of group) {
      rows += block.rows
      bytes += block.bytes
    }
    const named = { interval: seal.from, part, of, rows }
    return [archivedBlock(seal.stream, archivePath(directory, named), named, bytes)]
  })
  return { ...kept, groups }
}

export interface ArchivedFile {
  readonly path: string
  readonly sizeBytes: number
}

export interface ArchiveListing {
  readonly seals: readonly SealRecord[]
  /** Which of the newest intervals are left out, and why: an archive may be read while it is written. */
  readonly unfinished: string | null
}

type Groups = (SealedBlock[] | undefined)[]

/**
 * The intervals of `range` that an archive's files hold, ascending; others had no record. A text says what is wrong: an interval of which
 * a part is missing must not look like a smaller one. After the last whole one they are left out, for they are being written.
 */
export function sealsOfArchive(
  stream: StreamId,
  intervalMs: number,
  files: readonly ArchivedFile[],
  { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: { readonly from?: number; readonly to?: number } = {},
): ArchiveListing | string {
  const intervals = new Map<number, Groups>()
  for (const { path, sizeBytes } of files) {
    const part = archivedPart(path)
    if (part === null || part.interval < from || part.interval >= to) continue
    if (part.interval % intervalMs !== 0) return `${path} is of no interval of ${intervalMs} ms`
    const groups: Groups = intervals.get(part.interval) ?? new Array<SealedBlock[] | undefined>(part.of).fill(undefined)
    if (groups.length !== part.of || part.part >= part.of) return `${path}: its interval has ${groups.length} parts by another file's name`
    if (groups[part.part] !== undefined) return `${path}: another file is the same part of the same interval`
    groups[part.part] = [archivedBlock(stream, path, part, sizeBytes)]
    intervals.set(part.interval, groups)
  }
  const starts = [...intervals.keys()].sort((a, b) => a - b)
  const isWhole = (start: number) => !(intervals.get(start) as Groups).includes(undefined)
  const whole = starts.filter(isWhole)
  const gap = starts.find(start => !isWhole(start))
  const missing = gap === undefined ? null : missingPart(gap, intervals.get(gap) as Groups)
  const newest = whole.at(-1)
  if (missing !== null && (newest === undefined || (gap as number) < newest))
    return `${missing}: as long as it is being written, what is before it can be read, to ${new Date(gap as number).toISOString()}`
  return {
    seals: whole.map(start => ({
      kind: "seal",
      stream,
      from: start,
      to: start + intervalMs,
      groups: intervals.get(start) as SealedBlock[][],
    })),
    unfinished: missing === null ? null : `${missing}: left out, and what comes after it`,
  }
}

function missingPart(interval: number, groups: Groups): string {
  const there = groups.find(group => group !== undefined)?.[0]?.replay
  const beside = there !== undefined && "path" in there ? ` beside ${there.path}` : ""
  return `part ${groups.indexOf(undefined)} of ${groups.length} of the interval ${new Date(interval).toISOString()} is missing${beside}`
}
