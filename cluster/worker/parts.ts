/** A worker's parts, put together: who is told of whom. Each is a file beside this one. */

import type { BlockMemory } from "../ports.js"
import { Assets } from "./assets.js"
import { BlockStore } from "./block-store.js"
import { ClockOffset } from "./clock-offset.js"
import { defaultWorkerConfig, executorCounts, type WorkerConfig } from "./config.js"
import { Copier } from "./copier.js"
import { Credit } from "./credit.js"
import { DiskBudget } from "./disk-budget.js"
import { Drivers } from "./drivers.js"
import { DurableLog } from "./durable-log.js"
import { Fetcher } from "./fetcher.js"
import { Files } from "./files.js"
import { Folding } from "./folding.js"
import { MasterLink, type WorkerIdentity, type WorkerLoad } from "./master-link.js"
import { Outbox } from "./outbox.js"
import { Peers } from "./peers.js"
import { Readers } from "./readers.js"
import { Receiver } from "./receiver.js"
import { Reporter } from "./reporter.js"
import type { Segment } from "./segment.js"
import { Spill } from "./spill.js"
import { Tasks } from "./tasks.js"

export interface WorkerOptions extends WorkerIdentity {
  readonly memory: BlockMemory
  readonly config?: Partial<WorkerConfig>
  /** What an earlier process kept in `durableDir`. */
  readonly segments?: readonly Segment[]
}

export interface WorkerParts {
  readonly clock: ClockOffset
  readonly store: BlockStore
  readonly outbox: Outbox
  readonly master: MasterLink
  readonly peers: Peers
  readonly reporter: Reporter
  readonly receiver: Receiver
  readonly readers: Readers
  readonly credit: Credit
  readonly fetcher: Fetcher
  readonly files: Files
  readonly assets: Assets
  readonly tasks: Tasks
  readonly copier: Copier
  readonly drivers: Drivers
  readonly spill: Spill
  readonly durable: DurableLog
}

/** Tasks may together have so much read from disk, of a small memory too. */
const leastDiskBytes = 8 * 1024 * 1024

/** `load`: what a heartbeat says of the worker. */
export function workerParts(options: WorkerOptions, load: () => WorkerLoad): WorkerParts {
  const { memory, node, host, cores } = options
  const executors = executorCounts(cores, options.config?.queryExecutors)
  const config: WorkerConfig = { ...defaultWorkerConfig, queryExecutors: executors.query, ...options.config }
  const clock = new ClockOffset()
  const { buffer, capBytes } = memory
  const store = new BlockStore(node, { buffer, capBytes, fromBytes: config.memoryFromBytes, poison: config.poison })
  const outbox = new Outbox(store)
  const peers = new Peers(node, host, outbox)
  const master = new MasterLink({
    ...{ identity: options, config, clock, outbox, capBytes: store.capBytes },
    // What nobody may rely on yet is reported when it may be.
    inventory: () => store.inventory().filter(({ block }) => !receiver.isPending(block) && !tasks.isUntold(block)),
    peers: () => peers.names,
    draining: () => peers.draining,
    load,
  })
  const files = new Files(outbox)
  const assets = new Assets(outbox, master, clock)
  const spill: Spill = new Spill({ config, clock, outbox, store, files, node, kept: () => (durable.on ? durable : null) })
  const durable: DurableLog = new DurableLog({ clock, outbox, store, files, spill, node, dir: config.durableDir }, options.segments ?? [])
  const diskBytes = Math.max(leastDiskBytes, store.capBytes / 8)
  const budgets = { stream: new DiskBudget(diskBytes), query: new DiskBudget(diskBytes) }
  const fetcher = new Fetcher({ node, config, clock, outbox, store, peers })
  const reporter = new Reporter(clock, master, config.holdReportMs)
  const folding = new Folding({ config, clock, store, outbox, executors: executors.stream })
  const receiver: Receiver = new Receiver({
    ...{ node, config, clock, outbox, store, peers, reporter, durable, spill, folding },
    own: { acked: key => readers.acked(key), refused: (key, why) => readers.refused(key, why) },
    hint: (stream, text) =>
      master.post({ kind: "log", stream, interval: null, partition: null, lines: [{ level: "info", text, repeated: 1 }] }),
  })
  for (const id of durable.blocks) receiver.restored(store.get(id)!)
  const readers = new Readers({ clock, outbox, master, receive: (key, block) => receiver.onBatch(node, key, block) })
  const credit = new Credit(config, outbox)
  const tasks: Tasks = new Tasks({ config, clock, outbox, master, executors, node, store, fetcher, files, assets, spill, budgets, folding })
  const copier = new Copier({ node, store, outbox, master, peers, spill, durable })
  const drivers = new Drivers(assets, clock, outbox, master)
  return {
    ...{ clock, store, outbox, master, peers, reporter, receiver, readers, credit },
    ...{ fetcher, files, assets, tasks, copier, drivers, spill, durable },
  }
}
