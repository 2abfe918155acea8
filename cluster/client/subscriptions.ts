/** Which streams' completed intervals are asked for, and how often: several watchers share one subscription. Pure. */

import type { Request } from "../protocol.js"

export class Subscriptions {
  readonly #watchers = new Map<string, number>()

  /** Whether a request has to go to the master. "no": others still watch the stream. Requests of other kinds always go. */
  changes(body: Request): "yes" | "no" {
    if (body.kind === "subscribe") this.#watchers.set(body.stream, (this.#watchers.get(body.stream) ?? 0) + 1)
    if (body.kind !== "unsubscribe") return "yes"
    const left = (this.#watchers.get(body.stream) ?? 1) - 1
    if (left <= 0) this.#watchers.delete(body.stream)
    else this.#watchers.set(body.stream, left)
    return left <= 0 ? "yes" : "no"
  }

  /** For a master that does not know of them. */
  again(): Request[] {
    return [...this.#watchers.keys()].map(stream => ({ kind: "subscribe", stream }))
  }
}
