/** `local:` paths: files of the machine on which the session is, read here and sent with the question. */

import { readFileSync, statSync } from "node:fs"
import * as zlib from "node:zlib"
import glob from "fast-glob"
import { parquetRows } from "../../engine/block/parquet-rows.js"
import { RivuletError } from "../../engine/errors.js"
import type { Asset } from "../../engine/function-ref.js"
import { longestLineBytes, packingOf } from "../../engine/input/file-split.js"
import { TextPacker } from "../../engine/text-packer.js"
import { assetOf } from "./parallelize.js"

/** So much is sent along with a question; of compressed files, of what they unpack to. */
const mostBytes = 256 * 1024 * 1024
/** Of a partition, unless they are to be smaller. */
const partBytes = 2 * 1024 * 1024

/**
 * The lines of the files that a path or pattern names, in order of their names, as blocks of text: in at least `partitions`, where there are as
 * many lines. Throws RivuletError (2): there is none, or they are too much to send.
 */
export function localLines(path: string, partitions: number): Asset[] {
  const files = contents(path)
  const total = files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  const maxBytes = Math.min(partBytes, Math.max(1024, Math.floor(total / Math.max(1, partitions))))
  const tooLong = (file: string, length: number) =>
    new RivuletError(`local:${file} has a line of ${length} bytes: longer than 8 MiB`, { code: 2, try: "a file of shorter lines" })
  const blocks: Uint8Array[] = []
  for (const { file, bytes } of files) {
    const packer = new TextPacker({
      maxBytes,
      maxLineBytes: longestLineBytes,
      onLongLine: (_, length) => {
        throw tooLong(file, length)
      },
    })
    blocks.push(...packer.push(bytes))
    const last = packer.flush()
    if (last !== null) blocks.push(last)
  }
  return blocks.map(assetOf)
}

/** The rows of Parquet files. Throws RivuletError (2), as `localLines` does. */
export function localRows(path: string): unknown[] {
  return contents(path).flatMap(({ file, bytes }) => [...parquetRows(`local:${file}`, bytes)])
}

function contents(path: string): { readonly file: string; readonly bytes: Uint8Array }[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory())
    throw new RivuletError(`local:${path} is a directory`, { code: 2, try: `its files by a pattern: "local:${path}/*"` })
  const files = found === undefined ? glob.sync(path, { onlyFiles: true }).sort() : [path]
  if (files.length === 0)
    throw new RivuletError(`there is no file ${path} on this machine`, {
      code: 2,
      try: "without local: for a file of the workers' machines",
    })
  let total = 0
  return files.map(file => {
    const bytes = read(path, file)
    total += bytes.byteLength
    if (total > mostBytes) throw tooMuch(path)
    return { file, bytes }
  })
}

function tooMuch(path: string): RivuletError {
  return new RivuletError(`local:${path} is more than the 256 MB that are sent with a question`, {
    code: 2,
    try: "put it where the workers can read it, or send it: rivulet send",
  })
}

const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: typeof zlib.gunzipSync }

function read(path: string, file: string): Uint8Array {
  try {
    if (statSync(file).size > mostBytes) throw tooMuch(path)
    const bytes = readFileSync(file)
    const packing = packingOf(bytes)
    if (packing === undefined) return bytes
    const unpack = packing === "gzip" ? zlib.gunzipSync : zstdDecompressSync
    if (unpack === undefined) throw new Error("zstd needs Node 22.15 or newer")
    return unpack(bytes, { maxOutputLength: mostBytes + 1 })
  } catch (error) {
    if (error instanceof RivuletError) throw error
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooMuch(path)
    throw new RivuletError(`local:${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { code: 2 })
  }
}
