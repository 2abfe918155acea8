/** Serves blocks, or sections of shuffle regions, to workers and clients that name them: many in one message. */

import type { NodeId } from "../ports.js"
import type { Region } from "./allocator.js"
import { sectionView } from "./block-format.js"
import type { BlockStore } from "./block-store.js"
import type { Outbox } from "./outbox.js"

/** Answers with a frame for each block found, in the order asked; what is not here (or has no such section) is missing. */
export function serveBlocks(
  store: BlockStore,
  outbox: Outbox,
  to: NodeId,
  request: number,
  asked: readonly { readonly block: string; readonly section?: number }[],
): void {
  const missing: number[] = []
  const payload: Uint8Array[] = []
  const regions: Region[] = []
  for (const [index, { block, section }] of asked.entries()) {
    const held = store.get(block)
    const bytes = held === undefined ? undefined : viewOf(store.view(held.region), section)
    if (held === undefined || bytes === undefined) {
      missing.push(index)
      continue
    }
    payload.push(bytes)
    regions.push(held.region)
  }
  const message = { kind: "fetched", request, missing } as const
  if (payload.length === 0) outbox.send(to, message, [])
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
