/**
 * The bytes of a function: what travels as an Asset. Deterministic: equal functions with equal captures give equal bytes
 * (JSON of records in the order of the walk), on any machine. Layout: u32 length of the JSON, the JSON, the blobs.
 */

import { createHash } from "node:crypto"
import { RivuletError } from "../errors.js"
import type { FunctionHash, FunctionRef, Origin } from "../function-ref.js"
import { joined } from "./join.js"

type Body = Pick<FunctionRef, "source" | "captured" | "heap" | "modules">

interface Header extends Body {
  readonly blobs: readonly number[]
  readonly origin?: Origin
  /** Of a function that was cut in parts, whose hash is that of the whole: which parts, in the order of their records. */
  readonly hash?: FunctionHash
  readonly parts?: readonly string[]
}

/** Completes a function with its hash: 16 hex digits of the SHA-256 of its bytes without the origin. */
export function sealFunction(body: Body & Pick<FunctionRef, "blobs">, origin: Origin | undefined): FunctionRef {
  return { ...made(body, hashOf(write(body, {}))), ...(origin ? { origin } : {}) }
}

function made({ source, captured, heap, blobs, modules }: Body & Pick<FunctionRef, "blobs">, hash: FunctionHash): FunctionRef {
  return { kind: "function", hash, source, captured, heap, blobs, ...(modules ? { modules } : {}) }
}

/** 16 hex digits of the SHA-256. */
export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16)
}

/** In one piece. */
export function encodeFunction(ref: FunctionRef): Uint8Array {
  return write(ref, ref.origin ? { origin: ref.origin } : {})
}

/** What is left of a function when these parts are taken out: with its hash, which is that of the whole. */
export function encodeMain(ref: FunctionRef, parts: readonly string[]): Uint8Array {
  return write(ref, { ...(ref.origin && { origin: ref.origin }), hash: ref.hash, parts })
}

function write(
  { source, captured, heap, blobs, modules }: Body & Pick<FunctionRef, "blobs">,
  rest: Pick<Header, "origin" | "hash" | "parts">,
): Uint8Array {
  const header: Header = { source, captured, heap, blobs: blobs.map(blob => blob.byteLength), ...(modules && { modules }), ...rest }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.byteLength)
  return new Uint8Array(Buffer.concat([length, json, ...blobs]))
}

/** The parts that a function's bytes refer to. None for bytes that are no function's. */
export function partsOf(bytes: Uint8Array): readonly string[] {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return (JSON.parse(buffer.toString("utf8", 4, 4 + buffer.readUInt32LE(0))) as Header).parts ?? []
  } catch {
    return []
  }
}

/**
 * @param partOf gives the bytes of a part by its hash, for functions that were cut in parts
 * @throws RivuletError when the bytes are not those of a function
 */
export function decodeFunction(bytes: Uint8Array, partOf?: (hash: string) => Uint8Array): FunctionRef {
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
    const { source, captured, heap, modules, hash, parts } = header
    const body = { source, captured, heap, blobs, ...(modules && { modules }) }
    if (parts === undefined || hash === undefined) return sealFunction(body, header.origin)
    const whole = parts.reduce((function_, part) => joined(function_, decodeFunction(partOf!(part))), made(body, hash))
    return header.origin ? { ...whole, origin: header.origin } : whole
  } catch (error) {
    throw new RivuletError(
      `an asset of ${bytes.byteLength} bytes is not a function: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}
