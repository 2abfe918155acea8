/** A master among real adapters: `rivulet master`, and the master of an embedded cluster. */

import { join } from "node:path"
import { deserialize } from "node:v8"
import { nodeKeys } from "../adapters/key-files.js"
import { LevelJournal } from "../adapters/level-journal.js"
import { openLog, type Say } from "../adapters/log.js"
import { endOnSignals, makeDirectory } from "../adapters/node-process.js"
import { type RunningNode, runNode } from "../adapters/run-node.js"
import type { NodeId } from "../ports.js"
import { ZeromqTransport } from "../transport/zeromq.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import type { MasterConfig } from "./config.js"
import { MasterMachine } from "./master.js"
import type { JournalRecord } from "./records.js"

export interface MasterProcessOptions {
  /** Where to listen. Default tcp://127.0.0.1:7077. */
  readonly bind?: string
  /** Holds the journal: a master started there again goes on where the last one ended. Made when missing. */
  readonly dir: string
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
  readonly config?: Partial<MasterConfig>
  readonly say?: Say
  /** Whether signals end the process. Default true. */
  readonly ownsProcess?: boolean
  /** The machine cannot go on. Default: stop, and end the process if it is owned. */
  readonly onExit?: (code: number) => void
}

export interface MasterProcess {
  readonly address: string
  readonly node: NodeId
  stop(): Promise<void>
}

/**
 * Reads the journal, then listens. Throws a RivuletError of code 2 for an address that is taken or open to other machines,
 * or a directory that cannot be used.
 */
export async function startMaster(options: MasterProcessOptions): Promise<MasterProcess> {
  const say = options.say ?? openLog({ node: "master" })
  await makeDirectory(options.dir)
  const listening = await ZeromqTransport.listen(options.bind ?? "tcp://127.0.0.1:7077", nodeKeys(options.key))
  const opened = await openJournal(join(options.dir, "journal")).catch(async error => {
    await listening.open({ node: "master" }).close()
    throw error
  })
  const { journal, records } = opened
  const epoch = 1 + records.reduce((newest, { record }) => (record.kind === "epoch" ? Math.max(newest, record.epoch) : newest), 0)
  const node = `master#${epoch}`
  const transport = listening.open({ node, say: text => say("debug", text) })
  const machine = new MasterMachine({
    node,
    cluster: options.cluster ?? "rivulet",
    address: listening.address,
    records,
    replicas: options.replicas ?? 2,
    minReplicas: options.minReplicas ?? 1,
    config: {
      version: rivuletVersion,
      runtime: runtimeVersion,
      durable: options.durable ?? false,
      ...timeouts(options.taskTimeoutMs),
      ...options.config,
    },
  })
  let end: ReturnType<typeof endOnSignals> | null = null
  const running: RunningNode = runNode({
    node,
    machine,
    transport,
    journal,
    say,
    onExit: options.onExit ?? (code => (end === null ? void running.stop() : end.exit(code))),
  })
  if (options.ownsProcess ?? true) end = endOnSignals({ say, stop: running.stop })
  say("info", `master of ${options.cluster ?? "rivulet"} at ${listening.address}, epoch ${epoch}, journal in ${options.dir}`)
  return {
    address: listening.address,
    node,
    async stop() {
      end?.release()
      await running.stop()
    },
  }
}

function timeouts(taskTimeoutMs: number | undefined): Partial<MasterConfig> {
  return taskTimeoutMs === undefined ? {} : { taskTimeoutMs, driverTimeoutMs: taskTimeoutMs * 2, questionStallMs: taskTimeoutMs / 3 }
}

async function openJournal(directory: string) {
  const journal = await LevelJournal.open(directory)
  const records: { sequence: number; record: JournalRecord }[] = []
  for await (const { sequence, record } of journal.read()) records.push({ sequence, record: deserialize(record) as JournalRecord })
  return { journal, records }
}
