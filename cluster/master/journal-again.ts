/** A journal that cannot be written (a full disk) is tried again until it can; what waits for it waits. */
import type { NodeEvent } from "../ports.js"
import { type Parts, say, type Times } from "./parts.js"

const againMs = 500

export class JournalAgain {
  readonly #parts: Pick<Parts, "log" | "outbox">
  #atMonotonicMs = Number.POSITIVE_INFINITY
  #told = false

  constructor(parts: Pick<Parts, "log" | "outbox">) {
    this.#parts = parts
  }

  failed({ reason, error, sequence }: Extract<NodeEvent, { kind: "appendFailed" }>, { monotonicMs }: Times): void {
    const { log, outbox } = this.#parts
    if (reason === "conflict") {
      outbox.push({ kind: "exit", code: 4, reason: `another master has appended to the journal: ${error}` })
      return
    }
    // Those behind it fail as well: they do not put the next try off.
    if (!log.failed(sequence, error) || this.#atMonotonicMs !== Number.POSITIVE_INFINITY) return
    if (!this.#told) say(this.#parts, "error", `the journal cannot be written, nothing new is decided: ${error}; trying again until it can`)
    this.#told = true
    this.#atMonotonicMs = monotonicMs + againMs
    outbox.push({ kind: "wake", atMonotonicMs: this.#atMonotonicMs })
  }

  appended(): void {
    if (this.#told) say(this.#parts, "info", "the journal can be written again")
    this.#told = false
  }

  onTime({ monotonicMs }: Times): void {
    const { log, outbox } = this.#parts
    if (monotonicMs < this.#atMonotonicMs) return
    const again = log.again()
    this.#atMonotonicMs = again === null ? monotonicMs + againMs : Number.POSITIVE_INFINITY
    for (const command of again ?? []) outbox.push(command)
  }
}
