/** A session on a real cluster of processes: a bounded input by event time, and what each kind of handle answers about it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { diff, sum } from "../../cluster/client/index.js"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { RivuletError } from "../../engine/errors.js"

interface Hit {
  t: number
  url: string
}

const start = Date.UTC(2026, 0, 1)
/** Second i has i hits of /a and one of /b; second 3 has none. */
const hits = [1, 2, 0, 4].flatMap((n, i): Hit[] =>
  n === 0 ? [] : [...Array.from({ length: n }, () => ({ t: start + i * 1000, url: "/a" })), { t: start + i * 1000 + 999, url: "/b" }],
)

test("no master: code 3, with what to do", async () => {
  const error = (await connect("tcp://127.0.0.1:1").catch(reason => reason)) as RivuletError
  assert.equal([error.code, error.message], [3, "no master answers at tcp://127.0.0.1:1"])
  assert.match(error.try!, /rivulet/)
})

test("intervals by event time: states, slices, versions, changes, joins, sends", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-client-"))
  const file = join(directory, "hits.json")
  writeFileSync(file, `${hits.map(hit => JSON.stringify(hit)).join("\n")}\n`)
  const cluster = await startEmbedded({ workers: 2 })
  const session = await connect(cluster.address, { user: "me", partitions: 3 })
  try {
    const views = session.readStream<Hit>(`file:${file}`, "1s", { format: "json", timestamp: hit => hit.t })
    const pairs = views.map(hit => [hit.url, 1])
    const counts = pairs.runningReduce(sum).named("counts")
    await session.drained()

    assert.equal((await counts.latest().collectAsMap()).get("/a"), 7)
    assert.equal([await counts.get("/b"), await counts.get("/b", start + 1000), await counts.get("/c")], [3, 2, undefined])
    assert.equal((await counts.history("/a", start, start + 4000)).values(), [1, 3, 3, 7])
    assert.equal((await counts.slice(start, start + 4000).count()).values(), [2, 2, 2, 2])
    assert.equal((await counts.slice(start, start + 4000).top(1)).last, [["/a", 7]])
    const changes = await counts.changes(start + 1000, start + 3000).top(5, change => change.delta)
    assert.equal(changes, [
      { key: "/a", before: 1, after: 3, delta: 2 },
      { key: "/b", before: 1, after: 2, delta: 1 },
    ])
    const derived = counts.mapValues(n => n)
    assert.equal(await derived.changes(start + 1000, start + 3000).top(5, change => change.delta), changes)
    assert.equal(await diff(counts.at(start), counts.at(start + 2000)).top(5, change => change.delta), changes)

    assert.is(await views.slice(start, start + 2000).count(), 5)
    assert.equal(
      (
        await views
          .at(start + 3000)
          .map(hit => hit.url)
          .countByValue()
      ).get("/a"),
      4,
    )
    assert.equal(
      await pairs
        .window("2s")
        .reduceByKey(sum)
        .get("/a", start + 1000),
      3,
    )
    assert.equal(
      await views
        .countByWindow("3s")
        .at(start + 2000)
        .collect(),
      [5],
    )
    const names = session.parallelize([["/a", "first"]])
    assert.equal(await pairs.join(names).at(start).collect(), [["/a", [1, "first"]]])
    const joined = await pairs
      .leftOuterJoin(counts)
      .at(start + 1000)
      .top(1, ([, [, n]]) => n ?? 0)
    assert.equal(joined, [["/a", [1, 3]]])

    const { value, stamp } = await views
      .slice(start, start + 2000)
      .count()
      .stamped()
    assert.equal([value, stamp.intervals], [5, { from: start, to: start + 2000 }])
    const failure = await views
      .slice(start, start + 4000)
      .map(hit => (hit as unknown as { no: { such: string } }).no.such)
      .count()
      .catch(reason => reason)
    assert.match(failure.message, /Cannot read properties of undefined/)
    assert.match(failure.failure.record, /\/a/)

    const info = (await session.streams()).find(({ name }) => name === "counts")!
    assert.equal([info.kind, info.program, info.keys, info.interval], ["state", "me", 2, "1s"])
    assert.match(info.source, /runningReduce\(sum\)/)

    session.readStream("lines", "100ms")
    await session.flush()
    const sender = await openSender(session, "lines")
    for (let i = 0; i < 100; i++) await sender.write(Buffer.from(`line ${i}\n`))
    await sender.close()
    const { sent, acked, copies } = sender.counters()
    assert.equal([sent, acked, copies], [100, 100, 2])
  } finally {
    await session.close()
    await cluster.stop()
    rmSync(directory, { recursive: true })
  }
})

test.run()
