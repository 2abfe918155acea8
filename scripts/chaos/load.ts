/** Senders of numbered lines, one after another: what each was told is acknowledged must be in exactly one interval. */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { ended, type Processes } from "./processes.js"

/** `sent`: written to its stdin. `acked`: what it was last told. `whole`: it ended by itself, with everything acknowledged. */
export interface Sent {
  readonly sender: string
  sent: number
  acked: number
  whole: boolean
}

const words = 500

/** The line's words follow from its number: keys come and go, some are everywhere. */
export function lineOf(sender: string, n: number): string {
  return `${sender} ${n} w${Math.imul(n, 2654435761) % words} w${n % 7} v${Math.floor(n / 5_000)}`
}

export class Load {
  readonly senders: Sent[] = []
  readonly #processes: Processes
  readonly #master: string
  readonly #linesPerSecond: number
  #ending = false
  #current: { readonly child: ChildProcess; readonly sent: Sent } | null = null
  #run: Promise<void> = Promise.resolve()

  constructor(processes: Processes, master: string, linesPerSecond: number) {
    this.#processes = processes
    this.#master = master
    this.#linesPerSecond = linesPerSecond
  }

  start(): void {
    this.#run = this.#runAll()
  }

  /** SIGKILL; another one takes over. */
  async kill(): Promise<void> {
    const current = this.#current
    if (current === null) return
    const dead = ended(current.child)
    current.child.kill("SIGKILL")
    await dead
  }

  /** Ends the input; resolves when the last sender says that all is acknowledged. */
  async end(): Promise<void> {
    this.#ending = true
    await this.#run
  }

  async #runAll(): Promise<void> {
    while (!this.#ending) await this.#runOne()
  }

  async #runOne(): Promise<void> {
    const sent: Sent = { sender: `s${this.senders.length + 1}`, sent: 0, acked: 0, whole: false }
    this.senders.push(sent)
    const child = this.#processes.spawn(sent.sender, ["send", "lines", "-m", this.#master, "-o", "ndjson"])
    this.#current = { child, sent }
    let text = ""
    child.stderr!.on("data", chunk => {
      text += String(chunk)
      const lines = text.split("\n")
      text = lines.pop()!
      for (const line of lines) if (line.startsWith("{")) sent.acked = (JSON.parse(line) as { acked?: number }).acked ?? sent.acked
    })
    const dead = ended(child)
    const everyMs = 50
    const several = Math.max(1, Math.round((this.#linesPerSecond * everyMs) / 1000))
    while (!this.#ending && child.exitCode === null && child.signalCode === null) {
      let chunk = ""
      for (let i = 0; i < several; i++) chunk += `${lineOf(sent.sender, sent.sent++)}\n`
      if (!child.stdin!.write(chunk)) await Promise.race([once(child.stdin!, "drain").catch(() => {}), dead])
      await new Promise(resolve => setTimeout(resolve, everyMs))
    }
    child.stdin!.end()
    sent.whole = (await dead) === 0
    if (sent.whole && sent.acked !== sent.sent) throw new Error(`${sent.sender} ended with ${sent.acked} acked of ${sent.sent} sent`)
    this.#current = null
  }
}
