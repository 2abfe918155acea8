/** Who of several masters leads: events → commands, then two or three candidates from a seed, with a store that fails and processes that stand still. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Election } from "../../cluster/adapters/election.js"
import {
  Leadership,
  type LeadershipCommand,
  type LeadershipEvent,
  type Lease,
  noLease,
  type SeenLease,
} from "../../cluster/master/leadership.js"
import { Random } from "../../cluster/testing/random.js"

const test = suite("leadership")

const mine = { holder: "me", address: "tcp://me:1", leaseMs: 3_000, durable: false }
const other = { holder: "other", address: "tcp://other:1", leaseMs: 5_000, durable: false }
const seen = (lease: Lease, revision: number): LeadershipEvent => ({ kind: "seen", seen: { lease, revision } })

/** Commands in a word each, without `wake`. */
const shown = (commands: readonly LeadershipCommand[]) =>
  commands.flatMap(command => {
    switch (command.kind) {
      case "wake":
        return []
      case "put":
        return [`put ${command.revision}`]
      case "standBy":
        return [`standBy ${command.leader.address}`]
      case "stepDown":
        return [`stepDown: ${command.reason}`]
      case "store":
        return [`store ${command.error ?? "answers"}`]
      default:
        return [command.kind]
    }
  })

/** A table: time, event, commands. */
type Row = readonly [number, LeadershipEvent | "tick", ...string[]]

const tables: Record<string, readonly Row[]> = {
  "an empty store is taken, then renewed three times a lease": [
    [0, "tick", "look"],
    [5, { kind: "seen", seen: null }, "put 0"],
    [10, { kind: "put", revision: 1 }, "lead"],
    [900, "tick"],
    [1_005, "tick", "put 1"],
    [1_020, { kind: "put", revision: 2 }],
    [2_004, "tick"],
    [2_005, "tick", "put 2"],
  ],
  "what was given back is taken at once": [
    [0, "tick", "look"],
    [5, seen(noLease, 7), "put 7"],
    [10, { kind: "put", revision: 8 }, "lead"],
  ],
  "somebody else's is waited for by its own length, from when a revision was first seen": [
    [0, "tick", "look"],
    [5, seen(other, 4), "standBy tcp://other:1"],
    [338, "tick", "look"],
    [340, seen(other, 4)],
    [4_900, "tick", "look"],
    [4_910, seen(other, 5)],
    [9_909, "tick", "look"],
    [9_909, seen(other, 5)],
    [9_910, "tick", "put 5"],
    [9_915, { kind: "conflict" }, "look"],
    [9_920, seen({ ...other, holder: "third", address: "tcp://third:1" }, 6), "standBy tcp://third:1"],
  ],
  "a renewal that was not answered: a look says whether it was done": [
    [0, "tick", "look"],
    [0, { kind: "seen", seen: null }, "put 0"],
    [0, { kind: "put", revision: 1 }, "lead"],
    [1_000, "tick", "put 1"],
    [1_500, { kind: "failed", error: "timeout" }, "store timeout"],
    [1_833, "tick", "look"],
    [1_840, seen(mine, 2), "store answers", "put 2"],
    [1_850, { kind: "put", revision: 3 }],
    [2_700, "tick"],
    [2_840, "tick", "put 3"],
  ],
  "who cannot renew gives it up before another may take it": [
    [0, "tick", "look"],
    [0, { kind: "seen", seen: null }, "put 0"],
    [20, { kind: "put", revision: 1 }, "lead"],
    [1_000, "tick", "put 1"],
    [2_549, "tick"],
    [2_550, "tick", "stepDown: it could not renew its lease for 2550 ms, so another master may lead by now"],
    [2_560, { kind: "put", revision: 2 }],
  ],
  "who stood still is over, whatever it hears first": [
    [0, "tick", "look"],
    [0, { kind: "seen", seen: null }, "put 0"],
    [0, { kind: "put", revision: 1 }, "lead"],
    [1_000, "tick", "put 1"],
    [9_000, { kind: "put", revision: 2 }, "stepDown: it could not renew its lease for 9000 ms, so another master may lead by now"],
  ],
  "another has it": [
    [0, "tick", "look"],
    [0, { kind: "seen", seen: null }, "put 0"],
    [0, { kind: "put", revision: 1 }, "lead"],
    [1_000, "tick", "put 1"],
    [1_010, { kind: "conflict" }, "look"],
    [1_020, seen(other, 2), "stepDown: the master at tcp://other:1 has taken its lease"],
  ],
  "an answer that came too late to begin with: it is renewed first": [
    [0, "tick", "look"],
    [0, { kind: "seen", seen: null }, "put 0"],
    [2_900, { kind: "put", revision: 1 }, "put 1"],
    [2_910, { kind: "put", revision: 2 }, "lead"],
  ],
}

for (const [name, rows] of Object.entries(tables))
  test(name, () => {
    const machine = new Leadership(mine)
    for (const [atMs, event, ...expected] of rows)
      assert.equal(shown(machine.step(event === "tick" ? { kind: "tick" } : event, atMs)), expected, `at ${atMs}`)
  })

test("each step says when to be called again, and nothing is asked twice at once", () => {
  const machine = new Leadership(mine)
  const wake = (event: LeadershipEvent, nowMs: number) =>
    machine.step(event, nowMs).flatMap(command => (command.kind === "wake" ? [command.atMs] : []))
  assert.equal(wake({ kind: "tick" }, 0), [Number.POSITIVE_INFINITY], "the look is answered")
  assert.equal(shown(machine.step({ kind: "tick" }, 50)), [])
  assert.equal(wake(seen(other, 1), 100), [433])
  machine.step({ kind: "tick" }, 433)
  assert.equal(wake(seen(other, 1), 5_000), [5_100], "when it runs out")
})

// ── from a seed ──

interface Candidate {
  name: string
  machine: Leadership
  /** Its monotonic clock is so far ahead of the world's. */
  aheadMs: number
  standsUntilMs: number
  wakeMs: number
  /** Its epoch, once it has claimed one. */
  epoch: number | null
  /** Where the journal ended when it read it. */
  end: number
  lives: number
}

/** Two or three candidates over one store and one journal until `quietMs`, with faults, then without for a while. */
function world(seed: number) {
  const random = new Random(seed)
  const next = (below: number) => random.integer(0, below)
  const events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []
  let nowMs = 0
  let order = 0
  const quietMs = 60_000
  const later = (ms: number, run: () => void) => events.push({ atMs: nowMs + ms, order: order++, run })
  let lease: SeenLease | null = null
  const journal: { readonly by: string; readonly epoch: number }[] = []
  let outageUntilMs = 0
  const leaseMs = 1_000 + next(4_000)
  const count = 2 + next(2)

  /** A request: on its way, done or not, answered or not. */
  const ask = <T>(candidate: Candidate, work: () => T, answer: (value: T | "failed") => void) => {
    const life = candidate.lives
    const deliver = (value: T | "failed") => {
      if (candidate.lives === life) when(candidate, () => candidate.lives === life && answer(value))
    }
    const faulty = nowMs < quietMs
    const lost = faulty && next(20) === 0
    const unheard = faulty && next(20) === 0
    later(faulty ? next(next(10) === 0 ? 2_000 : 50) : 2, () => {
      if (lost || nowMs < outageUntilMs) return later(leaseMs / 3, () => deliver("failed"))
      const value = work()
      if (unheard) later(leaseMs / 3, () => deliver("failed"))
      else later(faulty ? next(50) : 2, () => deliver(value))
    })
  }
  /** As soon as the candidate runs. */
  const when = (candidate: Candidate, run: () => void): void => {
    if (nowMs >= candidate.standsUntilMs) run()
    else later(candidate.standsUntilMs - nowMs, () => when(candidate, run))
  }
  const step = (candidate: Candidate, event: LeadershipEvent) => {
    for (const command of candidate.machine.step(event, nowMs + candidate.aheadMs)) perform(candidate, command)
  }
  const perform = (candidate: Candidate, command: LeadershipCommand) => {
    switch (command.kind) {
      case "look":
        ask(
          candidate,
          () => lease,
          found => step(candidate, found === "failed" ? { kind: "failed", error: "" } : { kind: "seen", seen: found }),
        )
        break
      case "put":
        ask(
          candidate,
          () => {
            if ((lease?.revision ?? 0) !== command.revision) return "conflict"
            lease = { lease: command.lease, revision: command.revision + 1 }
            return lease.revision
          },
          done =>
            step(
              candidate,
              done === "failed"
                ? { kind: "failed", error: "" }
                : done === "conflict"
                  ? { kind: "conflict" }
                  : { kind: "put", revision: done },
            ),
        )
        break
      case "wake": {
        const { lives } = candidate
        candidate.wakeMs = command.atMs
        if (Number.isFinite(command.atMs))
          later(Math.max(0, command.atMs - candidate.aheadMs - nowMs), () =>
            when(candidate, () => candidate.lives === lives && candidate.wakeMs === command.atMs && step(candidate, { kind: "tick" })),
          )
        break
      }
      case "lead":
        candidate.end = journal.length
        claim(candidate)
        break
      case "stepDown":
        restart(candidate)
        break
      default:
        break
    }
  }
  /** Appends by compare-and-set on the journal's length, as `SharedJournal` does. */
  const append = (candidate: Candidate, epoch: number, done: (outcome: "appended" | "conflict" | "failed") => void) => {
    const { end } = candidate
    const by = `${candidate.name}.${candidate.lives}`
    ask(
      candidate,
      () => {
        if (journal.length !== end) return "conflict"
        journal.push({ by, epoch })
        return "appended"
      },
      done,
    )
  }
  const claim = (candidate: Candidate) => {
    const epoch = 1 + journal.slice(0, candidate.end).reduce((newest, record) => Math.max(newest, record.epoch), 0)
    append(candidate, epoch, outcome => {
      if (outcome !== "appended" || !candidate.machine.leads) return restart(candidate)
      candidate.epoch = epoch
      candidate.end += 1
      write(candidate)
    })
  }
  const write = (candidate: Candidate) => {
    append(candidate, candidate.epoch as number, outcome => {
      if (outcome !== "appended") return restart(candidate)
      candidate.end += 1
      const { lives } = candidate
      later(next(300), () => when(candidate, () => candidate.lives === lives && candidate.machine.leads && write(candidate)))
    })
  }
  const restart = (candidate: Candidate) => {
    candidate.lives += 1
    candidate.epoch = null
    const { lives } = candidate
    later(100 + next(1_000), () => {
      if (candidate.lives !== lives) return
      candidate.machine = new Leadership({ holder: `${candidate.name}.${lives}`, address: candidate.name, leaseMs, durable: false })
      when(candidate, () => candidate.lives === lives && step(candidate, { kind: "tick" }))
    })
  }
  const candidates: Candidate[] = Array.from({ length: count }, (_, i) => ({
    name: `m${i}`,
    machine: new Leadership({ holder: `m${i}.0`, address: `m${i}`, leaseMs, durable: false }),
    aheadMs: next(1_000_000),
    standsUntilMs: 0,
    wakeMs: 0,
    epoch: null,
    end: 0,
    lives: 0,
  }))
  for (const candidate of candidates) later(next(500), () => step(candidate, { kind: "tick" }))
  const trouble = () => {
    if (nowMs >= quietMs) return
    const candidate = candidates[next(count)] as Candidate
    const kind = next(4)
    if (kind === 0) restart(candidate)
    else if (kind === 1) candidate.standsUntilMs = Math.min(quietMs, nowMs + next(3 * leaseMs))
    else if (kind === 2) outageUntilMs = Math.min(quietMs, nowMs + next(2 * leaseMs))
    later(next(6_000), trouble)
  }
  later(next(5_000), trouble)
  const endMs = quietMs + 4 * leaseMs + 5_000
  let atQuietEnd = 0
  later(endMs - 2_000, () => {
    atQuietEnd = journal.length
  })
  while (events.length > 0 && nowMs < endMs) {
    let first = 0
    for (const [i, event] of events.entries()) {
      const best = events[first]!
      if (event.atMs < best.atMs || (event.atMs === best.atMs && event.order < best.order)) first = i
    }
    const [event] = events.splice(first, 1)
    nowMs = event!.atMs
    event!.run()
  }
  return { journal, candidates, atQuietEnd }
}

test("from a seed: no two append in one epoch, epochs go up, and in the end somebody leads and appends", () => {
  let epochs = 0
  for (let seed = 1; seed <= 300; seed++) {
    const { journal, candidates, atQuietEnd } = world(seed)
    const owners = new Map<number, string>()
    let newest = 0
    for (const { by, epoch } of journal) {
      assert.is(owners.get(epoch) ?? by, by, `seed ${seed}: epoch ${epoch} has two masters`)
      owners.set(epoch, by)
      assert.ok(epoch >= newest, `seed ${seed}: epoch ${epoch} after ${newest}`)
      newest = epoch
    }
    epochs += owners.size
    assert.is(candidates.filter(({ machine }) => machine.leads).length, 1, `seed ${seed}: one leads`)
    assert.ok(journal.length > atQuietEnd, `seed ${seed}: and appends`)
  }
  assert.ok(epochs > 1_500, `${epochs} epochs: something happened`)
})

/** Puts wait until they are answered; `next` gives the one that is asked for next. */
class SlowStore {
  readonly #asked: { readonly lease: Lease; readonly revision: number; readonly answer: (revision: number) => void }[] = []
  #told = () => {}

  async look(): Promise<SeenLease | null> {
    return null
  }

  put(lease: Lease, revision: number): Promise<number> {
    return new Promise(answer => {
      this.#asked.push({ lease, revision, answer })
      this.#told()
    })
  }

  async next() {
    for (let asked = this.#asked.shift(); ; asked = this.#asked.shift()) {
      if (asked !== undefined) return asked
      await new Promise<void>(told => (this.#told = told))
    }
  }
}

for (const [what, renewals] of [
  ["when it is asked for", 0],
  ["when it is renewed", 1],
] as const) {
  test(`a lease is given back as it is by then, also ${what}`, async () => {
    const store = new SlowStore()
    const quiet = { lead: () => {}, standBy: () => {}, stepDown: () => {}, store: () => {} }
    const election = new Election(new Leadership({ ...mine, leaseMs: 900 }), store, quiet)
    election.start()
    for (let i = 0; i < renewals; i++) (await store.next()).answer(i + 1)
    const underway = await store.next()
    const stopped = election.stop()
    underway.answer(renewals + 1)
    const last = await store.next()
    assert.equal([last.lease, last.revision], [noLease, renewals + 1])
    last.answer(renewals + 2)
    await stopped
  })
}

test.run()
