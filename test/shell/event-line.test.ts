/** What happens in the cluster, as the line that people see of it. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClusterEvent, PastEvent } from "../../cluster/protocol.js"
import { eventLine, eventText } from "../../shell/host/event-line.js"
import { pastLines } from "../../shell/host/past-lines.js"

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
  [{ kind: "ending", startedBy: "me" }, "● the cluster has ended: me, who started it, has left; what ran on it is gone · .exit leaves"],
  [{ kind: "ending", startedBy: null }, "● the master was stopped; started again in its directory it goes on, and this shell finds it"],
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

test("what happens again and again is a line a stream with its number, until something else happens; of a loss without one nothing is told", () => {
  const slow = (of: string | null): PastEvent => ({
    kind: "speculated",
    stream: of,
    stage: "map",
    partition: 1,
    worker: "w1",
    second: "w2",
  })
  const events: PastEvent[] = [
    ...[slow(stream), slow(null), slow(stream), slow(stream)],
    { kind: "recovered", name: "w2", ms: 0, partitions: 0 },
    slow(stream),
    { kind: "workerJoined", name: "w2" },
    slow(stream),
  ]
  const entries = events.map((event, i) => ({ sequence: i, wallMs: i * 1000, owner: null, event }))
  const lines = pastLines(entries, "UTC", 10_000).map(({ text }) => text)
  assert.equal(
    lines.map(text => text.replace(/ {2,}/g, " ")),
    [
      "00:00:01 speculated a question: map, partition 1 is slow on w1: begun on w2 too",
      "00:00:05 speculated ann/counts: map, partition 1 is slow on w1: begun on w2 too · 4 such since 00:00:00",
      "00:00:06 workerJoined w2 joined",
      "00:00:07 speculated ann/counts: map, partition 1 is slow on w1: begun on w2 too",
    ],
  )
})

test.run()
