/** `rivulet run notebook.md`: runs the cells, compares or renews the outputs under them, tells what differs. */

import { writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { dirname, resolve } from "node:path"
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads"
import { openCalls } from "../../cluster/client/connect.js"
import { serveCalls } from "../../cluster/client/port-calls.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { Kill } from "../../cluster/testing/index.js"
import { asError, RivuletError } from "../../engine/errors.js"
import { formatDuration } from "../../engine/time.js"
import { doChaos } from "../host/chaos.js"
import { failureText } from "../host/error-text.js"
import type { ChaosOrder } from "../host/port.js"
import type { Cell } from "./document.js"
import { lineOf, type NotebookFile, readNotebook, updateNotebook } from "./notebook-file.js"
import { differencesOf, type Page } from "./rendered.js"
import { annotationLines, type CellReport, junit, type NotebookReport, problemLines } from "./report.js"
import type { CellOutcome } from "./run-cells.js"
import type { Settings } from "./settings.js"
import type { NotebookJob, ThreadMessage } from "./thread.js"

/** Owner of what cells define on a real cluster. */
const notebookUser = "notebook"

const outputDiffers = "output differs"

export interface NotebookOptions {
  readonly check: boolean
  readonly update: boolean
  /** A cell may take so long. Absent: as long as it takes. */
  readonly timeoutMs?: number
  /** Of the notebook's own settings, what is asked for in their place. */
  readonly settings: Partial<Settings>
  readonly kills: readonly Kill[]
  /** A file for JUnit's XML. */
  readonly junit?: string
  /** A running cluster in place of one of its own. */
  readonly master?: string
  readonly write: (text: string) => void
  readonly warn: (text: string) => void
  readonly annotate: boolean
}

/** The exit code: 0, 1 if a cell failed or an output differs, 124 if one took too long. Throws RivuletError of code 2: then nothing ran. */
export async function runNotebooks(paths: readonly string[], options: NotebookOptions): Promise<number> {
  const files = [...new Set(paths)].map(readNotebook)
  if (options.junit !== undefined) writeReport(options.junit, [])
  const reports: NotebookReport[] = []
  const startedMs = performance.now()
  let late = false
  for (const running of inLanes(files, options)) {
    const { report, timedOut } = await running
    reports.push(report)
    late ||= timedOut
    for (const line of problemLines(report)) options.warn(`${line}\n`)
    if (options.annotate) for (const line of annotationLines(report)) options.write(`${line}\n`)
  }
  if (options.junit !== undefined) writeReport(options.junit, reports)
  options.warn(`${summary(reports, performance.now() - startedMs, options)}\n`)
  if (late) return 124
  return reports.some(failed) ? 1 : 0
}

function writeReport(path: string, reports: readonly NotebookReport[]): void {
  try {
    writeFileSync(path, junit(reports))
  } catch (error) {
    const what = `--report junit=${path}: ${(error as Error).message}`
    throw new RivuletError(what, { code: 2, try: "a file in a directory that exists", cause: error })
  }
}

interface Ended {
  readonly report: NotebookReport
  readonly timedOut: boolean
}

/** Beside one another, each in its thread: a simulated clock is its notebook's own. One by one when cells write as they run, or on real processes. */
function inLanes(files: readonly NotebookFile[], options: NotebookOptions): Promise<Ended>[] {
  const simulated = options.master === undefined && options.settings.clock !== "real"
  const lanes = simulated && (options.check || options.update) ? availableParallelism() : 1
  const waiting: (() => void)[] = []
  let free = lanes
  const run = async (file: NotebookFile): Promise<Ended> => {
    if (free > 0) free--
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await runOne(file, options)
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
  return files.map(file => {
    const ended = run(file)
    // Told by whoever waits for it, who may still wait for one before it.
    ended.catch(() => {})
    return ended
  })
}

const failed = (report: NotebookReport): boolean => report.cells.some(cell => cell.problem !== null)

function summary(reports: readonly NotebookReport[], ms: number, { check }: NotebookOptions): string {
  const bad = reports.filter(failed).length
  const cells = reports.flatMap(report => report.cells)
  const run = cells.filter(cell => !cell.skipped).length
  const seconds = (ms / 1000).toFixed(1)
  const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`
  const differs = reports.some(report => report.cells.some(({ problem }) => problem?.[0] === outputDiffers))
  const hint = check && differs ? " · --update writes the new outputs" : ""
  const ran = `${run < cells.length ? `${run} of ` : ""}${counted(cells.length, "cell")}, ${seconds} s${hint}`
  return bad > 0 ? `${bad} of ${counted(reports.length, "notebook")} failed · ${ran}` : `${counted(reports.length, "notebook")} · ${ran}`
}

async function runOne(file: NotebookFile, options: NotebookOptions): Promise<Ended> {
  const { path, notebook, cells } = file
  const settings = { ...notebook.settings, ...options.settings }
  const kills = options.kills.filter(({ node }) => isThere(node, settings.workers))
  for (const { node } of options.kills.filter(kill => !kills.includes(kill)))
    options.warn(`${path}  there is no ${node} to end: ${settings.workers === 1 ? "one worker" : `${settings.workers} workers`}\n`)
  const own =
    options.master === undefined && settings.clock === "real" ? await startEmbedded({ workers: settings.workers, cores: 1 }) : undefined
  const address = options.master ?? own?.address
  const startedMs = performance.now()
  let calls: Awaited<ReturnType<typeof openCalls>> | undefined
  try {
    if (address !== undefined) calls = await openCalls(address, { user: notebookUser })
    const job: NotebookJob = {
      cells: cells.map(({ code, throws, view }) => ({ code, throws, view })),
      tz: settings.tz,
      workers: settings.workers,
      seed: settings.seed,
      kills,
      // Who asks for another order, or for a death, means that things take time: in one instant there is neither.
      pace: options.settings.seed !== undefined || options.kills.length > 0 ? "random" : "instant",
      directory: dirname(resolve(path)),
      user: notebookUser,
      embedded: own !== undefined,
      ...(calls === undefined ? {} : { calls: portTo(calls) }),
    }
    const quiet = options.check || options.update
    const onOutcome = (outcome: CellOutcome): void => {
      const texts = [outcome.output, outcome.rendered?.text ?? ""].filter(text => text !== "")
      if (!quiet && texts.length > 0) options.write(`${texts.join("\n")}\n`)
    }
    const onChaos = (order: ChaosOrder) =>
      doChaos(own, order, lines => options.warn(lines.map(({ text }) => `${path}  ${text}\n`).join("")))
    const onStays = (why: string) => options.warn(`${path}  what its cells defined goes on: ${why}\n`)
    const { outcomes, timedOut, early } = await inThread(job, options.timeoutMs, { onOutcome, onChaos, onStays })
    for (const { node, atMs } of early)
      options.warn(`${path}  had ended before ${node} was to end, at ${formatDuration(atMs)} of its clock\n`)
    const page = { directory: job.directory, tz: settings.tz }
    const reports: CellReport[] = []
    for (const [i, cell] of cells.entries()) reports.push(await judge(path, cell, i, outcomes, options.check ? page : null))
    if (options.update && !timedOut && outcomes.every(outcome => outcome.failure === null)) await updateNotebook(file, outcomes, page)
    return {
      report: { file: path, cells: reports, ms: Math.round(performance.now() - startedMs) },
      timedOut,
    }
  } finally {
    await calls?.close()
    await own?.stop()
  }
}

function isThere(node: string, workers: number): boolean {
  return node === "master" || Number(node.slice(1)) <= workers
}

function portTo(calls: Parameters<typeof serveCalls>[1]): MessagePort {
  const { port1, port2 } = new MessageChannel()
  serveCalls(port1, calls)
  return port2
}

/** `page`: it is compared with what stands there. */
async function judge(path: string, cell: Cell, index: number, outcomes: readonly CellOutcome[], page: Page | null): Promise<CellReport> {
  const outcome = outcomes[index]
  const skipped = index > 0 && index >= outcomes.length
  const problem = async (): Promise<string[] | null> => {
    if (skipped) return null
    if (outcome === undefined) return ["did not run"]
    if (outcome.failure !== null) return outcome.failure.split("\n")
    const lines = page === null ? [] : await differencesOf(cell, outcome, page)
    return lines.length === 0 ? null : [outputDiffers, ...lines]
  }
  return { cell: index + 1, line: lineOf(path, cell), ms: outcome?.ms ?? 0, problem: await problem(), skipped }
}

interface Heard {
  readonly onOutcome: (outcome: CellOutcome) => void
  readonly onChaos: (order: ChaosOrder) => void
  readonly onStays: (why: string) => void
}

/** Ends the thread, with whatever runs in it, when a cell takes too long. */
function inThread(
  job: NotebookJob,
  timeoutMs: number | undefined,
  { onOutcome, onChaos, onStays }: Heard,
): Promise<{ outcomes: CellOutcome[]; timedOut: boolean; early: readonly Kill[] }> {
  const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url)
  return new Promise((resolve, reject) => {
    const worker = new Worker(entry, { workerData: job, transferList: job.calls === undefined ? [] : [job.calls] })
    const outcomes: CellOutcome[] = []
    let timer: NodeJS.Timeout | undefined
    let running: number | undefined
    const end = (timedOut: boolean, early: readonly Kill[] = []): void => {
      clearTimeout(timer)
      running = undefined
      void worker.terminate().then(() => resolve({ outcomes, timedOut, early }))
    }
    worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "chaos") return onChaos(message.order)
      if (message.kind === "stays") return onStays(message.why)
      running = message.kind === "running" ? message.cell : undefined
      if (message.kind === "running") {
        if (timeoutMs === undefined) return
        clearTimeout(timer)
        timer = setTimeout(() => {
          outcomes[message.cell] = { output: "", rendered: null, failure: `did not end within ${timeoutMs / 1000} s`, ms: timeoutMs }
          end(true)
        }, timeoutMs)
      } else if (message.kind === "ran") {
        outcomes[message.cell] = message.outcome
        onOutcome(message.outcome)
      } else if (message.kind === "done") end(false, message.early)
      else if (message.kind === "failed") {
        clearTimeout(timer)
        void worker.terminate().then(() => reject(new RivuletError(message.message, { code: 2 })))
      }
    })
    // What nobody waited for has thrown: a timer, a promise.
    worker.on("error", error => {
      const at = running ?? Math.max(0, outcomes.length - 1)
      outcomes[at] = { output: "", rendered: null, failure: failureText(asError(error)), ms: outcomes[at]?.ms ?? 0 }
      end(false)
    })
    // Nothing is left that could wake it: the cell waits for what never comes.
    worker.on("exit", () => {
      if (running === undefined) return
      outcomes[running] = { output: "", rendered: null, failure: "it waits for something that never comes", ms: 0 }
      end(false)
    })
  })
}
