/**
 * The rows of a Parquet file, as objects by column. Tasks are synchronous, the library's own reading is not: here its synchronous parts are
 * put together over bytes that are all there. It is loaded by the first task that needs it, as CommonJS.
 *
 *   INT64 a bigint (other integers, DECIMAL numbers) · TIMESTAMP, DATE a Date · LIST an array · MAP, a group an object · what is null, null
 */

import { createRequire } from "node:module"
import * as zlib from "node:zlib"
import { RivuletError } from "../errors.js"

interface Metadata {
  readonly num_rows: bigint
}
interface Chunk {
  readonly range: { readonly startByte: number; readonly endByte: number }
  readonly columnMetadata: { readonly path_in_schema: readonly string[]; readonly codec: string }
}
interface Group {
  readonly chunks: readonly Chunk[]
  readonly groupRows: number
}
interface SchemaTree {
  readonly children: readonly SchemaTree[]
  readonly element: { readonly name: string }
}
type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array
interface Decoding {
  readonly [option: string]: unknown
}

/** What is used of hyparquet, of the version that package.json names. */
interface Library {
  parquetMetadata(bytes: ArrayBuffer): Metadata
  parquetSchema(metadata: Metadata): SchemaTree
  parquetPlan(options: { readonly metadata: Metadata }): { readonly groups: readonly Group[] }
  getTreePath(tree: SchemaTree, path: readonly string[]): readonly SchemaTree[]
  readColumn(reader: { view: DataView; offset: number }, group: Group, decoder: Decoding): { readonly data: readonly ArrayLike<unknown>[] }
  assembleNested(columns: Map<string, ArrayLike<unknown>>, tree: SchemaTree, parsers: unknown): void
  readonly DEFAULT_PARSERS: Readonly<Record<string, unknown>>
}

let library: Library | undefined

function load(): Library {
  const require = createRequire(import.meta.url)
  const parts = ["", "/src/plan.js", "/src/schema.js", "/src/column.js", "/src/assemble.js", "/src/convert.js"]
  return Object.assign({}, ...parts.map(part => require(`hyparquet${part}`) as object)) as Library
}

/** Beside those that the library brings. zstd from Node 22.15 on. */
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }
const compressors: Readonly<Record<string, Decompress>> = {
  GZIP: bytes => zlib.gunzipSync(bytes),
  BROTLI: bytes => zlib.brotliDecompressSync(bytes),
  ...(zstdDecompressSync && { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) }),
}
const readable = new Set(["UNCOMPRESSED", "SNAPPY", ...Object.keys(compressors)])

/** Throws RivuletError (2) on bytes that are no Parquet file, or one whose compression is not known here. `path` names it. */
export function* parquetRows(path: string, bytes: Uint8Array): Generator<Record<string, unknown>> {
  library ??= load()
  const { parquetMetadata, parquetSchema, parquetPlan } = library
  // A copy: the bytes lie in memory that is used again, and the library wants a buffer of its own.
  const buffer = new Uint8Array(bytes).buffer as ArrayBuffer
  let plan: readonly Group[]
  let schema: SchemaTree
  try {
    const metadata = parquetMetadata(buffer)
    schema = parquetSchema(metadata)
    plan = parquetPlan({ metadata }).groups
  } catch (error) {
    throw unreadable(path, error)
  }
  for (const group of plan) {
    const codec = group.chunks.find(chunk => !readable.has(chunk.columnMetadata.codec))?.columnMetadata.codec
    if (codec !== undefined)
      throw new RivuletError(`${path} is compressed with ${codec}, which cannot be read here`, {
        code: 2,
        try: `write it with ${[...readable].join(", ").toLowerCase()}`,
      })
    let columns: readonly (readonly [string, ArrayLike<unknown>])[]
    try {
      columns = columnsOf(library, buffer, schema, group)
    } catch (error) {
      throw unreadable(path, error)
    }
    for (let i = 0; i < group.groupRows; i++) yield Object.fromEntries(columns.map(([name, values]) => [name, plain(values[i])]))
  }
}

function columnsOf(
  { getTreePath, readColumn, assembleNested, DEFAULT_PARSERS: parsers }: Library,
  buffer: ArrayBuffer,
  schema: SchemaTree,
  group: Group,
): (readonly [string, ArrayLike<unknown>])[] {
  const read = new Map<string, ArrayLike<unknown>>()
  for (const { range, columnMetadata } of group.chunks) {
    const path = columnMetadata.path_in_schema
    const schemaPath = getTreePath(schema, path)
    const view = new DataView(buffer, range.startByte, range.endByte - range.startByte)
    const decoder = { pathInSchema: path, element: schemaPath.at(-1)!.element, schemaPath, compressors, ...columnMetadata, parsers }
    const { data } = readColumn({ view, offset: 0 }, group, decoder)
    read.set(path.join("."), data.length === 1 ? data[0]! : data.flatMap(page => Array.from(page)))
  }
  for (const child of schema.children) if (child.children.length > 0) assembleNested(read, child, parsers)
  return schema.children.map(({ element }) => [element.name, read.get(element.name) ?? []] as const)
}

/** Of nothing there is one kind in the file. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value !== "object" || value instanceof Date || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]))
}

function unreadable(path: string, error: unknown): RivuletError {
  const why = error instanceof Error ? error.message : String(error)
  return new RivuletError(`${path} cannot be read as Parquet: ${why}`, { code: 2, try: "textFile, if it is text" })
}
