/** The processes under attack: each is `rivulet …` as people start it, with a log of its own, and can be killed, stopped and started again. */
import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream } from "node:fs"
import { join } from "node:path"

export interface ProcessOptions {
  /** `dist/shell/cli/main.js`. */
  readonly binary: string
  /** Logs and directories of nodes. */
  readonly directory: string
}

/** A process that ended although nobody killed it is a finding. */
export class Processes {
  readonly unexpected: string[] = []
  readonly #running = new Map<string, ChildProcess>()
  readonly #doomed = new Set<ChildProcess>()
  readonly #options: ProcessOptions

  constructor(options: ProcessOptions) {
    this.#options = options
  }

  get names(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** Resolves with its first output that matches, or rejects when it ends before. */
  start(name: string, words: readonly string[], ready: RegExp): Promise<void> {
    const child = this.spawn(name, words)
    this.#running.set(name, child)
    child.once("exit", (code, signal) => {
      if (this.#running.get(name) === child) this.#running.delete(name)
      if (!this.#doomed.has(child)) this.unexpected.push(`${name} ended by itself (${signal ?? code})`)
    })
    return new Promise((resolve, reject) => {
      let text = ""
      child.stderr!.on("data", chunk => {
        if (ready.test(text)) return
        text += String(chunk)
        if (ready.test(text)) resolve()
      })
      child.once("exit", code => reject(new Error(`${name} ended as it began (${code}): ${text}`)))
    })
  }

  /** A process of the caller's own keeping. */
  spawn(name: string, words: readonly string[]): ChildProcess {
    const { binary, directory } = this.#options
    const child = spawn(process.execPath, [binary, ...words], { cwd: directory, stdio: ["pipe", "pipe", "pipe"] })
    const log = createWriteStream(join(directory, `${name}.log`), { flags: "a" })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    child.stdin.on("error", () => {})
    return child
  }

  /** Resolves when it is dead. */
  async kill(name: string): Promise<void> {
    const child = this.#running.get(name)
    if (child === undefined) return
    this.#doomed.add(child)
    const dead = ended(child)
    child.kill("SIGKILL")
    await dead
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#running.get(name)?.kill(signal)
  }

  /** The last words of a process's log that tell of trouble. */
  async end(): Promise<void> {
    await Promise.all(this.names.map(name => this.kill(name)))
  }
}

export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode)
    else child.once("exit", code => resolve(code))
  })
}
