/** What an owner wished for a stream's state at a boundary holds, whatever else is changed before anything has come of it. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import type { DStream, StateDStream } from "../../engine/fluent/types.js"

const test = suite("replaced twice")

const wishes = [
  ["keep", 16],
  ["reset", 0],
  [(old: number) => old * 100, 1600],
] as const

interface Running {
  readonly s: Simulation
  readonly ones: DStream<[string, number]>
  readonly counts: StateDStream<string, number>
  feed(intervals: number, line?: string): Promise<void>
  total(): Promise<number>
}

/** Four lines an interval have been counted for four of them. */
async function running(): Promise<Running> {
  const s = await simulate({ workers: 2, seed: 11 })
  const views = s.readStream("views", "1s")
  const ones = views.map((line): [string, number] => [line, 1]).named("ones")
  const counts = ones.runningReduce(sum).named("counts")
  await s.flush()
  const feed = async (intervals: number, line = "d") => {
    for (let i = 0; i < intervals; i++) {
      s.feed("views", ["a", "b", "c", line])
      await s.advance("1s")
    }
    await s.advance("2s")
  }
  await feed(4)
  const total = async () => (await counts.latest().collect()).reduce((n, [, m]) => n + m, 0)
  return { s, ones, counts, feed, total }
}

const tens = (ones: DStream<[string, number]>) => ones.map(([key]): [string, number] => [key, 10]).runningReduce(sum)
const strict = (ones: DStream<[string, number]>) =>
  ones
    .map(([key]): [string, number] => {
      if (key === "bad") throw new Error("it is bad")
      return [key, 10]
    })
    .runningReduce(sum)

for (const [state, before] of wishes) {
  test(`${state}, and replaced once more at the same boundary: the state is as it was wished, and the plan says so`, async () => {
    const { s, ones, counts, feed, total } = await running()
    const first = await counts.replace(ones.runningReduce(sum), { state })
    const second = await counts.replace(tens(ones))
    assert.is(second.at, first.at)
    assert.is(second.change[0]!.state, first.change[0]!.state)
    s.restart("master")
    await feed(4)
    assert.is(await total(), before + 160)
    await s.close()
  })

  test(`${state}, and its first interval fails and is skipped`, async () => {
    const { s, ones, counts, feed, total } = await running()
    await counts.replace(strict(ones), { state })
    await feed(1, "bad")
    await counts.resume({ skip: "interval" })
    s.restart("master")
    await feed(3)
    assert.is(await total(), before + 120)
    await s.close()
  })

  test(`${state}, and its first interval fails in what it is made of, which is mended`, async () => {
    const { s, ones, counts, feed, total } = await running()
    const pairs = s.stream<string>("views").map((line): [string, number] => {
      if (line === "bad") throw new Error("it is bad")
      return [line, 1]
    })
    await ones.replace(pairs)
    await counts.replace(tens(ones), { state })
    await feed(1, "bad")
    await ones.replace(
      s
        .stream<string>("views")
        .map((line): [string, number] => [line, 1])
        .filter(([line]) => line !== "bad"),
      { from: "failed" },
    )
    await feed(3)
    assert.is(await total(), before + 150)
    await s.close()
  })
}

test("a function for the state on a function for the state is refused; what is planned for later is not dropped unasked", async () => {
  const { s, ones, counts, feed, total } = await running()
  await counts.replace(ones.runningReduce(sum), { state: (old: number) => old + 1 })
  const twice = await counts.replace(tens(ones), { state: (old: number) => old + 2 }).catch(error => error)
  assert.match(twice.message, /counts v2 maps the state already, and has not begun/)
  assert.is((await counts.replace(tens(ones), { state: "reset" })).change[0]!.state, "reset")
  await feed(1)
  const later = s.clock.now() + 60_000
  await counts.replace(ones.runningReduce(sum), { from: later, state: "reset" })
  const dropped = await counts.replace(ones.runningReduce(sum), { from: "next" }).catch(error => error)
  assert.match(dropped.message, /counts v\d is to begin at .*, and would never come into force/)
  assert.is((await counts.replace(tens(ones), { from: later })).change[0]!.state, "reset")
  await feed(2)
  assert.is(await total(), 120)
  await s.close()
})

test.run()
