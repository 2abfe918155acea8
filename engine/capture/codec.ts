/**
 * The bytes of a function: what travels as an Asset. Deterministic: equal functions with equal captures give equal bytes
 * (JSON of records in the order of the walk), on any machine. Layout: u32 length of the JSON, the JSON, the blobs.
 */

import { createHash } from "node:crypto"
import { RivuletError } from "../errors.js"
import type { FunctionHash, FunctionRef, Origin } from "../function-ref.js"

type Body = Pick<FunctionRef, "source" | "captured" | "heap">

interface Header extends Body {
  readonly blobs: readonly number[]
  readonly origin?: Origin
}

/** Completes a function with its hash: 16 hex digits of the SHA-256 of its bytes without the origin. */
export function sealFunction(body: Body & Pick<FunctionRef, "blobs">, origin: Origin | undefined): FunctionRef {
  const { source, captured, heap, blobs } = body
  const hash: FunctionHash = createHash("sha256").update(write(body, undefined)).digest("hex").slice(0, 16)
  return { kind: "function", hash, source, captured, heap, blobs, ...(origin ? { origin } : {}) }
}

export function encodeFunction(ref: FunctionRef): Uint8Array {
  return write(ref, ref.origin)
}

function write({ source, captured, heap, blobs }: Body & Pick<FunctionRef, "blobs">, origin: Origin | undefined): Uint8Array {
  const header: Header = { source, captured, heap, blobs: blobs.map(blob => blob.byteLength), ...(origin ? { origin } : {}) }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.byteLength)
  return new Uint8Array(Buffer.concat([length, json, ...blobs]))
}

/** @throws RivuletError when the bytes are not those of a function */
export function decodeFunction(bytes: Uint8Array): FunctionRef {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const jsonLength = buffer.readUInt32LE(0)
    const header = JSON.parse(buffer.toString("utf8", 4, 4 + jsonLength)) as Header
    if (typeof header.source !== "string" || !Array.isArray(header.heap) || !Array.isArray(header.captured)) throw new Error("no source")
    let at = 4 + jsonLength
    const blobs = header.blobs.map(length => {
      const blob = new Uint8Array(buffer.subarray(at, at + length))
      if (blob.byteLength !== length) throw new Error("cut off")
      at += length
      return blob
    })
    return sealFunction({ source: header.source, captured: header.captured, heap: header.heap, blobs }, header.origin)
  } catch (error) {
    throw new RivuletError(
      `an asset of ${bytes.byteLength} bytes is not a function: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}
