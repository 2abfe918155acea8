/**
 * Who has come to a Router, and who of them has gone again.
 *
 * A connection to the Router broke; ZeroMQ does not say whose. But it refuses a message for who is not there: so each of them gets
 * an empty one, which says nothing, and whose is refused has left. Now and a few times more, for ZeroMQ says so before it acts so.
 */

const lookAgainMs = [10, 50, 200]
/** Names that are remembered; beyond, they are learned anew. */
const mostNames = 10_000

export class Visitors {
  /** Of those who came, as far as they are not known to have gone. */
  private readonly names = new Set<string>()
  private timer: NodeJS.Timeout | null = null
  private looks = 0

  /** `sendNothing`: an empty message to that name; if it is refused, `left` is to be called. */
  constructor(private readonly sendNothing: (name: string) => void) {}

  came(name: string): void {
    if (this.names.size >= mostNames) this.names.clear()
    this.names.add(name)
  }

  /** Whether it had come: then it has gone now. */
  left(name: string): boolean {
    return this.names.delete(name)
  }

  lookWhoLeft(): void {
    this.looks = 0
    this.timer ??= setTimeout(() => this.look(), 0)
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private look(): void {
    this.timer = null
    for (const name of this.names) this.sendNothing(name)
    if (this.looks < lookAgainMs.length) this.timer = setTimeout(() => this.look(), lookAgainMs[this.looks++])
  }
}
