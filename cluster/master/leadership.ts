/**
 * Who of several masters leads: a lease in a store that all of them reach (NATS JetStream, etcd). Pure, a machine of one candidate.
 *
 * The lease is for liveness alone: two may well take themselves for the leading master for a while (one that stood still for longer
 * than its lease does not know it yet). What keeps them apart is the journal, to which each appends by compare-and-set under an
 * epoch of its own.
 *
 *     watching ──it was free, or ran out, and the put was done──▶ leading ──lost, or not renewed in time──▶ over
 *        looks every third of a second                             renews three times a lease
 *
 * No clock is compared with another's: a lease has run out for who watches it when its revision has not changed for its length
 * since it was first seen. Who has it counts from when the renewal was *sent*, which is before that, and gives it up earlier.
 */

/** What the store keeps. */
export interface Lease {
  /** Of one process: who it is for other candidates. Never the same twice. Null: it was given back. */
  readonly holder: string | null
  /** Where it listens, for people. */
  readonly address: string
  /** So long after it was last renewed it runs out. */
  readonly leaseMs: number
  /** Whether it asks its workers to keep things on disk: who takes over must as well. */
  readonly durable: boolean
}

/** As the store has it. Revisions go up. */
export interface SeenLease {
  readonly lease: Lease
  readonly revision: number
}

export type LeadershipEvent =
  /** What a `look` found; null: there is none. */
  | { readonly kind: "seen"; readonly seen: SeenLease | null }
  /** A `put` was done. */
  | { readonly kind: "put"; readonly revision: number }
  /** A `put` was not done: the revision was another. */
  | { readonly kind: "conflict" }
  /** A `look` or `put` was not answered: a `put` may have been done. */
  | { readonly kind: "failed"; readonly error: string }
  /** At the time last asked for by `wake`, or earlier. */
  | { readonly kind: "tick" }

export type LeadershipCommand =
  /** Both are answered by one event; one at a time is under way. */
  | { readonly kind: "look" }
  /** If the store's revision is still that (0: there is none). */
  | { readonly kind: "put"; readonly lease: Lease; readonly revision: number }
  | { readonly kind: "wake"; readonly atMs: number }
  /** Somebody else has it. Once for each. */
  | { readonly kind: "standBy"; readonly leader: Lease }
  /** It has it from now on. */
  | { readonly kind: "lead" }
  /** It has it no more, and must do nothing more as a master. The end of this machine. */
  | { readonly kind: "stepDown"; readonly reason: string }
  /** The store does not answer, or does again (null). */
  | { readonly kind: "store"; readonly error: string | null }

export interface LeadershipOptions extends Lease {
  readonly holder: string
}

/** In place of one that is given back. */
export const noLease: Lease = { holder: null, address: "", leaseMs: 0, durable: false }

/** Renewed so often in the time of a lease: all but the first may fail. */
const renewals = 3
/** Who has it gives it up after this share of it, before anybody else may take it. */
const heldShare = 0.85
const lookEveryMs = 333

export class Leadership {
  readonly #options: LeadershipOptions
  #state: "watching" | "leading" | "over" = "watching"
  #address: string
  /** What the store had when it was last heard of, and since when it was seen to be so. */
  #seen: SeenLease | null = null
  #seenMs = 0
  /** False: it may be another by now, by what this one asked for itself. */
  #sure = false
  /** Since when something is asked of the store. */
  #askedMs: number | null = null
  #lookAtMs = 0
  /** When the renewal that counts was sent. */
  #renewedMs = 0
  #told: string | null = null
  #failing = false

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#address = options.address
  }

  get leads(): boolean {
    return this.#state === "leading"
  }

  /** The revision by which this one has the lease; null when it has not. */
  get revision(): number | null {
    return this.leads && this.#sure ? (this.#seen?.revision ?? null) : null
  }

  /** Where it listens, which others see from the next renewal on. */
  listensAt(address: string): void {
    this.#address = address
  }

  step(event: LeadershipEvent, nowMs: number): LeadershipCommand[] {
    if (this.#state === "over") return []
    // First: whatever the event says came too late for a lease that has run out.
    if (this.leads && nowMs >= this.#heldUntilMs)
      return this.#stepDown(`it could not renew its lease for ${Math.round(nowMs - this.#renewedMs)} ms, so another master may lead by now`)
    const out = this.#hear(event, nowMs)
    if (this.leads || this.#state === "watching") out.push(...this.#ask(nowMs), { kind: "wake", atMs: this.#nextMs })
    return out
  }

  #hear(event: LeadershipEvent, nowMs: number): LeadershipCommand[] {
    if (event.kind === "tick") return []
    const askedMs = this.#askedMs ?? nowMs
    this.#askedMs = null
    const failing = event.kind === "failed"
    const out: LeadershipCommand[] = failing === this.#failing ? [] : [{ kind: "store", error: failing ? event.error : null }]
    this.#failing = failing
    switch (event.kind) {
      case "seen":
        this.#lookAtMs = nowMs + lookEveryMs
        return [...out, ...this.#onSeen(event.seen, nowMs)]
      case "put":
        this.#note({ lease: this.#lease, revision: event.revision }, nowMs)
        return [...out, ...this.#won(askedMs, nowMs)]
      case "conflict":
        this.#sure = false
        this.#lookAtMs = nowMs
        return out
      case "failed":
        this.#sure = false
        this.#lookAtMs = nowMs + lookEveryMs
        return out
    }
  }

  #onSeen(seen: SeenLease | null, nowMs: number): LeadershipCommand[] {
    this.#note(seen, nowMs)
    const holder = seen?.lease.holder ?? null
    if (holder === this.#options.holder) return []
    if (this.leads)
      return this.#stepDown(
        seen === null || holder === null ? "its lease is gone" : `the master at ${seen.lease.address} has taken its lease`,
      )
    if (seen === null || holder === null || holder === this.#told) return []
    this.#told = holder
    return [{ kind: "standBy", leader: seen.lease }]
  }

  #note(seen: SeenLease | null, nowMs: number): void {
    if (seen?.revision !== this.#seen?.revision) this.#seenMs = nowMs
    this.#seen = seen
    this.#sure = true
  }

  #won(sentMs: number, nowMs: number): LeadershipCommand[] {
    this.#renewedMs = sentMs
    // The answer came too late to begin with it: it is renewed first.
    if (this.leads || nowMs >= this.#heldUntilMs) return []
    this.#state = "leading"
    return [{ kind: "lead" }]
  }

  #stepDown(reason: string): LeadershipCommand[] {
    this.#state = "over"
    return [{ kind: "stepDown", reason }]
  }

  #ask(nowMs: number): LeadershipCommand[] {
    if (this.#askedMs !== null) return []
    const puts = this.#sure && nowMs >= (this.leads ? this.#renewAtMs : this.#freeAtMs)
    if (!puts && nowMs < this.#lookAtMs) return []
    // Who leads looks only when it does not know what became of its last renewal.
    if (!puts && this.leads && this.#sure) return []
    this.#askedMs = nowMs
    return [puts ? { kind: "put", lease: this.#lease, revision: this.#seen?.revision ?? 0 } : { kind: "look" }]
  }

  get #lease(): Lease {
    const { holder, leaseMs, durable } = this.#options
    return { holder, address: this.#address, leaseMs, durable }
  }

  get #heldUntilMs(): number {
    return this.#renewedMs + this.#options.leaseMs * heldShare
  }

  get #renewAtMs(): number {
    return this.#renewedMs + this.#options.leaseMs / renewals
  }

  /** When the lease as it was seen may be taken. */
  get #freeAtMs(): number {
    if (this.#seen === null) return this.#seenMs
    const { holder, leaseMs } = this.#seen.lease
    return holder === null || holder === this.#options.holder ? this.#seenMs : this.#seenMs + leaseMs
  }

  get #nextMs(): number {
    if (this.#askedMs !== null) return this.leads ? this.#heldUntilMs : Number.POSITIVE_INFINITY
    if (!this.leads) return this.#sure ? Math.min(this.#lookAtMs, this.#freeAtMs) : this.#lookAtMs
    return Math.min(this.#heldUntilMs, this.#sure ? this.#renewAtMs : this.#lookAtMs)
  }
}
