/** Where a user's function may stand in a stream: each with one that throws, or loops, when it meets the bad record. */

import type { DStream, Handle } from "../../engine/fluent/types.js"

export type Poison = "throw" | "loop" | null
export type Pair = [string, number]

export const good = ["a 1", "b 2", "a 3", "poison 0"]
export const bad = "poison 4"
/** What a slot comes to with a good function. */
export const totals: readonly Pair[] = [
  ["a", 4],
  ["b", 2],
  ["poison", 4],
]

export interface Slot {
  readonly name: string
  /** With a function that throws or loops when it meets the bad record, or never. */
  define(pairs: DStream<Pair>, kind: Poison, lines: DStream<string>): Handle
  /** What the failure shows of the record. */
  readonly record: RegExp
  /** Loops too: each takes seconds of a core, and a thread is ended the same way wherever its function stands. `RIVULET_LOOPS=all`: all do. */
  readonly loops?: true
  /** Functions stand side by side: which of them did not return nobody can tell. */
  readonly sideBySide?: true
}

// Each function holds its poison itself, so that the line of the failure is its own.
export const slots: readonly Slot[] = [
  {
    name: "map",
    loops: true,
    define: (_, kind, lines) =>
      lines
        .map((line): Pair => {
          while (kind === "loop" && line === "poison 4");
          if (kind === "throw" && line === "poison 4") throw new Error("poisoned")
          return [line.split(" ")[0]!, Number(line.split(" ")[1])]
        })
        .runningReduce((a, b) => a + b),
    record: /poison 4/,
  },
  {
    name: "filter",
    define: (pairs, kind) =>
      pairs
        .filter(([, n]) => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return true
        })
        .runningReduce((a, b) => a + b),
    record: /poison/,
  },
  {
    name: "flatMap",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return [[key, n]]
        })
        .runningReduce((a, b) => a + b),
    record: /poison/,
  },
  {
    name: "reduceByKey",
    loops: true,
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .reduceByKey((a, b) => {
          while (kind === "loop" && a === 2);
          if (kind === "throw" && a === 2) throw new Error("poisoned")
          return a + b
        })
        .runningReduce((a, b) => a + b),
    record: /2, 2/,
  },
  {
    name: "runningReduce",
    loops: true,
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .runningReduce((a, b) => {
          while (kind === "loop" && a === 2 && b === 2);
          if (kind === "throw" && a === 2 && b === 2) throw new Error("poisoned")
          return a + b
        }),
    record: /2, 2/,
  },
  {
    name: "track",
    define: (pairs, kind) =>
      pairs.track(
        (_key, n) => n,
        (_key, state, n) => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return state + n
        },
        "1h",
      ),
    record: /poison.*4/,
  },
  {
    name: "updateStateByKey",
    define: (pairs, kind) =>
      pairs.updateStateByKey((values: number[], state: number | undefined) => {
        while (kind === "loop" && values.includes(4));
        if (kind === "throw" && values.includes(4)) throw new Error("poisoned")
        return values.reduce((a, b) => a + b, state ?? 0)
      }),
    record: /4/,
  },
  {
    name: "window",
    define: (pairs, kind) =>
      pairs
        .flatMap(([key, n]): Pair[] => [
          [key, n / 2],
          [key, n / 2],
        ])
        .reduceByWindow("1h", (a, b) => {
          while (kind === "loop" && a === 2 && b === 2);
          if (kind === "throw" && a === 2 && b === 2) throw new Error("poisoned")
          return a + b
        }),
    record: /2, 2/,
  },
  {
    name: "transform",
    loops: true,
    define: (pairs, kind) =>
      pairs
        .transform(rdd =>
          rdd.mapValues(n => {
            while (kind === "loop" && n === 4);
            if (kind === "throw" && n === 4) throw new Error("poisoned")
            return n
          }),
        )
        .runningReduce((a, b) => a + b),
    record: /^4$/,
  },
  {
    name: "mapValues",
    define: (pairs, kind) =>
      pairs
        .mapValues(n => {
          while (kind === "loop" && n === 4);
          if (kind === "throw" && n === 4) throw new Error("poisoned")
          return n
        })
        .runningReduce((a, b) => a + b),
    record: /^4$/,
  },
  {
    name: "groupByKey",
    define: (pairs, kind) =>
      pairs
        .groupByKey()
        .map(([key, values]): Pair => {
          while (kind === "loop" && values.includes(4));
          if (kind === "throw" && values.includes(4)) throw new Error("poisoned")
          return [key, values.reduce((a, b) => a + b, 0)]
        })
        .runningReduce((a, b) => a + b),
    record: /poison.*4/,
  },
  {
    name: "union",
    sideBySide: true,
    define: (pairs, kind) =>
      pairs
        .filter(([key]) => key !== "poison")
        .union(
          pairs.filter(([key, n]) => {
            while (kind === "loop" && n === 4);
            if (kind === "throw" && n === 4) throw new Error("poisoned")
            return key === "poison"
          }),
        )
        .runningReduce((a, b) => a + b),
    record: /poison/,
  },
  {
    name: "join",
    define: (pairs, kind) =>
      pairs
        .join(pairs.reduceByKey((a, b) => Math.max(a, b)))
        .map(([key, [n, most]]): Pair => {
          while (kind === "loop" && most === 4);
          if (kind === "throw" && most === 4) throw new Error("poisoned")
          return [key, n]
        })
        .runningReduce((a, b) => a + b),
    record: /poison.*4/,
  },
]
