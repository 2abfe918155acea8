/**
 * Node's fast ways from bytes to text, and one back. They are methods of every Buffer, also over shared memory, but not in its types.
 * Slices take byte offsets `[from, to)`.
 */
export interface TextBytes extends Uint8Array {
  latin1Slice(from: number, to: number): string
  utf8Slice(from: number, to: number): string
  ucs2Slice(from: number, to: number): string
  hexSlice(from: number, to: number): string
  /** The bytes written; a character that does not fit is not begun. */
  utf8Write(text: string, at: number): number
}

/** The same memory, with those methods. */
export function textBytes(bytes: Uint8Array): TextBytes & Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as unknown as TextBytes & Buffer
}
