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

/**
 * The intervals that an archive's files hold, ascending; others had no record. A text says what is wrong: an interval of
 * which a part is missing must not look like a smaller one.
 */
export function sealsOfArchive(stream: StreamId, intervalMs: number, files: readonly ArchivedFile[]): readonly SealRecord[] | string {
  const intervals = new Map<number, (SealedBlock[] | undefined)[]>()
  for (const { path, sizeBytes } of files) {
    const part = archivedPart(path)
    if (part === null) continue
    if (part.interval % intervalMs !== 0) return `${path} is of no interval of ${intervalMs} ms`
    const groups = intervals.get(part.interval) ?? new Array<SealedBlock[] | undefined>(part.of).fill(undefined)
    if (groups.length !== part.of || part.part >= part.of) return `${path}: its interval has ${groups.length} parts by another file's name`
    if (groups[part.part] !== undefined) return `${path}: another file is the same part of the same interval`
    groups[part.part] = [archivedBlock(stream, path, part, sizeBytes)]
    intervals.set(part.interval, groups)
  }
  const seals: SealRecord[] = []
  for (const from of [...intervals.keys()].sort((a, b) => a - b)) {
    const groups = intervals.get(from) as (SealedBlock[] | undefined)[]
    const missing = groups.indexOf(undefined)
    if (missing >= 0) {
      const there = groups.find(group => group !== undefined)?.[0]?.replay
      const beside = there !== undefined && "path" in there ? ` beside ${there.path}` : ""
      return `part ${missing} of ${groups.length} of the interval ${new Date(from).toISOString()} is missing${beside}`
    }
    seals.push({ kind: "seal", stream, from, to: from + intervalMs, groups: groups as SealedBlock[][] })
  }
  return seals
}
