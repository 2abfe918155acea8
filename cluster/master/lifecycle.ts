/**
 * The life of streams: defined, renamed, replaced, held and resumed, stopped. What may be is decided by the
 * catalog and by `replacing.ts`; here the records are journaled and the master's parts told.
 */

import type { StreamDefinition, StreamId } from "../../engine/definition.js"
import { resolveTimes } from "../../engine/dstream.js"
import { RivuletError } from "../../engine/errors.js"
import type { GraphStream } from "../../engine/graph.js"
import type { RddNode } from "../../engine/rdd.js"
import type { Request, Response, ResponseValues } from "../protocol.js"
import { nameOf, noStream } from "./catalog.js"
import type { Clients } from "./clients.js"
import { type Clocks, type DefinePlan, planDefinitions, unusedOf, withAliases } from "./defining.js"
import type { Endings } from "./endings.js"
import { givingWay, holders, type Renamed } from "./naming.js"
import { append, type Parts, say, type Times } from "./parts.js"
import type { AcceptedDefinition } from "./records.js"
import { planReplace, reversioned } from "./replacing.js"
import { ok } from "./response.js"
import type { Retention } from "./retention.js"
import type { Retries } from "./retries.js"
import { runs } from "./stream-graph.js"
import type { StreamRecord } from "./stream-record.js"
import type { Streams } from "./streams.js"
import { beginningsOf, besides, planSubmit } from "./submitting.js"
import { holderOf } from "./waiting.js"

type Answer = (response: Response) => void
type Asked<K extends Request["kind"]> = Extract<Request, { kind: K }>

export interface LifecycleParts {
  readonly endings: Endings
  readonly clients: Clients
  readonly retention: Retention
  readonly retries: Retries
  readonly streams: Streams
}

export class Lifecycle {
  readonly #parts: Parts
  readonly #others: LifecycleParts

  constructor(parts: Parts, others: LifecycleParts) {
    this.#parts = parts
    this.#others = others
  }

  clocks(times: Times): Clocks {
    const { ledger } = this.#parts
    return { nowMs: times.timeMs, sealedThrough: input => ledger.streams.get(input)?.sealedThrough ?? times.timeMs }
  }

  define(body: Extract<Request, { kind: "define" }>, times: Times, answer: Answer): void {
    const { catalog, ledger, progress } = this.#parts
    const { clients } = this.#others
    const plan = planDefinitions(catalog, body.definitions, this.clocks(times))
    const fresh = this.#fixed(plan)
    const accepted = plan.accepted.map(one => fresh.find(({ definition }) => definition.id === one.definition.id) ?? one)
    this.#giveWay(plan.renamed, times, plan.unused)
    const value = {
      accepted: plan.accepted.map((one, i) => ({ ...one, definition: accepted[i]?.definition ?? one.definition })),
    }
    const assets = body.assets.filter(({ hash }) => !ledger.assets.has(hash))
    this.#lease(body.session, plan)
    if (fresh.length === 0 && assets.length === 0) return answer(ok(value))
    const { session } = body
    append(this.#parts, { kind: "define", session, definitions: fresh, assets, wallMs: times.timeMs, scratch: true }, () => {
      for (const { definition, since } of fresh) if (definition.node.kind === "input") progress.sealedTo(definition.id, since)
      answer(ok(value))
      for (const { definition } of fresh) clients.tell({ kind: "defined", stream: nameOf({ definition }), by: definition.owner })
    })
  }

  /** Inputs that were there as scratch of another's are this session's too. */
  #lease(session: string, { accepted, fresh }: DefinePlan): void {
    const made = new Set(fresh.map(({ definition }) => definition.id))
    const streams = accepted.map(({ definition }) => definition.id).filter(id => !made.has(id) && this.#isOthers(id, session))
    if (streams.length > 0) append(this.#parts, { kind: "leased", session, streams }, () => {})
  }

  #isOthers(id: StreamId, session: string): boolean {
    const leases = this.#parts.ledger.streams.get(id)?.leases ?? []
    return leases.length > 0 && !leases.includes(session)
  }

  #fixed({ fresh }: DefinePlan): AcceptedDefinition[] {
    const graph = this.#parts.graph.with(new Map<StreamId, GraphStream>(fresh.map(accepted => [accepted.definition.id, accepted])))
    return fresh.map(({ since, definition }) => ({ since, definition: fixTimes(definition, rdd => resolveTimes(graph, rdd)) }))
  }

  /** Their name is another's now. */
  #giveWay(renamed: readonly Renamed[], times: Times, unused: readonly StreamId[] = unusedOf(this.#parts.catalog, renamed)): void {
    for (const { stream, name } of renamed) append(this.#parts, { kind: "rename", stream, name }, () => {})
    if (unused.length > 0) this.#others.endings.end(unused, "redefinition", times)
  }

  rename(body: Asked<"rename">, times: Times, answer: Answer): void {
    const { catalog } = this.#parts
    const stream = catalog.get(body.stream)
    if (stream === undefined) throw noStream(body.stream)
    // A first name is given by who defined it.
    if (body.takes !== true) catalog.checkOwner([stream], body.by, body.force)
    const live = catalog.live()
    const wanted = { ...stream.definition, name: body.name }
    const [taken] = holders(live, wanted)
    if (taken !== undefined && body.takes !== true)
      throw new RivuletError(`${nameOf(taken)} is there already`, { code: 4, try: "another name, or stop that one first" })
    if (body.dryRun === true) return answer(ok())
    this.#giveWay(givingWay(live, wanted), times)
    append(this.#parts, { kind: "rename", stream: body.stream, name: body.name, wallMs: times.timeMs }, () => answer(ok()))
  }

  /** Of what is forgotten already it brings nothing back. */
  remember({ stream: name, rememberMs, by, force }: Asked<"remember">, answer: Answer): void {
    const { catalog } = this.#parts
    const stream = catalog.require(name)
    if (!(rememberMs >= 0)) throw new RivuletError(`${nameOf(stream)}: remember ${rememberMs} ms`, { code: 2 })
    catalog.checkOwner([stream], by, force)
    append(this.#parts, { kind: "remember", stream: stream.definition.id, rememberMs }, () => answer(ok()))
  }

  /** Scratch becomes permanent. */
  keep({ streams: names, by, force, dryRun }: Asked<"keep">, answer: Answer): void {
    const { catalog } = this.#parts
    const streams = names.map(name => catalog.require(name))
    catalog.checkOwner(streams, by, force)
    const kept = streams.map(({ definition }) => definition.id)
    if (dryRun === true || streams.every(({ leases }) => leases.length === 0)) return answer(ok({ kept }))
    append(this.#parts, { kind: "kept", streams: kept }, () => answer(ok({ kept })))
  }

  // ── held ──

  resume({ stream: name, skip, by, force, dryRun }: Asked<"resume">, answer: Answer): void {
    const { catalog } = this.#parts
    const stream = catalog.require(name)
    const { held, definition } = stream
    if (held === null) {
      const holder = holderOf(this.#parts, definition)
      throw new RivuletError(`${nameOf(stream)} is not held${holder === null ? "" : `: it waits for ${nameOf(holder)}, which is`}`, {
        code: 2,
        ...(holder !== null && { try: `${holder.definition.name}.resume()` }),
      })
    }
    catalog.checkOwner([stream], by, force)
    if (skip === "record") checkSkippable(stream, held.failure.kind)
    const from = held.interval
    const leftOut = skip === null ? null : { from, to: from + definition.intervalMs, what: skip }
    const gaps = () => stream.leftOut.filter(({ to }) => to > from)
    if (dryRun === true) return answer(ok({ from, leftOut: leftOut === null ? gaps() : [...gaps(), leftOut] }))
    this.#others.retries.resumed(definition.id)
    if (skip === "interval" || stream.leftOut.some(({ to }) => to > from)) this.#makeAnew(stream, from)
    append(this.#parts, { kind: "resumed", stream: definition.id, leftOut }, () => answer(ok({ from, leftOut: gaps() })))
    const how = skip === null ? "" : skip === "record" ? ", without the records that failed" : ", without that interval"
    say(this.#parts, "info", `${nameOf(stream)} goes on from ${new Date(from).toISOString()}${how}`)
  }

  /** What the stream and those behind it may have begun of these intervals is not to be mixed with what they will make of them. */
  #makeAnew(stream: StreamRecord, from: number): void {
    const behind = this.#parts.catalog.dependents(stream.definition.id).filter(({ definition }) => runs(definition))
    const users = runs(stream.definition) ? [stream, ...behind] : behind
    const versions = users.flatMap(user => reversioned(user, from))
    append(this.#parts, { kind: "replaced", versions, resumes: [], keepFrom: Number.NEGATIVE_INFINITY, assets: [], told: null }, () => {})
    for (const { definition } of users) this.#abandon(definition.id, from)
  }

  #abandon(stream: StreamId, from: number): void {
    this.#others.streams.pause(stream)
    this.#others.retention.abandon(stream, from)
  }

  // ── replaced ──

  replace(body: Asked<"replace">, times: Times, answer: Answer): void {
    const parts = this.#parts
    const { catalog, graph, jobs, ledger } = parts
    const old = catalog.require(body.stream)
    catalog.checkOwner([old], body.by, body.force)
    const made = planDefinitions(catalog, body.definitions, this.clocks(times))
    const fresh = this.#fixed(made)
    const extra = new Map<StreamId, GraphStream>(fresh.map(one => [one.definition.id, one]))
    const next = fixTimes(withAliases(body.next, made), rdd => resolveTimes(graph.with(extra), rdd))
    const lookup = (id: StreamId): GraphStream | undefined => extra.get(id) ?? catalog.get(id)
    const issued = (stream: StreamRecord) => Math.max(jobs.issued(stream.definition.id) ?? 0, stream.through)
    const decided = planReplace(parts, old, next, body, { lookup, issued })
    const add = fresh.filter(({ definition }) => definition.named).map(nameOf)
    const plan = { ...decided.plan, add, applied: !body.dryRun }
    const value: ResponseValues["replace"] = { plan, definition: decided.versions[0]!.definition }
    if (body.dryRun) return answer(ok(value))
    const assets = body.assets.filter(({ hash }) => !ledger.assets.has(hash))
    if (fresh.length > 0)
      append(
        parts,
        { kind: "define", session: body.session, definitions: fresh, assets: [], wallMs: times.timeMs, scratch: true },
        () => {},
      )
    const { versions, resumes, keepFrom } = decided
    append(parts, { kind: "replaced", versions, resumes, keepFrom, assets, told: { by: body.by } }, () => answer(ok(value)))
    if (decided.again) for (const { definition, from } of versions) this.#abandon(definition.id, from)
    const at = new Date(versions[0]!.from).toISOString()
    say(parts, "info", `${nameOf(old)} is replaced from ${at} on (version ${versions[0]!.definition.version}, by ${body.by})`)
  }

  // ── programs ──

  submit(body: Asked<"submit">, times: Times, answer: Answer): void {
    const parts = this.#parts
    const { catalog, graph, jobs, ledger, progress } = parts
    const plan = planSubmit(catalog, body.program, body.definitions, body)
    const made = planDefinitions(catalog, plan.fresh, this.clocks(times))
    const fresh = this.#fixed(made)
    const extra = new Map<StreamId, GraphStream>(fresh.map(one => [one.definition.id, one]))
    const tools = {
      lookup: (id: StreamId): GraphStream | undefined => extra.get(id) ?? catalog.get(id),
      issued: (stream: StreamRecord) => Math.max(jobs.issued(stream.definition.id) ?? 0, stream.through),
    }
    const nexts = plan.changes.map(({ old, next }) => {
      const known = withAliases(next, made)
      return { old, next: fixTimes(known, rdd => resolveTimes(graph.with(extra), rdd)) }
    })
    const decide = (from: number | null) =>
      nexts.map(({ old, next }) => planReplace(parts, old, next, { from, state: { kind: "keep" }, force: body.force }, tools))
    let decided = decide(null)
    // All of it changes at one boundary, unless some of it goes on from where it failed.
    const common = Math.max(...decided.map(({ plan: { at } }) => at ?? 0))
    const longest = Math.max(...nexts.map(({ old }) => old.definition.intervalMs))
    if (decided.length > 1 && decided.every(({ again }) => !again)) decided = decide(Math.ceil(common / longest) * longest)
    const named = (streams: readonly { readonly definition: StreamDefinition }[]) =>
      streams.filter(({ definition }) => definition.named || definition.kind === "output").map(nameOf)
    const value: ResponseValues["submit"] = {
      plan: {
        add: named(fresh.filter(({ definition }) => definition.succeeds === undefined)),
        change: [...besides(plan), ...decided.flatMap(({ plan: { change } }) => change)],
        stop: named(plan.stops),
        unchanged: named(plan.unchanged),
        applied: !body.dryRun,
        at: decided[0]?.plan.at ?? null,
        begins: beginningsOf(catalog, fresh),
      },
      accepted: [],
    }
    if (body.dryRun) return answer(ok(value))
    const assets = body.assets.filter(({ hash }) => !ledger.assets.has(hash))
    append(parts, { kind: "define", session: body.session, definitions: fresh, assets, wallMs: times.timeMs }, () => {
      for (const { definition, since } of fresh) if (definition.node.kind === "input") progress.sealedTo(definition.id, since)
    })
    for (const { versions, resumes, keepFrom, again } of decided) {
      append(parts, { kind: "replaced", versions, resumes, keepFrom, assets: [], told: { by: body.by } }, () => {})
      if (again) for (const { definition, from } of versions) this.#abandon(definition.id, from)
    }
    const stops = plan.stops.map(({ definition }) => definition.id)
    if (stops.length > 0) this.#others.endings.leave([...stops].reverse(), body.by, times)
    const accepted = body.definitions.flatMap(({ id }) => {
      const of = made.accepted.find(({ asked }) => asked === id)?.definition.id ?? plan.ids.get(id) ?? id
      const stream = ledger.streams.get(of)
      return stream === undefined ? [] : [{ asked: id, definition: stream.definition, since: stream.since }]
    })
    // What was tried out in a shell before it was submitted is the program's now.
    const kept = accepted.map(({ definition }) => definition.id).filter(id => (ledger.streams.get(id)?.leases.length ?? 0) > 0)
    if (kept.length > 0) append(parts, { kind: "kept", streams: kept }, () => {})
    append(parts, { kind: "program", program: body.program, by: body.by, wallMs: times.timeMs }, () => {
      answer(ok({ ...value, accepted }))
      for (const { definition } of fresh) this.#others.clients.tell({ kind: "defined", stream: nameOf({ definition }), by: body.by })
    })
  }

  versions(name: string): ResponseValues["versions"] {
    const stream = this.#parts.catalog.require(name)
    const { history, definition, since } = stream
    return history.length > 0 ? history : [{ version: definition.version, from: since, by: definition.owner, source: definition.source }]
  }
}

/** A record can be left out only where one was told. */
function checkSkippable({ definition, held }: StreamRecord, kind: string): void {
  const why =
    kind === "timeout"
      ? "its function did not return, so no record can be told"
      : kind !== "user"
        ? "no record is at fault"
        : definition.node.kind === "foreachRDD"
          ? "its body gets whole intervals"
          : null
  if (why === null) return
  throw new RivuletError(`${definition.name} cannot go on without a record: ${why} (${held?.failure.message})`, {
    code: 2,
    try: 'resume({ skip: "interval" }), or resume() to try again',
  })
}

/** Relative times in a definition's own RDDs mean what they meant when it was accepted. */
function fixTimes(definition: StreamDefinition, fix: (rdd: RddNode) => RddNode): StreamDefinition {
  const { node } = definition
  if (node.kind === "lift") return { ...definition, node: { ...node, rdd: fix(node.rdd) } }
  if (node.kind === "state" && node.initial !== null) return { ...definition, node: { ...node, initial: fix(node.initial) } }
  return definition
}
