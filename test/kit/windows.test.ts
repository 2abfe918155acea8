/** What Spark's WindowOperationsSuite asks of windows, on whole clusters: each table comes from plain arrays. */

import { suite } from "uvu"
import { sum } from "../../engine/builtins.js"
import type { Duration } from "../../engine/fluent/types.js"
import { sameEverywhere } from "./tables.js"

const test = suite("windows")

const big: string[][] = [
  ["a"],
  ["a", "b"],
  ["a", "b", "c"],
  ["a", "b"],
  ["a"],
  [],
  ["a"],
  ["a", "b"],
  ["a", "b", "c"],
  ["a", "b"],
  ["a"],
  [],
]

/** The records of each window of so many intervals, one a slide. */
function windows(intervals: readonly (readonly string[])[], length: number, slide: number): string[][] {
  const found: string[][] = []
  for (let end = slide; end <= intervals.length; end += slide) found.push(intervals.slice(Math.max(0, end - length), end).flat())
  return found
}
const counted = (records: readonly string[]): unknown[] => {
  const counts = new Map<string, number>()
  for (const record of records) counts.set(record, (counts.get(record) ?? 0) + 1)
  return [...counts].map(([key, n]) => [key, n])
}

const cases: readonly (readonly [name: string, intervals: string[][], length: number, slide: number])[] = [
  ["basic: two intervals, one on", big, 2, 1],
  ["tumbling", big, 2, 2],
  ["larger window and slide", big, 4, 2],
  ["gaps between windows", big, 2, 3],
  ["one interval", big, 1, 1],
  ["longer than all there is", big, 20, 1],
  ["a key that is in the window already", [["a"], ["a"], ["a"]], 2, 1],
  ["a new key comes into the window", [["a"], ["a", "b"], ["a", "b"]], 2, 1],
  ["a key leaves the window", [["a", "b"], ["a"], [], []], 2, 1],
]

for (const [i, [name, intervals, length, slide]] of cases.entries()) {
  test(name, async () => {
    const [long, step] = [`${length}s`, `${slide}s`] as [Duration, Duration]
    const whole = windows(intervals, length, slide)
    await sameEverywhere(
      {
        inputs: { words: intervals },
        program: (_, { words }) => {
          const ones = words!.map((w: string) => [w, 1])
          return {
            window: words!.window(long, step),
            reduced: ones.reduceByWindow(long, sum, undefined, step),
            inverse: ones.reduceByWindow(long, sum, (a, b) => a - b, step),
            filtered: ones.reduceByWindow(long, sum, (a, b) => a - b, step).filter(([, n]) => n > 1),
            grouped: ones.window(long, step).groupByKey(),
            count: words!.countByWindow(long, step),
            byKey: ones.window(long, step).reduceByKey(sum),
          }
        },
      },
      {
        window: whole,
        reduced: whole.map(counted),
        inverse: whole.map(counted),
        filtered: whole.map(records => counted(records).filter(row => (row as [string, number])[1] > 1)),
        grouped: whole.map(records =>
          counted(records).map(row => [(row as [string, number])[0], Array((row as [string, number])[1]).fill(1)]),
        ),
        count: whole.map(records => [records.length]),
        byKey: whole.map(counted),
      },
      { on: [i % 2, 2 + (i % 2)] },
    )
  })
}

test("values of one key: those that add up to nothing are there until they leave", async () => {
  const stock = [
    ["a", 3],
    ["a", -3],
    ["b", 5],
    ["a", 4],
    ["b", -5],
    ["a", 1],
  ].map(pair => [pair])
  const sums = (length: number, slide: number) =>
    Array.from({ length: Math.floor(10 / slide) }, (_, i) => {
      const end = (i + 1) * slide
      const all = new Map<unknown, number>()
      for (const [[key, n]] of stock.slice(Math.max(0, end - length), end) as [[string, number]][]) all.set(key, (all.get(key) ?? 0) + n)
      return [...all]
    })
  await sameEverywhere(
    {
      inputs: { stock },
      intervals: 10,
      program: (_, { stock: s }) => {
        const of = (length: Duration, slide: Duration) => [
          s!.reduceByWindow(length, sum, undefined, slide),
          s!.reduceByWindow(length, sum, (a: number, b: number) => a - b, slide),
        ]
        const [[short, shortInverse], [wide, wideInverse]] = [of("2s", "1s"), of("4s", "2s")]
        return { short: short!, shortInverse: shortInverse!, wide: wide!, wideInverse: wideInverse!, all: s!.window("4s", "2s").count() }
      },
    },
    {
      short: sums(2, 1),
      shortInverse: sums(2, 1),
      wide: sums(4, 2),
      wideInverse: sums(4, 2),
      all: [[2], [4], [4], [2], [0]],
    },
    { on: [1, 2] },
  )
})

test.run()
