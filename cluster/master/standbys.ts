/**
 * Which masters stand by, as the one that leads sees it. Each says in the store that it is there, again and again. Nothing is decided by
 * that (who takes over is the lease's affair, `leadership.ts`): it is for people, who want to know whether anybody would.
 *
 * No clock is compared with another's: who has said nothing for the length of its lease, by the clock of who looks, is gone.
 */

/** What one that stands by says of itself. */
export interface Standby {
  /** Its machine's name: several may listen on all addresses of theirs. */
  readonly host: string
  readonly address: string
  /** Since when, epoch ms, by its own clock. */
  readonly sinceMs: number
  readonly leaseMs: number
}

/** As the store has it. Revisions go up with each time that it is said. */
export interface SeenStandby {
  readonly standby: Standby
  readonly revision: number
}

export const sameStandby = (a: Pick<Standby, "host" | "address">, b: Pick<Standby, "host" | "address">): boolean =>
  a.host === b.host && a.address === b.address

type Known = SeenStandby & { readonly sinceMs: number }

export class Standbys {
  #known: Known[] = []
  #lookedMs = Number.NEGATIVE_INFINITY

  /** `seen`: what the store has at `nowMs`, of a monotonic clock. Gives those who are there, by their addresses, and those who are gone. */
  look(seen: readonly SeenStandby[], nowMs: number): { readonly there: readonly Standby[]; readonly gone: readonly Standby[] } {
    const sinceLookedMs = nowMs - this.#lookedMs
    this.#lookedMs = nowMs
    this.#known = seen.map(one => {
      const before = this.#known.find(({ standby }) => sameStandby(standby, one.standby))
      // While nobody looked, the store may have been away for them, too.
      const same = before?.revision === one.revision && sinceLookedMs < one.standby.leaseMs
      return { ...one, sinceMs: same ? before.sinceMs : nowMs }
    })
    const isThere = ({ standby, sinceMs }: Known) => nowMs - sinceMs < standby.leaseMs
    const [there, gone] = [this.#known.filter(isThere), this.#known.filter(one => !isThere(one))]
    const byAddress = (a: Standby, b: Standby) => `${a.address} ${a.host}`.localeCompare(`${b.address} ${b.host}`, "en")
    return { there: there.map(({ standby }) => standby).sort(byAddress), gone: gone.map(({ standby }) => standby) }
  }
}
