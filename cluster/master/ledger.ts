/**
 * What the master knows for certain: the fold of its journal. `apply` is the only thing that changes it, so a
 * restarted master that reads the same records knows the same. Records are applied when they are decided; what they cause
 * outside waits until they are appended (`record-log.ts`).
 */

import type { StreamId } from "../../engine/definition.js"
import type { GraphVersion } from "../../engine/graph.js"
import type { TaskFailure } from "../../engine/task.js"
import { blocksOf, isEmpty, type JournalRecord, type SealRecord } from "./records.js"
import { type SeqRange, SeqSet } from "./seq-set.js"
import {
  cut,
  dropVersions,
  freshStream,
  leaveOut,
  letGoOfRead,
  note,
  reachOfArchive,
  type StreamRecord,
  toArchive,
  withFiles,
} from "./stream-record.js"

export interface SessionRecord {
  readonly user: string
  readonly program: string
  readonly scratchMs?: number
  closed: Readonly<Record<string, number>> | null
}

export interface LeaseRecord {
  readonly ttlMs: number
  /** Since when nobody has the session open. */
  leftMs: number | null
}

const dayMs = 86_400_000

/** So many stopped streams are remembered. */
const stoppedRemembered = 200

/** What each interval brings. */
const ordinary: ReadonlySet<JournalRecord["kind"]> = new Set(["seal", "progress", "forgotten", "files"] as const)

export class Ledger {
  epoch = 0
  cluster = ""
  /** When its first master began; with its name it is the cluster's identity. */
  bornMs = 0
  /** Of a durable cluster: the workers on whose disks its data may be. */
  workers: readonly string[] = []
  readonly sessions = new Map<string, SessionRecord>()
  /** In the order in which they were defined: parents come before their children. */
  readonly streams = new Map<StreamId, StreamRecord>()
  readonly assets = new Map<string, Uint8Array>()
  /** Programs that were submitted, and when last. */
  readonly programs = new Map<string, { readonly by: string; readonly wallMs: number }>()
  /** Of sessions with which streams end. They outlive the sessions. */
  readonly leases = new Map<string, LeaseRecord>()
  /** By session, then stream. */
  readonly admitted = new Map<string, Map<StreamId, SeqSet>>()
  /** Sessions so far, closed ones too: ids are never used again. */
  sessionCount = 0
  /** Counts defines and stops: who derives something from the definitions sees that it is out of date. */
  definitionChanges = 0
  /** Counts what is not the ordinary course of intervals: definitions, who is held and goes on. */
  turns = 0

  apply(record: JournalRecord): void {
    if (!ordinary.has(record.kind)) this.turns += 1
    switch (record.kind) {
      case "epoch":
        this.epoch = record.epoch
        this.cluster = record.cluster
        if (this.bornMs === 0) this.bornMs = record.wallMs
        return
      case "workers":
        this.workers = record.names
        return
      case "session": {
        this.sessionCount += 1
        const { user, program, scratchMs } = record
        this.sessions.set(record.session, { user, program, ...(scratchMs !== undefined && { scratchMs }), closed: null })
        return
      }
      case "sessionClosed": {
        const session = this.sessions.get(record.session)
        if (session !== undefined) session.closed = record.lastSeq
        this.#settle(record.session)
        return
      }
      case "define":
        this.definitionChanges += 1
        for (const asset of record.assets) this.assets.set(asset.hash, asset.bytes)
        for (const accepted of record.definitions) this.streams.set(accepted.definition.id, freshStream(accepted, record.wallMs))
        if (record.scratch)
          this.#lease(
            record.session,
            record.definitions.map(({ definition }) => definition.id),
          )
        return
      case "leased":
        return this.#lease(record.session, record.streams)
      case "left": {
        const lease = this.leases.get(record.session)
        if (lease !== undefined) lease.leftMs = record.wallMs
        return
      }
      case "kept":
        for (const id of record.streams) this.streams.get(id)?.leases.splice(0)
        return this.#pruneLeases()
      case "leaving":
        this.definitionChanges += 1
        for (const id of record.streams) {
          const stream = this.streams.get(id)
          if (stream !== undefined) stream.leaving = { by: record.by, wallMs: record.wallMs }
        }
        return
      case "returned":
        this.definitionChanges += 1
        for (const id of record.streams) {
          const stream = this.streams.get(id)
          if (stream !== undefined) stream.leaving = null
        }
        return
      case "rename": {
        const stream = this.streams.get(record.stream)
        if (stream === undefined) return
        const { name, named } = stream.definition
        if (named && record.wallMs !== undefined) stream.formerly = { name, wallMs: record.wallMs }
        stream.definition = { ...stream.definition, name: record.name, named: true }
        return
      }
      case "remember": {
        const stream = this.streams.get(record.stream)
        if (stream !== undefined) stream.definition = { ...stream.definition, rememberMs: record.rememberMs }
        return
      }
      case "stop":
        this.definitionChanges += 1
        for (const id of record.streams) {
          const stream = this.streams.get(id)
          if (stream === undefined) continue
          stream.stoppedMs = record.wallMs
          stream.leaving = null
          stream.leases.length = 0
          stream.seals.length = 0
          stream.made.length = 0
        }
        this.#pruneStopped()
        this.#pruneLeases()
        for (const [session, { closed }] of [...this.sessions]) if (closed !== null) this.#settle(session)
        return
      case "seal":
        return this.#sealed(record)
      case "files": {
        const stream = this.streams.get(record.stream)
        if (stream !== undefined) stream.files = withFiles(stream.files, record)
        return
      }
      case "progress":
        for (const { stream, through } of record.through) {
          const of = this.streams.get(stream)
          if (of !== undefined && through > of.through) of.through = through
        }
        for (const made of record.made ?? []) this.streams.get(made.stream)?.made.push(made)
        return
      case "held": {
        const stream = this.streams.get(record.stream)
        if (stream !== undefined) stream.held = { interval: record.interval, failure: record.failure as TaskFailure }
        return
      }
      case "resumed": {
        const stream = this.streams.get(record.stream)
        if (stream === undefined) return
        stream.held = null
        if (record.leftOut !== null) leaveOut(stream, record.leftOut)
        return
      }
      case "gaveUp":
        for (const id of record.streams) {
          const stream = this.streams.get(id)
          if (stream !== undefined) leaveOut(stream, { from: record.from, to: record.to, what: "interval" })
        }
        return
      case "replaced":
        return this.#replaced(record)
      case "program":
        this.programs.set(record.program, { by: record.by, wallMs: record.wallMs })
        return
      case "forgotten":
        for (const { stream, before, stepsBefore, roots = [], archive } of record.streams) {
          const of = this.streams.get(stream)
          if (of === undefined) continue
          if (archive !== undefined) toArchive(of, before, archive)
          const gone = archive === undefined ? before : reachOfArchive(of, Math.min(before, archive.from))
          of.forgottenBefore = Math.max(of.forgottenBefore, gone)
          cut(of.seals, seal => seal.to <= gone)
          cut(of.made, made => made.interval < (stepsBefore ?? before))
          cut(of.leftOut, ({ to }) => to <= (stepsBefore ?? before))
          dropVersions(of.versions, stepsBefore ?? before)
          if (roots.length > 0) of.roots = new Map([...(of.roots ?? []), ...roots])
        }
        return
      case "together":
        for (const one of record.records) this.apply(one)
        return
      case "snapshot":
        return this.#restore(record.state as LedgerState)
    }
  }

  /** All of it as plain data, for one record in place of many. */
  snapshot(): LedgerState {
    return {
      epoch: this.epoch,
      cluster: this.cluster,
      bornMs: this.bornMs,
      workers: this.workers,
      sessionCount: this.sessionCount,
      sessions: [...this.sessions],
      programs: [...this.programs],
      leases: [...this.leases],
      streams: [...this.streams].map(([, stream]) => stream),
      assets: [...this.assets].map(([hash, bytes]) => ({ hash, bytes })),
      admitted: [...this.admitted].map(([session, streams]) => [session, [...streams].map(([stream, seqs]) => [stream, seqs.toJSON()])]),
    }
  }

  wasAdmitted(session: string, stream: StreamId, seq: number): boolean {
    // Of a session that ended nothing is new.
    if (!this.sessions.has(session) && Number(/^s(\d+)$/.exec(session)?.[1] ?? Number.NaN) <= this.sessionCount) return true
    return this.admitted.get(session)?.get(stream)?.has(seq) ?? false
  }

  #lease(session: string, streams: readonly StreamId[]): void {
    if (streams.length === 0) return
    if (!this.leases.has(session)) this.leases.set(session, { ttlMs: this.sessions.get(session)?.scratchMs ?? dayMs, leftMs: null })
    for (const id of streams) {
      const of = this.streams.get(id)?.leases
      if (of !== undefined && !of.includes(session)) of.push(session)
    }
  }

  #pruneLeases(): void {
    const used = new Set([...this.streams.values()].flatMap(({ leases }) => leases))
    for (const session of [...this.leases.keys()]) if (!used.has(session)) this.leases.delete(session)
  }

  #replaced({ versions, resumes, keepFrom, assets, told }: Extract<JournalRecord, { kind: "replaced" }>): void {
    this.definitionChanges += 1
    for (const asset of assets) this.assets.set(asset.hash, asset.bytes)
    for (const [i, version] of versions.entries()) {
      const stream = this.streams.get(version.definition.id)
      if (stream === undefined) continue
      if (i === 0 && told !== null) note(stream, version, told.by)
      if (stream.versions.length === 0) stream.versions.push({ definition: stream.definition, from: stream.since })
      // A version that was to begin no earlier never came into force.
      while (stream.versions.length > 1 && (stream.versions.at(-1) as GraphVersion).from >= version.from) stream.versions.pop()
      stream.versions.push(version)
      dropVersions(stream.versions, keepFrom)
      stream.definition = version.definition
    }
    for (const id of resumes) {
      const resumed = this.streams.get(id)
      if (resumed !== undefined) resumed.held = null
    }
  }

  #sealed(record: SealRecord): void {
    const stream = this.streams.get(record.stream)
    if (stream === undefined) return
    const last = stream.seals.at(-1)
    // Runs of empty intervals are one.
    if (last !== undefined && isEmpty(last) && isEmpty(record) && last.to === record.from) {
      stream.seals[stream.seals.length - 1] = { ...record, from: last.from }
    } else stream.seals.push(record)
    stream.sealedThrough = record.to
    if (record.read !== undefined) stream.read = record.read
    letGoOfRead(stream)
    const sessions = new Set<string>()
    for (const { batch, rows } of blocksOf(record)) {
      if (batch === null) continue
      sessions.add(batch.session)
      if (batch.aside !== undefined) stream.asideRows = (stream.asideRows ?? 0) + rows
      let streams = this.admitted.get(batch.session)
      if (streams === undefined) {
        streams = new Map()
        this.admitted.set(batch.session, streams)
      }
      let seqs = streams.get(record.stream)
      if (seqs === undefined) {
        seqs = new SeqSet()
        streams.set(record.stream, seqs)
      }
      seqs.add(batch.seq)
    }
    for (const session of sessions) this.#settle(session)
  }

  /** A closed session of which all is in seals is let go: that its number was given is all that is asked of it from then on. */
  #settle(id: string): void {
    const closed = this.sessions.get(id)?.closed ?? null
    if (closed === null) return
    const admitted = this.admitted.get(id)
    for (const { definition, stoppedMs } of this.streams.values()) {
      const { node } = definition
      if (stoppedMs !== null || node.kind !== "input" || node.source.kind !== "receiver") continue
      const last = closed[node.source.name] ?? 0
      if ((admitted?.get(definition.id)?.watermark ?? 0) < last) return
    }
    this.sessions.delete(id)
    this.admitted.delete(id)
  }

  /** Of streams that were stopped some are remembered, so that who asks for them hears what became of them. */
  #pruneStopped(): void {
    const stopped = [...this.streams].filter(([, { stoppedMs }]) => stoppedMs !== null)
    const gone = stopped.sort(([, a], [, b]) => (a.stoppedMs as number) - (b.stoppedMs as number)).slice(0, -stoppedRemembered)
    for (const [id] of gone) this.streams.delete(id)
  }

  #restore(state: LedgerState): void {
    this.epoch = state.epoch
    this.cluster = state.cluster
    this.bornMs = state.bornMs ?? 0
    this.workers = state.workers ?? []
    this.sessionCount = state.sessionCount
    for (const map of [this.sessions, this.streams, this.assets, this.admitted]) map.clear()
    for (const [id, session] of state.sessions) this.sessions.set(id, { ...session })
    for (const stream of state.streams) {
      const { seals, made, leftOut = [], versions = [], history = [], leases = [], leaving = null } = stream
      const own = { seals: [...seals], made: [...made], leftOut: [...leftOut], versions: [...versions], history: [...history] }
      this.streams.set(stream.definition.id, { ...stream, ...own, leases: [...leases], leaving })
    }
    this.leases.clear()
    for (const [session, lease] of state.leases ?? []) this.leases.set(session, { ...lease })
    this.programs.clear()
    for (const [name, program] of state.programs ?? []) this.programs.set(name, program)
    for (const asset of state.assets) this.assets.set(asset.hash, asset.bytes)
    for (const [session, streams] of state.admitted) {
      this.admitted.set(session, new Map(streams.map(([stream, seqs]) => [stream, new SeqSet(seqs.watermark, seqs.above)])))
    }
  }
}

export interface LedgerState {
  readonly epoch: number
  readonly cluster: string
  readonly bornMs?: number
  readonly workers?: readonly string[]
  readonly sessionCount: number
  readonly sessions: readonly (readonly [string, SessionRecord])[]
  readonly programs?: readonly (readonly [string, { readonly by: string; readonly wallMs: number }])[]
  readonly leases?: readonly (readonly [string, LeaseRecord])[]
  readonly streams: readonly StreamRecord[]
  readonly assets: readonly { readonly hash: string; readonly bytes: Uint8Array }[]
  readonly admitted: readonly (readonly [
    string,
    readonly (readonly [StreamId, { readonly watermark: number; readonly above: readonly SeqRange[] }])[],
  ])[]
}
