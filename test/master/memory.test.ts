/** Workers whose memory is short: what they are told, what goes, what people hear. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { definition, Harness, input, start } from "./harness.js"

const test = suite("master/memory")

/** Two workers that hold a sealed batch, and then say how full they are, once a second for three. */
function withFullMemory(disk: { spilledBytes?: number; diskFull?: string }): Harness {
  const harness = new Harness()
  const [a, b] = [harness.join(1), harness.join(2)]
  harness.define(definition("views", input()))
  harness.advance(1000)
  const block = harness.batch(a, 1, { block: "one" })
  harness.report(a, block)
  harness.report(b, block)
  harness.advance(3000)
  for (let second = 0; second < 3; second++) {
    harness.nowMs += 900
    for (const node of [a, b]) {
      const beat = { kind: "heartbeat", sentMs: harness.nowMs, load: 0, usedBytes: 0.75e9, queued: 0, blocks: 1 } as const
      harness.from(node, { ...beat, ...disk })
      harness.from(node, { kind: "report", through: start + harness.nowMs, blocks: [] })
    }
    harness.step({ kind: "tick" })
    harness.settle()
  }
  return harness
}

const forgotten = (harness: Harness) => harness.records("forgotten").some(({ streams }) => streams.some(({ stream }) => stream === "views"))
const warnings = (harness: Harness) => {
  const response = harness.ask({ kind: "status" })
  return response?.ok ? (response.value as ClusterStatus).warnings : []
}

test("workers hear from when on an input is needed; an input that nothing is made from is not", () => {
  const harness = withFullMemory({ spilledBytes: 0 })
  const { streams } = harness.messages("uses").at(-1)!.message
  assert.equal(
    streams.map(({ stream }) => stream),
    ["views"],
  )
  assert.ok(streams[0]!.neededFrom >= start + 3000)
})

test("a worker with a disk sees to it itself: nothing is forgotten", () => {
  const harness = withFullMemory({ spilledBytes: 0 })
  assert.not.ok(forgotten(harness))
  assert.equal(
    warnings(harness).filter(text => /disk|memory/.test(text)),
    [],
  )
})

for (const [what, disk] of [
  ["no disk", {}],
  ["a disk that is full", { spilledBytes: 1e9, diskFull: "cannot write /d/w1.1-3.blocks: the disk is full" }],
] as const) {
  test(`${what}: the oldest input that nothing is computed from goes`, () => {
    const harness = withFullMemory(disk)
    assert.ok(forgotten(harness))
    const told = warnings(harness).filter(text =>
      /can put nothing more on its disk: cannot write \/d\/w1\.1-3\.blocks: the disk is full/.test(text),
    )
    assert.is(told.length, "diskFull" in disk ? 2 : 0)
  })
}

test.run()
