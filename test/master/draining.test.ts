/** A worker that is to go, while masters are started again, others die and connections break. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master/draining")

const drain = (h: Harness, worker: string, undo = false) => h.ask({ kind: "drain", worker, undo, by: "ann" })
const told = (h: Harness, kind: "staying" | "drained") => h.messages("event").filter(({ message }) => message.event.kind === kind).length
const letGo = (h: Harness) => h.messages("leave").map(({ to }) => to)

/** Three workers and a stream; the first worker is being drained, and knows it. */
function draining(): Harness {
  const h = new Harness()
  for (const n of [1, 2, 3]) h.join(n)
  h.from("c1#1", { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node" })
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(1_000)
  assert.ok(drain(h, "w1")?.ok)
  h.advance(200)
  assert.equal([...h.draining], ["w1#1"])
  return h
}

function restarted(): Harness {
  const h = draining()
  h.restart()
  h.from("c1#1", { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node" })
  return h
}

test("the master is started again and hears of the leaver first: it is drained all the same", () => {
  const h = restarted()
  h.join(1)
  h.advance(500)
  for (const n of [2, 3]) h.join(n)
  h.advance(6_000)
  assert.is(told(h, "staying"), 0)
  assert.equal(letGo(h), ["w1#1"])
})

test("those who are back die before the others are: the drain goes on", () => {
  const h = restarted()
  for (const n of [1, 2]) h.join(n)
  h.advance(500)
  h.workers.delete("w2#1")
  h.step({ kind: "gone", peer: "w2#1" })
  h.advance(500)
  h.join(3)
  h.advance(6_000)
  assert.is(told(h, "staying"), 0)
  assert.equal(letGo(h), ["w1#1"])
})

test("nobody else comes back, or all others die: the leaver stays", () => {
  const alone = restarted()
  alone.join(1)
  alone.advance(6_000)
  const left = draining()
  for (const peer of ["w2#1", "w3#1"]) {
    left.workers.delete(peer)
    left.step({ kind: "gone", peer })
  }
  for (const h of [alone, left]) {
    assert.is(told(h, "staying"), 1)
    h.advance(3_000)
    assert.equal([letGo(h), [...h.draining]], [[], []])
  }
})

test("the connection breaks before the leaver hears that it may end: it is told again", () => {
  const h = draining()
  h.advance(4_000)
  assert.equal(letGo(h), ["w1#1"])
  h.step({ kind: "lost", peer: "w1#1" })
  h.join(1)
  h.advance(4_000)
  assert.equal(letGo(h), ["w1#1", "w1#1"])
  h.from("w1#1", { kind: "bye" })
  h.workers.delete("w1#1")
  h.advance(200)
  assert.is(told(h, "drained"), 1)
})

test("… or it may be kept, or must be when all others die", () => {
  const undone = draining()
  const left = draining()
  for (const h of [undone, left]) {
    h.advance(4_000)
    assert.equal(letGo(h), ["w1#1"])
    h.step({ kind: "lost", peer: "w1#1" })
    h.join(1)
  }
  assert.ok(drain(undone, "w1", true)?.ok)
  for (const peer of ["w2#1", "w3#1"]) {
    left.workers.delete(peer)
    left.step({ kind: "gone", peer })
  }
  for (const h of [undone, left]) {
    h.advance(4_000)
    assert.equal([told(h, "staying"), letGo(h), [...h.draining]], [1, ["w1#1"], []])
  }
})

test("a worker that has not heard that it stays does not become one that is to go when it registers again", () => {
  const h = draining()
  assert.ok(drain(h, "w1", true)?.ok)
  h.draining.add("w1#1")
  h.step({ kind: "lost", peer: "w1#1" })
  h.join(1)
  h.advance(4_000)
  assert.equal([letGo(h), [...h.draining]], [[], []])
})

test.run()
