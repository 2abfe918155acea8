/**
 * The look at a cell's types beside its run. A quick answer is not kept waiting by it: there are not more processors than two, so it
 * begins when the cell waits for an answer, or has ended. (Not before its streams have their names: a question about their records
 * would send them without.) Of a cell that fails the error and the look are one thing to read.
 */
import type { Finding } from "../language/messages.js"
import { within } from "./within.js"

const waitsMs = 60
/** An error is not kept longer from who made it. */
const patienceMs = 150

export interface Found {
  readonly cell: string
  readonly findings: readonly Finding[]
}

const ofErrors = new WeakMap<object, Found>()

/** What types say of the cell that threw. */
export function foundWith(error: object): Found | undefined {
  return ofErrors.get(error)
}

export class CellCheck {
  private timer: NodeJS.Timeout | undefined
  private looking: Promise<readonly Finding[]> | null = null
  private failing = false
  private error: unknown
  private said = false

  constructor(
    private readonly cell: string,
    private readonly check: (cell: string) => Promise<readonly Finding[]>,
    /** `error`: the cell has failed with it before. */
    private readonly say: (findings: readonly Finding[], error: unknown) => void,
  ) {}

  /** The cell waits for an answer. */
  waits(): void {
    if (this.looking === null) this.timer ??= setTimeout(() => void this.begin(), waitsMs)
  }

  /** The cell has ended, or waits for long. */
  begin(): Promise<readonly Finding[]> {
    clearTimeout(this.timer)
    this.looking ??= this.look()
    return this.looking
  }

  /** The cell has failed: what is known soon is with the error. */
  async failed(error: unknown): Promise<void> {
    this.failing = true
    this.error = error
    const findings = await within(patienceMs, this.begin(), null)
    this.failing = false
    // What comes later is said when it comes.
    if (findings !== null && !this.said && findings.length > 0 && typeof error === "object" && error !== null)
      ofErrors.set(error, { cell: this.cell, findings })
  }

  private async look(): Promise<readonly Finding[]> {
    const findings = await this.check(this.cell)
    if (!this.failing) this.tell(findings)
    return findings
  }

  private tell(findings: readonly Finding[]): void {
    this.said = true
    this.say(findings, this.error)
  }
}
