/**
 * Serves blocks, or sections of shuffle regions, to workers and clients that name them: many in one message. What lies on disk
 * is read first; the answer comes when all of it is there.
 */

import type { NodeId } from "../ports.js"
import type { Region } from "./allocator.js"
import { sectionView } from "./block-format.js"
import type { BlockStore, StoredBlock } from "./block-store.js"
import type { Outbox } from "./outbox.js"
import type { Spill } from "./spill.js"

export interface ServerParts {
  readonly store: BlockStore
  readonly outbox: Outbox
  readonly spill: Spill
}

/** Answers with a frame for each block found, in the order asked; what is not here (or has no such section) is missing. */
export function serveBlocks(
  parts: ServerParts,
  to: NodeId,
  request: number,
  asked: readonly { readonly block: string; readonly section?: number }[],
): void {
  const { store, spill } = parts
  const frames: (Uint8Array | undefined)[] = []
  const regions: Region[] = []
  const onDisk: { readonly index: number; readonly block: StoredBlock }[] = []
  for (const [index, { block, section }] of asked.entries()) {
    const held = store.get(block)
    if (held !== undefined && held.region === null) onDisk.push({ index, block: held })
    const bytes = held === undefined || held.region === null ? undefined : viewOf(store.view(held.region), section)
    frames.push(bytes)
    if (bytes !== undefined) regions.push(held!.region!)
  }
  if (onDisk.length === 0) return answer(parts, to, request, frames, regions, false)
  // They must not go while the others are read.
  for (const region of regions) store.pin(region)
  let open = onDisk.length
  for (const { index, block } of onDisk) {
    spill.read(block, bytes => {
      if (bytes !== null) frames[index] = viewOf(bytes, asked[index]?.section)
      if (--open > 0) return
      answer(parts, to, request, frames, regions, true)
      for (const region of regions) store.unpin(region)
    })
  }
}

function answer(
  { outbox }: ServerParts,
  to: NodeId,
  request: number,
  frames: readonly (Uint8Array | undefined)[],
  regions: readonly Region[],
  disk: boolean,
): void {
  const missing = [...frames.keys()].filter(index => frames[index] === undefined)
  const payload = frames.filter(frame => frame !== undefined)
  const message = { kind: "fetched", request, missing, ...(disk && { disk }) } as const
  if (regions.length === 0) outbox.send(to, message, payload)
  else outbox.sendPinned(to, message, payload, regions)
}

function viewOf(bytes: Uint8Array, section: number | undefined): Uint8Array | undefined {
  if (section === undefined) return bytes
  try {
    return sectionView(bytes, section)
  } catch {
    return undefined
  }
}
