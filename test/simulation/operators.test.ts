/** Operators that need more of a cluster than narrow ones do, over the real master, scheduler and workers. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"

const test = suite("operators on a cluster")

test("RDDs: what is broadcast, zipped, split, sorted and persisted", async () => {
  const session = await simulate({ workers: 3, seed: 5 })
  const numbers = session.parallelize([5, 3, 8, 1, 3, 9, 2], 3)
  assert.equal(await numbers.sortBy(n => n).collect(), [1, 2, 3, 3, 5, 8, 9])
  assert.equal(
    (await numbers.zipWithIndex().collect()).map(([, i]) => i),
    [0, 1, 2, 3, 4, 5, 6],
  )
  assert.equal(await numbers.histogram(2), [
    [1, 5, 4],
    [5, 9, 3],
  ])
  assert.is(
    await numbers
      .zip(numbers.map(n => -n))
      .filter(([a, b]) => a + b === 0)
      .count(),
    7,
  )
  assert.is(await numbers.cartesian(numbers).count(), 49)
  assert.is((await numbers.takeSample(3)).length, 3)
  assert.is(await numbers.countApproxDistinct(), 6)
  assert.is((await numbers.stats()).max, 9)
  const kept = numbers
    .map(n => [n % 2, n])
    .reduceByKey(sum)
    .persist()
  const odds = async () => (await kept.collectAsMap()).get(1)
  assert.is(await odds(), 21)
  session.kill("w1")
  await session.advance("10s")
  assert.is(await odds(), 21)
  assert.is(await kept.unpersist().count(), 2)
  await session.advance("1s")
  assert.is(await odds(), 21)
  await session.close()
})

test("persisted, and asked after its input would have been forgotten", async () => {
  const session = await simulate({ workers: 2, seed: 7 })
  const words = session.readStream("words", "1s", { remember: "5s" })
  session.feed("words", ["a", "b", "a"])
  await session.advance("3s")
  const kept = words
    .slice("-3s")
    .map(w => [w, 1])
    .reduceByKey(sum)
    .persist()
  assert.is(await kept.count(), 2)
  await session.advance("1m")
  assert.equal(new Map(await kept.collect()).get("a"), 2)
  await session.close()
})

test("windows without an inverse outlive a worker", async () => {
  const seconds = Array.from({ length: 24 }, (_, i) => [`${i}`])
  const { windowed } = await runIntervals({
    interval: "1s",
    inputs: { s: seconds },
    workers: 3,
    faults: [{ kill: "w2", at: "15s" }],
    program: (_, { s }) => ({
      windowed: s!.map((v: string) => ["k", v]).reduceByWindow("9s", (a: string, b: string) => `${a} ${b}`),
    }),
  })
  assert.equal(
    windowed.map(rows => (rows[0] as [string, string])[1]),
    seconds.map((_, i) =>
      seconds
        .slice(Math.max(0, i - 8), i + 1)
        .flat()
        .join(" "),
    ),
  )
})

test.run()
