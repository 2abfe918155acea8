/**
 * A notebook has a thread of its own: its names are its own, and a cell that never ends can be ended with it. Opens the cluster
 * (simulated in this thread, or the embedded one that the main thread started), runs the cells, tells of each.
 */

import { readFileSync, statSync } from "node:fs"
import { resolve } from "node:path"
import { type MessagePort, parentPort, workerData } from "node:worker_threads"
import glob from "fast-glob"
import type { ClientSession } from "../../cluster/client/client-session.js"
import { createSession } from "../../cluster/client/create-session.js"
import { PortCalls } from "../../cluster/client/port-calls.js"
import { type Kill, simulate } from "../../cluster/testing/index.js"
import { RivuletError } from "../../engine/errors.js"
import { chaosNames } from "../host/chaos.js"
import type { ChaosOrder } from "../host/port.js"
import { type CellOutcome, CellRunner, type CellToRun } from "./run-cells.js"
import { SimulatedTimers } from "./timers.js"

export interface NotebookJob {
  readonly cells: readonly CellToRun[]
  readonly tz: string
  readonly workers: number
  readonly seed: number
  readonly kills: readonly Kill[]
  readonly pace: "instant" | "random"
  /** Relative paths in cells begin here: where the notebook lies. */
  readonly directory: string
  /** Owner of what cells define on a real cluster. */
  readonly user: string
  /** The way to a real cluster: ZeroMQ is for main threads. Absent: simulated. */
  readonly calls?: MessagePort
  /** That cluster is the notebook's own: its cells may break it. */
  readonly embedded: boolean
}

export type ThreadMessage =
  | { readonly kind: "running"; readonly cell: number }
  | { readonly kind: "ran"; readonly cell: number; readonly outcome: CellOutcome }
  | { readonly kind: "chaos"; readonly order: ChaosOrder }
  /** What the cells defined goes on. */
  | { readonly kind: "stays"; readonly why: string }
  /** `early`: deaths that were to come later than the last cell ended. */
  | { readonly kind: "done"; readonly early: readonly Kill[] }
  | { readonly kind: "failed"; readonly message: string }

const job = workerData as NotebookJob
const tell = (message: ThreadMessage): void => parentPort!.postMessage(message)

interface Opened {
  readonly session: ClientSession
  /** What breaks a cluster of the notebook's own; of a simulated one timers on its clock, too. */
  readonly bound: Readonly<Record<string, unknown>>
  /** Resolves when what a cell has set going is done. */
  readonly settled: () => Promise<void>
}

/** Deaths that have come. */
const came = new Set<Kill>()
let restartMaster: () => void = () => {}

async function open(): Promise<Opened> {
  const resolvePath = (path: string) => (/^[a-z]+:/.test(path) ? path : resolve(job.directory, path))
  if (job.calls !== undefined) {
    const calls = new PortCalls(job.calls, () => Date.now())
    return {
      session: await createSession(calls, { user: job.user, program: job.user, tz: job.tz, resolvePath }),
      bound: job.embedded ? chaosNames(order => tell({ kind: "chaos", order })) : {},
      settled: async () => {},
    }
  }
  const simulation = await simulate({
    workers: job.workers,
    seed: job.seed,
    kills: job.kills,
    pace: job.pace,
    onKill: kill => {
      came.add(kill)
      // There is one: whoever runs it starts it again.
      if (kill.node === "master") setImmediate(() => restartMaster())
    },
    resolvePath,
    files: { find: findFiles, read: path => readFileSync(path) },
  })
  const { kill, restart, slow } = simulation
  restartMaster = () => restart("master")
  const timers = new SimulatedTimers(simulation.clock)
  const { setTimeout, clearTimeout } = timers
  return { session: simulation, bound: { kill, restart, slow, setTimeout, clearTimeout }, settled: () => timers.settled() }
}

/** Files that a path names: itself, what is in it, or what its pattern matches. */
function findFiles(path: string): readonly string[] {
  if (glob.isDynamicPattern(path)) return glob.sync(path).sort()
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? [] : stat.isDirectory() ? glob.sync(`${glob.escapePath(path)}/*`).sort() : [path]
}

/** What the cells defined on a cluster that goes on ends with them, but for what they keep, and what others have made something of. */
async function stopGiven({ host }: ClientSession): Promise<void> {
  if (job.calls === undefined || job.embedded) return
  const given = host.definitions.given().flatMap(({ id }) => (host.changes.kept.has(id) ? [] : [id]))
  if (given.length === 0) return
  const stopping = host.changes.stop(given, { cascade: false, force: false, undoable: false })
  const why = await stopping.then(
    () => null,
    (error: Error) => error.message,
  )
  if (why !== null) tell({ kind: "stays", why })
}

// It would end this thread, and what is left of the page with it.
process.exit = () => {
  throw new RivuletError("a notebook's cell cannot end the process", { code: 2, try: "throw new Error(…): the notebook fails there" })
}

try {
  const { session, bound, settled } = await open()
  const runner = new CellRunner(session, job.tz, bound, settled)
  await runner.start()
  for (const [cell, one] of job.cells.entries()) {
    tell({ kind: "running", cell })
    const outcome = await runner.run(one)
    tell({ kind: "ran", cell, outcome })
    // What follows stands on what failed.
    if (outcome.failure !== null) break
  }
  await runner.close()
  await stopGiven(session)
  await session.close()
  tell({ kind: "done", early: job.kills.filter(kill => !came.has(kill)) })
} catch (error) {
  tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) })
}
