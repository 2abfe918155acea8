/** What a worker took of a state is made again though no interval wants it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master: lost versions are made again")

/** A state of which some version is only where it was made. */
function made(): Harness {
  const h = new Harness()
  h.copies = false
  h.join(1)
  h.join(2)
  h.define(definition("views", input()), definition("counts", counts("views")))
  h.advance(200)
  const seq = h.batch("w1#1", 1)
  h.report("w1#1", seq)
  h.report("w2#1", { ...seq })
  h.advance(3_000)
  return h
}

const steps = (h: Harness) =>
  h
    .messages("launch")
    .flatMap(({ message }) => message.tasks.map(task => message.stages[task.stage]!))
    .filter(({ write }) => write.kind === "state").length

test("where nothing arrives the newest version is made again by itself, once", () => {
  const h = made()
  assert.is(steps(h), 4)
  const on = h.messages("launch").filter(({ message }) => message.tasks.some(task => message.stages[task.stage]!.write.kind === "state"))
  const lost = on[0]!.to
  const there = on
    .filter(({ to }) => to === lost)
    .flatMap(({ message }) => message.tasks.filter(t => message.stages[t.stage]!.write.kind === "state")).length
  h.workers.delete(lost)
  h.step({ kind: "gone", peer: lost })
  h.advance(1_000)
  assert.is(steps(h), 4, "an interval that comes soon would do it")
  h.advance(4_000)
  assert.is(steps(h), 4 + there)
  h.advance(10_000)
  assert.is(steps(h), 4 + there)
})

test("a master that was started again makes what came back with nobody", () => {
  const h = made()
  h.restart()
  for (const n of [1, 2])
    h.join(n, [
      { block: `w${n}#1-bs1.1`, rows: 100, bytes: 1000, owner: null, batch: { session: "s1", stream: "views", seq: 1 }, arrivedMs: 0 },
    ] as never)
  h.report("w1#1", h.batch("w1#1", 1))
  h.advance(10_000)
  assert.is(steps(h), 8)
})

test.run()
