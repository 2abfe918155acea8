/**
 * The bytes of a durable log: a segment is a header and then blocks, each behind a description of what it is. What was torn by a
 * crash ends the segment: nothing behind it was ever confirmed.
 *
 *   segment  RVLD | version | bytes of the cluster's identity | identity | block …
 *   block    RVLB | bytes of the description | bytes of the block | crc32 of both | description (JSON) | block
 */

import { crc32 } from "node:zlib"
import type { StoredBlock } from "./block-store.js"

/** A block as it was found in a segment. */
export interface LoggedBlock extends Pick<StoredBlock, "id" | "bytes" | "rows" | "owner" | "batch" | "arrivedMs"> {
  /** Of its first byte in the segment. */
  readonly offset: number
}

export interface Segment {
  readonly path: string
  readonly bytes: number
  /** Of the cluster whose blocks they are. */
  readonly cluster: string
  readonly blocks: readonly LoggedBlock[]
}

type Description = Pick<StoredBlock, "id" | "rows" | "owner" | "batch" | "arrivedMs">

const segmentMagic = 0x444c5652
const blockMagic = 0x424c5652
const version = 1
const headerBytes = 12
const blockHeaderBytes = 16

export function segmentHeader(cluster: string): Uint8Array {
  const identity = Buffer.from(cluster, "utf8")
  const header = Buffer.alloc(headerBytes + identity.byteLength)
  header.writeUInt32LE(segmentMagic, 0)
  header.writeUInt32LE(version, 4)
  header.writeUInt32LE(identity.byteLength, 8)
  identity.copy(header, headerBytes)
  return header
}

/** What comes before the block's own bytes. */
export function blockHeader({ id, rows, owner, batch, arrivedMs }: Description, bytes: Uint8Array): Uint8Array {
  const described: Description = { id, rows, owner, batch, arrivedMs }
  const description = Buffer.from(JSON.stringify(described), "utf8")
  const header = Buffer.alloc(blockHeaderBytes + description.byteLength)
  header.writeUInt32LE(blockMagic, 0)
  header.writeUInt32LE(description.byteLength, 4)
  header.writeUInt32LE(bytes.byteLength, 8)
  header.writeUInt32LE(crc32(bytes, crc32(description)), 12)
  description.copy(header, blockHeaderBytes)
  return header
}

/** All blocks up to the end, or to the first that is torn. Null: not even the header is whole. */
export function readSegment(path: string, content: Uint8Array): Segment | null {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (bytes.byteLength < headerBytes || bytes.readUInt32LE(0) !== segmentMagic || bytes.readUInt32LE(4) !== version) return null
  let at = headerBytes + bytes.readUInt32LE(8)
  if (at > bytes.byteLength) return null
  const cluster = bytes.toString("utf8", headerBytes, at)
  const blocks: LoggedBlock[] = []
  while (at + blockHeaderBytes <= bytes.byteLength && bytes.readUInt32LE(at) === blockMagic) {
    const offset = at + blockHeaderBytes + bytes.readUInt32LE(at + 4)
    const end = offset + bytes.readUInt32LE(at + 8)
    if (end > bytes.byteLength || crc32(bytes.subarray(at + blockHeaderBytes, end)) !== bytes.readUInt32LE(at + 12)) break
    const described = JSON.parse(bytes.toString("utf8", at + blockHeaderBytes, offset)) as Description
    blocks.push({ ...described, bytes: end - offset, offset })
    at = end
  }
  return { path, bytes: bytes.byteLength, cluster, blocks }
}
