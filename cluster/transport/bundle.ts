/**
 * Small packets to one peer, sent as one message. A hop through ZeroMQ costs the same for 100 bytes as for 10,000: two threads
 * woken, a system call on each side. Nodes that work off small tasks send thousands of packets a second, many of them in one
 * turn of the event loop.
 *
 *   0 magic 0x42 · 1 version · then for each packet: number of frames, 2 bytes; each frame: length, 4 bytes; bytes
 *
 * A packet's own first byte is the codec's magic, never this one.
 */

const magic = 0x42
const version = 1
const headBytes = 2

export type Frames = readonly Uint8Array[]

export function sizeOf(frames: Frames): number {
  let bytes = 0
  for (const frame of frames) bytes += frame.byteLength
  return bytes
}

/** One frame that holds copies of all. */
export function bundle(packets: readonly Frames[]): Uint8Array {
  let length = headBytes
  for (const frames of packets) length += 2 + 4 * frames.length + sizeOf(frames)
  const bytes = Buffer.allocUnsafe(length)
  bytes[0] = magic
  bytes[1] = version
  let at = headBytes
  for (const frames of packets) {
    at = bytes.writeUInt16LE(frames.length, at)
    for (const frame of frames) {
      at = bytes.writeUInt32LE(frame.byteLength, at)
      bytes.set(frame, at)
      at += frame.byteLength
    }
  }
  return bytes
}

/** The packets of a message, in order; a message that is no bundle is one packet. Null: a bundle that is damaged. */
export function unbundle(message: Frames): Frames[] | null {
  const first = message[0]
  if (message.length !== 1 || first === undefined || first[0] !== magic) return [message]
  if (first[1] !== version) return null
  const bytes = Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  const packets: Frames[] = []
  for (let at = headBytes; at < bytes.byteLength; ) {
    if (at + 2 > bytes.byteLength) return null
    const frames: Uint8Array[] = []
    const count = bytes.readUInt16LE(at)
    at += 2
    for (let i = 0; i < count; i++) {
      if (at + 4 > bytes.byteLength) return null
      const end = at + 4 + bytes.readUInt32LE(at)
      if (end > bytes.byteLength) return null
      frames.push(bytes.subarray(at + 4, end))
      at = end
    }
    packets.push(frames)
  }
  return packets
}
