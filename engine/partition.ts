/**
 * Which partition a key or record goes to: by the high bits of its hash, so that tables within a partition may probe by the low ones.
 */

import { hashKey } from "./keys/key.js"

/** 0 … partitions - 1, the same on every machine. */
export function partitionOf(key: unknown, partitions: number): number {
  return partitions === 1 ? 0 : partitionOfHash(hashKey(key), partitions)
}

/** The partition of a key with this hash. */
export function partitionOfHash(hash: number, partitions: number): number {
  return Math.floor((hash * partitions) / 0x100000000)
}
