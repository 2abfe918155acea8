/** `foreachRDD` and `print` on the simulated cluster: bodies that ask, fail, wait for the world, outlive a worker. */

import { setTimeout as pause } from "node:timers/promises"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, type Simulation, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"

const test = suite("outputs")

async function printed(s: Simulation, stream?: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { text } of s.logs({ ...(stream !== undefined && { stream }), last: "1h" })) lines.push(text)
  return lines
}

test("a body gets each interval's RDD, asks it, and prints; print() prints", async () => {
  const s = await simulate({ workers: 2 })
  const words = s.readStream("words", "1s")
  const counts = words.map(w => [w, 1]).runningReduce(sum)
  counts.foreachRDD(async (rdd, { from }) => console.log(new Date(from).getUTCSeconds(), await rdd.top(1), await rdd.count()), {
    name: "out",
  })
  words.print(1).named("lines")
  for (const fed of [["a", "b", "a"], [], ["b", "b", "c"]]) {
    s.feed("words", fed)
    await s.advance("1s")
  }
  await s.advance("100ms")
  assert.equal(await printed(s, "out"), ["0 [ [ 'a', 2 ] ] 2", "1 [ [ 'a', 2 ] ] 2", "2 [ [ 'b', 3 ] ] 3"])
  assert.equal(await printed(s, "lines"), ["a", "b"])
  await s.close()
})

test("a version that is made of its interval is another in each, though nothing came: it is saved", async () => {
  const s = await simulate({ workers: 2 })
  const counts = s
    .readStream("words", "1s")
    .map(w => [w, 1])
    .runningReduce(sum)
  counts.transform((rdd, { from }) => rdd.map(([w, n]) => [w, n, new Date(from).getUTCSeconds()])).save("out")
  s.feed("words", ["a"])
  await s.advance("3100ms")
  const lines = [...s.files].sort().flatMap(([, bytes]) => Buffer.from(bytes).toString().trim().split("\n"))
  assert.equal(lines, ['["a",1,0]', '["a",1,1]', '["a",1,2]'])
  await s.close()
})

test("a body that captures a stream and an RDD; one that waits for the world holds the clock until it has it", async () => {
  const s = await simulate({ workers: 2 })
  const words = s.readStream("words", "1s")
  const known = s.parallelize(["a", "c"])
  const counts = words.map(w => [w, 1]).runningReduce(sum)
  const short = words.filter(w => w.length === 1)
  const newest = short.last("1s").map(w => `${w}!`)
  s.files.set("old.txt", Buffer.from("a\nz\n"))
  const old = s.textFile("old.txt")
  words.foreachRDD(
    async (rdd, { from }) => {
      const both = await rdd.intersection(known).collect()
      console.log(
        both.sort().join(),
        await counts.at(from).count(),
        await short.at(from).count(),
        await newest.first(),
        await old.intersection(rdd).collect(),
      )
    },
    { name: "both" },
  )
  const wait = pause
  assert.throws(() => words.foreachRDD(async () => wait(1)), /cannot be sent/, "what is not of the language cannot travel")
  words.foreachRDD(
    async () => {
      for (let i = 0; i < 100; i++) await new Promise(resolve => queueMicrotask(() => resolve(null)))
      console.log("through")
    },
    { name: "slow" },
  )
  s.feed("words", ["a", "b", "c"])
  await s.advance("1s")
  await s.advance("100ms")
  assert.equal(await printed(s, "both"), ["a,c 3 3 a! [ 'a' ]"])
  assert.equal(await printed(s, "slow"), ["through"])
  await s.close()
})

test("a body that throws holds its output; what it printed before is there", async () => {
  const s = await simulate({ workers: 2 })
  const words = s.readStream("words", "1s")
  const out = words.foreachRDD(
    async rdd => {
      console.log(await rdd.count())
      if ((await rdd.count()) === 2) throw new Error("two")
    },
    { name: "out" },
  )
  for (const fed of [["a"], ["a", "b"], ["a"]]) {
    s.feed("words", fed)
    await s.advance("1s")
  }
  await s.advance("1s")
  const info = await out.info()
  assert.equal([info.state, info.held?.message], ["held", "two"])
  await out.resume({ skip: "interval" })
  await s.advance("1s")
  assert.equal((await printed(s, "out")).filter(line => line === "1").length, 2)
  await s.close()
})

test("each interval once and in order, whoever dies; at least once, that is", async () => {
  const seen: string[] = []
  const globals = globalThis as { seen?: string[] }
  globals.seen = seen
  await runIntervals({
    interval: "1s",
    inputs: { words: [["a"], ["b"], ["c"], ["d"]] },
    workers: 3,
    faults: [
      { kill: "w1", at: "1500ms" },
      { kill: "master", at: "2200ms", for: "300ms" },
    ],
    program: (_, { words }) => {
      words!.foreachRDD(async rdd => {
        ;(globalThis as unknown as { seen: string[] }).seen.push(...((await rdd.collect()) as string[]))
      })
      return { words: words! }
    },
  })
  globals.seen = undefined
  assert.equal([...new Set(seen)], ["a", "b", "c", "d"])
})

test.run()
