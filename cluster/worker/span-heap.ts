/**
 * Free space between two addresses, in 64-byte granules: good fit by size class, neighbours joined at once.
 *
 * Free spans hang in lists by class (eight classes to a power of two), so taking and giving back cost a few steps however
 * many spans there are, and small requests fill small holes before they break a large one. Nothing is written into the
 * memory itself: executors share it.
 */

export const granuleBytes = 64

/** A piece of the address range, free or taken. Neighbours by address make a chain over the whole range. */
export interface Span {
  readonly offset: number
  readonly length: number
}

interface Node {
  offset: number
  length: number
  free: boolean
  /** Neighbours by address. */
  before: Node | null
  after: Node | null
  /** Neighbours in the free list. */
  previous: Node | null
  next: Node | null
}

const classesPerPower = 8

export class SpanHeap {
  readonly #lists: (Node | null)[] = []
  #freeBytes = 0

  /** Both ends are rounded inwards to granules. */
  constructor(fromBytes: number, toBytes: number) {
    const offset = roundUp(fromBytes)
    const length = Math.floor(toBytes / granuleBytes) * granuleBytes - offset
    if (length > 0) this.#insert({ offset, length, free: true, before: null, after: null, previous: null, next: null })
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** The longest span that `take` could give now. */
  get largestFreeBytes(): number {
    for (let index = this.#lists.length - 1; index >= 0; index--) {
      let longest = 0
      for (let node = this.#lists[index] ?? null; node !== null; node = node.next) longest = Math.max(longest, node.length)
      if (longest > 0) return longest
    }
    return 0
  }

  /** A span of at least `bytes`, rounded up to granules; null when no free span is long enough. */
  take(bytes: number): Span | null {
    const length = Math.max(granuleBytes, roundUp(bytes))
    const node = this.#find(length)
    if (node === null) return null
    this.#remove(node)
    if (node.length > length) {
      const rest: Node = {
        offset: node.offset + length,
        length: node.length - length,
        free: true,
        before: node,
        after: node.after,
        previous: null,
        next: null,
      }
      if (node.after !== null) node.after.before = rest
      node.after = rest
      node.length = length
      this.#insert(rest)
    }
    return node
  }

  /** Gives back what `take` gave. Throws when it is not taken now. */
  give(span: Span): void {
    const node = span as Node
    if (node.free) throw new Error(`span at ${span.offset} is given back twice`)
    if (node.after?.free) this.#join(node, node.after)
    if (node.before?.free) {
      const before = node.before
      this.#remove(before)
      before.length += node.length
      before.after = node.after
      if (node.after !== null) node.after.before = before
      // The given handle must not pass for a taken span again.
      node.free = true
      this.#insert(before)
    } else this.#insert(node)
  }

  #join(node: Node, after: Node): void {
    this.#remove(after)
    node.length += after.length
    node.after = after.after
    if (after.after !== null) after.after.before = node
  }

  #find(length: number): Node | null {
    const own = classOf(length)
    // In its own class a span may be too short; in any higher one the first will do.
    for (let node = this.#lists[own] ?? null; node !== null; node = node.next) if (node.length >= length) return node
    for (let index = own + 1; index < this.#lists.length; index++) {
      const node = this.#lists[index] ?? null
      if (node !== null) return node
    }
    return null
  }

  #insert(node: Node): void {
    const index = classOf(node.length)
    while (this.#lists.length <= index) this.#lists.push(null)
    const head = this.#lists[index] ?? null
    node.free = true
    node.previous = null
    node.next = head
    if (head !== null) head.previous = node
    this.#lists[index] = node
    this.#freeBytes += node.length
  }

  #remove(node: Node): void {
    if (node.previous === null) this.#lists[classOf(node.length)] = node.next
    else node.previous.next = node.next
    if (node.next !== null) node.next.previous = node.previous
    node.previous = null
    node.next = null
    node.free = false
    this.#freeBytes -= node.length
  }
}

function classOf(bytes: number): number {
  const granules = bytes / granuleBytes
  if (granules < classesPerPower) return granules
  const power = 31 - Math.clz32(granules)
  return (power - 2) * classesPerPower + (Math.floor(granules / 2 ** (power - 3)) - classesPerPower)
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / granuleBytes) * granuleBytes
}
