/**
 * Scratch. What a session defines, other than a submitted program, is there for as long as somebody has the session
 * open, and for a time after that (24 h, unless the session said otherwise). Before it ends everybody who is attached is told, and
 * `status` says it; what something that stays is made of stays with it; `keep` takes it out of this.
 *
 * Who has which session open is known from their hellos, so that a master that was started again knows it a moment later. Since when
 * nobody has, is journaled.
 */

import type { StreamId } from "../../engine/definition.js"
import type { NodeId } from "../ports.js"
import type { CatalogEntry, ClusterEvent } from "../protocol.js"
import { isInternal, nameOf } from "./catalog.js"
import { usesOf } from "./definition-rules.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { StreamRecord } from "./stream-record.js"

/** So long before its end it is said, or a quarter of its time if that is less. */
const longestNoticeMs = 3_600_000

export class Leases {
  readonly #parts: Parts
  readonly #tell: (event: ClusterEvent) => void
  readonly #open = new Map<NodeId, Set<string>>()
  /** The end that was announced, by stream. */
  readonly #said = new Map<StreamId, number>()

  constructor(parts: Parts, tell: (event: ClusterEvent) => void) {
    this.#parts = parts
    this.#tell = tell
  }

  /** All sessions that the client has open. */
  hello(client: NodeId, sessions: readonly string[]): void {
    this.#open.set(client, new Set(sessions))
  }

  opened(client: NodeId, session: string): void {
    const open = this.#open.get(client)
    if (open === undefined) this.#open.set(client, new Set([session]))
    else open.add(session)
  }

  closed(client: NodeId, session: string): void {
    this.#open.get(client)?.delete(session)
  }

  clientLost(client: NodeId): void {
    this.#open.delete(client)
  }

  /** Notes who has come and gone. Gives the streams whose time is over, parents first. */
  sweep(times: Times): StreamId[] {
    const { ledger } = this.#parts
    const open = new Set([...this.#open.values()].flatMap(sessions => [...sessions]))
    let due = false
    for (const [session, { leftMs, ttlMs }] of ledger.leases) {
      const attached = open.has(session)
      if (attached === (leftMs === null)) due ||= leftMs !== null && times.timeMs >= leftMs + ttlMs - noticeMs(ttlMs)
      else append(this.#parts, { kind: "left", session, wallMs: attached ? null : times.timeMs }, () => {})
    }
    if (!due) return []
    const ending = this.#ending(times.timeMs)
    this.#announce(times.timeMs)
    if (ending.length > 0)
      say(this.#parts, "info", `nobody was attached who defined them: ${ending.map(id => this.#name(id)).join(", ")} end`)
    return ending
  }

  /** When it ends: null as long as its session is open. Undefined: it stays. */
  of({ leases }: StreamRecord): CatalogEntry["lease"] {
    if (leases.length === 0) return undefined
    const of = leases.map(session => this.#parts.ledger.leases.get(session)).filter(lease => lease !== undefined)
    if (of.length === 0) return undefined
    const open = of.find(({ leftMs }) => leftMs === null)
    if (open !== undefined) return { ttlMs: Math.max(...of.map(({ ttlMs }) => ttlMs)), endsMs: null }
    const ends = of.map(({ leftMs, ttlMs }) => (leftMs as number) + ttlMs)
    const endsMs = Math.max(...ends)
    return { ttlMs: of[ends.indexOf(endsMs)]?.ttlMs as number, endsMs }
  }

  /** For `status`: what ends soon. */
  notices(nowMs: number): string[] {
    return [...this.#soon(nowMs)].map(([endsMs, streams]) => notice(streams, endsMs))
  }

  #announce(nowMs: number): void {
    for (const [endsMs, streams] of this.#soon(nowMs)) {
      const fresh = streams.filter(({ definition }) => this.#said.get(definition.id) !== endsMs)
      if (fresh.length === 0) continue
      for (const { definition } of fresh) this.#said.set(definition.id, endsMs)
      const text = notice(fresh, endsMs)
      this.#tell({ kind: "warning", text })
      say(this.#parts, "info", text)
    }
  }

  /** Named ones and outputs that end soon, by their end. */
  #soon(nowMs: number): Map<number, StreamRecord[]> {
    const soon = new Map<number, StreamRecord[]>()
    const staying = this.#staying(Number.POSITIVE_INFINITY)
    for (const stream of this.#parts.catalog.live()) {
      const { definition } = stream
      if (staying.has(definition.id) || !(definition.named || definition.kind === "output") || isInternal(definition)) continue
      const lease = this.of(stream)
      if (lease?.endsMs == null || nowMs < lease.endsMs - noticeMs(lease.ttlMs)) continue
      soon.set(lease.endsMs, [...(soon.get(lease.endsMs) ?? []), stream])
    }
    return soon
  }

  #ending(nowMs: number): StreamId[] {
    const staying = this.#staying(nowMs)
    return this.#parts.catalog
      .live()
      .map(({ definition }) => definition.id)
      .filter(id => !staying.has(id))
  }

  /** Those that do not end by then, and what they are made of. */
  #staying(nowMs: number): Set<StreamId> {
    const staying = new Set<StreamId>()
    for (const stream of [...this.#parts.catalog.live()].reverse()) {
      const lease = this.of(stream)
      const { definition } = stream
      if (lease !== undefined && lease.endsMs !== null && lease.endsMs <= nowMs && !staying.has(definition.id)) continue
      staying.add(definition.id)
      for (const used of usesOf(definition)) staying.add(used)
      const { node } = definition
      if (node.kind === "input" && node.source.kind === "arrivals") staying.add(node.source.stream)
    }
    return staying
  }

  #name(id: StreamId): string {
    const stream = this.#parts.ledger.streams.get(id)
    return stream === undefined ? id : nameOf(stream)
  }
}

function noticeMs(ttlMs: number): number {
  return Math.min(longestNoticeMs, ttlMs / 4)
}

function notice(streams: readonly StreamRecord[], endsMs: number): string {
  const names = streams.map(nameOf)
  const [end, them] = names.length === 1 ? ["ends", "it"] : ["end", "them"]
  const at = new Date(endsMs).toISOString().replace(/\.\d+Z$/, "Z")
  return `${names.join(", ")} ${end} at ${at}, as nobody who defined ${them} is attached. rivulet keep ${names.join(" ")} keeps ${them}`
}
