/**
 * One of several masters that share a store: whoever gets the lease reads the journal, claims an epoch of its own in it by
 * compare-and-set, and only then listens; the others stand by. Who loses the lease, or finds that another has appended, ends itself:
 * its process, started again, stands by.
 */

import { hostname } from "node:os"
import { serialize } from "node:v8"
import { RivuletError } from "../../engine/errors.js"
import { Election } from "../adapters/election.js"
import { nodeKeys } from "../adapters/key-files.js"
import { openLog } from "../adapters/log.js"
import { MetricsServer } from "../adapters/metrics-server.js"
import { openNatsStore } from "../adapters/nats-store.js"
import { endOnSignals } from "../adapters/node-process.js"
import type { RunningNode } from "../adapters/run-node.js"
import { StandbyRoll } from "../adapters/standby-roll.js"
import { systemNow } from "../adapters/system-clock.js"
import { ZeromqTransport } from "../transport/zeromq.js"
import { epochOf, newestEpoch, type ReadRecord } from "./epochs.js"
import { Leadership } from "./leadership.js"
import { defaultBind, defaultCluster, type MasterSettings, readRecords, runMaster } from "./main.js"
import type { MasterCall } from "./master.js"
import type { JournalRecord } from "./records.js"

export interface CandidateOptions extends MasterSettings {
  /** Where the journal and the lease are: `nats://host:4222`. */
  readonly store: string
  /** How many servers of the store keep them. Default as it is; of a new cluster, three where there are so many. */
  readonly storeReplicas?: number
  /** The cluster may be begun though the store has others. Default false. */
  readonly begin?: boolean
  /** So long after its last word the leading master's place is free. Default 5 s. */
  readonly leaseMs?: number
}

export interface Candidate {
  /** Gives the lease back, if this process has it. */
  stop(): Promise<void>
}

export const defaultLeaseMs = 5_000
/** What ends a master that others have replaced, or may have. */
const replacedCode = 4

/**
 * Stands by, and leads when it is its turn. Throws a RivuletError: code 3 when the store does not answer, 2 for one that cannot be used
 * or an address that is taken or open to other machines.
 */
export async function startCandidate(options: CandidateOptions): Promise<Candidate> {
  const say = options.say ?? openLog({ node: "master" })
  const leaseMs = options.leaseMs ?? defaultLeaseMs
  const cluster = options.cluster ?? defaultCluster
  const bind = options.bind ?? defaultBind
  const keys = nodeKeys(options.key)
  // Whether it could listen must be known now, not when it has to.
  await (await ZeromqTransport.listen(bind, keys)).open({ node: "master" }).close()
  const metrics = options.metrics === undefined ? null : await MetricsServer.listen(options.metrics, say)
  const store = await openNatsStore({
    ...{ url: options.store, cluster, timeoutMs: Math.min(2_000, Math.ceil(leaseMs / 3)) },
    begin: options.begin ?? false,
    ...(options.storeReplicas !== undefined && { replicas: options.storeReplicas }),
  }).catch(async error => {
    await metrics?.close()
    throw error
  })
  if (metrics !== null) say("info", `metrics at ${metrics.url}`)
  if (store.clustered && store.replicas === 1)
    say("warn", `only one server of ${store.shown} keeps the journal, though there are several: --store-replicas 3`)

  const leadership = new Leadership({ holder: store.caller, address: bind, leaseMs, durable: options.durable ?? false })
  const roll = new StandbyRoll(store.standbys, { host: hostname(), address: bind, leaseMs })
  let running: RunningNode | null = null
  let end: ReturnType<typeof endOnSignals> | null = null
  let stopping: Promise<void> | null = null
  const stop = () => {
    stopping ??= (async () => {
      await running?.stop()
      await Promise.all([election.stop(), roll.stop()])
      await Promise.all([store.close(), metrics?.close()])
    })()
    return stopping
  }
  const over = (code: number, reason: string) => {
    if (stopping !== null) return
    say("error", reason)
    if (options.onExit !== undefined) options.onExit(code)
    else if (end === null) void stop()
    else end.exit(code)
  }
  const lead = async () => {
    const listening = await ZeromqTransport.listen(bind, keys)
    const abandon = () => listening.open({ node: "master" }).close()
    try {
      leadership.listensAt(listening.address)
      const journal = store.journal()
      const records = await readRecords(journal)
      const epoch = newestEpoch(records) + 1
      const claim: ReadRecord = {
        sequence: (records.at(-1)?.sequence ?? 0) + 1,
        record: {
          ...{ kind: "epoch", epoch, cluster, wallMs: systemNow().wallMs },
          ...{ host: hostname(), address: listening.address },
        } satisfies JournalRecord,
      }
      if ((await journal.append(claim.sequence, serialize(claim.record))) === "conflict")
        throw new RivuletError("another master has appended to the journal while this one read it", { code: replacedCode })
      if (stopping !== null || !leadership.leads) return await abandon()
      const started = runMaster(options, {
        ...{ listening, metrics, journal, epoch, say, claimed: true, records: [...records, claim] },
        onExit: code => over(code, "this master ends; started again, it stands by"),
      })
      const { call } = started.running
      running = started.running
      roll.lead(standbys => call({ host: hostname(), standbys } satisfies MasterCall))
      say("info", `master of ${cluster} at ${listening.address}, ${epochOf(started.node)}, journal in ${store.shown}`)
    } catch (error) {
      await abandon()
      throw error
    }
  }
  const election = new Election(leadership, store.lease, {
    lead: () => {
      lead().catch((error: unknown) => {
        const code = error instanceof RivuletError ? error.code : 1
        over(code, `cannot lead ${cluster}: ${error instanceof Error ? error.message : String(error)}`)
      })
    },
    standBy: leader => {
      say("info", `standing by: ${leader.address} leads ${cluster}, as ${store.shown} says`)
      if (leader.durable === (options.durable ?? false)) return roll.standBy()
      over(2, `the leading master is ${leader.durable ? "" : "not "}--durable: start this one alike`)
    },
    stepDown: reason => over(replacedCode, `leads no more: ${reason}`),
    store: error =>
      error === null
        ? say("info", `the store ${store.shown} answers again`)
        : say("warn", `the store ${store.shown} does not answer: ${error}`),
  })
  if (options.ownsProcess ?? true) end = endOnSignals({ say, stop })
  election.start()
  return {
    stop: async () => {
      end?.release()
      await stop()
    },
  }
}
