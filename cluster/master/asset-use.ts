/**
 * Which functions and data the master keeps. They come with definitions, are many and may be large, and a client sends each only once: so what no
 * definition and no question names any more is let go of when the journal is made short, and a client whose next request names it hears that it is
 * lacking, and sends it again.
 */

import { assetHashes } from "../../engine/asset-hashes.js"
import type { Request } from "../protocol.js"
import { LackingAssets } from "./lacking-assets.js"
import type { Ledger } from "./ledger.js"
import type { Queries } from "./queries.js"

export class AssetUse {
  readonly #ledger: Pick<Ledger, "assets" | "streams">
  readonly #queries: Pick<Queries, "assetHashes">
  /** Those that nothing named at the last look. */
  #unused: ReadonlySet<string> = new Set()

  constructor(ledger: Pick<Ledger, "assets" | "streams">, queries: Pick<Queries, "assetHashes">) {
    this.#ledger = ledger
    this.#queries = queries
  }

  /** Throws LackingAssets. */
  check(body: Request): void {
    const lacking = "kept" in body ? (body.kept ?? []).filter(hash => !this.#ledger.assets.has(hash)) : []
    if (lacking.length > 0) throw new LackingAssets(lacking)
  }

  /** Lets go of what nothing has named at this look and the one before: tasks that were just ended may still ask for theirs. */
  sweep(): void {
    const { assets, streams } = this.#ledger
    const used = new Set<string>()
    for (const { definition, versions } of streams.values()) assetHashes([definition, versions], used)
    this.#queries.assetHashes(used)
    const unused = new Set([...assets.keys()].filter(hash => !used.has(hash)))
    for (const hash of unused) if (this.#unused.has(hash)) assets.delete(hash)
    this.#unused = unused
  }
}
