/**
 * How streams end. One that a person stops computes no more and its name is free at once, but what it
 * has made and what it would go on from is kept for ten minutes, as a held stream's is: so it can be called back, and catches up.
 *
 *     live ──stop──▶ leaving ──undo──▶ live        leaving ──ten minutes, or memory is short──▶ stopped
 */

import type { StreamId } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import { formatDuration } from "../../engine/time.js"
import type { Request, Response } from "../protocol.js"
import { nameOf } from "./catalog.js"
import type { Clients } from "./clients.js"
import { usesOf } from "./definition-rules.js"
import { append, type Parts, say, type Times } from "./parts.js"
import { ok } from "./response.js"
import type { Retention } from "./retention.js"
import type { Sealing } from "./sealing.js"
import type { Sources } from "./sources.js"
import type { StreamRecord } from "./stream-record.js"
import type { Streams } from "./streams.js"
import { Succeeding } from "./succeeding.js"

type Answer = (response: Response) => void
type Asked<K extends Request["kind"]> = Extract<Request, { kind: K }>

export interface EndingParts {
  readonly clients: Clients
  readonly retention: Retention
  readonly sealing: Sealing
  readonly sources: Sources
  readonly streams: Streams
}

export class Endings {
  readonly #parts: Parts
  readonly #others: EndingParts
  readonly #succeeding: Succeeding

  constructor(parts: Parts, others: EndingParts) {
    this.#parts = parts
    this.#others = others
    this.#succeeding = new Succeeding(parts, (ids, by, times) => this.leave(ids, by, times))
  }

  stop(body: Asked<"stop">, times: Times, answer: Answer): void {
    const { leaving } = body
    const streams = leaving === undefined ? body.streams : body.streams.filter(name => !this.#openElsewhere(name, leaving))
    // Who shares what stays ends it then: this one is not waited for.
    if (leaving !== undefined && streams.length < body.streams.length)
      append(this.#parts, { kind: "left", session: leaving, wallMs: times.timeMs }, () => {})
    const stopped = this.#parts.catalog.planStop(streams, body.cascade, body.by, body.force)
    const value = { stopped, names: this.#names(stopped) }
    if (stopped.length === 0 || body.dryRun === true) return answer(ok(value))
    this.leave(stopped, body.by, times, () => answer(ok(value)))
  }

  #openElsewhere(name: string, session: string): boolean {
    const { catalog, ledger } = this.#parts
    const leases = catalog.find(name)?.leases ?? []
    return leases.some(other => other !== session && ledger.leases.get(other)?.leftMs === null)
  }

  /** They end, and can be called back for a while. `ids`: parents before children. */
  leave(ids: readonly StreamId[], by: string, times: Times, then: () => void = () => {}): void {
    if (this.#parts.config.undoMs <= 0) return this.end(ids, by, times, then)
    const { clients, sources, streams } = this.#others
    const names = this.#names(ids)
    for (const id of [...ids].reverse()) {
      streams.stop(id)
      sources.stop(id)
    }
    append(this.#parts, { kind: "leaving", streams: ids, by, wallMs: times.timeMs }, () => {
      for (const stream of names) clients.tell({ kind: "stopped", stream, by })
      then()
    })
  }

  /** They end for good, with those made of them that were leaving. */
  end(ids: readonly StreamId[], by: string, times: Times, then: () => void = () => {}): void {
    const names = this.#names(ids)
    this.#end(this.#withLeaving(ids), times, () => {
      for (const stream of names) this.#others.clients.tell({ kind: "stopped", stream, by })
      then()
    })
  }

  #end(ids: readonly StreamId[], times: Times, then: () => void): void {
    const { retention, sealing, sources, streams } = this.#others
    for (const id of [...ids].reverse()) {
      streams.stop(id)
      sources.stop(id)
      sealing.stopped(id)
    }
    const lettingGo = ids.map(id => retention.stop(id))
    append(this.#parts, { kind: "stop", streams: ids, wallMs: times.timeMs }, () => {
      for (const letGo of lettingGo) letGo()
      then()
    })
  }

  /** What was stopped is there again, and goes on from where it was. Asked of what is there it changes nothing. */
  undo({ streams: names, by, force }: Asked<"undo">, answer: Answer): void {
    const { catalog } = this.#parts
    const back: StreamRecord[] = []
    for (const name of names) {
      const stream = catalog.leaving(name)
      if (stream !== undefined) back.push(stream)
      else if (catalog.find(name) === undefined)
        throw new RivuletError(
          `${name} cannot be called back: it was not stopped in the last ${formatDuration(this.#parts.config.undoMs)}, or its memory was needed`,
          {
            code: 4,
            try: "define it anew",
          },
        )
    }
    catalog.checkOwner(back, by, force)
    for (const stream of back) this.#checkPlace(stream, back)
    const undone = back.map(({ definition }) => definition.id)
    if (undone.length === 0) return answer(ok({ undone }))
    append(this.#parts, { kind: "returned", streams: undone }, () => {
      answer(ok({ undone }))
      for (const { definition } of back) this.#others.clients.tell({ kind: "defined", stream: nameOf({ definition }), by })
    })
  }

  /** Its name, its receiver and what it is made of must be there for it. */
  #checkPlace({ definition }: StreamRecord, back: readonly StreamRecord[]): void {
    const { catalog } = this.#parts
    const name = nameOf({ definition })
    const inWay = (other: StreamRecord, what: string) =>
      new RivuletError(`${name} cannot be called back: ${nameOf(other)} ${what}`, { code: 4, try: "rename or stop that one first" })
    for (const other of catalog.live()) if (nameOf(other) === name) throw inWay(other, "has its name")
    const { node } = definition
    const receiver = node.kind === "input" && node.source.kind === "receiver" ? catalog.receiver(node.source.name) : undefined
    if (receiver !== undefined) throw inWay(receiver, "receives in its place")
    for (const id of usesOf(definition)) {
      if (catalog.get(id) !== undefined || back.some(other => other.definition.id === id)) continue
      throw new RivuletError(`${name} cannot be called back: what it is made of was stopped too`, { code: 4, try: "call that back first" })
    }
  }

  /** What has caught up takes its predecessor's place; what has been leaving for long enough goes, or all of it when memory is short. */
  sweep(times: Times): void {
    this.#succeeding.advance(times)
    const { catalog, config } = this.#parts
    const leaving = catalog.kept().filter(({ leaving }) => leaving !== null)
    if (leaving.length === 0) return
    const needed = this.#others.retention.memory.short
    if (needed) say(this.#parts, "info", `memory is short: what was stopped can be called back no more: ${leaving.map(nameOf).join(", ")}`)
    const over = leaving.filter(({ leaving: since }) => needed || times.timeMs - (since as { wallMs: number }).wallMs >= config.undoMs)
    if (over.length > 0) this.#end(this.#withLeaving(over.map(({ definition }) => definition.id)), times, () => {})
  }

  /** With those that are leaving and made of them, in order of definition. */
  #withLeaving(ids: readonly StreamId[]): StreamId[] {
    const ending = new Set(ids)
    for (const { definition, leaving } of this.#parts.catalog.kept())
      if (leaving !== null && usesOf(definition).some(parent => ending.has(parent))) ending.add(definition.id)
    return this.#parts.catalog
      .kept()
      .map(({ definition }) => definition.id)
      .filter(id => ending.has(id))
  }

  #names(ids: readonly StreamId[]): string[] {
    const { ledger } = this.#parts
    return ids.map(id => {
      const record = ledger.streams.get(id)
      return record === undefined ? id : nameOf(record)
    })
  }
}
