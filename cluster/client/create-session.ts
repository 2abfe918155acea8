/** Opens a session with the master: its id, what the cluster has, how many partitions suit it. */

import type { Session } from "../../engine/fluent/session-types.js"
import type { Plan } from "../../engine/fluent/shapes.js"
import type { CatalogEntry, ClusterStatus, Request, ResponseValues } from "../protocol.js"
import { setSession } from "./ambient.js"
import type { Welcome } from "./call.js"
import type { ClientCalls } from "./calls.js"
import { ClientSession } from "./client-session.js"
import type { Author } from "./definitions.js"
import { streamInfo } from "./inspection.js"
import { defineProgram } from "./program/define.js"
import { programName, programPath } from "./program/loader.js"
import { SessionHost } from "./session-host.js"

export interface SessionOptions {
  /** Owner of what is defined. */
  readonly user: string
  /** Whose streams they are: a program's name, or the user for scratch. Default: the user. */
  readonly program?: string
  /** The zone of times as text. Default UTC. */
  readonly tz?: string
  /** Of shuffles and states. Default: two a core of the cluster, 4 to 64. */
  readonly partitions?: number
  /** More of what the program is: with as many partitions as it has, if it runs already, however many cores there are now. */
  readonly continues?: boolean
  /** A file's or cell's text, for `.source` and messages. */
  readonly textOf?: (file: string) => string | undefined
  /** A path as the workers see it. Default: as it is. */
  readonly resolvePath?: (path: string) => string
  /** A name for the session that nobody else has or had: then no journal is waited for, and who only asks need not care whether it can be written. */
  readonly as?: string
  /** All workers are on this machine, as those of a cluster of one's own are. Default: as the master says. */
  readonly workersHere?: boolean
  /** How long what it defines stays when nobody has it open any more. Default: as the master says, 24 h. */
  readonly scratchMs?: number
  /** Over so many rows `collect` is an error, unless it says another number. Default 100,000. */
  readonly collectMax?: number
  readonly advance?: (ms: number) => Promise<void>
  /** How long the master may take to answer at first: then RivuletError of code 3. Default 1.8 s, so that a command says so within 2. */
  readonly timeoutMs?: number
}

/** Addresses that only processes of this machine can reach, a simulated cluster among them. */
const here = /^((ipc|inproc|sim):|tcp:\/\/(127\.|localhost:|\[::1\]))/

export async function createSession(calls: ClientCalls, options: SessionOptions): Promise<ClientSession> {
  const { user, program = user, timeoutMs = 1_800, continues = false } = options
  const { readOnly } = (await calls.call({ kind: "connect", timeoutMs })).value as Welcome
  const ask = async <K extends "status" | "catalog">(kind: K) =>
    (await calls.call({ kind: "request", body: { kind } as Request })).value as ResponseValues[K]
  const open = async (): Promise<string> => {
    const { as, scratchMs } = options
    const body = {
      kind: "openSession",
      user,
      program,
      ...(as !== undefined && { as }),
      ...(scratchMs !== undefined && { scratchMs }),
    } as const
    const opened = calls.call({ kind: "request", body })
    if (options.as === undefined) return ((await opened).value as ResponseValues["openSession"]).session
    opened.catch(() => {})
    return options.as
  }
  // Together: over a slow link each that waits for another is a round trip.
  const [session, status, entries] = await Promise.all([open(), options.partitions === undefined ? ask("status") : null, ask("catalog")])
  const workers = status?.workers ?? []
  const { workersHere = workers.length > 0 && workers.every(({ address }) => here.test(address)) } = options
  const author: Author = { session, program, owner: user }
  const resolvePath = options.resolvePath ?? (path => path)
  const host = new SessionHost({
    calls,
    author,
    partitions: options.partitions ?? (continues ? programPartitions(entries, program) : undefined) ?? partitionsFor(workers),
    tz: options.tz ?? "UTC",
    textOf: options.textOf,
    resolvePath,
    ...(options.collectMax !== undefined && { collectMax: options.collectMax }),
  })
  const submit: Session["submit"] = (file, how) => submitFile(calls, options, file, how)
  host.knows(entries)
  return new ClientSession({
    calls,
    host,
    readOnly,
    found: entries.map(streamInfo),
    resolvePath,
    workersHere,
    submit,
    advance: options.advance,
  })
}

/** A program's file, submitted under a session of its own: what it defines is the program's, and stays. */
async function submitFile(
  calls: ClientCalls,
  options: SessionOptions,
  file: string,
  { name, dryRun = false }: { readonly name?: string; readonly dryRun?: boolean } = {},
): Promise<Plan> {
  const path = programPath(file)
  const session = await createSession(calls, { ...options, as: undefined, program: name ?? programName(path), continues: true })
  const before = setSession(null)
  try {
    await defineProgram(session, path)
    return await session.submitProgram({ dryRun, force: false })
  } finally {
    setSession(before)
    await calls.call({ kind: "close", session: session.id })
  }
}

/** With how many partitions the program's streams were defined that run; undefined: it is not there. */
export function programPartitions(entries: readonly CatalogEntry[], program: string): number | undefined {
  return entries.findLast(({ definition, state }) => definition.program === program && state !== "stopped" && definition.partitions)
    ?.definition.partitions
}

/** Recovery of one partition is serial, so more than one a core; each costs a task an interval, so not many more. */
function partitionsFor(workers: ClusterStatus["workers"]): number {
  const cores = workers.filter(({ state }) => state !== "lost").reduce((sum, worker) => sum + worker.cores, 0)
  return Math.max(4, Math.min(64, cores * 2))
}
