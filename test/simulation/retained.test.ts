/** Asking leaves nothing behind: on no node, in no record, however often. */

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/simulate.js"

const test = suite("what is retained")

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

async function heapBytes(): Promise<number> {
  await new Promise(resolve => setImmediate(resolve))
  collect()
  return process.memoryUsage().heapUsed
}

test("five hundred questions: blocks, tasks and records are as before, memory too", async () => {
  const session = await simulate({ workers: 2, partitions: 2 })
  const lines = session.readStream("lines", "1s")
  const counts = lines.map((line: string): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  session.feed("lines", ["a", "b", "a"])
  await session.advance("2s")
  const blocks = async () => (await session.workers()).map(worker => worker.blocks)
  const ask = async (n: number) => {
    for (let i = 0; i < n; i++) {
      // Each with a function that nobody has seen.
      const least = i % 3
      const [top] = await counts
        .latest()
        .filter(([, count]) => count > least)
        .top(1)
      assert.equal(top, least < 2 ? ["a", 2] : undefined)
    }
    // What was released is heard of, and what the simulation itself still had to look at is past.
    await session.advance("60s")
  }
  // By then what is kept up to a number (packets seen, functions compiled) is full: from here on nothing may come to stay.
  await ask(2_500)
  const [held, before] = [await blocks(), await heapBytes()]
  await ask(500)
  assert.equal(await blocks(), held)
  assert.equal(
    (await session.workers()).map(({ load }) => load),
    [0, 0],
  )
  const grown = (await heapBytes()) - before
  assert.ok(grown < 600_000, `${grown} bytes more, ${Math.round(grown / 500)} a question`)
  await session.calls.close()
})

test("what every worker took with it is said to be lost, the state by its name and time", async () => {
  const session = await simulate({ workers: 2, partitions: 2 })
  const lines = session.readStream("lines", "1s", { remember: "2s" })
  session.name(
    lines.map((line: string): [string, number] => [line, 1]).runningReduce((a, b) => a + b),
    "counts",
  )
  await session.flush()
  for (let i = 0; i < 40; i++) {
    session.feed("lines", ["a"])
    await session.advance("1s")
  }
  const counts = session.stream("counts") as unknown as { latest(): { collect(): Promise<unknown> } }
  for (const worker of ["w1", "w2"]) session.kill(worker)
  for (const worker of ["w1", "w2"]) session.restart(worker)
  let message = ""
  await counts
    .latest()
    .collect()
    .catch(error => {
      message = error.message
    })
  assert.match(message, /^counts of 2026-01-01T00:00:\d\d\.000Z is lost: no worker has a copy, and /)
  await session.close()
})

test.run()
