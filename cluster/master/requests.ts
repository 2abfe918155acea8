/**
 * What clients ask. A client repeats what was not answered when it has reconnected, so an answer is kept for as long as its
 * client is there, and a request that is being worked on is not begun again. Whatever goes wrong is answered: one bad
 * request must not end the master.
 */

import type { StreamId } from "../../engine/definition.js"
import { earliestOf, nextChange, throughOf } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { NodeId } from "../ports.js"
import type { Request, Response } from "../protocol.js"
import type { AssetUse } from "./asset-use.js"
import { noStream } from "./catalog.js"
import type { Draining } from "./draining.js"
import type { Endings } from "./endings.js"
import type { Events } from "./events.js"
import { isBounded } from "./input-kinds.js"
import type { Leases } from "./leases.js"
import type { Lifecycle } from "./lifecycle.js"
import { append, type Parts, type Times, together } from "./parts.js"
import type { Queries } from "./queries.js"
import type { ReadOnly } from "./read-only.js"
import { recipeOf } from "./recipe.js"
import { isEmpty } from "./records.js"
import { failed, ok } from "./response.js"
import type { Retries } from "./retries.js"
import type { Sources } from "./sources.js"
import type { StreamRecord } from "./stream-record.js"
import type { Streams } from "./streams.js"
import type { Subscriptions } from "./subscriptions.js"
import type { Views } from "./views.js"
import { holderOf } from "./waiting.js"

export interface RequestParts {
  readonly assetUse: AssetUse
  readonly draining: Draining
  readonly endings: Endings
  readonly events: Events
  readonly leases: Leases
  readonly lifecycle: Lifecycle
  readonly queries: Queries
  readonly readOnly: ReadOnly
  readonly retries: Retries
  readonly sources: Sources
  readonly streams: Streams
  readonly subscriptions: Subscriptions
  readonly views: Views
}

type Answer = (response: Response) => void

const answersKept = 256
const changedAtMost = 10_000

export class Requests {
  readonly #parts: Parts
  readonly #others: RequestParts
  /** By client and request: the answer, or null while there is none. */
  readonly #answers = new Map<NodeId, Map<number, Response | null>>()
  #drained: { readonly client: NodeId; readonly streams: readonly StreamId[]; readonly answer: Answer }[] = []

  constructor(parts: Parts, others: RequestParts) {
    this.#parts = parts
    this.#others = others
  }

  request(client: NodeId, id: number, body: Request, times: Times): void {
    let answers = this.#answers.get(client)
    if (answers === undefined) {
      answers = new Map()
      this.#answers.set(client, answers)
    }
    const known = answers.get(id)
    if (known === null) return
    if (known !== undefined) {
      this.#parts.outbox.send(client, { kind: "response", id, body: known })
      return
    }
    answers.set(id, null)
    let answered = false
    const answer: Answer = response => {
      if (answered) return
      answered = true
      const kept = this.#answers.get(client)
      kept?.set(id, response)
      if (kept !== undefined && kept.size > answersKept)
        for (const old of [...kept.keys()].slice(0, kept.size - answersKept)) kept.delete(old)
      this.#parts.outbox.send(client, { kind: "response", id, body: response })
    }
    try {
      this.#others.assetUse.check(body)
      this.#others.readOnly.check(client, body)
      together(this.#parts, () => this.#handle(client, body, times, answer))
    } catch (error) {
      if (!(error instanceof RivuletError)) {
        this.#parts.outbox.push({
          kind: "say",
          level: "error",
          text: `request ${body.kind}: ${error instanceof Error ? error.stack : String(error)}`,
        })
      }
      answer(failed(error))
    }
  }

  clientLost(client: NodeId): void {
    this.#answers.delete(client)
    this.#drained = this.#drained.filter(waiting => waiting.client !== client)
    this.#others.leases.clientLost(client)
    this.#others.readOnly.clientLost(client)
    this.#others.subscriptions.clientLost(client)
  }

  #handle(client: NodeId, body: Request, times: Times, answer: Answer): void {
    const { catalog, graph, registry, outbox } = this.#parts
    const { draining, endings, events, leases, lifecycle, queries, sources, streams, subscriptions, views } = this.#others
    switch (body.kind) {
      case "openSession":
        return this.#openSession(client, body, answer)
      case "closeSession":
        leases.closed(client, body.session)
        return this.#record({ kind: "sessionClosed", session: body.session, lastSeq: body.lastSeq }, () => answer(ok()))
      case "define":
        return lifecycle.define(body, times, answer)
      case "rename":
        return lifecycle.rename(body, times, answer)
      case "remember":
        return lifecycle.remember(body, answer)
      case "stop":
        return endings.stop(body, times, answer)
      case "undo":
        return endings.undo(body, answer)
      case "keep":
        return lifecycle.keep(body, answer)
      case "resume":
        return lifecycle.resume(body, answer)
      case "replace":
        return lifecycle.replace(body, times, answer)
      case "submit":
        return lifecycle.submit(body, times, answer)
      case "versions":
        return answer(ok(lifecycle.versions(body.stream)))
      case "query":
        return queries.ask(client, body, times, answer)
      case "lineage":
        return answer(ok(queries.lineage(body, lifecycle.clocks(times))))
      case "partitionLineage":
        return answer(ok(views.partitionLineage(body)))
      case "recipe":
        return answer(ok(recipeOf(this.#parts, body)))
      case "cancelQuery":
      case "releaseQuery":
        queries.release(body.query)
        return answer(ok())
      case "progress":
        return answer(ok(queries.progress(body.query, times)))
      case "unpersist":
        queries.unpersist(body.id)
        return answer(ok())
      case "catalog":
        return answer(ok(views.catalog(times)))
      case "status":
        return answer(ok(views.status(times)))
      case "workers":
        return answer(ok(views.workers(times)))
      case "drain":
        return answer(ok(body.undo ? draining.undo(body.worker, body.by) : draining.begin(body.worker, body.by, times)))
      case "jobs": {
        const stream = body.stream === null ? null : (catalog.find(body.stream)?.definition.id ?? body.stream)
        return answer(ok(streams.history.statuses(stream, times.timeMs - body.lastMs, times)))
      }
      case "why":
        return answer(ok(views.why(body.stream, times)))
      case "events":
        return answer(ok(events.since(body.after, body.sinceMs, body.kinds, body.stream)))
      case "logs":
        return answer(ok(views.logs(body.stream, body.sinceMs)))
      case "subscribe":
        if (catalog.get(body.stream) === undefined) throw noStream(body.stream)
        subscriptions.add(client, body.stream)
        return answer(ok({ through: throughOf(graph, body.stream) }))
      case "unsubscribe":
        subscriptions.remove(client, body.stream)
        return answer(ok())
      case "files": {
        const asked = sources.lister.list(body.paths, ({ files, error }) => {
          answer(error === undefined ? ok({ files }) : { ok: false, message: error, code: 2, try: "paths are read on the workers" })
        })
        if (!asked) throw new RivuletError("there is no worker to look for files", { code: 3, try: "rivulet worker" })
        return
      }
      case "drained":
        this.#drained.push({ client, streams: body.streams, answer })
        return
      case "changed":
        return answer(ok(this.#changed(body)))
      case "reading":
        this.#others.sources.readings.set(client, body.streams)
        return answer(ok())
      case "receivers":
        return answer(
          ok({
            stream: catalog.receiver(body.receiver)?.definition.id ?? null,
            workers: registry.peers().filter(({ draining }) => draining !== true),
          }),
        )
      case "shutdown":
        answer(ok())
        for (const { node } of registry.live) outbox.send(node, { kind: "bye" })
        outbox.push({ kind: "exit", code: 0, reason: `asked by ${client}` })
        return
    }
  }

  /** Finished intervals in which something may have changed, as far as they are retained. */
  #changed({ stream, after, limit }: Extract<Request, { kind: "changed" }>): number[] {
    const { catalog, graph } = this.#parts
    if (catalog.get(stream) === undefined) throw noStream(stream)
    const through = throughOf(graph, stream)
    const found: number[] = []
    const { intervalMs, untilRead } = (catalog.get(stream) as StreamRecord).definition
    // Whoever comes back to what is kept until it is read begins with what was not confirmed.
    const confirmed = untilRead === true ? earliestOf(graph, stream) - intervalMs : Number.NEGATIVE_INFINITY
    const before = Math.max(after ?? this.#beforeFirst(stream), confirmed)
    if (before === Number.POSITIVE_INFINITY) return found
    for (let last = before; found.length < Math.min(limit, changedAtMost); ) {
      const next = nextChange(graph, stream, last, through)
      if (next === null) break
      found.push(next)
      last = next
    }
    return found
  }

  /** Old records do not say before they are read where they begin: what lies between 1970 and the first one is not asked for. */
  #beforeFirst(stream: StreamId): number {
    const { catalog, ledger } = this.#parts
    const { definition } = catalog.get(stream) as StreamRecord
    let first = Number.POSITIVE_INFINITY
    for (const id of catalog.inputsOf(definition)) {
      const input = ledger.streams.get(id)
      if (input === undefined || !isBounded(input.definition)) return Number.NEGATIVE_INFINITY
      first = Math.min(first, input.seals.find(seal => !isEmpty(seal))?.from ?? Number.POSITIVE_INFINITY)
    }
    return Math.floor(first / definition.intervalMs) * definition.intervalMs - definition.intervalMs
  }

  #record(record: Parameters<typeof append>[1], effect: () => void): void {
    append(this.#parts, record, effect)
  }

  #openSession(client: NodeId, body: Extract<Request, { kind: "openSession" }>, answer: Answer): void {
    const { config, ledger } = this.#parts
    // One that is resumed, or asked again of a master that was started again.
    const known = [body.resume, body.as].find(name => name !== undefined && ledger.sessions.has(name))
    const session = known ?? body.as ?? `s${ledger.sessionCount + 1}`
    this.#others.leases.opened(client, session)
    if (known !== undefined) return answer(ok({ session }))
    const { user, program, scratchMs = config.scratchMs } = body
    this.#record({ kind: "session", session, user, program, scratchMs }, () => answer(ok({ session })))
  }

  /** Answers those who wait for bounded inputs to be worked off. */
  onProgress(): void {
    if (this.#drained.length === 0) return
    for (const waiting of [...this.#drained]) {
      const response = this.#isDrained(waiting.streams)
      if (response === null) continue
      this.#drained.splice(this.#drained.indexOf(waiting), 1)
      waiting.answer(response)
    }
  }

  #isDrained(asked: readonly StreamId[]): Response | null {
    const { catalog, graph, ledger, progress } = this.#parts
    const streams = asked.length > 0 ? asked.map(id => catalog.get(id)).filter(s => s !== undefined) : catalog.live()
    for (const { definition } of streams) {
      const inputs = catalog.inputsOf(definition).map(id => ledger.streams.get(id))
      const bounded = inputs.every(input => input !== undefined && isBounded(input.definition))
      if (!bounded) continue
      const stuck = holderOf(this.#parts, definition)
      if (stuck !== null && this.#others.retries.isHopeful(stuck)) return null
      if (stuck !== null) {
        const failure = stuck.held?.failure
        return { ok: false, message: `${stuck.definition.name} is held: ${failure?.message}`, code: 1, ...(failure && { failure }) }
      }
      for (const input of inputs) {
        if (input === undefined || !this.#others.sources.ended(input.definition.id)) return null
        if (this.#others.sources.finishSteps(input.definition.id)) return null
        const sealed = progress.sealed(input.definition.id) ?? input.since
        if (sealed < input.sealedThrough) return null
        if (throughOf(graph, definition.id) < Math.floor(sealed / definition.intervalMs) * definition.intervalMs) return null
      }
    }
    return ok()
  }
}
