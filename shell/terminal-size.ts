/**
 * The terminal's size, told when it stands. The problem: while a window is dragged sizes follow one another, a terminal wraps what stands on
 * it at each, and a frame that was painted for one of them arrives when there is another already: parts of it stay above the next. So
 * nothing is painted until the size has stood for a while; a size that no signal has told of yet is found by looking.
 */

/** A size that has stood for so long is painted for. */
export const standsMs = 40

export class TerminalSize {
  #standing: NodeJS.Timeout | undefined

  /** @param stood called when there is a size to paint for */
  constructor(
    private readonly stdout: NodeJS.WriteStream & { _refreshSize?: () => void },
    private readonly stood: () => void,
  ) {}

  /** The signal of another one. */
  readonly heard = (): void => {
    clearTimeout(this.#standing)
    this.#standing = setTimeout(() => this.take(), standsMs)
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
    this.stood()
  }
}
