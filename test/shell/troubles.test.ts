/** The status line's trouble: the gravest, and how many more. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterStatus } from "../../cluster/protocol.js"
import { troubleLine, troublesOf } from "../../shell/host/troubles.js"

const test = suite("troubles")

const worker = (name: string, state: string, slow?: object, medianMs = 80) =>
  ({ name, state, slow, medianMs }) as unknown as ClusterStatus["workers"][number]
const status = (change: object) => ({ held: [], behind: [], workers: [], warnings: [], aside: [], ...change }) as unknown as ClusterStatus

const held = [{ stream: "shop/a" }]
const behind = [{ stream: "shop/b", lagMs: 7_210 }]
const workers = [worker("w1", "up"), worker("w2", "slow", { times: 2.9, sinceMs: 0 }), worker("w3", "lost")]
const aside = [{ stream: "shop/views", records: 1_204, perSecond: 0.34 }]
const warnings = ["blocks of received data with one copy: 3, being copied"]

const cases: readonly [of: object, line: string][] = [
  [{}, ""],
  [{ workers: [worker("w1", "up")] }, ""],
  [{ held }, "● shop/a held: .why shop/a"],
  [{ behind }, "● shop/b 7.2 s behind: .why shop/b"],
  [{ workers, behind }, "● w3 is lost: .events · 2 more: .why"],
  [{ workers: workers.slice(0, 2), warnings }, "● w2 slow (2.9 ×): .workers · 1 more: .why"],
  [{ workers: [worker("w2", "slow", { times: 2.9, sinceMs: 0 }, 2)] }, ""],
  [{ warnings }, `● ${warnings[0]}`],
  [{ aside }, "● shop/views: 1 204 set aside, 0.3 a second · views.aside"],
  [{ held, behind, workers, warnings, aside }, "● shop/a held: .why shop/a · 5 more: .why"],
]
for (const [of, line] of cases) test(line || "nothing", () => assert.is(troubleLine(troublesOf(status(of))), line))

test.run()
