/** A master among real adapters: `rivulet master`, and the master of an embedded cluster. */

import { join } from "node:path"
import { deserialize } from "node:v8"
import { RivuletError } from "../../engine/errors.js"
import { nodeKeys } from "../adapters/key-files.js"
import { LevelJournal } from "../adapters/level-journal.js"
import { openLog, type Say } from "../adapters/log.js"
import { MetricsServer } from "../adapters/metrics-server.js"
import { endOnSignals, makeDirectory } from "../adapters/node-process.js"
import { type RunningNode, runNode } from "../adapters/run-node.js"
import type { Journal, NodeId } from "../ports.js"
import { type Listening, ZeromqTransport } from "../transport/zeromq.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import type { MasterConfig } from "./config.js"
import { epochOf, newestEpoch, type ReadRecord } from "./epochs.js"
import { type MasterCall, MasterMachine } from "./master.js"
import { type JournalRecord, unknownKind } from "./records.js"

/** How a master decides, wherever its journal is. */
export interface MasterSettings {
  /** Where to listen. Default tcp://127.0.0.1:7077. */
  readonly bind?: string
  /** The cluster's name, for people. */
  readonly cluster?: string
  /** The name (or file) of this node's key: it may then listen beyond this machine, and admits who is on the list of allowed keys. */
  readonly key?: string
  /** Copies of received data before the client's ack, and how few will do when there are not enough workers. */
  readonly replicas?: number
  readonly minReplicas?: number
  /** What is acked and checkpointed is on its holders' disks, so that the whole cluster can be started again. Workers need directories. Default false. */
  readonly durable?: boolean
  /** A task that takes longer is stopped; a `foreachRDD` body may take twice that. Default 30 s. */
  readonly taskTimeoutMs?: number
  /** Where metrics are told over HTTP, on this machine alone: `9090`, `127.0.0.1:9090`. Default: nowhere. */
  readonly metrics?: string
  readonly config?: Partial<MasterConfig>
  readonly say?: Say
  /** Whether signals end the process. Default true. */
  readonly ownsProcess?: boolean
  /** The machine cannot go on. Default: stop, and end the process if it is owned. */
  readonly onExit?: (code: number) => void
}

export interface MasterProcessOptions extends MasterSettings {
  /** Holds the journal: a master started there again goes on where the last one ended. Made when missing. */
  readonly dir: string
  /** Whose process it is a part of, and ends with: said to who is attached when it does. */
  readonly startedBy?: string
}

export interface MasterProcess {
  readonly address: string
  readonly node: NodeId
  stop(): Promise<void>
}

export const defaultBind = "tcp://127.0.0.1:7077"
export const defaultCluster = "rivulet"

/**
 * Reads the journal, then listens. Throws a RivuletError of code 2 for an address that is taken or open to other machines,
 * or a directory that cannot be used.
 */
export async function startMaster(options: MasterProcessOptions): Promise<MasterProcess> {
  const say = options.say ?? openLog({ node: "master" })
  await makeDirectory(options.dir)
  const metrics = options.metrics === undefined ? null : await MetricsServer.listen(options.metrics, say)
  const listening = await ZeromqTransport.listen(options.bind ?? defaultBind, nodeKeys(options.key)).catch(async error => {
    await metrics?.close()
    throw error
  })
  const opened = await LevelJournal.open(join(options.dir, "journal"))
    .then(async journal => ({ journal, records: await readRecords(journal) }))
    .catch(async error => {
      await Promise.all([listening.open({ node: "master" }).close(), metrics?.close()])
      throw error
    })
  let end: ReturnType<typeof endOnSignals> | null = null
  let failed = false
  const onExit = (code: number) => {
    failed = true
    if (options.onExit !== undefined) options.onExit(code)
    else if (end === null) void running.stop()
    else end.exit(code)
  }
  const { node, running } = runMaster(
    { ...options, onExit },
    {
      ...{ listening, metrics, say, ...opened },
      epoch: newestEpoch(opened.records) + 1,
      claimed: false,
      onExit,
    },
  )
  const stop = () => {
    // Whoever takes the place of one that cannot go on is not to be contradicted.
    if (!failed) running.call({ kind: "ending", startedBy: options.startedBy ?? null } satisfies MasterCall)
    return running.stop()
  }
  if (options.ownsProcess ?? true) end = endOnSignals({ say, stop })
  say("info", `master of ${options.cluster ?? defaultCluster} at ${listening.address}, ${epochOf(node)}, journal in ${options.dir}`)
  if (metrics !== null) say("info", `metrics at ${metrics.url}`)
  return {
    address: listening.address,
    node,
    async stop() {
      end?.release()
      await Promise.all([stop(), metrics?.close()])
    },
  }
}

/** The journal's records from its newest snapshot on. Throws a RivuletError of code 2 for what a newer version wrote. */
export async function readRecords(journal: Journal): Promise<ReadRecord[]> {
  let records: ReadRecord[] = []
  for await (const { sequence, record } of journal.read()) {
    const read = { sequence, record: deserialize(record) as JournalRecord }
    const unknown = unknownKind(read.record)
    // What it says would be left out, and all that follows from it.
    if (unknown !== undefined)
      throw new RivuletError(`the journal's record ${sequence} is "${unknown}", which Rivulet ${rivuletVersion} does not know`, {
        code: 2,
        try: "a newer version has written it: start that one, or give this one a directory of its own (--dir)",
      })
    if (read.record.kind === "snapshot") records = []
    records.push(read)
  }
  return records
}

/** The machine among its adapters, in an epoch that no other master has or had. `claimed`: the epoch's record is the journal's last. */
export function runMaster(
  settings: MasterSettings,
  with_: {
    readonly listening: Listening
    readonly metrics: MetricsServer | null
    readonly journal: Journal
    readonly records: readonly ReadRecord[]
    readonly epoch: number
    readonly claimed: boolean
    readonly say: Say
    readonly onExit: (code: number) => void
  },
): { readonly node: NodeId; readonly running: RunningNode } {
  const { listening, journal, records, epoch, claimed, say } = with_
  const node = `master#${epoch}`
  const transport = listening.open({ node, say: text => say("debug", text) })
  const machine = new MasterMachine({
    ...{ node, records, claimed },
    cluster: settings.cluster ?? defaultCluster,
    address: listening.address,
    replicas: settings.replicas ?? 2,
    minReplicas: settings.minReplicas ?? 1,
    config: {
      version: rivuletVersion,
      runtime: runtimeVersion,
      durable: settings.durable ?? false,
      ...timeouts(settings.taskTimeoutMs),
      ...settings.config,
    },
  })
  const { metrics } = with_
  const onAnswer = ({ call, value }: { readonly call: number; readonly value?: unknown }) => metrics?.answered(call, value as string)
  const running = runNode({ node, machine, transport, journal, say, onAnswer, onExit: settings.onExit ?? with_.onExit })
  metrics?.serve(call => running.call(call))
  return { node, running }
}

function timeouts(taskTimeoutMs: number | undefined): Partial<MasterConfig> {
  return taskTimeoutMs === undefined ? {} : { taskTimeoutMs, driverTimeoutMs: taskTimeoutMs * 2, questionStallMs: taskTimeoutMs / 3 }
}
