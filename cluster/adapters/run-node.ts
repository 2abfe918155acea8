/**
 * A machine among the real adapters: its runtime over a transport, a timer for its ticks, and its commands carried out.
 * Any node of a process is run by this: master, worker, client library, driver threads' client.
 */

import { serialize } from "node:v8"
import type { CapturedLog, TaskFailure } from "../../engine/task.js"
import type { Journal, Machine, NodeEvent, NodeId, Transport } from "../ports.js"
import { type EffectCommand, NodeRuntime } from "../runtime.js"
import type { ExecutorThreads } from "./executor-threads.js"
import { appendParts, listFiles, readRange, removeFile, writeParts, writeWhole } from "./file-disk.js"
import { LineSources } from "./line-sources.js"
import type { Say } from "./log.js"
import { PackedFiles } from "./packed-files.js"
import { Postgres } from "./postgres.js"
import { someoneListens } from "./probe.js"
import { ReadMemory } from "./read-memory.js"
import { systemNow } from "./system-clock.js"
import { Timer } from "./timer.js"

type AnswerCommand = Extract<EffectCommand, { kind: "answer" }>

export type RunDriver = Extract<EffectCommand, { kind: "runDriver" }>

/** How a `foreachRDD` body ended, and what it printed. */
export interface DriverEnd {
  readonly error?: TaskFailure
  readonly logs: readonly CapturedLog[]
}

/** Runs `foreachRDD` bodies. */
export interface Drivers {
  asset(hash: string, bytes: Uint8Array): void
  dropAsset(hash: string): void
  /** Never rejects. */
  run(command: RunDriver): Promise<DriverEnd>
  kill(task: string): void
  close(): Promise<void>
}

export interface NodeAdapters {
  readonly node: NodeId
  readonly machine: Machine
  /** Closed by `stop`, as are all others. */
  readonly transport: Transport
  readonly say: Say
  readonly journal?: Journal
  readonly executors?: (onEvent: (event: NodeEvent) => void) => ExecutorThreads
  readonly drivers?: Drivers
  readonly onAnswer?: (answer: AnswerCommand) => void
  /** So many bytes of memory that pieces of files were read into are kept for the next. */
  readonly keptReadBytes?: number
  /** The machine cannot go on. */
  readonly onExit?: (code: number, reason: string) => void
}

export interface RunningNode {
  readonly node: NodeId
  /** A local call for the machine. */
  call(call: unknown): void
  /** Closes every adapter. Idempotent. */
  stop(): Promise<void>
}

export function runNode(adapters: NodeAdapters): RunningNode {
  const { node, machine, transport, journal, drivers, say } = adapters
  const timer = new Timer(() => runtime.tick())
  const runtime: NodeRuntime = new NodeRuntime({
    node,
    machine,
    effects: {
      now: systemNow,
      send: (to, frames) => transport.send(to, frames),
      connect: (to, address) => transport.connect(to, address),
      disconnect: from => transport.disconnect(from),
      renew: to => transport.renew(to),
      wakeAt: monotonicMs => timer.set(monotonicMs),
      perform,
    },
  })
  const packedFiles = new PackedFiles()
  const readMemory = new ReadMemory(adapters.keptReadBytes)
  let tables: Postgres | null = null
  const sources = new LineSources(event => runtime.dispatch(event))
  const executors = adapters.executors?.(event => runtime.dispatch(event))
  transport.onReceived((from, frames, readOnly) => runtime.receive(frames, readOnly ? from : undefined))
  transport.onLost(peer => runtime.lost(peer))
  transport.onReached?.(peer => runtime.reached(peer))
  runtime.start()

  function perform(command: EffectCommand): void {
    switch (command.kind) {
      case "probe": {
        const { peer } = command
        void someoneListens(command.address).then(answer => {
          if (answer === false) runtime.dispatch({ kind: "gone", peer })
        })
        break
      }
      case "append":
        append(command.sequence, command.record)
        break
      case "submit":
        needed(executors).submit(command.task, command.executor, command.run, command.limits)
        break
      case "asset":
        executors?.asset(command.hash, command.bytes)
        drivers?.asset(command.hash, command.bytes)
        break
      case "dropAssets":
        executors?.dropAssets(command.hashes)
        for (const hash of command.hashes) drivers?.dropAsset(hash)
        break
      case "kill":
        needed(executors).kill(command.task, command.executor)
        break
      case "setApart":
        needed(executors).setApart(command.task, command.executor)
        break
      case "outputOver":
        executors?.outputOver(command.executor, command.bytes)
        break
      case "forgetState":
        executors?.forgetState(command.stream, command.before)
        break
      case "readFile": {
        const { request, path, from, to, pinned, packed, lent } = command
        const take = lent === true ? (bytes: number) => readMemory.take(request, bytes) : undefined
        if (packed !== undefined) {
          const reading = packedFiles.read(path, packed, from, to, { pinned, take })
          reading.catch(() => readMemory.giveBack(request))
          file(request, reading, read => ({ kind: "fileRead", request, ...read }))
          break
        }
        const reading = readRange(path, from, to, { pinned, take })
        reading.catch(() => readMemory.giveBack(request))
        file(request, reading, bytes => ({ kind: "fileRead", request, bytes }))
        break
      }
      case "readOver":
        readMemory.giveBack(command.request)
        break
      case "listFiles": {
        const { request, paths } = command
        file(request, listFiles(paths), files => ({ kind: "filesListed", request, files }))
        break
      }
      case "writeFile": {
        const { request, path, bytes } = command
        file(request, writeWhole(path, bytes), () => ({ kind: "fileWritten", request }))
        break
      }
      case "spill": {
        const { request, path, parts, direct } = command
        file(request, writeParts(path, parts, direct), () => ({ kind: "fileWritten", request }))
        break
      }
      case "appendFile": {
        const { request, path, at, parts } = command
        file(request, appendParts(path, at, parts), () => ({ kind: "fileWritten", request }))
        break
      }
      case "upsert": {
        const { request, write } = command
        tables ??= new Postgres()
        file(request, tables.write(write), () => ({ kind: "fileWritten", request }))
        break
      }
      case "removeFile":
        void removeFile(command.path)
        break
      case "runDriver": {
        const { task } = command
        void needed(drivers)
          .run(command)
          .then(end => runtime.dispatch({ kind: "driverDone", task, ...end }))
        break
      }
      case "openSource":
        sources.open(command.source, command.url, command.place)
        break
      case "pullSource":
        sources.pull(command.source)
        break
      case "closeSource":
        sources.close(command.source)
        break
      case "killDriver":
        drivers?.kill(command.task)
        break
      case "answer":
        adapters.onAnswer?.(command)
        break
      case "say":
        say(command.level, command.text, command.data)
        break
      case "exit":
        say("error", command.reason)
        adapters.onExit?.(command.code, command.reason)
        break
    }
  }

  function append(sequence: number, record: Extract<EffectCommand, { kind: "append" }>["record"]): void {
    const bytes = serialize(record)
    const journalHere = needed(journal)
    const write = async () => {
      const outcome = await journalHere.append(sequence, bytes)
      // The snapshot counts without it: only the records before it take up room until the next one.
      if (outcome === "appended" && record.kind === "snapshot")
        await journalHere.compact(sequence, bytes).catch(error => say("warn", `the journal could not be shortened: ${messageOf(error)}`))
      return outcome
    }
    write().then(
      outcome => {
        if (outcome === "appended") appended(sequence)
        else runtime.dispatch({ kind: "appendFailed", sequence, reason: "conflict", error: `record ${sequence} is there already` })
      },
      error => runtime.dispatch({ kind: "appendFailed", sequence, reason: "disk", error: messageOf(error) }),
    )
  }

  /** Records that were synced together are told together, in one step of the machine. */
  let appendedThrough: number | null = null
  function appended(sequence: number): void {
    if (appendedThrough === null) {
      queueMicrotask(() => {
        const through = appendedThrough as number
        appendedThrough = null
        runtime.dispatch({ kind: "appended", sequence: through })
      })
    }
    appendedThrough = Math.max(appendedThrough ?? sequence, sequence)
  }

  function file<T>(request: string, work: Promise<T>, done: (value: T) => NodeEvent): void {
    work.then(
      value => runtime.dispatch(done(value)),
      error => runtime.dispatch({ kind: "fileFailed", request, error: messageOf(error) }),
    )
  }

  let stopping: Promise<void> | null = null
  async function stop(): Promise<void> {
    sources.closeAll()
    packedFiles.close()
    await lastWords(heard => runtime.finish(heard))
    runtime.stop()
    timer.set(null)
    await Promise.all([executors?.close(), drivers?.close(), transport.close(), tables?.close()])
    await journal?.close()
  }
  return {
    node,
    call: call => runtime.dispatch({ kind: "call", call }),
    stop: () => (stopping ??= stop()),
  }
}

/** Whoever does not answer delays the end no longer than this. */
const lastWordsMs = 200

function lastWords(finish: (heard: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const late = setTimeout(resolve, lastWordsMs)
    finish(() => {
      clearTimeout(late)
      resolve()
    })
  })
}

function needed<T>(adapter: T | undefined): T {
  if (adapter === undefined) throw new Error("this node has no adapter for what its machine asks")
  return adapter
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
