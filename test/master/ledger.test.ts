/** What the fold of the journal lets go, so that neither it nor its snapshots grow with all that ever was. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { newestEpoch } from "../../cluster/master/epochs.js"
import { Ledger } from "../../cluster/master/ledger.js"
import type { JournalRecord, SealRecord } from "../../cluster/master/records.js"
import type { StreamDefinition } from "../../engine/definition.js"

const test = suite("master/ledger")

const input = (id: string, name = id): StreamDefinition =>
  ({
    id,
    name,
    named: true,
    program: "p",
    owner: "u",
    kind: "input",
    intervalMs: 1_000,
    persist: false,
    rememberMs: null,
    source: "",
    node: {
      kind: "input",
      source: { kind: "receiver", name },
      format: { kind: "text" },
      timestamp: null,
      disorderMs: 0,
      onBadRecord: "setAside",
    },
  }) as unknown as StreamDefinition

function define(ledger: Ledger, ...definitions: readonly StreamDefinition[]): void {
  ledger.apply({
    kind: "define",
    session: "s1",
    definitions: definitions.map(definition => ({ definition, since: 0 })),
    assets: [],
    wallMs: 0,
  })
}

/** The interval at `from`, with these batches of session s1. */
function seal(stream: string, from: number, ...seqs: readonly number[]): SealRecord {
  const block = (seq: number) => ({ block: `b${seq}`, rows: 1, bytes: 1, batch: { session: "s1", stream, seq } })
  return { kind: "seal", stream, from, to: from + 1_000, groups: seqs.length === 0 ? [] : [seqs.map(block)] } as SealRecord
}

const snapshotBytes = (ledger: Ledger) => JSON.stringify(ledger.snapshot()).length

test("a closed session is let go when all of it is sealed; what comes again of it was admitted", () => {
  const ledger = new Ledger()
  ledger.apply({ kind: "session", session: "s1", user: "u", program: "p" })
  define(ledger, input("a"), input("b"))
  ledger.apply(seal("a", 0, 1, 2))
  assert.equal([ledger.wasAdmitted("s1", "a", 2), ledger.wasAdmitted("s1", "a", 3)], [true, false])
  ledger.apply({ kind: "sessionClosed", session: "s1", lastSeq: { a: 3, b: 1 } })
  ledger.apply(seal("a", 1_000, 3))
  assert.equal([ledger.wasAdmitted("s1", "b", 1), ledger.sessions.size], [false, 1], "one is still to come")
  ledger.apply(seal("b", 0, 1))
  assert.equal([ledger.sessions.size, ledger.admitted.size], [0, 0])
  assert.ok(ledger.wasAdmitted("s1", "a", 3) && ledger.wasAdmitted("s1", "b", 1))
  assert.not.ok(ledger.wasAdmitted("s2", "a", 1), "a session to come")

  const restarted = new Ledger()
  restarted.apply({ kind: "snapshot", state: structuredClone(ledger.snapshot()) })
  assert.ok(restarted.wasAdmitted("s1", "a", 3))
})

test("of a stopped stream what was received for it is not waited for", () => {
  const ledger = new Ledger()
  ledger.apply({ kind: "session", session: "s1", user: "u", program: "p" })
  define(ledger, input("a"))
  ledger.apply(seal("a", 0, 1))
  ledger.apply({ kind: "sessionClosed", session: "s1", lastSeq: { a: 2 } })
  assert.is(ledger.sessions.size, 1)
  ledger.apply({ kind: "stop", streams: ["a"], wallMs: 5 })
  assert.equal([ledger.sessions.size, ledger.streams.get("a")!.seals.length], [0, 0])
})

test("a thousand streams and sessions that came and went are no more than the last two hundred", () => {
  const ledger = new Ledger()
  const run = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      ledger.apply({ kind: "session", session: `s${i + 1}`, user: "u", program: "p" })
      define(ledger, input(`x${i}`))
      for (let at = 0; at < 5; at++) ledger.apply({ ...seal(`x${i}`, at * 1_000), groups: [] })
      ledger.apply({ kind: "sessionClosed", session: `s${i + 1}`, lastSeq: {} })
      ledger.apply({ kind: "stop", streams: [`x${i}`], wallMs: i })
    }
  }
  run(0, 300)
  const before = snapshotBytes(ledger)
  run(300, 1_000)
  assert.ok(snapshotBytes(ledger) < before * 1.05, `${before} to ${snapshotBytes(ledger)} bytes`)
  assert.ok(ledger.streams.has("x999") && !ledger.streams.has("x700"))
})

test("a master that is started again goes on counting epochs, though the records of those before are in a snapshot", () => {
  const ledger = new Ledger()
  const record = (epoch: number) => ({ kind: "epoch", epoch, cluster: "c", wallMs: 1 }) as const
  ledger.apply(record(7))
  const snapshot = { kind: "snapshot", state: ledger.snapshot() } as const
  const after = (...records: readonly JournalRecord[]) => newestEpoch(records.map((each, i) => ({ sequence: i + 1, record: each })))
  assert.equal([after(), after(record(3)), after(snapshot), after(snapshot, record(8))], [0, 3, 7, 8])
})

test.run()
