/** What happens in the cluster, as the line that people see of it. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterEvent, PastEvent } from "../../cluster/protocol.js"
import { eventLine, eventText } from "../../shell/host/event-line.js"

const cases: readonly [event: ClusterEvent, line: string | null][] = [
  [{ kind: "workerLost", name: "w2", why: "its process ended", partitions: 0 }, "● w2 lost (its process ended) · nothing is missing"],
  [{ kind: "workerLost", name: "w2", why: "silent", partitions: 1 }, "● w2 lost (silent) · 1 partition is made again when needed"],
  [{ kind: "workerLost", name: "w2", why: "silent", partitions: 7 }, "● w2 lost (silent) · 7 partitions are made again when needed"],
  [{ kind: "recovered", name: "w2", ms: 1_234, partitions: 7 }, "● w2: 7 partitions are there again after 1.23 s"],
  [{ kind: "recovered", name: "w2", ms: 0, partitions: 0 }, null],
  [{ kind: "standsBy", host: "b", address: "tcp://b:7077" }, "● the master tcp://b:7077 (b) stands by"],
  [
    { kind: "standbyLost", host: "b", address: "tcp://b:7077", left: 0 },
    "● the master tcp://b:7077 (b) stands by no more: nobody would take over",
  ],
  [{ kind: "standbyLost", host: "b", address: "tcp://b:7077", left: 1 }, "● the master tcp://b:7077 (b) stands by no more"],
  [{ kind: "defined", stream: "me/counts", by: "ann" }, "● ann defined me/counts"],
  [{ kind: "defined", stream: "me/counts", by: "me" }, null],
]
for (const [event, line] of cases) test(`${event.kind}: ${line ?? "nothing"}`, () => assert.is(eventLine(event, "me")?.text ?? null, line))

const stream = "ann/counts"
const past: readonly [event: PastEvent, text: string][] = [
  [{ kind: "resumed", stream, without: null }, "ann/counts goes on"],
  [{ kind: "resumed", stream, without: "record" }, "ann/counts goes on, without the records that failed"],
  [{ kind: "sealed", stream, from: 0, to: 1_000, rows: 3, blocks: 2 }, "ann/counts sealed 0–1000: 3 records in 2 blocks"],
  [
    { kind: "retried", stream, stage: "map", partition: 3, worker: "w2", why: "TypeError: x\n  at" },
    "ann/counts: map, partition 3 failed on w2 and is tried once more: TypeError: x",
  ],
  [
    { kind: "speculated", stream: null, stage: "map", partition: 3, worker: "w2", second: "w1" },
    "a question: map, partition 3 is slow on w2: begun on w1 too",
  ],
]
for (const [event, text] of past) test(`${event.kind} is told as: ${text}`, () => assert.is(eventText(event, String), text))

test.run()
