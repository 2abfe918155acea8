/**
 * The workers, and whether they live.
 *
 *   register ──▶ up ──nothing heard for half of `lostAfterMs`──▶ probed ──for all of it──▶ lost
 *                up ──connection broken──▶ suspect ──no new registration for `suspectForMs`──▶ lost
 *
 * A lost worker that was only away registers again, with what it holds, and counts as a new one. A restarted worker is
 * another node of the same name; the old one is lost at once.
 */

import { median } from "../median.js"
import type { NodeId } from "../ports.js"
import type { Message, Peer, WorkerStatus } from "../protocol.js"

export interface WorkerEntry {
  readonly node: NodeId
  readonly name: string
  readonly address: string
  readonly host: string
  readonly cores: number
  readonly capBytes: number
  load: number
  /** Of each of the newest seconds, oldest first: how many of its cores were at work, 0–1. */
  readonly loads: number[]
  /** Of the second that is under way: when it began, the sum of its heartbeats' loads, how many they were. */
  loading: { sinceMs: number; sum: number; beats: number }
  usedBytes: number
  /** On its disk; null: it has none to use. */
  spilledBytes: number | null
  /** Why nothing more can be written there. */
  diskFull: string | null
  queued: number
  blocks: number
  dropped: number
  heardMs: number
  /** Since when the connection counts as broken. */
  suspectMs: number | null
  /** How many times as long as others it may be silent, and until when. */
  readonly patience: number
  readonly patientUntilMs: number
  /** Nothing that arrived there before this time (master's clock) is missing here. */
  reportedThrough: number
  /** It was looked for when it was last silent. */
  probed: boolean
  /** Since when it is being drained. */
  drainingMs: number | null
  /** Of one that knows that it is: received blocks that are in no seal. */
  unsettled: number | null
  /** It was told that it may end. */
  leaving: boolean
  /** Of all its tasks. */
  taskMs: number
  /** Of its newest ones, the next of which goes to `recentNext`. */
  readonly recentMs: number[]
  recentNext: number
}

const recentTasks = 64
const loadsKept = 12
const loadEveryMs = 1_000
const patienceMost = 4
const patientMs = 60_000

function noteLoad(worker: WorkerEntry, nowMs: number): void {
  const { loading, loads } = worker
  if (nowMs - loading.sinceMs >= loadEveryMs && loading.beats > 0) {
    loads.push(loading.sum / loading.beats)
    if (loads.length > loadsKept) loads.shift()
    worker.loading = { sinceMs: nowMs, sum: worker.load, beats: 1 }
  } else {
    loading.sum += worker.load
    loading.beats += 1
  }
}

export class WorkerRegistry {
  readonly #workers = new Map<NodeId, WorkerEntry>()
  /** The least of what workers have reported through, and how many have come no further. Null: to be counted. */
  #least: { readonly through: number; workers: number } | null = null
  readonly #lost: { readonly entry: WorkerEntry; readonly atMs: number }[] = []
  /** Names of those who were there before the master was started again, and since when they have been missed. */
  readonly #expected = new Map<string, number>()

  constructor(
    private readonly lostAfterMs: number,
    private readonly suspectForMs: number,
  ) {}

  /** `replaced`: older incarnations under that name, which are lost by this. `known`: it had not been lost. */
  register(
    node: NodeId,
    message: Extract<Message, { kind: "register" }>,
    nowMs: number,
  ): { readonly entry: WorkerEntry; readonly known: boolean; readonly replaced: readonly NodeId[] } {
    const replaced = [...this.#workers.values()].filter(other => other.name === message.name && other.node !== node).map(o => o.node)
    const before = this.#workers.get(node)
    const { name, address, host, cores, capBytes } = message
    const entry: WorkerEntry = {
      node,
      name,
      address,
      host,
      cores: Math.max(1, cores),
      capBytes,
      load: before?.load ?? 0,
      loads: before?.loads ?? [],
      loading: before?.loading ?? { sinceMs: nowMs, sum: 0, beats: 0 },
      usedBytes: before?.usedBytes ?? 0,
      spilledBytes: before?.spilledBytes ?? null,
      diskFull: before?.diskFull ?? null,
      queued: 0,
      blocks: message.held.length,
      dropped: 0,
      heardMs: nowMs,
      suspectMs: null,
      reportedThrough: before?.reportedThrough ?? Number.NEGATIVE_INFINITY,
      probed: false,
      ...this.#patienceWith(node, before, nowMs),
      // One that was away may not have heard that it stays.
      drainingMs: before !== undefined ? before.drainingMs : message.draining === true ? nowMs : null,
      unsettled: null,
      // It is here, so that has not reached it.
      leaving: false,
      taskMs: before?.taskMs ?? 0,
      recentMs: before?.recentMs ?? [],
      recentNext: before?.recentNext ?? 0,
    }
    this.#workers.set(node, entry)
    this.#least = null
    this.#expected.delete(name)
    const index = this.#lost.findIndex(lost => lost.entry.name === name)
    if (index >= 0) this.#lost.splice(index, 1)
    return { entry, known: before !== undefined, replaced }
  }

  /**
   * One that was taken for dead, and was only busy, is waited for longer, for a while: what comes of taking it for dead (its tasks and copies made
   * again, its blocks listed anew) would keep it busier still. Whose process has ended is found by asking its machine, and not by waiting.
   */
  #patienceWith(node: NodeId, before: WorkerEntry | undefined, nowMs: number): Pick<WorkerEntry, "patience" | "patientUntilMs"> {
    const lost = this.#lost.find(({ entry }) => entry.node === node)?.entry
    if (lost === undefined) return { patience: before?.patience ?? 1, patientUntilMs: before?.patientUntilMs ?? Number.NEGATIVE_INFINITY }
    const already = nowMs < lost.patientUntilMs ? lost.patience : 1
    return { patience: Math.min(patienceMost, 2 * already), patientUntilMs: nowMs + patientMs }
  }

  /** It has done a task. */
  taskDone(node: NodeId, ms: number): void {
    const worker = this.#workers.get(node)
    if (worker === undefined) return
    worker.taskMs += ms
    const { recentMs } = worker
    // Their order says nothing.
    if (recentMs.length < recentTasks) recentMs.push(ms)
    else recentMs[worker.recentNext] = ms
    worker.recentNext = (worker.recentNext + 1) % recentTasks
  }

  get(node: NodeId): WorkerEntry | undefined {
    return this.#workers.get(node)
  }

  /** The living, in the order in which they came. */
  get live(): Iterable<WorkerEntry> {
    return this.#workers.values()
  }

  get size(): number {
    return this.#workers.size
  }

  /** The living that are not being drained: who is given anything new. */
  get staying(): WorkerEntry[] {
    return [...this.#workers.values()].filter(({ drainingMs }) => drainingMs === null)
  }

  stays(node: NodeId): boolean {
    return this.#workers.get(node)?.drainingMs === null
  }

  get executors(): number {
    let cores = 0
    for (const worker of this.#workers.values()) if (worker.drainingMs === null) cores += worker.cores
    return cores
  }

  /** False: the worker is not registered (it was taken for lost), and must register again. */
  heartbeat(node: NodeId, beat: Extract<Message, { kind: "heartbeat" }>, nowMs: number): boolean {
    const worker = this.#workers.get(node)
    if (worker === undefined) return false
    worker.heardMs = nowMs
    worker.probed = false
    worker.load = beat.load
    noteLoad(worker, nowMs)
    worker.usedBytes = beat.usedBytes
    worker.spilledBytes = beat.spilledBytes ?? null
    worker.diskFull = beat.diskFull ?? null
    worker.unsettled = beat.unsettled ?? null
    worker.queued = beat.queued
    worker.blocks = beat.blocks
    worker.dropped = beat.dropped ?? 0
    return true
  }

  heard(node: NodeId, nowMs: number): void {
    const worker = this.#workers.get(node)
    if (worker !== undefined) worker.heardMs = nowMs
  }

  reported(node: NodeId, through: number): void {
    const worker = this.#workers.get(node)
    if (worker === undefined || through <= worker.reportedThrough) return
    if (worker.reportedThrough === this.#least?.through && --this.#least.workers === 0) this.#least = null
    worker.reportedThrough = through
  }

  /** Its address, if it was not suspected before. */
  suspect(node: NodeId, nowMs: number): string | null {
    const worker = this.#workers.get(node)
    if (worker === undefined || worker.suspectMs !== null) return null
    worker.suspectMs = nowMs
    return worker.address
  }

  /** Every live worker has reported through it. -Infinity without workers. */
  get reportedThrough(): number {
    if (this.#workers.size === 0) return Number.NEGATIVE_INFINITY
    if (this.#least === null) {
      let through = Number.POSITIVE_INFINITY
      for (const { reportedThrough } of this.#workers.values()) through = Math.min(through, reportedThrough)
      let workers = 0
      for (const { reportedThrough } of this.#workers.values()) if (reportedThrough === through) workers += 1
      this.#least = { through, workers }
    }
    return this.#least.through
  }

  /** The master itself heard nobody for so long: that is no silence of theirs. */
  excuse(ms: number): void {
    for (const worker of this.#workers.values()) {
      worker.heardMs += ms
      if (worker.suspectMs !== null) worker.suspectMs += ms
    }
  }

  /** Those that have missed two heartbeats or more, each once: whether their processes are there can be asked. */
  silent(nowMs: number): { readonly node: NodeId; readonly address: string }[] {
    const silent: WorkerEntry[] = []
    for (const worker of this.#workers.values()) {
      if (worker.probed || nowMs - worker.heardMs < this.lostAfterMs / 2) continue
      worker.probed = true
      silent.push(worker)
    }
    return silent
  }

  /** Those that count as dead from now on. The caller removes them. */
  dead(nowMs: number): { readonly node: NodeId; readonly why: string }[] {
    const dead: { node: NodeId; why: string }[] = []
    for (const worker of this.#workers.values()) {
      const silentMs = nowMs - worker.heardMs
      const patience = nowMs < worker.patientUntilMs ? worker.patience : 1
      if (silentMs >= this.lostAfterMs * patience) dead.push({ node: worker.node, why: `no heartbeat for ${Math.round(silentMs)} ms` })
      else if (worker.suspectMs !== null && nowMs - worker.suspectMs >= this.suspectForMs) {
        dead.push({ node: worker.node, why: "its connection broke" })
      }
    }
    return dead
  }

  remove(node: NodeId, nowMs: number): WorkerEntry | undefined {
    const entry = this.#workers.get(node)
    if (entry === undefined) return undefined
    this.#workers.delete(node)
    this.#least = null
    // Who was let go is not missed; nor is who has come back as a new process before its end was seen.
    if (entry.leaving || this.#isThere(entry.name)) return entry
    this.#lost.push({ entry, atMs: nowMs })
    if (this.#lost.length > 16) this.#lost.shift()
    return entry
  }

  /** A worker of before the master was started again: until it is back it counts as lost now. */
  expect(name: string, nowMs: number): void {
    if (this.#isThere(name)) return
    if (!this.#lost.some(({ entry }) => entry.name === name) && !this.#expected.has(name)) this.#expected.set(name, nowMs)
  }

  #isThere(name: string): boolean {
    for (const worker of this.#workers.values()) if (worker.name === name) return true
    return false
  }

  /** How many were lost since then, and are not back. */
  lostSince(ms: number): number {
    let count = 0
    for (const { atMs } of this.#lost) if (atMs >= ms) count += 1
    for (const atMs of this.#expected.values()) if (atMs >= ms) count += 1
    return count
  }

  peers(): Peer[] {
    return [...this.#workers.values()].map(({ node, name, address, host, load, usedBytes, capBytes, drainingMs }) => ({
      node,
      name,
      address,
      host,
      load,
      freeBytes: Math.max(0, capBytes - usedBytes),
      ...(drainingMs !== null && { draining: true as const }),
    }))
  }

  statuses(tasks: (node: NodeId) => { readonly running: number; readonly copied: number }, nowMs: number): WorkerStatus[] {
    const of = (worker: WorkerEntry, state: WorkerStatus["state"]): WorkerStatus => ({
      node: worker.node,
      name: worker.name,
      address: worker.address,
      host: worker.host,
      state,
      cores: worker.cores,
      load: worker.load,
      loads: [...worker.loads],
      blocks: worker.blocks,
      bytes: worker.usedBytes,
      capBytes: worker.capBytes,
      spilledBytes: worker.spilledBytes ?? 0,
      taskMs: Math.round(worker.taskMs),
      medianMs: median(worker.recentMs),
      speculated: tasks(worker.node).copied,
      running: tasks(worker.node).running,
      dropped: worker.dropped,
    })
    const live = [...this.#workers.values()].map(worker => of(worker, nowMs - worker.heardMs > this.lostAfterMs / 2 ? "slow" : "up"))
    return [...live, ...this.#lost.map(({ entry }) => of(entry, "lost"))]
  }
}
