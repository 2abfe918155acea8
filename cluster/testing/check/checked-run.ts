/** One run of the simulation as whoever checks it drives it: lets time pass, asks, compares answers with plain arrays. */

import { Block } from "../../../engine/block/block.js"
import { act, actOnEach, narrow } from "../../../engine/fluent/nodes.js"
import type { Asset, FunctionLink } from "../../../engine/function-ref.js"
import type { RddNode } from "../../../engine/rdd.js"
import type { QueryResult } from "../../client/call.js"
import type { CatalogEntry, ResponseValues, WorkerStatus } from "../../protocol.js"
import type { CallOutcome, SimulatedClient } from "../client.js"
import type { SimulatedCluster } from "../cluster.js"
import type { MemoryPool } from "../memory.js"
import type { World } from "../world.js"
import type { Definer } from "./definer.js"
import { compare, Wrong } from "./judge.js"
import type { FunctionLinks } from "./links.js"
import type { CheckedStream } from "./program.js"

/** Simulated time until which whatever is asked must be there, once all faults are over. */
export const patienceMs = 120_000
const maxEvents = 3_000_000
/** Longer than anything that is lost is waited for. */
const stillMs = 30_000
const maxRows = 1_000_000

/** What runs of one process share: nothing that a run could see. */
export interface Shared {
  readonly links: FunctionLinks
  readonly memories: MemoryPool
}

export interface Asker {
  readonly client: SimulatedClient
  readonly session: string
  /** Of a partition's rows one row. */
  readonly glom: FunctionLink
  readonly assets: readonly Asset[]
}

export class CheckedRun {
  readonly counts = { intervals: 0, records: 0, faults: 0 }
  #events = 0

  constructor(
    readonly world: World,
    readonly cluster: SimulatedCluster,
  ) {}

  /** Lets time pass until something is done, or it is `untilMs`. */
  run(done: () => boolean, untilMs: number, what: string): void {
    while (!done()) {
      const [breach] = this.world.breaches
      if (breach !== undefined) throw new Wrong(breach)
      if (++this.#events > maxEvents) throw new Wrong(`${what}: ${maxEvents} events, and no end${this.#complaints()}`)
      if (!this.world.step(untilMs)) {
        this.world.runUntil(untilMs)
        return
      }
    }
  }

  #complaints(): string {
    return this.cluster.complaints.length === 0 ? "" : `\n  ${this.cluster.complaints.slice(-5).join("\n  ")}`
  }

  ask(
    client: SimulatedClient,
    call: Parameters<SimulatedClient["call"]>[0],
    what: string,
  ): { value: unknown; payload: readonly Uint8Array[] } {
    let outcome: CallOutcome | null = null
    client.call(call, answer => {
      outcome = answer
    })
    this.run(() => outcome !== null, this.world.nowMs + patienceMs, what)
    const answer = outcome as CallOutcome | null
    if (answer === null) throw new Wrong(`${what}: no answer in ${patienceMs} ms${this.#complaints()}`)
    if (!answer.ok)
      throw new Wrong(`${what}: ${answer.error.message}${answer.error.failure ? ` ${JSON.stringify(answer.error.failure)}` : ""}`)
    return answer
  }

  open(client: SimulatedClient): string {
    this.ask(client, { kind: "connect", timeoutMs: patienceMs }, "connect")
    const opened = this.ask(client, { kind: "request", body: { kind: "openSession", user: "check", program: "check" } }, "openSession")
    return (opened.value as ResponseValues["openSession"]).session
  }

  /** Gives when each stream begins. */
  define(client: SimulatedClient, session: string, definer: Definer): Map<string, number> {
    const starts = new Map<string, number>()
    const body = { kind: "define", session, definitions: definer.definitions, assets: [...definer.assets.values()] } as const
    const { accepted } = this.ask(client, { kind: "request", body }, "define").value as ResponseValues["define"]
    for (const { asked, definition, since } of accepted) {
      if (definition.id !== asked) throw new Wrong(`stream ${asked} was answered with ${definition.id}`)
      starts.set(asked, since)
    }
    return starts
  }

  /** Every worker is back: also those that were taken for dead while they stalled. */
  allUp(client: SimulatedClient, workers: readonly string[]): void {
    // Whoever was still stalled has now been heard of, or been given up and joined again.
    this.run(() => false, Math.max(this.world.nowMs, this.cluster.stalledUntilMs) + 500, "waiting")
    const untilMs = this.world.nowMs + patienceMs
    for (;;) {
      const known = this.ask(client, { kind: "request", body: { kind: "workers" } }, "workers").value as readonly WorkerStatus[]
      const missing = workers.filter(name => !known.some(worker => worker.name === name && worker.state !== "lost"))
      if (missing.length === 0) return
      if (this.world.nowMs > untilMs) throw new Wrong(`${missing.join(", ")} did not come back${this.#complaints()}`)
      this.run(() => false, this.world.nowMs + 100, "waiting")
    }
  }

  /** Every stream has worked off all up to `end`. */
  finished(client: SimulatedClient, streams: readonly CheckedStream[], end: number): void {
    const untilMs = this.world.nowMs + patienceMs
    for (;;) {
      const catalog = this.catalog(client)
      const behind = streams.map(stream => ({ stream, entry: catalog.find(entry => entry.definition.id === stream.id) }))
      const late = behind.find(
        ({ entry }) => entry === undefined || entry.throughMs < Math.floor(end / entry.definition.intervalMs) * entry.definition.intervalMs,
      )
      if (late === undefined) return
      if (this.world.nowMs > untilMs) {
        const { stream, entry } = late
        throw new Wrong(
          `${stream.text} (${stream.id}) is ${entry?.state ?? "not there"}, finished through ${entry?.throughMs}, not ${end}${entry?.held ? ` ${JSON.stringify(entry.held)}` : ""}${this.#complaints()}`,
        )
      }
      const nextMs = this.world.nowMs + 100
      this.run(() => false, nextMs, "waiting")
    }
  }

  /** Every stream has worked off all up to `end`, or stands behind what is lost: then one at least is held, and nothing moves any more. */
  finishedOrHeld(client: SimulatedClient, streams: readonly CheckedStream[], end: number): void {
    const untilMs = this.world.nowMs + patienceMs
    for (let [before, sinceMs] = ["", this.world.nowMs]; ; ) {
      const catalog = this.catalog(client).filter(({ definition }) => streams.some(({ id }) => id === definition.id))
      const behind = catalog.filter(({ definition: { intervalMs }, throughMs }) => throughMs < Math.floor(end / intervalMs) * intervalMs)
      if (behind.length === 0) return
      const now = behind.map(({ definition, throughMs }) => `${definition.id} ${throughMs}`).join(", ")
      if (now !== before) [before, sinceMs] = [now, this.world.nowMs]
      const held = this.catalog(client).some(entry => entry.held !== null && entry.held !== undefined)
      if (held && this.world.nowMs - sinceMs > stillMs) return
      if (this.world.nowMs > untilMs) throw new Wrong(`${now}: not ${end}, and none is held${this.#complaints()}`)
      this.run(() => false, this.world.nowMs + 100, "waiting")
    }
  }

  catalog(client: SimulatedClient): readonly CatalogEntry[] {
    return this.ask(client, { kind: "request", body: { kind: "catalog" } }, "catalog").value as readonly CatalogEntry[]
  }

  // ── the comparison ──

  /** What the stream holds in these intervals, with plain arrays. `name`: of the questions, each time another. */
  compare({ client, session, glom, assets }: Asker, stream: CheckedStream, starts: readonly number[], name: string): void {
    const parted = starts.map(start => narrow("mapPartitions", leafOf(stream, start), glom))
    const rdd = actOnEach({ kind: "eachVersion", versions: parted }, { kind: "collect", max: maxRows })
    const all = this.#query(client, session, `${stream.id}-all-${name}`, rdd, assets, stream.text) as [number, unknown[]][]
    const places = new Map<string, number>()
    for (const [i, start] of starts.entries()) {
      const partitions = all.filter(([version]) => version === i).map(([, partition]) => partition)
      compare(stream, start, partitions, places)
    }
    this.counts.intervals += starts.length
  }

  /** One interval, asked for alone: asked twice, the same. */
  compareOne({ client, session, assets }: Asker, stream: CheckedStream, start: number, name: string): void {
    const rdd = act(leafOf(stream, start), { kind: "collect", max: maxRows })
    compare(stream, start, [this.#query(client, session, `${stream.id}-one-${name}`, rdd, assets, stream.text)], new Map())
  }

  #query(client: SimulatedClient, session: string, name: string, rdd: RddNode, assets: readonly Asset[], text: string): unknown[] {
    const body = { kind: "query", query: `${session}.${name}`, session, rdd, definitions: [], assets, timeoutMs: null } as const
    const { value, payload } = this.ask(client, { kind: "query", body }, `query of ${text}`)
    const rows = payload.flatMap(bytes => {
      const block = Block.of(bytes)
      block.verify()
      return block.toArray()
    })
    const { rows: said } = value as QueryResult
    if (said !== rows.length) throw new Wrong(`${text}: ${rows.length} rows came, the answer says ${said}`)
    return rows
  }
}

function leafOf({ id, plain: { kind, intervalMs } }: CheckedStream, start: number): RddNode {
  return kind === "records"
    ? { kind: "slice", stream: id, from: start, to: start + intervalMs }
    : { kind: "version", stream: id, at: start }
}
