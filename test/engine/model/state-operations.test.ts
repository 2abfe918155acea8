/** State as users write it: intervals in → versions out, and what a state is asked. */

import { test } from "uvu"
import * as assert from "uvu/assert"
import { sum } from "../../../engine/builtins.js"
import type { DStream, StateDStream } from "../../../engine/fluent/types.js"
import { sorted } from "./programs.js"
import { TinyHost } from "./tiny-host.js"

type Pair = [string, number]
type Pairs = DStream<Pair>

const input: Pair[][] = [
  [
    ["a", 1],
    ["b", 2],
  ],
  [],
  [["a", 3]],
  [],
  [],
  [["b", 5]],
]

const states: [name: string, make: (s: Pairs, host: TinyHost) => StateDStream<string, unknown>, expected: unknown[][]][] = [
  [
    "runningReduce with initial: there from the first interval",
    (s, host) =>
      s.runningReduce(sum, {
        initial: host.rdd<Pair>([
          ["a", 10],
          ["z", 1],
        ]),
      }),
    [
      [
        ["a", 11],
        ["b", 2],
        ["z", 1],
      ],
      [
        ["a", 11],
        ["b", 2],
        ["z", 1],
      ],
      [
        ["a", 14],
        ["b", 2],
        ["z", 1],
      ],
      [
        ["a", 14],
        ["b", 2],
        ["z", 1],
      ],
      [
        ["a", 14],
        ["b", 2],
        ["z", 1],
      ],
      [
        ["a", 14],
        ["b", 7],
        ["z", 1],
      ],
    ],
  ],
  [
    "runningReduce from a time",
    s => s.runningReduce(sum, { from: 2000 }),
    [
      [["a", 3]],
      [["a", 3]],
      [["a", 3]],
      [
        ["a", 3],
        ["b", 5],
      ],
    ],
  ],
  [
    "runningReduce in one partition",
    s => s.filter(([key]) => key === "a").runningReduce(sum, { partitions: 1 }),
    [[["a", 1]], [["a", 1]], [["a", 4]], [["a", 4]], [["a", 4]], [["a", 4]]],
  ],
  [
    // b is last seen in 0 and gone in 2; a is renewed in 2, gone in 4; b comes back in 5.
    "track: gone ⌈T/d⌉ intervals after the last event, empty ones too",
    s =>
      s.track(
        (_key, n) => n,
        (_key, state, n) => state + n,
        "2s",
      ),
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [
        ["a", 1],
        ["b", 2],
      ],
      [["a", 4]],
      [["a", 4]],
      [],
      [["b", 5]],
    ],
  ],
  [
    "track: a timeout of a part of an interval is one interval",
    s =>
      s.track(
        (_key, n) => n,
        (_key, _state, n) => n,
        "300ms",
      ),
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [],
      [["a", 3]],
      [],
      [],
      [["b", 5]],
    ],
  ],
  [
    "track: initial is there from the first interval and times out",
    (s, host) =>
      s.track(
        (_key, n) => n,
        (_key, state, n) => state + n,
        "2s",
        {
          initial: host.rdd<Pair>([
            ["b", 10],
            ["z", 1],
          ]),
        },
      ),
    [
      [
        ["a", 1],
        ["b", 12],
        ["z", 1],
      ],
      [
        ["a", 1],
        ["b", 12],
        ["z", 1],
      ],
      [["a", 4]],
      [["a", 4]],
      [],
      [["b", 5]],
    ],
  ],
  [
    "track: null ends a key at once",
    s =>
      s.track(
        (_key, n) => n,
        (_key, _state, n) => (n === 3 ? null : n),
        "1h",
      ),
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [
        ["a", 1],
        ["b", 2],
      ],
      [["b", 2]],
      [["b", 2]],
      [["b", 2]],
      [["b", 5]],
    ],
  ],
  [
    "track from a time, in two partitions",
    s =>
      s.track(
        (_key, n) => n,
        (_key, _s, n) => n,
        "2s",
        { from: 1000, partitions: 2 },
      ),
    [[], [["a", 3]], [["a", 3]], [], [["b", 5]]],
  ],
  [
    "updateStateByKey: silent keys are called, undefined ends one",
    s =>
      s.updateStateByKey((values, state: number | undefined) =>
        values.length > 0 ? (state ?? 0) + values.length * 10 : state! > 8 ? state! - 1 : undefined,
      ),
    [
      [
        ["a", 10],
        ["b", 10],
      ],
      [
        ["a", 9],
        ["b", 9],
      ],
      [
        ["a", 19],
        ["b", 8],
      ],
      [["a", 18]],
      [["a", 17]],
      [
        ["a", 16],
        ["b", 10],
      ],
    ],
  ],
  [
    "updateStateByKey with initial: called in the first interval",
    (s, host) =>
      s.updateStateByKey((values, state: number | undefined) => (state ?? 0) + values.reduce((x, y) => x + y, 100), {
        initial: host.rdd<Pair>([["z", 1]]),
        partitions: 2,
      }),
    [1, 2, 3, 4, 5, 6].map((n, i) => [
      ["a", [101, 201, 304, 404, 504, 604][i]],
      ["b", [102, 202, 302, 402, 502, 607][i]],
      ["z", 1 + 100 * n],
    ]),
  ],
  [
    "reduceByWindow from a time",
    s => s.reduceByWindow("3s", sum, (x, y) => x - y, "1s", { from: 1000, partitions: 2 }),
    [[], [["a", 3]], [["a", 3]], [["a", 3]], [["b", 5]]],
  ],
  [
    "reduceByWindow from a time, without inverse",
    s => s.reduceByWindow("3s", sum, undefined, "1s", { from: 1000 }),
    [[], [["a", 3]], [["a", 3]], [["a", 3]], [["b", 5]]],
  ],
  [
    "filter and mapValues stay keyed",
    s =>
      s
        .runningReduce(sum)
        .filter(([, n]) => n > 1)
        .mapValues(n => -n),
    [
      [["b", -2]],
      [["b", -2]],
      [
        ["a", -4],
        ["b", -2],
      ],
      [
        ["a", -4],
        ["b", -2],
      ],
      [
        ["a", -4],
        ["b", -2],
      ],
      [
        ["a", -4],
        ["b", -7],
      ],
    ],
  ],
  [
    "reduceByKey of a window is keyed",
    s => s.window("3s").reduceByKey(sum),
    [
      [
        ["a", 1],
        ["b", 2],
      ],
      [
        ["a", 1],
        ["b", 2],
      ],
      [
        ["a", 4],
        ["b", 2],
      ],
      [["a", 3]],
      [["a", 3]],
      [["b", 5]],
    ],
  ],
  [
    "groupByKey of a window is keyed",
    s => s.window("3s").groupByKey(),
    [
      [
        ["a", [1]],
        ["b", [2]],
      ],
      [
        ["a", [1]],
        ["b", [2]],
      ],
      [
        ["a", [1, 3]],
        ["b", [2]],
      ],
      [["a", [3]]],
      [["a", [3]]],
      [["b", [5]]],
    ],
  ],
]

for (const [name, make, expected] of states) {
  test(name, async () => {
    const host = new TinyHost()
    const state = make(host.input<Pair>("s", input), host)
    assert.equal(host.intervalsOf(state), expected)
    // The same by key, by history and by count.
    const first = 6 - expected.length
    const keys = [...new Set(expected.flat().map(pair => (pair as [string])[0]))]
    for (const key of keys) {
      const of = (rows: unknown[]) => rows.filter(row => (row as Pair)[0] === key).map(row => (row as Pair)[1])[0]
      assert.equal((await state.history(key, first * 1000, 6000)).values(), expected.map(of), `history of ${key}`)
      assert.equal(await state.get(key), of(expected.at(-1)!))
    }
    assert.equal(
      (await state.slice(0, 6000).count()).values(),
      expected.map(rows => rows.length),
    )
    assert.equal(
      host.intervalsOf(state.count()),
      expected.map(rows => [rows.length]),
    )
  })
}

const running = () => {
  const host = new TinyHost()
  return { host, counts: host.input<Pair>("s", input).runningReduce(sum) }
}

test("getAll: in the order asked, each once, what is not there left out", async () => {
  const { counts } = running()
  assert.equal(await counts.getAll(["b", "x", "a", "b"]), [
    ["b", 7],
    ["a", 4],
  ])
  assert.equal(await counts.getAll(["b", "a"], 1000), [
    ["b", 2],
    ["a", 1],
  ])
  assert.equal(await counts.mapValues(n => n * 2).getAll(["b", "x", "a"]), [
    ["b", 14],
    ["a", 8],
  ])
  assert.equal(await counts.mapValues(n => n * 2).getAll([]), [])
})

test("changes: between two instants, with delta for numbers", async () => {
  const { counts } = running()
  for (const state of [counts, counts.mapValues(n => n), counts.filter(() => true)]) {
    assert.equal(sorted(await state.changes(2000, 6000).collect()), [
      { key: "a", before: 1, after: 4, delta: 3 },
      { key: "b", before: 2, after: 7, delta: 5 },
    ])
    assert.equal(await state.changes(3000, 5000).collect(), [])
    assert.equal(await state.changes(0, 1000).top(1, c => c.delta), [{ key: "b", before: undefined, after: 2, delta: 2 }])
  }
  assert.equal(
    await counts
      .mapValues(n => `${n}`)
      .changes(5000)
      .collect(),
    [{ key: "b", before: "2", after: "7" }],
  )
})

test("history draws itself", async () => {
  const { counts } = running()
  const history = await counts.history("a", 0, 6000)
  assert.equal(history.values(), [1, 1, 4, 4, 4, 4])
  assert.is(history.plot().toString(), "▁▁████  1 – 4")
  assert.equal([history.length, history.first, history.last], [6, 1, 4])
})

test("history has the versions of a slice of the same range, whose ends lie within intervals or not", async () => {
  const { counts } = running()
  for (const [from, to] of [
    [1500, 3500],
    [1000, 3500],
    [1500, 4000],
    [2000, 2001],
    [0, 6000],
  ] as const) {
    const history = await counts.history("a", from, to)
    const same = await counts.mapValues(n => n).history("a", from, to)
    assert.equal(history.values(), same.values(), `${from} – ${to}`)
    assert.equal(
      [...history].map(({ interval }) => interval),
      [...same].map(({ interval }) => interval),
    )
    assert.is(history.length, (await counts.slice(from, to).count()).length, `${from} – ${to}`)
  }
})

test("snapshots: one answer a version; first, last and union are RDDs", async () => {
  const { counts } = running()
  const all = counts.slice(0, 6000)
  assert.equal((await all.count()).values(), [2, 2, 2, 2, 2, 2])
  assert.equal((await all.map(([, n]) => n).reduce(sum)).values(), [3, 3, 6, 6, 6, 11])
  assert.equal(
    (
      await all
        .filter(([k]) => k === "z")
        .map(([, n]) => n)
        .reduce(sum)
    ).values(),
    [undefined, undefined, undefined, undefined, undefined, undefined],
  )
  assert.equal((await all.top(1)).values(), [[["b", 2]], [["b", 2]], [["a", 4]], [["a", 4]], [["a", 4]], [["b", 7]]])
  assert.equal(
    (await all.top(1, ([, n]) => -n)).values().map(rows => rows[0]![0]),
    ["a", "a", "b", "b", "b", "a"],
  )
  assert.equal((await all.transform(rdd => rdd.values().distinct()).count()).values(), [2, 2, 2, 2, 2, 2])
  assert.equal(sorted(await all.first().collect()), [
    ["a", 1],
    ["b", 2],
  ])
  assert.equal(sorted(await all.last().collect()), [
    ["a", 4],
    ["b", 7],
  ])
  assert.is(await all.union().count(), 12)
})

test("snapshots every so often: those that end on a multiple", async () => {
  const { counts } = running()
  const some = counts.slice(0, 6000, { every: "3s" })
  assert.equal(
    [...(await some.count())].map(({ interval }) => interval.to),
    [3000, 6000],
  )
  assert.equal((await some.map(([, n]) => n).reduce(sum)).values(), [6, 11])
  assert.equal(sorted(await some.first().collect()), [
    ["a", 4],
    ["b", 2],
  ])
  assert.equal(sorted(await some.last().collect()), [
    ["a", 4],
    ["b", 7],
  ])
  assert.is(await some.union().count(), 4)
  assert.throws(() => counts.slice(0, 6000, { every: "1500ms" }), /every of 1500ms is not a multiple/)
})

test("a range that begins before the stream holds what there is", async () => {
  const host = new TinyHost(4000)
  const counts = host.input<Pair>("s", input).runningReduce(sum)
  assert.equal((await counts.slice(0, 6000).count()).values(), [2, 2])
  assert.equal(sorted(await counts.slice(0, 6000).first().collect()), [
    ["a", 1],
    ["b", 2],
  ])
})

test.run()
