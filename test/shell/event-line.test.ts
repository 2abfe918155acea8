/** What happens in the cluster, as the line that people see of it. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterEvent } from "../../cluster/protocol.js"
import { eventLine } from "../../shell/host/event-line.js"

const cases: readonly [event: ClusterEvent, line: string | null][] = [
  [{ kind: "workerLost", name: "w2", why: "its process ended", partitions: 0 }, "● w2 lost (its process ended) · nothing is missing"],
  [{ kind: "workerLost", name: "w2", why: "silent", partitions: 1 }, "● w2 lost (silent) · 1 partition is made again when needed"],
  [{ kind: "workerLost", name: "w2", why: "silent", partitions: 7 }, "● w2 lost (silent) · 7 partitions are made again when needed"],
  [{ kind: "recovered", name: "w2", ms: 1_234, partitions: 7 }, "● w2: 7 partitions are there again after 1.23 s"],
  [{ kind: "recovered", name: "w2", ms: 0, partitions: 0 }, null],
  [{ kind: "defined", stream: "me/counts", by: "ann" }, "● ann defined me/counts"],
  [{ kind: "defined", stream: "me/counts", by: "me" }, null],
]
for (const [event, line] of cases) test(`${event.kind}: ${line ?? "nothing"}`, () => assert.is(eventLine(event, "me")?.text ?? null, line))

test.run()
