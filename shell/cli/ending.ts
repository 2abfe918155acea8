/**
 * How a command ends: what it opened is closed in reverse order, once, whether it is done, has failed, or a signal came
 * (128 and its number: 130 SIGINT, 143 SIGTERM, 129 SIGHUP).
 */

const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGQUIT", 131],
  ["SIGABRT", 134],
] as const

/** Closing that takes longer than this is left to the operating system: children end with their parent anyway. */
const patienceMs = 4_000

export class Ending {
  readonly #steps: (() => unknown)[] = []
  #running: Promise<void> | null = null
  /** What SIGINT does instead of ending: in a shell Ctrl-C never quits. */
  interrupt: (() => void) | null = null

  constructor() {
    for (const [signal, code] of signals)
      process.on(signal, () => {
        if (signal === "SIGINT" && this.interrupt !== null) this.interrupt()
        else this.#signalled(code)
      })
  }

  /** Runs before what was added earlier. Its failure stops nothing. */
  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch {
        // the next one must be closed too
      }
    }
  }

  #signalled(code: number): void {
    // The second signal is from someone who will not wait.
    if (this.#running !== null) process.exit(code)
    setTimeout(() => process.exit(code), patienceMs).unref()
    void this.run().then(() => process.exit(code))
  }
}
