import { suite } from "uvu"
import * as assert from "uvu/assert"
import { runIntervals, simulate } from "../../cluster/testing/index.js"
import { max, sum } from "../../engine/builtins.js"

const test = suite("held: functions that throw")

const sorted = (rows: readonly unknown[]) => [...rows].sort((a, b) => (String(a) < String(b) ? -1 : 1))
const words = [["a:1", "b:2", "bad"], ["a:3"], ["bad", "c:x", "b:4", "bad"], ["c:5"]]
/** Throws on what has no colon. */
const pair = (line: string): [string, number] => [line.split(":")[0]!, Number(line.split(":")[1]!.trim())]
const good = words.map(interval => interval.filter(line => line.includes(":") && !line.endsWith("x")))

function running(intervals: readonly (readonly string[])[], merge: (a: number, b: number) => number): [string, number][][] {
  const state = new Map<string, number>()
  return intervals.map(lines => {
    for (const line of lines) {
      const [key, n] = pair(line)
      const before = state.get(key)
      state.set(key, before === undefined ? n : merge(before, n))
    }
    return sorted([...state]) as [string, number][]
  })
}

test("onError: setAside leaves out the records at which a function throws, wherever in the stream it is", async () => {
  const strict = (line: string): [string, number] => {
    const [key, n] = pair(line)
    if (Number.isNaN(n)) throw new Error(`${line} has no number`)
    return [key, n]
  }
  const { counts, grouped, tracked, updated, windowed, held } = await runIntervals({
    interval: "1s",
    inputs: { lines: words },
    program: (_, { lines }) => {
      const pairs = lines!.map(strict)
      const throwing = (a: number, b: number) => {
        if (b === 4) throw new Error("four")
        return a + b
      }
      const setAside = { onError: "setAside" } as const
      return {
        counts: pairs.runningReduce(sum, setAside),
        grouped: pairs.reduceByKey(sum).runningReduce(max, setAside),
        tracked: pairs.track(
          (_key, n) => n,
          (_key, state, n) => throwing(state, n),
          "1h",
          setAside,
        ),
        updated: pairs.updateStateByKey<string, number, number>(
          (values: number[], state: number | undefined) => values.reduce(throwing, state ?? 0),
          setAside,
        ),
        windowed: pairs.reduceByWindow("2s", throwing, undefined, undefined, setAside),
        held: lines!.count(),
      }
    },
  })
  const sum4 = (a: number, b: number) => (b === 4 ? a : a + b)
  assert.equal(
    counts.map(sorted),
    running(good, (a, b) => a + b),
  )
  assert.equal(
    grouped.map(sorted),
    running(good, (a, b) => Math.max(a, b)),
  )
  assert.equal(tracked.map(sorted), running(good, sum4))
  assert.equal(updated.map(sorted), running(good, sum4))
  const window = good.map((_, i) => running([good.slice(Math.max(0, i - 1), i + 1).flat()], (a, b) => a + b)[0])
  assert.equal(windowed.map(sorted), window)
  assert.equal(
    held,
    words.map(interval => [interval.length]),
  )
})

test("onBadRecord: hold holds what is made of the input; without it the line is aside and counted", async () => {
  const s = await simulate({ workers: 2 })
  const strict = s.readStream<{ n: number }>("strict", "1s", { format: "json", onBadRecord: "hold" })
  const loose = s.readStream<{ n: number }>("loose", "1s", { format: "json" })
  const strictCount = strict.map(v => ["n", v.n]).runningReduce(sum)
  const looseCount = loose.map(v => ["n", v.n]).runningReduce(sum)
  strictCount.named("strictCount")
  await s.flush()
  for (const name of ["strict", "loose"]) s.feed(name, ['{"n":1}', "{oops", '{"n":2}'])
  await s.advance("3s")
  assert.is(await looseCount.get("n"), 3)
  const { held } = await s.status()
  assert.equal(
    held.map(({ stream, failure }) => [stream, failure.kind, failure.operator, failure.record]),
    [["test/strictCount", "user", "format", "{oops"]],
  )
  assert.is((await loose.aside.take(5)).length, 1)
  await s.close()
})

test.run()
