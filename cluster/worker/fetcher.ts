/**
 * Blocks and sections that a task needs and other workers hold (the paper's §4.2: asynchronous, many in one message).
 * A holder that does not have it, does not answer or dies makes the next one be asked; when all have been asked the want
 * fails. What is wanted twice at once is fetched once.
 */

import type { NodeId } from "../ports.js"
import type { Region } from "./allocator.js"
import type { BlockStore } from "./block-store.js"
import type { ClockOffset } from "./clock-offset.js"
import type { WorkerConfig } from "./config.js"
import { FetchCache } from "./fetch-cache.js"
import type { Outbox } from "./outbox.js"
import type { Peers } from "./peers.js"

export interface FetchFailure {
  /** Who was asked last; null: nobody. */
  readonly from: NodeId | null
  readonly why: string
  /** Whether that is what it said. Else it was silent, or could not be reached: it may have it all the same. */
  readonly answered: boolean
}

export interface Waiter {
  /** The bytes lie here, pinned once for this waiter, who unpins them. `disk`: where they were, they lay on disk. */
  arrived(region: Region, disk: boolean): void
  /** They came, but block memory has no room for them: they lie in shared memory of their own. */
  overflowed(bytes: Uint8Array, disk: boolean): void
  failed(failure: FetchFailure): void
}

export interface FetcherParts {
  readonly node: NodeId
  readonly config: WorkerConfig
  readonly clock: ClockOffset
  readonly outbox: Outbox
  readonly store: BlockStore
  readonly peers: Peers
}

interface Want {
  readonly key: string
  readonly block: string
  readonly section: number | undefined
  /** Holders still to be asked. A broken connection earns a holder one more try. */
  readonly holders: NodeId[]
  readonly retried: Set<NodeId>
  readonly waiters: Set<Waiter>
  /** Since when no holder that is left is among the known peers. */
  parkedMs: number | null
  last: FetchFailure | null
}

interface Asked {
  readonly peer: NodeId
  readonly wants: readonly Want[]
  readonly sentMs: number
}

const itemsPerMessage = 512

export class Fetcher {
  readonly #parts: FetcherParts
  readonly #cache: FetchCache
  readonly #wants = new Map<string, Want>()
  /** To be asked for at the end of the step, by peer. */
  readonly #toAsk = new Map<NodeId, Want[]>()
  readonly #parked = new Set<Want>()
  readonly #asked = new Map<number, Asked>()
  #requests = 0
  /** Answers that did not fit their question. */
  malformed = 0

  constructor(parts: FetcherParts) {
    this.#parts = parts
    this.#cache = new FetchCache(parts.store, parts.config.highWater)
  }

  want(block: string, section: number | undefined, holders: readonly NodeId[], waiter: Waiter): void {
    const cached = section === undefined ? this.#cache.take(block, this.#parts.clock.monotonicMs) : null
    if (cached !== null) {
      waiter.arrived(cached, false)
      return
    }
    const { node, peers } = this.#parts
    const key = section === undefined ? block : `${block}/${section}`
    const known = this.#wants.get(key)
    const others = holders.filter(holder => holder !== node)
    // It is not held here, or nobody would want it: whoever says so must learn it.
    const last = holders.includes(node) ? { from: node, why: "does not have it", answered: true } : null
    if (known !== undefined) {
      known.last ??= last
      known.waiters.add(waiter)
      for (const holder of others) if (!known.retried.has(holder) && !known.holders.includes(holder)) known.holders.push(holder)
      return
    }
    // Stable: those of this host first.
    const near = [...others.filter(holder => peers.sameHost(holder)), ...others.filter(holder => !peers.sameHost(holder))]
    const want: Want = { key, block, section, holders: near, retried: new Set(), waiters: new Set([waiter]), parkedMs: null, last }
    this.#wants.set(key, want)
    this.#next(want)
  }

  /** The waiter needs nothing any more. */
  abandon(waiter: Waiter): void {
    for (const want of [...this.#wants.values()]) {
      if (!want.waiters.delete(waiter) || want.waiters.size > 0) continue
      this.#wants.delete(want.key)
      this.#parked.delete(want)
    }
  }

  onFetched(from: NodeId, request: number, missing: readonly number[], payload: readonly Uint8Array[], disk = false): void {
    const asked = this.#asked.get(request)
    if (asked === undefined || asked.peer !== from) return
    this.#asked.delete(request)
    const absent = new Set(missing)
    if (payload.length + absent.size !== asked.wants.length) {
      this.malformed++
      const why = `answered ${asked.wants.length} questions with ${payload.length} blocks`
      for (const want of asked.wants) this.#failedAt(want, { from, why, answered: false })
      return
    }
    let frame = 0
    for (const [index, want] of asked.wants.entries()) {
      if (absent.has(index)) this.#failedAt(want, { from, why: "does not have it", answered: true })
      else this.#arrived(want, payload[frame++]!, disk)
    }
  }

  /** `dead`: the cluster has given the peer up, so it is not asked again. */
  onPeerLost(peer: NodeId, dead: boolean): void {
    const waiting = this.#toAsk.get(peer) ?? []
    this.#toAsk.delete(peer)
    for (const want of waiting) this.#failedAt(want, { from: peer, why: "was lost", answered: false }, !dead)
    for (const [request, asked] of [...this.#asked]) {
      if (asked.peer !== peer) continue
      this.#asked.delete(request)
      for (const want of asked.wants) this.#failedAt(want, { from: peer, why: "was lost", answered: false }, !dead)
    }
  }

  onPeers(): void {
    for (const want of [...this.#parked]) this.#next(want)
  }

  onTime(nowMs: number): void {
    const { fetchTimeoutMs } = this.#parts.config
    this.#cache.onTime(nowMs)
    for (const [request, asked] of [...this.#asked]) {
      if (nowMs - asked.sentMs < fetchTimeoutMs) break
      this.#asked.delete(request)
      const why = `did not answer for ${fetchTimeoutMs} ms`
      for (const want of asked.wants) this.#failedAt(want, { from: asked.peer, why, answered: false })
    }
    for (const want of [...this.#parked]) {
      if (nowMs - want.parkedMs! < fetchTimeoutMs) continue
      want.last ??= { from: want.holders[0]!, why: "is no worker that this one knows", answered: false }
      want.holders.length = 0
      this.#next(want)
    }
  }

  get deadlineMs(): number {
    const { fetchTimeoutMs } = this.#parts.config
    let first = this.#cache.deadlineMs
    for (const want of this.#parked) first = Math.min(first, want.parkedMs! + fetchTimeoutMs)
    for (const asked of this.#asked.values()) return Math.min(first, asked.sentMs + fetchTimeoutMs)
    return first
  }

  /** At the end of a step: one message a peer. */
  flush(): void {
    const { outbox, clock } = this.#parts
    for (const [peer, all] of this.#toAsk) {
      const wants = all.filter(want => this.#wants.get(want.key) === want)
      for (let from = 0; from < wants.length; from += itemsPerMessage) {
        const part = wants.slice(from, from + itemsPerMessage)
        const request = ++this.#requests
        this.#asked.set(request, { peer, wants: part, sentMs: clock.monotonicMs })
        const blocks = part.map(({ block, section }) => (section === undefined ? { block } : { block, section }))
        outbox.send(peer, { kind: "fetch", request, blocks })
      }
    }
    this.#toAsk.clear()
  }

  #next(want: Want): void {
    const { peers, clock } = this.#parts
    this.#parked.delete(want)
    const index = want.holders.findIndex(holder => peers.has(holder))
    if (index >= 0) {
      const peer = want.holders.splice(index, 1)[0]!
      want.parkedMs = null
      const list = this.#toAsk.get(peer)
      if (list === undefined) this.#toAsk.set(peer, [want])
      else list.push(want)
    } else if (want.holders.length > 0) {
      // A holder that the master knows and this worker does not yet: its list of peers is under way.
      want.parkedMs ??= clock.monotonicMs
      this.#parked.add(want)
    } else {
      this.#wants.delete(want.key)
      const failure = want.last ?? { from: null, why: "nobody else is said to hold it", answered: false }
      for (const waiter of want.waiters) waiter.failed(failure)
    }
  }

  #failedAt(want: Want, failure: FetchFailure & { readonly from: NodeId }, again = false): void {
    if (this.#wants.get(want.key) !== want) return
    const { from } = failure
    want.last = failure
    if (again && !want.retried.has(from)) want.holders.push(from)
    want.retried.add(from)
    this.#next(want)
  }

  #arrived(want: Want, bytes: Uint8Array, disk: boolean): void {
    if (this.#wants.get(want.key) !== want) return
    this.#wants.delete(want.key)
    const { store, clock } = this.#parts
    let region = store.putTemporary(bytes, want.waiters.size)
    if (region === null) {
      this.#cache.clear()
      region = store.putTemporary(bytes, want.waiters.size)
    }
    if (region !== null && want.section === undefined) this.#cache.keep(want.block, region, clock.monotonicMs)
    // A task that is under way must end, or nothing that it reads is ever free: what it fetches need not fit.
    const overflow = region === null ? sharedCopy(bytes) : null
    for (const waiter of want.waiters) {
      if (region !== null) waiter.arrived(region, disk)
      else waiter.overflowed(overflow!, disk)
    }
  }
}

function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}
