/** The master's parts, made from its journal, and which of them is told of what by which other. What they do in a step is in `master.ts`. */

import type { StreamId } from "../../engine/definition.js"
import type { TaskFailure } from "../../engine/task.js"
import { MasterClock } from "../clock.js"
import { incarnationOf, type NodeId, type Now } from "../ports.js"
import type { PastEvent } from "../protocol.js"
import { BlockTracker } from "../scheduler/block-tracker.js"
import { JobGenerator } from "../scheduler/job-generator.js"
import type { Outbox } from "../scheduler/outbox.js"
import { Placement } from "../scheduler/placement.js"
import { Scheduler } from "../scheduler/scheduler.js"
import { StateChains } from "../scheduler/state-chains.js"
import { Admission } from "./admission.js"
import { ArchiveSources } from "./archive-sources.js"
import { AssetUse } from "./asset-use.js"
import { Catalog, nameOf } from "./catalog.js"
import { Checkpointer } from "./checkpointer.js"
import { Clients } from "./clients.js"
import type { MasterConfig } from "./config.js"
import { Draining } from "./draining.js"
import { Endings } from "./endings.js"
import { Events } from "./events.js"
import { Happenings } from "./happenings.js"
import { HeldInput } from "./held-input.js"
import { InputCopies } from "./input-copies.js"
import { JobFacts } from "./job-facts.js"
import { LaneReaders } from "./lanes.js"
import { Leases } from "./leases.js"
import { Ledger } from "./ledger.js"
import { Lifecycle } from "./lifecycle.js"
import { LookAhead } from "./look-ahead.js"
import { Masters } from "./masters.js"
import { Members } from "./members.js"
import type { Parts } from "./parts.js"
import { MasterPlanner } from "./planner.js"
import { Queries } from "./queries.js"
import { ReadOnly } from "./read-only.js"
import { RecordLog } from "./record-log.js"
import type { JournalRecord } from "./records.js"
import { Requests } from "./requests.js"
import { restoreChains } from "./restore-chains.js"
import { Restoring } from "./restoring.js"
import { Retention } from "./retention.js"
import { Retries } from "./retries.js"
import { Sealing } from "./sealing.js"
import { Sources } from "./sources.js"
import { MasterGraph, Progress } from "./stream-graph.js"
import { Streams } from "./streams.js"
import { Subscriptions } from "./subscriptions.js"
import { Views } from "./views.js"
import { WorkerRegistry } from "./worker-registry.js"

export interface MasterOptions {
  /** `master#<epoch>`. */
  readonly node: NodeId
  /** The cluster's name, for people. */
  readonly cluster: string
  readonly address: string
  /** The journal, as read at the start. */
  readonly records: readonly { readonly sequence: number; readonly record: JournalRecord }[]
  /** The last of them says that this node's epoch has begun: where several masters share a journal, that is settled before one listens. */
  readonly claimed?: boolean
  readonly replicas?: number
  readonly minReplicas?: number
  readonly config?: Partial<MasterConfig>
}

/** What a step goes through. */
export interface Assembly {
  readonly parts: Parts
  readonly clock: MasterClock
  /** Of the step that is under way, by `clock`; before the first, of the start. */
  readonly time: { ms: number }
  readonly archives: ArchiveSources
  readonly assetUse: AssetUse
  readonly checkpointer: Checkpointer
  readonly copies: InputCopies
  readonly draining: Draining
  readonly endings: Endings
  readonly events: Events
  readonly facts: JobFacts
  readonly happenings: Happenings
  readonly leases: Leases
  readonly lookAhead: LookAhead
  readonly restoring: Restoring
  readonly masters: Masters
  readonly clients: Clients
  readonly members: Members
  readonly queries: Queries
  readonly requests: Requests
  readonly retention: Retention
  readonly retries: Retries
  readonly sealing: Sealing
  readonly sources: Sources
  readonly streams: Streams
  readonly subscriptions: Subscriptions
  readonly views: Views
}

export function assemble(options: MasterOptions, config: MasterConfig, outbox: Outbox, now: Now): Assembly {
  const parts = restored(options, config, outbox)
  const { ledger } = parts
  const clock = new MasterClock(latestSealed(ledger))
  const startedMs = clock.read(now)
  const time = { ms: startedMs }

  const events = new Events(ledger)
  events.replay(options.records)
  const facts = new JobFacts()
  parts.log.onRecord = record => {
    events.journaled(record, time.ms)
    facts.totals.journaled(record)
  }

  // Some hear of each other: `clients`, `members` and `requests` are made further down and called later.
  const held = new HeldInput(parts, text => clients.tell({ kind: "warning", text }))
  const checkpointer = new Checkpointer(parts)
  const copies = new InputCopies(parts)
  const warn = (stream: StreamId, text: string) => {
    const message = { kind: "log", stream, interval: null, partition: null, lines: [{ level: "warn", text, repeated: 1 }] } as const
    const told = views.log("master", message, { timeMs: time.ms })
    if (told.lines.length > 0) clients.tell({ ...message, ...told, worker: "master" })
  }
  const sealing = new Sealing(parts, copies, warn)
  const streams = new Streams(parts, facts, (stream, interval, failure) =>
    clients.tell({ kind: "held", stream: nameOf(stream), interval, failure }),
  )
  const hold = (stream: StreamId, failure: TaskFailure) => streams.hold(stream, ledger.streams.get(stream)?.sealedThrough ?? 0, failure)
  const sources = new Sources(parts, hold, warn)
  const archives = new ArchiveSources(parts, sources, hold, warn)
  const queries = new Queries(parts, () => {
    facts.totals.questions += 1
  })
  const lookAhead = new LookAhead(parts)
  const restoring = new Restoring(parts)
  const retention = new Retention(parts, queries, checkpointer, sources, held)
  const retries = new Retries(parts)
  const subscriptions = new Subscriptions(parts)
  const draining = new Draining(parts, streams.drivers, event => {
    members.changed()
    clients.tell(event)
  })
  const leases = new Leases(parts, event => clients.tell(event))
  const readOnly = new ReadOnly(hash => ledger.assets.has(hash))
  const clients: Clients = new Clients(
    parts,
    { queries, sources },
    {
      lost: client => requests.clientLost(client),
      told: event => {
        if (event.kind === "workerLost") facts.totals.workersLost += 1
        events.note(event, time.ms)
      },
    },
  )
  const others = { checkpointer, clients, copies, draining: () => draining, restoring, sources, streams }
  const members: Members = new Members(parts, others, startedMs, leases, readOnly)
  const masters = new Masters({ address: options.address, sinceMs: startedMs })
  const views = new Views(parts, {
    ...{ address: options.address, awaited: () => members.awaited, startedMs },
    ...{ copies, draining, facts, held, leases, lookAhead, masters, sealing, retention, retries, streams },
  })
  const endings = new Endings(parts, { clients, retention, streams, sealing, sources })
  const lifecycle = new Lifecycle(parts, { clients, retention, streams, endings, retries })
  const assetUse = new AssetUse(ledger, queries)
  const requests: Requests = new Requests(parts, {
    ...{ assetUse, readOnly, draining, endings, events, leases, lifecycle, queries, retries, sources, streams, subscriptions, views },
  })
  const note = (event: PastEvent) => events.note(event, time.ms)
  const happenings = new Happenings(parts, { checkpointer, note, facts, lookAhead, queries, restoring, retention, sources, streams, views })

  return {
    ...{
      parts,
      clock,
      time,
      archives,
      assetUse,
      checkpointer,
      clients,
      copies,
      draining,
      endings,
      events,
      facts,
      happenings,
      leases,
      lookAhead,
      restoring,
      masters,
      members,
    },
    ...{ queries, requests, retention, retries, sealing, sources, streams, subscriptions, views },
  }
}

/** What the parts share, as the journal has it. */
function restored({ node, records }: MasterOptions, config: MasterConfig, outbox: Outbox): Parts {
  const ledger = new Ledger()
  for (const { record } of records) ledger.apply(record)
  const log = new RecordLog(ledger, (records.at(-1)?.sequence ?? 0) + 1, records.length)
  const progress = new Progress()
  for (const [id, stream] of ledger.streams) {
    progress.sealedTo(id, stream.sealedThrough)
    progress.finishedTo(id, stream.through)
  }
  const graph = new MasterGraph(ledger, progress)
  const catalog = new Catalog(ledger)
  const tracker = new BlockTracker()
  const chains = new StateChains(tracker)
  const placement = new Placement()
  const planner = new MasterPlanner(ledger, catalog, graph, progress)
  const scheduler = new Scheduler({
    ...{ tracker, chains, placement, outbox, planner },
    taskTimeoutMs: config.taskTimeoutMs,
    gatherMs: config.gatherMs,
    questionStallMs: config.questionStallMs,
    incarnation: incarnationOf(node),
  })
  const parts: Parts = {
    ...{ config, ledger, log, progress, graph, catalog, tracker, chains, placement, outbox, planner, scheduler },
    jobs: new JobGenerator(planner, scheduler, config.jobsAhead, config.batchBytes),
    admission: new Admission(ledger, tracker, config.holdBackMs, config.strandedMs),
    registry: new WorkerRegistry(config.lostAfterMs, config.suspectForMs),
    laneReaders: new LaneReaders(),
  }
  restoreChains(parts)
  return parts
}

/** The clock does not go back behind what receivers' input is sealed to. */
function latestSealed(ledger: Ledger): number {
  let floorMs = Number.NEGATIVE_INFINITY
  for (const { definition, sealedThrough } of ledger.streams.values())
    if (definition.node.kind === "input" && definition.node.source.kind === "receiver") floorMs = Math.max(floorMs, sealedThrough)
  return floorMs
}
