/**
 * Memory that pieces of files are read into, used again once nobody reads the piece. Each lies in shared memory, so that an executor has it without a copy:
 * then it is free only when both threads' collectors have seen that, and nothing tells them to look, as shared memory does not count as
 * growth of a heap. A worker that reads its disk at 200 MB/s would grow by as much.
 *
 *   take ──▶ lent ──giveBack──▶ kept for the next of about its size
 */

/** Sizes are rounded up to it, so that blocks of about the same size fit the same memory. */
const stepBytes = 256 * 1024
/** A piece may lie in memory so many times its size. */
const mostSpare = 2
/** Kept for the next pieces, unless memory is short: about what tasks may read at once. */
const mostKeptBytes = 64 * 1024 * 1024

export class ReadMemory {
  /** By request. */
  private readonly lent = new Map<string, SharedArrayBuffer>()
  /** Those that came back last come last. */
  private readonly kept: SharedArrayBuffer[] = []
  private keptBytes = 0

  /** `mostKept`: so many bytes are kept at most. */
  constructor(private readonly mostKept = mostKeptBytes) {}

  /** Memory for what the request reads, whatever it holds; the request's until it is given back. */
  take(request: string, bytes: number): Uint8Array {
    const at = this.kept.findLastIndex(({ byteLength }) => byteLength >= bytes && byteLength <= Math.max(stepBytes, bytes * mostSpare))
    const memory = at < 0 ? new SharedArrayBuffer(Math.ceil(bytes / stepBytes) * stepBytes) : this.kept.splice(at, 1)[0]!
    if (at >= 0) this.keptBytes -= memory.byteLength
    this.lent.set(request, memory)
    return new Uint8Array(memory, 0, bytes)
  }

  /** Nobody reads it any more. Idempotent. */
  giveBack(request: string): void {
    const memory = this.lent.get(request)
    if (memory === undefined) return
    this.lent.delete(request)
    this.kept.push(memory)
    this.keptBytes += memory.byteLength
    while (this.keptBytes > this.mostKept) this.keptBytes -= this.kept.shift()!.byteLength
  }
}
