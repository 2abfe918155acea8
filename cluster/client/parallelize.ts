/** The user's own values as an RDD: encoded here and now, one asset a partition. */

import { createHash } from "node:crypto"
import { encodeRows } from "../../engine/block/block.js"
import { RivuletError } from "../../engine/errors.js"
import { atLeastOne } from "../../engine/fluent/nodes.js"
import type { Asset } from "../../engine/function-ref.js"
import type { RddNode } from "../../engine/rdd.js"

/** All of an RDD's values travel in one message. */
const maxBytes = 32 * 1024 * 1024

/** Cut in order into partitions of equal size (fewer when there are fewer values): a block each. */
export function parallelize(values: Iterable<unknown>, partitions: number): Asset[] {
  const rows = [...values]
  const n = Math.min(atLeastOne(partitions, "parallelize"), rows.length)
  const assets = Array.from({ length: n }, (_, p) => {
    return assetOf(encodeRows(rows.slice(Math.floor((p * rows.length) / n), Math.floor(((p + 1) * rows.length) / n))))
  })
  const total = assets.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  if (total > maxBytes) {
    throw new RivuletError(`parallelize: ${Math.ceil(total / 1024 / 1024)} MB are too much to send with a question (32 MB)`, {
      code: 2,
      try: "write a file and use textFile, or send it: rivulet send",
    })
  }
  return assets
}

/** A block as it travels, by what is in it. */
export function assetOf(bytes: Uint8Array): Asset {
  return { hash: createHash("sha256").update(bytes).digest("hex").slice(0, 32), bytes }
}

/** The RDD whose partitions these blocks are; they travel with what is made of it. */
export function ofAssets(host: { addAsset(asset: Asset): void; newId(letter: string): string }, assets: readonly Asset[]): RddNode {
  for (const asset of assets) host.addAsset(asset)
  if (assets.length === 0) return Object.freeze({ kind: "empty" })
  return Object.freeze({ kind: "parallelize", id: host.newId("p"), assets: assets.map(({ hash }) => hash) })
}
