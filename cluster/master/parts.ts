/** What the master's parts share. `assembly.ts` makes it once; a part uses what it needs and owns nothing of it. */

import type { NodeId } from "../ports.js"
import type { TaskDone } from "../protocol.js"
import type { BlockTracker } from "../scheduler/block-tracker.js"
import type { JobGenerator } from "../scheduler/job-generator.js"
import type { Outbox } from "../scheduler/outbox.js"
import type { Placement } from "../scheduler/placement.js"
import type { Scheduler } from "../scheduler/scheduler.js"
import type { StateChains } from "../scheduler/state-chains.js"
import type { Admission } from "./admission.js"
import type { Catalog } from "./catalog.js"
import type { MasterConfig } from "./config.js"
import type { LaneReaders } from "./lanes.js"
import type { Ledger } from "./ledger.js"
import type { MasterPlanner } from "./planner.js"
import type { RecordLog } from "./record-log.js"
import type { JournalRecord } from "./records.js"
import type { MasterGraph, Progress } from "./stream-graph.js"
import type { WorkerRegistry } from "./worker-registry.js"

export interface Parts {
  readonly config: MasterConfig
  readonly ledger: Ledger
  readonly log: RecordLog
  readonly progress: Progress
  readonly graph: MasterGraph
  readonly catalog: Catalog
  readonly tracker: BlockTracker
  readonly chains: StateChains
  readonly placement: Placement
  readonly outbox: Outbox
  readonly planner: MasterPlanner
  readonly scheduler: Scheduler
  readonly jobs: JobGenerator
  readonly admission: Admission
  readonly registry: WorkerRegistry
  readonly laneReaders: LaneReaders
}

/** This step's time. `timeMs` is the master's clock: what intervals go by. */
export interface Times {
  readonly monotonicMs: number
  readonly timeMs: number
}

/** Journals a record; `effect` is what others may see once it is there. */
export function append(parts: Pick<Parts, "log" | "outbox">, record: JournalRecord, effect: () => void): void {
  const command = parts.log.append(record, effect)
  if (command !== null) parts.outbox.push(command)
}

/** What `work` journals is one record: a master that is killed meanwhile leaves all of it or nothing. */
export function together(parts: Pick<Parts, "log" | "outbox">, work: () => void): void {
  const begun = parts.log.gather()
  try {
    work()
  } finally {
    const command = begun ? parts.log.written() : null
    if (command !== null) parts.outbox.push(command)
  }
}

export function say(
  parts: Pick<Parts, "outbox">,
  level: "debug" | "info" | "warn" | "error",
  text: string,
  data?: Record<string, unknown>,
): void {
  parts.outbox.push({ kind: "say", level, text, ...(data === undefined ? {} : { data }) })
}

/** Forgets a block here and at all its holders. */
export function forgetBlock(parts: Pick<Parts, "tracker" | "outbox">, block: string): void {
  for (const holder of parts.tracker.forget(block)) parts.outbox.forget(holder, block)
}

/** What a reading of an input left lies there from now on: until it is in a seal its worker may register again, or be lost. */
export function holdRead({ tracker }: Pick<Parts, "tracker">, worker: NodeId, { outputs }: TaskDone): void {
  for (const { block, bytes, rows } of outputs) tracker.hold(block, worker, bytes, rows)
}
