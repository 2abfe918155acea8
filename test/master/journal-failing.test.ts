/** A journal that cannot be written for a while: what waits is tried again, whatever else fails meanwhile. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MasterMachine } from "../../cluster/master/master.js"
import type { Command } from "../../cluster/ports.js"

const test = suite("master/journal-failing")
const wallMs = Date.UTC(2026, 0, 1)

class Failing {
  readonly master = new MasterMachine({
    node: "master#1",
    cluster: "test",
    address: "tcp://master",
    records: [],
    config: { rethrow: true },
  })
  /** What was appended, by step. */
  readonly appended: number[][] = []
  readonly said: string[] = []
  ended: string | null = null

  step(nowMs: number, event: Parameters<MasterMachine["step"]>[0]): void {
    const sequences: number[] = []
    for (const command of this.master.step(event, { monotonicMs: nowMs, wallMs: wallMs + nowMs }) as Command[]) {
      if (command.kind === "append") sequences.push(command.sequence)
      if (command.kind === "say" && /journal/.test(command.text)) this.said.push(command.text)
      if (command.kind === "exit") this.ended = command.reason
    }
    if (sequences.length > 0) this.appended.push(sequences)
  }

  /** A client opens a session: a record. */
  asks(nowMs: number, id: number): void {
    const from = "c#1"
    if (id === 1)
      this.step(nowMs, {
        ...{ kind: "received", from, payload: [] },
        message: { kind: "hello", role: "client", user: "u", version: "1", runtime: "node" },
      })
    const body = { kind: "openSession", user: "u", program: "p" } as const
    this.step(nowMs, { kind: "received", from, payload: [], message: { kind: "request", id, body } })
  }

  fails(nowMs: number, sequence: number): void {
    this.step(nowMs, { kind: "appendFailed", sequence, reason: "disk", error: "no space left on device" })
  }
}

test("records that fail for the gap behind the first do not put off its next try", () => {
  const f = new Failing()
  f.step(0, { kind: "started" })
  f.asks(5, 1)
  assert.equal(f.appended, [[1], [2]], "its epoch, a session")
  f.fails(10, 1)
  f.fails(300, 2)
  for (let nowMs = 400; nowMs <= 1_000; nowMs += 100) f.step(nowMs, { kind: "tick" })
  assert.equal(f.appended.slice(2), [[1, 2]], "once more, half a second after the first")
})

test("what comes behind a record that failed waits for its next try, and is appended once", () => {
  const f = new Failing()
  f.step(0, { kind: "started" })
  f.fails(10, 1)
  f.asks(100, 1)
  assert.equal(f.appended.slice(1), [], "it would leave a gap")
  // The step in which it is tried again brings a record as well.
  f.asks(600, 2)
  assert.equal(f.appended.slice(1), [[1, 2, 3]])
  for (const sequence of [1, 2, 3]) f.step(650, { kind: "appended", sequence })
  for (let nowMs = 700; nowMs <= 3_000; nowMs += 100) f.step(nowMs, { kind: "tick" })
  assert.equal(f.appended.slice(2), [])
  f.asks(3_100, 3)
  assert.equal(f.appended.slice(2), [[4]])
})

test("that it cannot be written is said once, and that it can again", () => {
  const f = new Failing()
  f.step(0, { kind: "started" })
  for (const nowMs of [10, 600, 1_200, 1_800]) {
    f.fails(nowMs, 1)
    f.step(nowMs + 550, { kind: "tick" })
  }
  assert.is(f.appended.length, 5, "it was tried each time")
  assert.is(f.said.length, 1)
  assert.match(f.said[0]!, /the journal cannot be written, nothing new is decided: no space left on device; trying again until it can/)
  f.step(2_400, { kind: "appended", sequence: 1 })
  f.asks(2_500, 1)
  f.step(2_510, { kind: "appended", sequence: 2 })
  assert.equal(f.said.slice(1), ["the journal can be written again"])
})

test("nothing is tried again while the journal has not answered for all: it would take it for another master's", () => {
  const f = new Failing()
  f.step(0, { kind: "started" })
  f.asks(5, 1)
  f.fails(10, 1)
  for (let nowMs = 100; nowMs <= 2_000; nowMs += 100) f.step(nowMs, { kind: "tick" })
  assert.equal(f.appended.slice(2), [])
  f.fails(2_050, 2)
  for (let nowMs = 2_100; nowMs <= 3_000; nowMs += 100) f.step(nowMs, { kind: "tick" })
  assert.equal(f.appended.slice(2), [[1, 2]])
})

test("a record that failed and is there, as what came behind it shows, is not tried again", () => {
  const f = new Failing()
  f.step(0, { kind: "started" })
  f.asks(5, 1)
  f.step(20, { kind: "appended", sequence: 2 })
  f.fails(500, 1)
  for (let nowMs = 600; nowMs <= 2_000; nowMs += 100) f.step(nowMs, { kind: "tick" })
  assert.equal(f.appended.slice(2), [])
})

test.run()
