/** Blocks of an interval as map tasks. */

import type { NodeId } from "../ports.js"

/**
 * Groups the blocks of an interval into map tasks: runs of blocks that one worker holds, in their order (so that events of
 * a key keep the order of their batches), as many as there are executors if there is enough to do: less than `leastBytes` is not
 * worth a task of its own.
 */
export function groupBlocks<B extends { readonly block: string; readonly bytes: number }>(
  blocks: readonly B[],
  holders: (block: string) => readonly NodeId[],
  executors: number,
  leastBytes: number,
): B[][] {
  let total = 0
  for (const block of blocks) total += block.bytes
  const target = Math.max(leastBytes, Math.ceil(total / Math.max(1, executors)))
  const groups: B[][] = []
  let group: B[] = []
  let bytes = 0
  let common = new Set<NodeId>()
  for (const block of blocks) {
    const here = holders(block.block)
    const shared = new Set([...common].filter(node => here.includes(node)))
    const full = bytes + block.bytes > target && bytes > 0
    const elsewhere = shared.size === 0 && bytes >= leastBytes
    if (group.length > 0 && (full || elsewhere)) {
      groups.push(group)
      group = []
      bytes = 0
    }
    common = group.length === 0 ? new Set(here) : shared.size > 0 ? shared : common
    group.push(block)
    bytes += block.bytes
  }
  if (group.length > 0) groups.push(group)
  return groups
}
