/** A journal that cannot be written for a while: what waits is tried again, whatever else fails meanwhile. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MasterMachine } from "../../cluster/master/master.js"
import type { Command } from "../../cluster/ports.js"

const test = suite("master/journal-failing")
const wallMs = Date.UTC(2026, 0, 1)

test("records that fail for the gap behind the first do not put off its next try", () => {
  const master = new MasterMachine({ node: "master#1", cluster: "test", address: "tcp://master", records: [], config: { rethrow: true } })
  const appended: number[][] = []
  const step = (nowMs: number, event: Parameters<MasterMachine["step"]>[0]) => {
    const commands: Command[] = master.step(event, { monotonicMs: nowMs, wallMs: wallMs + nowMs })
    const sequences = commands.flatMap(command => (command.kind === "append" ? [command.sequence] : []))
    if (sequences.length > 0) appended.push(sequences)
  }
  const fails = (nowMs: number, sequence: number) =>
    step(nowMs, { kind: "appendFailed", sequence, reason: "disk", error: "no space left on device" })
  step(0, { kind: "started" })
  assert.equal(appended, [[1]], "its epoch")
  fails(10, 1)
  for (let nowMs = 100; nowMs <= 1_000; nowMs += 100) fails(nowMs, 2)
  assert.equal(appended.slice(1), [[1]], "once more, after half a second; the failures since then ask for the next try")
  step(1_200, { kind: "tick" })
  assert.equal(appended.slice(2), [[1]])
  step(1_210, { kind: "appended", sequence: 1 })
  step(2_500, { kind: "tick" })
  assert.is(appended.length, 3)
})

test.run()
