/** What is stored is remembered for longer than what it was made of, whoever dies meanwhile. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"

const test = suite("kept longer than its input")

test("a persisted stream answers for as long as it is remembered: joins too, empty intervals too; lost with its last copy, it says so", async () => {
  const s = await simulate({ workers: 2, seed: 4, partitions: 2 })
  const views = s.readStream("views", "1s", { remember: "1s" })
  const count = views.count().persist().named("count")
  const urls = views
    .map((url): [string, number] => [url, 1])
    .reduceByKey(sum)
    .persist()
    .named("urls")
  const joined = urls.join(urls.mapValues(n => n + 1)).named("joined")
  await s.flush()
  for (const stream of [count, urls]) stream.remember("10m")
  await s.flush()
  const start = s.clock.now()
  const fed = Array.from({ length: 40 }, (_, i) => (i > 3 && i % 3 === 0 ? [`a${i}`, "b"] : []))
  for (const [i, lines] of fed.entries()) {
    s.feed("views", lines)
    await s.advance("1s")
    if (i === 25) s.kill("master")
    if (i === 27) s.restart("master")
    if (i === 31) s.kill("w1")
  }
  const ask = async () => ({
    count: await count.slice(start, start + 30_000).collect(),
    urls: (await urls.slice(start, start + 30_000).collect()).map(([url]) => url).sort(),
    joined: (await joined.at(start + 6_000).collect()).sort(),
    empty: await urls.at(start + 5_000).collect(),
  })
  const expected = {
    count: fed.slice(0, 30).map(lines => lines.length),
    urls: fed.slice(0, 30).flat().sort(),
    joined: [
      ["a6", [1, 2]],
      ["b", [1, 2]],
    ],
    empty: [],
  }
  await s.advance("5s")
  assert.is((await urls.info()).reaches, start)
  assert.equal(await ask(), expected as never)
  s.restart("w1")
  await s.advance("5s")
  s.kill("w2")
  await s.advance("8s")
  assert.equal(await ask(), expected as never)
  s.kill("w1")
  s.restart("w2")
  await s.advance("20s")
  await urls
    .slice(start, start + 30_000)
    .collect()
    .then(
      () => assert.unreachable("there is nobody who has it"),
      error =>
        assert.match(
          error.message,
          /^records of urls of 2026-01-01T00:00:06.000Z, kept longer than what they were made of, are lost: every worker/,
        ),
    )
  await s.close()
})

test.run()
