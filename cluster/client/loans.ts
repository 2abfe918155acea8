/**
 * The memory of blocks that are sent, used again once nobody reads it. New memory is dear: the system clears it page by page as it is touched, which costs a
 * sender as much as packing what it holds, and V8 counts it as growth of its heap.
 *
 *   take ──▶ block ──lend──▶ under way ──giveBack──▶ kept for the next
 *
 * What does not come back (a batch that had to be sent again, a small block) is the collector's.
 */

/** Smaller blocks are no trouble, and must not hold the memory of large ones. */
const leastShare = 0.5
/** Kept for the next blocks: what a sender has under way, and some. */
const mostKept = 32
/** Each a loan of its own, whoever lends it: pushes of a session reach all its senders. */
let loans = 0

export class Loans {
  private readonly kept: SharedArrayBuffer[] = []
  private readonly lent = new Map<number, SharedArrayBuffer>()

  /** `bytes`: of the largest usual block. */
  constructor(private readonly bytes: number) {}

  /** Memory for a block, whatever it holds. Shared, so that it crosses threads without a copy. */
  take(bytes: number): Uint8Array {
    if (bytes > this.bytes || bytes < this.bytes * leastShare) return new Uint8Array(bytes)
    return new Uint8Array(this.kept.pop() ?? new SharedArrayBuffer(this.bytes), 0, bytes)
  }

  /** The block is under way: by this number its memory comes back. */
  lend({ buffer }: Uint8Array): number {
    const loan = ++loans
    if (buffer instanceof SharedArrayBuffer) this.lent.set(loan, buffer)
    return loan
  }

  /** Nobody reads it any more. A loan of somebody else's is none of ours. */
  giveBack(loan: number): void {
    const buffer = this.lent.get(loan)
    if (buffer === undefined) return
    this.lent.delete(loan)
    if (this.kept.length < mostKept) this.kept.push(buffer)
  }
}
