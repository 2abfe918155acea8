/**
 * Memory for what tasks make, used again once it is stored elsewhere: an executor's own. New memory for each block would be cleared before it is
 * written, touched for the first time, and lie as garbage in the thread that it was handed to, whose collector then goes through all of its
 * heap for every few dozen megabytes.
 *
 *   take ──▶ handed on ──giveBack──▶ kept for the next of about its size
 */

/** Less is not worth a message. */
export const reusedBytes = 64 * 1024
/** Sizes are rounded up to it, so that blocks of about the same size fit the same memory. */
const stepBytes = 256 * 1024
/** A block may lie in memory so many times its size. */
const mostSpare = 2
/** Kept for the next blocks, unless memory is short. */
const mostKeptBytes = 32 * 1024 * 1024

export class OutputMemory {
  /** Those that came back last come last. */
  private readonly kept: ArrayBuffer[] = []
  private keptBytes = 0
  private readonly taken = new WeakSet<ArrayBuffer>()

  /** `mostKept`: so many bytes are kept at most. */
  constructor(private readonly mostKept = mostKeptBytes) {}

  /** Memory for so many bytes, whatever it holds, with nothing else in its buffer. */
  take(bytes: number): Uint8Array {
    if (bytes < reusedBytes) return new Uint8Array(bytes)
    const at = this.kept.findLastIndex(({ byteLength }) => byteLength >= bytes && byteLength <= Math.max(stepBytes, bytes * mostSpare))
    const buffer = at < 0 ? new ArrayBuffer(Math.ceil(bytes / stepBytes) * stepBytes) : this.kept.splice(at, 1)[0]!
    if (at >= 0) this.keptBytes -= buffer.byteLength
    this.taken.add(buffer)
    return new Uint8Array(buffer, 0, bytes)
  }

  /** Whether it is a buffer that holds one block alone, though it is larger. */
  isTaken(buffer: ArrayBufferLike): boolean {
    return this.taken.has(buffer as ArrayBuffer)
  }

  /** Nobody reads what lies in it any more. */
  giveBack(buffer: ArrayBuffer): void {
    if (buffer.byteLength < reusedBytes) return
    this.kept.push(buffer)
    this.keptBytes += buffer.byteLength
    while (this.keptBytes > this.mostKept) this.keptBytes -= this.kept.shift()!.byteLength
  }
}
