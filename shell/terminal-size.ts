/**
 * The terminal's size, told when it stands. The problem: while a window is dragged sizes follow one another, a terminal wraps what stands on
 * it at each, and a frame that was painted for one of them arrives when there is another already: parts of it stay above the next. So
 * nothing is painted until the size has stood for a while; a size that no signal has told of yet is found by looking.
 *
 * tmux has a size long before it says so: of the first of several it tells at once, of the others a quarter of a second later. What is taken off the screen
 * by counting rows for the size that was told then takes finished output with it. So tmux itself is asked for the size that it has, and
 * nothing is painted until that is the one that was told, and was so when it was asked before.
 */

import { performance } from "node:perf_hooks"

/** A size that has stood for so long is painted for. */
export const standsMs = 40
/** Between two questions. While it asks a window that is dragged may move once more: the longer it has stood, the less likely. */
const asksAgainMs = 100
/** Who has not answered by then does not. */
const answersWithinMs = 1_000
/** What is older when it is read may be true no more: this process, or the terminal, stood still meanwhile. */
const trueForMs = 50
/** Who goes on to answer what no signal says is not waited for: it is asked so often. */
const asksAtMost = 20
/** CSI 18 t: answered by CSI 8 ; rows ; columns t, and by tmux 3.3 with the two exchanged. */
const question = "\x1b[18t"

export interface SizeOptions {
  /** Whether the terminal is asked, too. Default: within tmux. */
  readonly asks?: boolean
  /** There is a size to paint for. */
  readonly stood: () => void
}

export class TerminalSize {
  #standing: NodeJS.Timeout | undefined
  #asked = 0
  #askedAtMs = 0
  #answer = ""
  readonly #asks: boolean
  readonly #stood: () => void

  constructor(
    private readonly stdout: NodeJS.WriteStream & { _refreshSize?: () => void },
    { asks = process.env.TMUX !== undefined, stood }: SizeOptions,
  ) {
    this.#asks = asks
    this.#stood = stood
  }

  /** The signal of another one. */
  readonly heard = (): void => {
    this.#asked = 0
    this.#answer = ""
    clearTimeout(this.#standing)
    this.#standing = setTimeout(() => (this.#asks ? this.#ask() : this.take()), standsMs)
  }

  /** What the terminal says it has. If that is another than the one that was told, the signal is on its way. */
  readonly told = ({ columns, rows }: { readonly columns: number; readonly rows: number }): void => {
    if (this.#standing === undefined || this.#asked === 0) return
    this.stdout._refreshSize?.()
    const before = this.#answer
    this.#answer = `${columns} ${rows}`
    const here = `${this.stdout.columns} ${this.stdout.rows}`
    const same = here === this.#answer || here === `${rows} ${columns}`
    const fresh = performance.now() - this.#askedAtMs < trueForMs
    if ((same && fresh && before === this.#answer) || this.#asked >= asksAtMost) return this.take()
    clearTimeout(this.#standing)
    this.#standing = setTimeout(() => this.#ask(), asksAgainMs)
  }

  #ask(): void {
    this.#asked++
    this.#askedAtMs = performance.now()
    // An answer that has come while this process stood still is read before it is missed.
    const missed = () => this.#standing === waiting && this.take()
    const waiting = setTimeout(() => setImmediate(missed), answersWithinMs)
    this.#standing = waiting
    this.stdout.write(question)
  }

  /** Whether there is another, which may not be the last. Node looks when a signal comes; here before. */
  moves(): boolean {
    this.stdout._refreshSize?.()
    return this.#standing !== undefined
  }

  /** The one that there is now is taken, if it has not been yet. */
  take(): void {
    if (this.#standing === undefined) return
    clearTimeout(this.#standing)
    this.#standing = undefined
    this.#stood()
  }
}
