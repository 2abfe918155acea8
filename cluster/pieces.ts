/**
 * Payload of any size in frames of a bounded one: a state's partition or an interval's records can be larger than what one frame may take of
 * a peer's memory. What is longer is cut. A frame as long as the bound goes on in the next one, which may be empty.
 */

/** Frames of at most `maxBytes`. Pieces are views: nothing is copied. */
export function cutPayload(payload: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  if (payload.every(({ byteLength }) => byteLength < maxBytes)) return payload
  return payload.flatMap(frame => {
    const pieces: Uint8Array[] = []
    for (let at = 0; at <= frame.byteLength; at += maxBytes) pieces.push(frame.subarray(at, at + maxBytes))
    return pieces
  })
}

/** The payload that was cut. Null: its last piece is missing. Only what was cut is copied. */
export function joinPieces(frames: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] | null {
  if (frames.every(({ byteLength }) => byteLength < maxBytes)) return frames
  const payload: Uint8Array[] = []
  let begun: Uint8Array[] = []
  for (const frame of frames) {
    if (frame.byteLength === maxBytes) begun.push(frame)
    else if (begun.length === 0) payload.push(frame)
    else {
      payload.push(Buffer.concat([...begun, frame]))
      begun = []
    }
  }
  return begun.length === 0 ? payload : null
}
