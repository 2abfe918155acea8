/**
 * The handles of snapshot streams, whose intervals hold whole versions: `SnapshotDStream<T>`, and `StateDStream<K, S>` with one
 * value a key, which adds the questions that state answers without raw input.
 */

import type { Action } from "../actions/action.js"
import { RivuletError } from "../errors.js"
import { KeyMap } from "../keys/key.js"
import type { CogroupNode, QueryTime, RddNode, StateAtNode } from "../rdd.js"
import type { Duration, TimeLike } from "../time.js"
import { chainAnswer, mapAnswer } from "./answer.js"
import type { Answer, Series } from "./answer-types.js"
import { otherSide } from "./binary.js"
import { addHints } from "./hints.js"
import { historyOf } from "./history.js"
import type { UserFunction } from "./host.js"
import * as nodes from "./nodes.js"
import { checkOptions } from "./options.js"
import { RddHandle } from "./rdd.js"
import { SnapshotsHandle } from "./snapshots.js"
import { multipleOf, rangeOf, StreamHandle } from "./stream.js"
import type { SnapshotDStream, StateDStream } from "./stream-types.js"
import { transformed } from "./transform.js"

type AnySnapshots = SnapshotDStream<unknown>
type AnyState = StateDStream<unknown, unknown>

export class SnapshotHandle extends StreamHandle implements Record<keyof SnapshotDStream<unknown>, unknown> {
  map(f: UserFunction): AnySnapshots {
    return this.lifted("map", nodes.narrow("map", nodes.hole(0), this.host.link(f, "map")))
  }
  flatMap(f: UserFunction): AnySnapshots {
    return this.lifted("flatMap", nodes.narrow("flatMap", nodes.hole(0), this.host.link(f, "flatMap")))
  }
  /** Of a state: still one value a key. */
  filter(f: UserFunction): AnySnapshots {
    const rdd = nodes.narrow("filter", nodes.hole(0), this.host.link(f, "filter"))
    return this.lift("filter", "snapshot", rdd, [], this.keyed) as unknown as AnySnapshots
  }
  count(): AnySnapshots {
    return this.#act("count", { kind: "count" })
  }
  reduce(f: UserFunction): AnySnapshots {
    return this.#act("reduce", { kind: "reduce", f: this.host.link(f, "reduce") })
  }
  top(n: number, by?: UserFunction): AnySnapshots {
    return this.#act("top", { kind: "top", n: nodes.countOf(n, "top"), by: by ? this.host.link(by, "top") : null, order: "desc" })
  }
  reduceByKey(f: UserFunction): AnyState {
    return this.keyedLift("reduceByKey", nodes.reduceByKey(nodes.hole(0), this.host.link(f, "reduceByKey"), this.host.partitions))
  }
  groupByKey(): AnyState {
    return this.keyedLift("groupByKey", nodes.groupByKey(nodes.hole(0), this.host.partitions))
  }
  join(other: unknown): AnySnapshots {
    return this.#cogroup(other, "inner", "join")
  }
  leftOuterJoin(other: unknown): AnySnapshots {
    return this.#cogroup(other, "left", "leftOuterJoin")
  }

  at(time: TimeLike): RddHandle {
    return this.version(this.host.time(time))
  }
  latest(): RddHandle {
    return this.version(Number.POSITIVE_INFINITY)
  }
  slice(from: TimeLike, to: TimeLike = "now", options: { readonly every?: Duration } = {}): SnapshotsHandle {
    checkOptions(options, { of: "slice", names: ["every"] })
    const every = options.every === undefined ? null : multipleOf(this.interval, options.every, "every")
    const [start, end] = rangeOf(this.host, from, to)
    return new SnapshotsHandle(this.host, this, start, end, every)
  }

  transform(f: UserFunction): AnySnapshots {
    return this.lifted("transform", transformed(this.host, f, 1, "transform", this.interval))
  }

  protected lifted(operator: string, rdd: RddNode, others: readonly StreamHandle[] = []): AnySnapshots {
    return this.lift(operator, "snapshot", rdd, others) as unknown as AnySnapshots
  }
  protected keyedLift(operator: string, rdd: RddNode): AnyState {
    return this.lift(operator, "snapshot", rdd, [], true) as unknown as AnyState
  }
  protected version(at: QueryTime, read?: StateAtNode["read"]): RddHandle {
    const node: RddNode = { kind: "version", stream: this.id, at, ...(read && { read }) }
    return new RddHandle(this.host, Object.freeze(node))
  }
  #act(operator: string, action: Action): AnySnapshots {
    return this.lifted(operator, nodes.act(nodes.hole(0), action))
  }
  #cogroup(other: unknown, join: CogroupNode["join"], operator: string): AnySnapshots {
    if (other instanceof StreamHandle && !(other instanceof SnapshotHandle)) {
      throw new RivuletError(`${operator}: ${this.label} holds versions, ${other.name} records`, {
        code: 2,
        try: `${other.name}.${operator}(${this.label}): each record meets the version of its own interval`,
      })
    }
    const { node, streams } = otherSide(this, other, operator)
    return this.lifted(operator, nodes.cogroup([nodes.hole(0), node], join, this.host.partitions), streams)
  }
}

export class StateHandle extends SnapshotHandle implements Record<keyof StateDStream<unknown, unknown>, unknown> {
  mapValues(f: UserFunction): AnyState {
    return this.keyedLift("mapValues", nodes.narrow("mapValues", nodes.hole(0), this.host.link(f, "mapValues")))
  }
  get(key: unknown, at: TimeLike = "now"): Answer<unknown> {
    return mapAnswer(this.#pairs("get", [key], at), pairs => pairs[0]?.[1])
  }
  /** In the order of the keys asked for; those that have no state are left out. */
  getAll(keys: Iterable<unknown>, at: TimeLike = "now"): Answer<[unknown, unknown][]> {
    return this.#pairs("getAll", keys, at)
  }
  #pairs(method: "get" | "getAll", keys: Iterable<unknown>, at: TimeLike): Answer<[unknown, unknown][]> {
    const time = this.#second(method, at)
    const asked = new KeyMap<null>()
    for (const key of keys) asked.set(key, null)
    const wanted = [...asked.keys()]
    if (this.#stored) {
      const found = this.version(time, { kind: "key", keys: wanted }).collect({ max: Number.MAX_SAFE_INTEGER })
      return mapAnswer(found as Answer<[unknown, unknown][]>, pairs => pairs.sort((a, b) => asked.slot(a[0]) - asked.slot(b[0])))
    }
    const version = this.version(time)
    const found = wanted.map(key =>
      mapAnswer(version.lookup(key), values => values.slice(0, 1).map((value): [unknown, unknown] => [key, value])),
    )
    const [first, ...others] = found
    if (first === undefined) return mapAnswer(version.take(0), () => [])
    return others.reduce((all, next) => chainAnswer(all, pairs => mapAnswer(next, more => [...pairs, ...more])), first)
  }
  /** Whoever asks for several keys, one argument each, is not helped by the forms of times. */
  #second(method: "get" | "getAll", at: TimeLike): QueryTime {
    try {
      return this.host.time(at)
    } catch (error) {
      if (!(error instanceof RivuletError) || typeof at === "number") throw error
      throw new RivuletError(`${method}: ${error.message}: after the ${method === "get" ? "key" : "keys"} stands when`, {
        code: 2,
        try: `${this.name}.getAll([key, key]) of several keys, ${this.name}.get([a, b]) of a key that is a pair; at another time ${this.name}.get(key, "-5m")`,
      })
    }
  }
  history(key: unknown, from: TimeLike, to: TimeLike = "now"): Answer<Series<unknown>> {
    if (!this.#stored) return this.slice(from, to).lookup(key)
    const [since, at] = rangeOf(this.host, from, to)
    const node = this.version(at, { kind: "history", key, since }).node
    return this.host.query(nodes.act(node, { kind: "collect", max: Number.MAX_SAFE_INTEGER }), raw =>
      historyOf(raw.rows() as [number, unknown][], raw.stamp.intervals, this.interval),
    )
  }
  changes(from: TimeLike, to: TimeLike = "now"): RddHandle {
    const [since, at] = rangeOf(this.host, from, to)
    if (this.#stored) return this.version(at, { kind: "changes", since })
    return this.#asOf(since).diffTo(this.#asOf(at))
  }

  /** Whether versions lie in the workers' memory as a state; else they are computed from those of another stream. */
  get #stored(): boolean {
    return this.definition.node.kind === "state"
  }
  /** The state as of an instant is the version of the newest interval that ends by then. */
  #asOf(t: QueryTime): RddHandle {
    if (!Number.isFinite(t)) return this.version(t)
    if (t < 0) return this.version(-(Math.ceil(-t / this.interval) + 1) * this.interval)
    const interval = Math.floor(t / this.interval) * this.interval - this.interval
    return interval < 0 ? new RddHandle(this.host, nodes.nothing) : this.version(interval)
  }
}

addHints(SnapshotHandle.prototype, "snapshot")
