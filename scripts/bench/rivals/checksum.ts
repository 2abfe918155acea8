/** One number for a table of counts by key, whatever its order. */

export type Count = readonly [key: string, count: number]

/** Modulo 2^32, and linear: the checksum of several tables' sum is the sum of theirs. */
export function checksumOf(counts: Iterable<Count>): number {
  let sum = 0
  for (const [key, count] of counts) {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0
    sum = (sum + Math.imul(hash, count)) | 0
  }
  return sum >>> 0
}

/** How often each of them is there. */
export function countOf(keys: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}
