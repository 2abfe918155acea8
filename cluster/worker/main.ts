/** A worker among real adapters: `rivulet worker`, and the workers of an embedded cluster. */

import { availableParallelism, hostname, totalmem, userInfo } from "node:os"
import { join, resolve } from "node:path"
import { RivuletError } from "../../engine/errors.js"
import { defaultMemoryBytes, reserveBlockMemory } from "../adapters/block-memory.js"
import { connectDrivers, DriverThreads } from "../adapters/driver-thread.js"
import { ExecutorThreads } from "../adapters/executor-threads.js"
import { emptyDirectory, readEach } from "../adapters/file-disk.js"
import { nodeKeys } from "../adapters/key-files.js"
import { openLog, type Say } from "../adapters/log.js"
import { checkName, endOnSignals, makeDirectory, nextIncarnation } from "../adapters/node-process.js"
import { type RunningNode, runNode } from "../adapters/run-node.js"
import type { Machine, NodeId } from "../ports.js"
import { formatAddress, parseAddress, parseAddresses } from "../security.js"
import { ZeromqTransport } from "../transport/zeromq.js"
import { rivuletVersion, runtimeVersion } from "../version.js"
import { executorCounts, type WorkerConfig } from "./config.js"
import { readSegment } from "./segment.js"
import { leaving, WorkerMachine } from "./worker.js"

export interface WorkerProcessOptions {
  /** The master's address; of several masters, one of which leads, with commas between them. */
  readonly master: string
  /** Where to listen. Default any free port of 127.0.0.1. */
  readonly bind?: string
  /** The name (or file) of this node's key: needed to reach a master that has one, and to listen beyond this machine. */
  readonly key?: string
  /** What machine this is, so that copies go to another. Default the machine's name. */
  readonly host?: string
  /** Executor threads for streams. Default the machine's cores. */
  readonly cores?: number
  /** Block memory, 1 MiB to 4 GiB. Default 1 GiB. */
  readonly memoryBytes?: number
  /** Of its directory's disk, for blocks that memory has no room for. Default 16 GiB. */
  readonly diskBytes?: number
  /** Keeps what must outlive the process (how often it was started; in a durable cluster what was acked and checkpointed), and blocks that memory has no room for. Made when missing. Default none. */
  readonly dir?: string
  /** Unique in the cluster. Default `<machine>-<port>`. */
  readonly name?: string
  readonly config?: Partial<WorkerConfig>
  /** A thread that others could have instead begins with cold code: a task that takes long keeps them waiting. Default false. */
  readonly batch?: boolean
  /** Of a batch. Memory is short: little is kept for later. Default false. */
  readonly frugal?: boolean
  readonly say?: Say
  /** Whether signals end the process. Default true. */
  readonly ownsProcess?: boolean
  /** The machine cannot go on. Default: stop, and end the process if it is owned. */
  readonly onExit?: (code: number) => void
  /** Told when the master has this worker in its list of so many. */
  readonly onListed?: (workers: number) => void
}

export interface WorkerProcess {
  readonly address: string
  readonly node: NodeId
  /** Resolves when everything is closed. Blocks in memory here are lost. */
  stop(): Promise<void>
  /** Makes its tasks take so many times as long, as on a machine that is slow; 1: as before. */
  slow(times: number): void
}

const frugalKeptReadBytes = 8 * 1024 * 1024

/**
 * Listens, then joins the master as soon as there is one: it keeps trying, and says so. Throws a RivuletError of code 2
 * for an address, size, name or directory that cannot be.
 */
export async function startWorker(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const masters = parseAddresses(options.master)
  const master = masters.map(formatAddress).join(",")
  if (options.name !== undefined) checkName(options.name)
  if (options.dir !== undefined) await makeDirectory(options.dir)
  const cores = options.cores ?? availableParallelism()
  const memory = reserveBlockMemory(options.memoryBytes ?? defaultMemoryBytes)
  const bind = options.bind ?? "tcp://127.0.0.1:0"

  // The name may hold the port, which is known when it is bound; and the transport wants the node's name.
  const curve = nodeKeys(options.key)
  if (curve === undefined && masters.some(({ key }) => key !== null))
    throw new RivuletError(`the master ${master} is reached with a key, and this worker has none`, {
      code: 2,
      try: "--key <name>, as the master's",
    })
  const listening = await ZeromqTransport.listen(bind, curve)
  const name = options.name ?? checkName(`${hostname().replace(/[^A-Za-z0-9.-]/g, "-")}-${parseAddress(listening.address).port}`)
  const node = `${name}#${await nextIncarnation(name, options.dir)}`
  const say = options.say ?? openLog({ node: name })
  const transport = listening.open({
    node,
    say: text => say("debug", text),
    onRefused: (peer, reason, attempt) => say("warn", `${peer} does not admit this worker: ${reason}. try: ${attempt}`),
  })

  // Of this name alone: two workers may be given one directory.
  const spillDir = options.dir === undefined ? null : join(resolve(options.dir), `spill-${name}`)
  if (spillDir !== null) await emptyDirectory(spillDir)
  const durableDir = options.dir === undefined ? null : join(resolve(options.dir), `durable-${name}`)
  const segments = durableDir === null ? [] : await readEach(durableDir, readSegment)
  const config: Partial<WorkerConfig> = {
    spillDir,
    durableDir,
    ...(options.batch === true && { setsApart: false }),
    ...(options.diskBytes !== undefined && { diskBytes: options.diskBytes }),
    ...options.config,
  }
  const machine = watching(
    options.onListed,
    new WorkerMachine({
      name,
      node,
      address: transport.address!,
      host: options.host ?? hostname(),
      cores,
      user: userInfo().username,
      version: rivuletVersion,
      runtime: runtimeVersion,
      master: { node: "master", address: master },
      memory,
      config,
      segments,
    }),
  )
  const counts = executorCounts(cores, config.queryExecutors)
  let end: ReturnType<typeof endOnSignals> | null = null
  let executors: ExecutorThreads | null = null
  const running: RunningNode = runNode({
    node,
    machine,
    transport,
    say,
    ...(options.frugal === true && { keptReadBytes: frugalKeptReadBytes }),
    drivers: new DriverThreads({ connect: () => connectDrivers(master, userInfo().username, say, curve) }),
    executors: onEvent => {
      executors = new ExecutorThreads({
        memory: memory.buffer,
        streams: counts.stream,
        queries: counts.query,
        heapMb: executorHeapMb(counts.stream + counts.query),
        ...(options.batch === true && { spares: 0 }),
        ...(options.frugal === true && { frugal: true }),
        onEvent,
      })
      return executors
    },
    onExit: options.onExit ?? (code => (end === null ? void running.stop() : end.exit(code))),
  })
  const stop = () => {
    running.call(leaving)
    return running.stop()
  }
  if (options.ownsProcess ?? true) end = endOnSignals({ say, stop })
  say(
    "info",
    `worker at ${transport.address}, ${cores} cores, ${Math.round(memory.capBytes / 2 ** 20)} MiB of block memory, master ${master.replaceAll(",", " or ")}`,
  )
  return {
    address: transport.address!,
    node,
    slow: times => executors?.slow(times),
    async stop() {
      end?.release()
      await stop()
    },
  }
}

/** All executors together may take half of the machine's memory: beyond that the system would end the whole worker, not one task. */
function executorHeapMb(executors: number): number {
  return Math.max(256, Math.min(2048, Math.floor(totalmem() / 2 / executors / 2 ** 20)))
}

function watching(onListed: WorkerProcessOptions["onListed"], machine: Machine): Machine {
  if (onListed === undefined) return machine
  return {
    step(event, now) {
      const commands = machine.step(event, now)
      if (event.kind === "received" && event.message.kind === "peers") onListed(event.message.workers.length)
      return commands
    },
  }
}
