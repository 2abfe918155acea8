/**
 * Packets as frames: `[envelope + message, payload…]`. What arrives may be anything: `decodeEnvelope` and `decodeMessage`
 * never throw, they say why they refuse.
 *
 *     0  magic 0x52            8  toLink  u32        24  sacks: n × { from − ack: u32, length: u32 }
 *     1  protocol version     12  seq     u48         …  from: length u8, bytes
 *     2  packet kind          18  ack     u48         …  to: length u8, bytes
 *     3  n of sacks                                   …  data, datagram: message format u8, message
 *     4  fromLink u32
 *
 * The envelope is opened before the message is, so that a duplicate costs no parsing. Messages are MessagePack. A few values
 * of users' (`-0`, lone surrogates, Maps) do not survive it: a message that holds one travels in V8's own format instead.
 */

import { deserialize, serialize } from "node:v8"
import { Packr } from "msgpackr"
import { isWellFormed } from "../engine/block/column-text.js"
import { RivuletError } from "../engine/errors.js"
import type { Body, Packet, PacketKind } from "./packet.js"
import { cutPayload, joinPieces } from "./pieces.js"
import { type Message, maxFrameBytes, protocolVersion } from "./protocol.js"
import { messageShape } from "./protocol-shapes.js"

const magic = 0x52
const headBytes = 24
const kinds: readonly PacketKind[] = ["data", "datagram", "ack", "knock", "here", "gone"]
const kindNumbers = new Map(kinds.map((kind, i) => [kind, i]))
const maxPayloadFrames = 65_536
const messagePack = 0
const v8Format = 1
const maxDepth = 2_000
const nodeName = /^[!-~]{1,250}$/

/** Why a frame was refused: counted by these names. */
export type Refusal = "malformed" | "version" | "oversized"

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal; readonly detail: string }

const packr = new Packr({ useRecords: false, moreTypes: true, useBigIntExtension: true })

/** A message for `Channel.send`. Throws a RivuletError if it is over the size limit, which payload is not: see `pieces.ts`. */
export function encodeMessage(message: Message, payload: readonly Uint8Array[] = []): Body {
  const exact = !survivesMessagePack(userValuesOf(message))
  const bytes: Uint8Array = exact ? serialize(message) : packr.pack(message)
  const body = new Uint8Array(bytes.byteLength + 1)
  body[0] = exact ? v8Format : messagePack
  body.set(bytes, 1)
  const bytesInAll = body.byteLength + 1024
  if (bytesInAll > maxFrameBytes) {
    throw new RivuletError(`a ${message.kind} message of ${bytesInAll} bytes is over the limit of ${maxFrameBytes} bytes a frame`, {
      try: "use more partitions, or smaller records",
    })
  }
  return { message: body, payload }
}

/** The message in a body, checked to be one. Never throws. */
export function decodeMessage(bytes: Uint8Array): Decoded<Message> {
  let value: unknown
  try {
    const content = bytes.subarray(1)
    if (bytes[0] === messagePack) value = packr.unpack(content)
    else if (bytes[0] === v8Format) value = deserialize(content)
    else return refuse("malformed", `message format ${bytes[0]}`)
  } catch {
    // Not the library's words: they may hold what was sent.
    return refuse("malformed", bytes[0] === messagePack ? "a message that is no MessagePack" : "a message that V8 cannot read")
  }
  try {
    if (messageShape(value)) return { ok: true, value: value as Message }
  } catch {
    // nested too deep for the stack
  }
  return refuse("malformed", `not a message of this protocol: ${kindOf(value)}`)
}

/** Frames for the transport. Payload frames are passed on as they are, or in pieces. */
export function encodePacket(packet: Packet): Uint8Array[] {
  const from = Buffer.byteLength(packet.from)
  const to = Buffer.byteLength(packet.to)
  if (from > 255 || to > 255)
    throw new RivuletError(`node name too long: ${packet.from.slice(0, 80)}…`, { code: 2, try: "use at most 240 bytes" })
  const envelope = headBytes + packet.sacks.length * 8 + 2 + from + to
  const message = packet.body?.message
  const frame = Buffer.allocUnsafe(envelope + (message?.byteLength ?? 0))
  frame[0] = magic
  frame[1] = protocolVersion
  frame[2] = kindNumbers.get(packet.kind)!
  frame[3] = packet.sacks.length
  frame.writeUInt32LE(packet.fromLink, 4)
  frame.writeUInt32LE(packet.toLink, 8)
  frame.writeUIntLE(packet.seq, 12, 6)
  frame.writeUIntLE(packet.ack, 18, 6)
  let at = headBytes
  for (const [first, end] of packet.sacks) {
    frame.writeUInt32LE(first - packet.ack, at)
    frame.writeUInt32LE(end - first, at + 4)
    at += 8
  }
  frame[at] = from
  frame.write(packet.from, at + 1)
  at += 1 + from
  frame[at] = to
  frame.write(packet.to, at + 1)
  if (message !== undefined) frame.set(message, envelope)
  return packet.body === null ? [frame] : [frame, ...cutPayload(packet.body.payload, maxFrameBytes)]
}

/** The packet in some frames; its message is still encoded. Never throws. Payload frames are not copied, but for what came in pieces. */
export function decodePacket(frames: readonly Uint8Array[]): Decoded<Packet> {
  const first = frames[0]
  if (first === undefined || first.byteLength < headBytes + 4) return refuse("malformed", "shorter than an envelope")
  if (first[0] !== magic) return refuse("malformed", "not a frame of this protocol")
  if (first[1] !== protocolVersion) return refuse("version", `protocol version ${first[1]}, not ${protocolVersion}`)
  for (const frame of frames) if (frame.byteLength > maxFrameBytes) return refuse("oversized", `a frame of ${frame.byteLength} bytes`)
  if (frames.length > maxPayloadFrames) return refuse("oversized", `${frames.length} frames`)
  const frame = Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  const kind = kinds[frame[2]!]
  if (kind === undefined) return refuse("malformed", `packet kind ${frame[2]}`)
  const sackCount = frame[3]!
  let at = headBytes + sackCount * 8
  if (at + 2 > frame.byteLength) return refuse("malformed", "cut off in the acks")
  const ack = frame.readUIntLE(18, 6)
  const sacks: [number, number][] = []
  for (let i = headBytes; i < at; i += 8) {
    const start = ack + frame.readUInt32LE(i)
    sacks.push([start, start + frame.readUInt32LE(i + 4)])
  }
  const names: string[] = []
  for (let i = 0; i < 2; i++) {
    const length = frame[at] ?? 0
    if (length === 0 || at + 1 + length > frame.byteLength) return refuse("malformed", "cut off in the names")
    const name = frame.toString("latin1", at + 1, at + 1 + length)
    // What is no name must not get into logs and tables.
    if (!nodeName.test(name)) return refuse("malformed", "a name that is none")
    names.push(name)
    at += 1 + length
  }
  const carries = kind === "data" || kind === "datagram"
  if (carries ? at >= frame.byteLength : at !== frame.byteLength || frames.length > 1) return refuse("malformed", `length of a ${kind}`)
  const seq = frame.readUIntLE(12, 6)
  if (kind === "data" && seq === 0) return refuse("malformed", "no sequence number")
  const payload = joinPieces(frames.slice(1), maxFrameBytes)
  if (payload === null) return refuse("malformed", "a payload whose end is missing")
  const packet: Packet = {
    kind,
    from: names[0]!,
    to: names[1]!,
    fromLink: frame.readUInt32LE(4),
    toLink: frame.readUInt32LE(8),
    seq,
    ack,
    sacks,
    body: carries ? { message: first.subarray(at), payload } : null,
  }
  if (packet.fromLink === 0 && kind !== "datagram" && kind !== "gone") return refuse("malformed", `no link in a ${kind}`)
  return { ok: true, value: packet }
}

function refuse(refusal: Refusal, detail: string): { ok: false; refusal: Refusal; detail: string } {
  return { ok: false, refusal, detail }
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value
  const kind = (value as { kind?: unknown }).kind
  return typeof kind === "string" && /^[A-Za-z]{1,40}$/.test(kind) ? kind : "no kind"
}

/** Where in a message values of users' programs travel (keys asked for, zeros of folds). All else is ours. */
function userValuesOf(message: Message): unknown {
  switch (message.kind) {
    case "request":
    case "response":
      return message
    case "launch":
      return message.stages
    default:
      return null
  }
}

/** Whether MessagePack gives back exactly this. */
function survivesMessagePack(value: unknown, depth = 0): boolean {
  if (depth > maxDepth) {
    throw new RivuletError(`a message nested over ${maxDepth} levels deep`, {
      code: 2,
      try: "build the program in fewer steps, or nest its values less",
    })
  }
  switch (typeof value) {
    case "number":
      return !Object.is(value, -0)
    case "string":
      return isWellFormed(value)
    case "object": {
      if (value === null || value instanceof Uint8Array) return true
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) if (!(i in value) || !survivesMessagePack(value[i], depth + 1)) return false
        return true
      }
      if (Object.getPrototypeOf(value) !== Object.prototype) return false
      for (const key of Object.keys(value)) {
        if (key === "__proto__" || !isWellFormed(key)) return false
        if (!survivesMessagePack((value as { readonly [key: string]: unknown })[key], depth + 1)) return false
      }
      return true
    }
    default:
      return true
  }
}
