/** What Spark's BasicOperationsSuite asks of updateStateByKey and its MapWithStateSuite of states by events (`track`), on whole clusters. */

import { suite } from "uvu"
import { sum } from "../../engine/builtins.js"
import { sameEverywhere } from "./tables.js"

const test = suite("states of streams")

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const letters = [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b"], ["a"], []]
const running = (before: Record<string, number>) => {
  const state = new Map(Object.entries(before))
  return letters.map(interval => {
    for (const letter of interval) state.set(letter, (state.get(letter) ?? 0) + 1)
    return [...state].map(([key, n]) => [key, n])
  })
}

test("updateStateByKey: running counts, with and without an initial state, and objects that end", async () => {
  await sameEverywhere(
    {
      inputs: { letters },
      program: (s, { letters: l }) => {
        const ones = l!.map((w: string) => [w, 1])
        const count = (values: number[], state: number | undefined) => values.reduce(sum, state ?? 0)
        const initial = s.parallelize([
          ["a", 1],
          ["c", 2],
        ] as [string, number][])
        return {
          counts: ones.updateStateByKey(count),
          warm: ones.updateStateByKey(count, { initial }),
          runningReduce: ones.runningReduce(sum),
          // The interval's time, added up where there are events.
          times: ones.updateStateByKey(
            (values, state: number | undefined) => (state ?? 0) + (values.length > 0 ? (Date.now() / 1000) % 60 : 0),
            { initial: initial.mapValues(() => 0) },
          ),
          // Gone after two intervals without an event.
          ending: ones.updateStateByKey((values, state: { n: number; idle: number } | undefined) => {
            if (values.length > 0) return { n: (state?.n ?? 0) + values.length, idle: 0 }
            return state === undefined || state.idle === 1 ? undefined : { n: state.n, idle: state.idle + 1 }
          }),
        }
      },
    },
    {
      counts: running({}),
      warm: running({ a: 1, c: 2 }),
      runningReduce: running({}),
      times: letters.map((_, i) =>
        ["a", "c", "b"].flatMap(key => {
          const seen = range(0, i).filter(k => letters[k]!.includes(key))
          return seen.length > 0 || key !== "b" ? [[key, seen.reduce(sum, 0)]] : []
        }),
      ),
      ending: [
        [],
        [["a", { n: 1, idle: 0 }]],
        [
          ["a", { n: 2, idle: 0 }],
          ["b", { n: 1, idle: 0 }],
        ],
        [
          ["a", { n: 3, idle: 0 }],
          ["b", { n: 2, idle: 0 }],
          ["c", { n: 1, idle: 0 }],
        ],
        [
          ["a", { n: 4, idle: 0 }],
          ["b", { n: 3, idle: 0 }],
          ["c", { n: 1, idle: 1 }],
        ],
        [
          ["a", { n: 5, idle: 0 }],
          ["b", { n: 3, idle: 1 }],
        ],
        [["a", { n: 5, idle: 1 }]],
      ],
    },
  )
})

test("track: states by events, those that end themselves, time-outs, an initial state", async () => {
  const events = [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b"], ["a"], [], [], [], []]
  await sameEverywhere(
    {
      inputs: { events },
      program: (s, { events: e }) => {
        const ones = e!.map((w: string) => [w, 1])
        const initial = s.parallelize([
          ["a", 5],
          ["z", 9],
        ] as [string, number][])
        const count = (_: string, n: number, v: number) => n + v
        const first = (_: string, v: number) => v
        return {
          counts: ones.track(first, count, "1m"),
          // The third event ends it, the next begins anew.
          ended: ones.track(first, (_, n, v) => (n === 2 ? null : n + v), "1m"),
          idle: ones.track(first, count, "2s"),
          warm: ones.track(first, count, "3s", { initial }),
        }
      },
    },
    {
      counts: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 4],
          ["b", 3],
          ["c", 1],
        ],
        ...Array.from({ length: 5 }, () => [
          ["a", 5],
          ["b", 3],
          ["c", 1],
        ]),
      ],
      ended: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 1],
          ["c", 1],
        ],
        ...Array.from({ length: 5 }, () => [
          ["a", 2],
          ["c", 1],
        ]),
      ],
      // Last seen in k: gone in k + 2.
      idle: [
        [["a", 1]],
        [
          ["a", 2],
          ["b", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 4],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 5],
          ["b", 3],
        ],
        [["a", 5]],
        [],
        [],
        [],
      ],
      warm: [
        [
          ["a", 6],
          ["z", 9],
        ],
        [
          ["a", 7],
          ["b", 1],
          ["z", 9],
        ],
        [
          ["a", 8],
          ["b", 2],
          ["c", 1],
          ["z", 9],
        ],
        [
          ["a", 9],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 10],
          ["b", 3],
          ["c", 1],
        ],
        [
          ["a", 10],
          ["b", 3],
        ],
        [["a", 10]],
        [],
        [],
      ],
    },
  )
})

test("what each event's key has come to, and when: the events meet the state of their interval", async () => {
  const events = [[], ["a"], ["a", "b"], ["b", "b", "c"], []]
  const initial = [
    ["a", 5],
    ["b", -20],
    ["d", 0],
  ] as [string, number][]
  await sameEverywhere(
    {
      inputs: { events },
      program: (s, { events: e }) => {
        const ones = e!.map((w: string) => [w, 1])
        const counts = ones.track(
          (_k, v) => v,
          (_k, n, v) => n + v,
          "1m",
          { initial: s.parallelize(initial) },
        )
        const met = e!
          .distinct()
          .map((w: string) => [w, Date.now() % 60_000])
          .join(counts)
        return { counts, came: met.map(([key, [at, n]]: [string, [number, number]]) => [key + key, at, n]) }
      },
    },
    {
      counts: [
        initial,
        [["a", 6], ...initial.slice(1)],
        [
          ["a", 7],
          ["b", -19],
          ["d", 0],
        ],
        [
          ["a", 7],
          ["b", -17],
          ["d", 0],
          ["c", 1],
        ],
        [
          ["a", 7],
          ["b", -17],
          ["d", 0],
          ["c", 1],
        ],
      ],
      came: [
        [],
        [["aa", 1000, 6]],
        [
          ["aa", 2000, 7],
          ["bb", 2000, -19],
        ],
        [
          ["bb", 3000, -17],
          ["cc", 3000, 1],
        ],
        [],
      ],
    },
    { on: [0, 2, 3] },
  )
})

test("track: a second event ends a state; one that goes on stays for as long as it does", async () => {
  const going = Array.from({ length: 12 }, () => ["a"])
  await sameEverywhere(
    {
      inputs: {
        twice: [[], ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c"], ["a", "b"], ["a"], []],
        going: [["a", "b", "c"], ["a", "b"], ["a"], [], [], ...going],
      },
      program: (_, { twice, going: g }) => ({
        removed: twice!
          .map((w: string) => [w, 1])
          .track(
            (_k, v) => v,
            () => null,
            "1m",
          ),
        going: g!
          .map((w: string) => [w, 1])
          .track(
            (_k, v) => v,
            (_k, n, v) => n + v,
            "3s",
          ),
      }),
    },
    {
      removed: [[], ["a"], ["b"], ["a", "c"], ["b"], ["a"], ...Array.from({ length: 11 }, () => [])].map(keys => keys.map(key => [key, 1])),
      going: [
        [
          ["a", 1],
          ["b", 1],
          ["c", 1],
        ],
        [
          ["a", 2],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
          ["c", 1],
        ],
        [
          ["a", 3],
          ["b", 2],
        ],
        [["a", 3]],
        // Due in this interval, but there is an event: events come first.
        ...going.map((_, i) => [["a", 4 + i]]),
      ],
    },
    { on: [1, 3] },
  )
})

test.run()
