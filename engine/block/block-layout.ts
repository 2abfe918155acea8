/**
 * The frame of a block: a 64-byte header, the schema, and the columns' buffers in Arrow's layout, each aligned to 64 bytes.
 *
 *   0 magic "RVB1" · 4 crc32 of all that follows · 8 version (2 bytes) · 10 flags (2) · 12 rows · 16 bytes of schema
 *   20 bytes of body · 24 … 63 zero · 64 schema, padded · body
 *
 * A block of raw lines has no checksum (0, and the flag `unsummed`): on its way to memory it would cost as much as the way.
 */

import { crc32 } from "node:zlib"
import { RivuletError } from "../errors.js"
import { type ColumnType, damaged, encodeType } from "./columns.js"

export const headerBytes = 64
const magic = 0x31425652
const version = 1
export const blockFlags = { allAscii: 1, text: 2, unsummed: 4 } as const

/** The next multiple of 64. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

/** Memory for a block of so many bytes, whatever it holds; it may be of a larger buffer. */
export type AllocateBlock = (bytes: number) => Uint8Array

export interface AssembleOptions {
  /** Default true. */
  readonly summed?: boolean
  /** Default: new memory. */
  readonly allocate?: AllocateBlock
}

/** The whole block. The buffers are the columns' in the order in which `column-decode.ts` takes them. */
export function assembleBlock(
  type: ColumnType,
  rows: number,
  buffers: readonly Uint8Array[],
  { summed = true, allocate }: AssembleOptions = {},
): Uint8Array {
  const schema = encodeType(type)
  const bodyAt = headerBytes + align(schema.length)
  let length = bodyAt
  for (const buffer of buffers) length += align(buffer.length)
  if (length > 0x7fffffff)
    throw new RivuletError(`${rows} rows need a block of ${length} bytes; a block holds at most 2 GiB`, { try: "use more partitions" })
  // Padding is zero, so that it is the same wherever the block is made.
  const block = allocate?.(length).fill(0, 0, bodyAt) ?? new Uint8Array(length)
  block.set(schema, headerBytes)
  let at = bodyAt
  for (const buffer of buffers) {
    block.set(buffer, at)
    const end = at + align(buffer.length)
    if (allocate !== undefined) block.fill(0, at + buffer.length, end)
    at = end
  }
  const header = new DataView(block.buffer, block.byteOffset)
  header.setUint32(0, magic, true)
  header.setUint16(8, version, true)
  header.setUint16(
    10,
    (allAscii(type) ? blockFlags.allAscii : 0) | (isText(type) ? blockFlags.text : 0) | (summed ? 0 : blockFlags.unsummed),
    true,
  )
  header.setUint32(12, rows, true)
  header.setUint32(16, schema.length, true)
  header.setUint32(20, length - bodyAt, true)
  if (summed) header.setUint32(4, crc32(block.subarray(8)), true)
  return block
}

/** One column of text, nothing absent: what raw lines are. */
export function isText(type: ColumnType): boolean {
  return type.kind === "utf8" && type.absent === 0
}

/** Whether all text in the type's columns is ASCII. */
export function allAscii(type: ColumnType): boolean {
  switch (type.kind) {
    case "utf8":
      return type.ascii
    case "list":
      return allAscii(type.item)
    case "tuple":
      return type.items.every(allAscii)
    case "struct":
      return type.fields.every(field => allAscii(field.type))
    default:
      return true
  }
}

export interface BlockHeader {
  readonly rows: number
  readonly flags: number
  readonly crc: number
  readonly schemaBytes: number
  readonly bodyAt: number
}

/** Reads and checks the header against the length. Throws RivuletError. */
export function readHeader(bytes: Uint8Array): BlockHeader {
  if (bytes.length < headerBytes) throw damaged(`${bytes.length} bytes are less than a header`)
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  if (header.getUint32(0, true) !== magic) throw damaged("it does not begin as a block does")
  if (header.getUint16(8, true) !== version)
    throw new RivuletError(`a block has format version ${header.getUint16(8, true)}, this program reads ${version}`, {
      try: "run one version of rivulet on all machines",
    })
  const schemaBytes = header.getUint32(16, true)
  const bodyAt = headerBytes + align(schemaBytes)
  if (bodyAt + header.getUint32(20, true) !== bytes.length) throw damaged(`it is ${bytes.length} bytes long, its header says otherwise`)
  return { rows: header.getUint32(12, true), flags: header.getUint16(10, true), crc: header.getUint32(4, true), schemaBytes, bodyAt }
}

export function checkCrc(bytes: Uint8Array, { flags, crc }: BlockHeader): void {
  const sum = (flags & blockFlags.unsummed) === 0 ? crc32(bytes.subarray(8)) : 0
  if (sum !== crc) throw damaged("its checksum does not match")
}
