/**
 * Versions of a snapshot stream over a range of time, in time order: an action gives one result a version. `map` and the like
 * make a recipe of the stream, whose versions these are then.
 */

import type { Action } from "../actions/action.js"
import type { QueryTime, RddNode } from "../rdd.js"
import type { Answer, Series } from "./answer-types.js"
import { type HandleData, handleBrand } from "./brand.js"
import { addHints } from "./hints.js"
import { seriesOf } from "./history.js"
import type { Host, UserFunction } from "./host.js"
import * as nodes from "./nodes.js"
import { RddHandle } from "./rdd.js"
import type { Snapshots } from "./rdd-types.js"
import type { StreamHandle } from "./stream.js"

/** A stream whose versions can be mapped: `SnapshotHandle`, which makes these. */
export interface VersionedStream extends StreamHandle {
  map(f: UserFunction): unknown
  filter(f: UserFunction): unknown
  transform(f: UserFunction): unknown
}

export class SnapshotsHandle implements Record<keyof Snapshots<unknown>, unknown> {
  readonly #host: Host
  readonly #stream: VersionedStream
  readonly from: QueryTime
  readonly to: QueryTime
  readonly #everyMs: number | null

  constructor(host: Host, stream: VersionedStream, from: QueryTime, to: QueryTime, everyMs: number | null) {
    this.#host = host
    this.#stream = stream
    this.from = from
    this.to = to
    this.#everyMs = everyMs
  }

  get [handleBrand](): HandleData {
    return { kind: "snapshots", id: this.#stream.id, from: this.from, to: this.to, everyMs: this.#everyMs }
  }

  map(f: UserFunction): SnapshotsHandle {
    return this.#of(this.#stream.map(f))
  }
  filter(f: UserFunction): SnapshotsHandle {
    return this.#of(this.#stream.filter(f))
  }
  transform(f: UserFunction): SnapshotsHandle {
    return this.#of(this.#stream.transform(f))
  }

  count(): Answer<Series<unknown>> {
    return this.#series({ kind: "count" }, rows => rows[0] ?? 0)
  }
  reduce(f: UserFunction): Answer<Series<unknown>> {
    return this.#series({ kind: "reduce", f: this.#host.link(f, "reduce") }, rows => rows[0])
  }
  top(n: number, by?: UserFunction): Answer<Series<unknown[]>> {
    const action: Action = { kind: "top", n: nodes.countOf(n, "top"), by: by ? this.#host.link(by, "top") : null, order: "desc" }
    return this.#series(action, rows => rows)
  }
  /** A key's value in each version; undefined where it has none. */
  lookup(key: unknown): Answer<Series<unknown>> {
    return this.#series({ kind: "lookup", key }, rows => rows[0])
  }

  first(): RddHandle {
    return new RddHandle(this.#host, this.#slice("first"))
  }
  last(): RddHandle {
    return new RddHandle(this.#host, this.#slice("last"))
  }
  union(): RddHandle {
    return new RddHandle(this.#host, this.#slice())
  }

  #of(stream: unknown): SnapshotsHandle {
    return new SnapshotsHandle(this.#host, stream as VersionedStream, this.from, this.to, this.#everyMs)
  }
  #slice(pick?: "first" | "last"): RddNode {
    const { from, to } = this
    const every = this.#everyMs === null ? {} : { everyMs: this.#everyMs }
    return Object.freeze({ kind: "slice", stream: this.#stream.id, from, to, ...every, ...(pick && { pick }) })
  }
  #series<T>(action: Action, decode: (rows: unknown[]) => T): Answer<Series<T>> {
    const intervalMs = this.#stream.interval
    return this.#host.query(nodes.actOnEach(this.#slice(), action), raw =>
      seriesOf(raw.rows() as [number, unknown][], raw.stamp.intervals, intervalMs, this.#everyMs, decode),
    )
  }
}

addHints(SnapshotsHandle.prototype, "versions")
