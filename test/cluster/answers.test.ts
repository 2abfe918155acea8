/** An answer is a function of its intervals: asked again, asked while a worker dies, asked after it died, it is the same. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"

const test = suite("the same answer")

let cluster: Embedded
test.before(async () => {
  cluster = await startEmbedded({ workers: 3, cores: 1, memoryBytes: 32 * 2 ** 20 })
})
test.after(() => cluster.stop())

test("counts, tops, changes and versions of a fixed range: twice, while a worker is killed, and after", async () => {
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const lines = session.readStream("lines", "200ms")
  session.name(lines, "lines")
  const counts = lines.map((line): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  const sender = await openSender(session, "lines")
  const rounds = 40
  const from = Math.floor(Date.now() / 200) * 200
  for (let round = 0; round < rounds; round++) {
    await sender.write(Buffer.from(Array.from({ length: 50 }, (_, i) => `w${(i * round) % 23}\n`).join("")))
    await sender.flush()
  }
  await sender.close()
  const total = () =>
    counts.latest().aggregate(
      0,
      (sum, [, n]) => sum + n,
      (a, b) => a + b,
    )
  while ((await total()) < rounds * 50) {}
  const to = (await counts.latest().count().stamped()).stamp.asOf

  const questions: Record<string, () => PromiseLike<unknown>> = {
    count: () => lines.slice(from, to).count(),
    top: () => counts.slice(from, to).top(3),
    versions: () => counts.slice(from, to).count(),
    changes: () => counts.changes(from, to).collect(),
    at: () => counts.at(to - 1).collect(),
  }
  const askAll = async () => JSON.stringify(await Promise.all(Object.values(questions).map(ask => ask())))
  const once = await askAll()
  assert.is(await askAll(), once)
  const dying = askAll()
  await cluster.kill("w2", { restart: false })
  assert.is(await dying, once)
  assert.is(await askAll(), once)

  // What changed is what two versions differ in: as of an instant, the newest interval that has ended.
  const [before, after] = await Promise.all([counts.at(from - 1).collect(), counts.at(to - 1).collect()])
  const old = new Map(before)
  const diff = after.filter(([key, n]) => old.get(key) !== n).map(([key, n]) => [key, old.get(key), n])
  const changes = await counts.changes(from, to).collect()
  const sorted = (rows: unknown[][]) => [...rows].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  assert.equal(sorted(changes.map(({ key, before, after }) => [key, before, after])), sorted(diff))
  await session.close()
})

test.run()
