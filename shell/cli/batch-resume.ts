/**
 * What a run that saves its results needs to go on after its end came too early: beside the results, until it is done, lie its
 * cluster's journal and durable blocks, and what the run was. Its results are in the files up to their last whole line; the cluster has kept what
 * the run had not confirmed, and it confirms what is in the files.
 */
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createConnection } from "node:net"
import { join } from "node:path"
import type { ClientSession } from "../../cluster/client/session.js"
import { type Embedded, type EmbeddedOptions, startEmbedded } from "../../cluster/embedded.js"
import { parseAddress } from "../../cluster/security.js"
import { RivuletError } from "../../engine/errors.js"
import { handleData } from "../../engine/fluent/brand.js"
import { isAside } from "./batch-aside.js"

/** The processes of a run that was killed end a moment after it: how long they may still have its journal. */
const goneAfterMs = 10_000

interface Saved {
  readonly workers: number
  /** Its master's: as long as somebody has a connection open there, that one lives. */
  readonly address?: string
  /** Of the definitions that the program and the command's flags come to; null: they were not made yet. */
  readonly hash: string | null
}

export class SavedRun {
  readonly #directory: string
  readonly #file: string
  #saved: Saved
  readonly resumed: boolean

  private constructor(directory: string, saved: Saved, resumed: boolean) {
    this.#directory = directory
    this.#file = fileIn(directory)
    this.#saved = saved
    this.resumed = resumed
  }

  /** `results`: the directory of the results. What an interrupted run has left there is given up. */
  static begin(results: string, workers: number): SavedRun {
    const directory = directoryOf(results)
    if (existsSync(fileIn(directory)))
      process.stderr.write(`${results}: an interrupted run is given up; --resume would have gone on with it\n`)
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    mkdirSync(directory, { recursive: true })
    return new SavedRun(directory, { workers, hash: null }, false)
  }

  /** RivuletError (2) when there is no run to go on with, or it had other workers, on whose disks its blocks are. */
  static resume(results: string, workers: number): SavedRun {
    const directory = directoryOf(results)
    if (!existsSync(fileIn(directory)))
      throw new RivuletError(`--resume: ${results} holds no run that was interrupted`, {
        code: 2,
        try: "leave --resume out: it begins anew",
      })
    const saved = JSON.parse(readFileSync(fileIn(directory), "utf8")) as Saved
    if (saved.workers !== workers)
      throw new RivuletError(`--resume: the run that was interrupted had ${saved.workers} workers, not ${workers}`, {
        code: 2,
        try: `--workers ${saved.workers}`,
      })
    return new SavedRun(directory, saved, true)
  }

  /** The run's cluster, with all that it had kept. */
  async start(options: EmbeddedOptions): Promise<Embedded> {
    if (this.#saved.address !== undefined) await gone(this.#saved.address)
    try {
      const cluster = await startEmbedded({ ...options, dir: this.#directory, durable: true })
      this.#save({ address: cluster.address })
      return cluster
    } catch (error) {
      this.ended(false)
      throw error
    }
  }

  #save(more: Partial<Saved>): void {
    this.#saved = { ...this.#saved, ...more }
    writeFileSync(this.#file, JSON.stringify(this.#saved))
  }

  /**
   * Takes up the run's streams in place of the drafts: `exports` are theirs from then on. False: the drafts are to be defined. RivuletError
   * (2) for another program, or other inputs.
   */
  async takeUp(session: ClientSession, exports: Record<string, unknown>): Promise<boolean> {
    const { definitions } = session.host
    const drafts = definitions.all().filter(({ id }) => definitions.isDraft(id))
    const hash = hashOf(drafts, definitions.author.session)
    const { program } = definitions.author
    if (this.#saved.hash === null) {
      this.#save({ hash })
      return false
    }
    if (this.#saved.hash !== hash)
      throw new RivuletError("--resume: the program, its inputs or their settings are not those of the run that was interrupted", {
        code: 2,
        try: "leave --resume out: it begins anew",
      })
    // The drafts have taken the names, here; there they are still those of the run.
    const known = (await session.host.catalog()).filter(({ definition }) => definition.program === program)
    const names = Object.entries(exports).flatMap(([name, value]) => (handleData(value)?.kind === "stream" ? [name] : []))
    // It ended before its streams were defined.
    if (names.some(name => !known.some(({ definition }) => definition.name === name))) return false
    for (const draft of drafts.reverse()) definitions.forget(draft.id)
    for (const name of names) exports[name] = session.stream(`${program}/${name}`)
    // The session that defined them is no more, and its lease would end them.
    const lent = known.filter(({ lease }) => lease !== undefined).map(({ definition }) => definition.id)
    if (lent.length > 0) await session.host.changes.keep(lent, { force: false })
    // What failed then may have been the machine's fault.
    for (const { definition, state } of known)
      if (state === "held") await session.host.changes.resume(definition.id, { skip: null, force: false })
    return true
  }

  /** The cluster has ended. When the run is done, or never began, there is nothing to go on with. */
  ended(done: boolean): void {
    if (done || !existsSync(this.#file)) rmSync(this.#directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Resolves when nobody listens there any more, or has gone on for too long: then whoever starts there is told who it is. */
function gone(address: string): Promise<void> {
  return new Promise(resolve => {
    const { host, port } = parseAddress(address)
    const socket = createConnection({ host, port }).resume()
    const timer = setTimeout(() => socket.destroy(), goneAfterMs)
    socket.on("error", () => {})
    socket.once("close", () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

const directoryOf = (results: string) => join(results, ".run")
const fileIn = (directory: string) => join(directory, "run.json")

/** Of another session's definitions the same, if they are the same. */
function hashOf(definitions: readonly { readonly named: boolean; readonly name: string }[], session: string): string {
  // Steps without a name are called by what else there is, and what is defined here is from no line of the program's.
  const told = definitions.map(one => (isAside(one.name) ? { ...one, source: "" } : one.named ? one : { ...one, name: "" }))
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)
  const text = JSON.stringify(told, plain).replaceAll(`"${session}.`, '"')
  return createHash("sha256").update(text).digest("hex")
}
