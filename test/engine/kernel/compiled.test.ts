/** What is compiled gives, bit for bit, what its functions give; what is not understood is left to them. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeRows } from "../../../engine/block/block.js"
import { sum } from "../../../engine/builtins.js"
import { encodeFunction } from "../../../engine/capture/codec.js"
import { NotUnderstood } from "../../../engine/expression/expression.js"
import { readFunction } from "../../../engine/expression/read.js"
import { partitionOf } from "../../../engine/partition.js"
import type { RddNode } from "../../../engine/rdd.js"
import { sectionOf, writeRegion } from "../../../engine/shuffle-region.js"
import type { StageSpec } from "../../../engine/task.js"
import { TaskRunner } from "../../../engine/task-runner.js"
import { type F, link, outputs, type Program, planOf, refs, type Step } from "./programs.js"

const one: Step = ["map", (w: string) => [w, 1]]
const limit = 3
const word = "ab"

/** Programs that are compiled. */
const compiled: readonly Program[] = [
  { name: "word count", steps: [["flatMap", (l: string) => l.split(" ")], one] },
  { name: "in one function", steps: [["flatMap", (l: string) => l.split(" ").map(w => [w, 1])]] },
  { name: "no empty words", steps: [["flatMap", (l: string) => l.split(" ").filter(w => w !== "")], one] },
  { name: "words that are something", steps: [["flatMap", (l: string) => l.split(",").filter(w => w)], one] },
  { name: "words, filtered by Boolean", steps: [["flatMap", (l: string) => l.split(" ").filter(Boolean)], one] },
  { name: "by length", steps: [["flatMap", (l: string) => l.split(" ")], ["filter", (w: string) => w.length >= limit], one] },
  { name: "folded", steps: [["flatMap", (l: string) => l.trim().toLowerCase().split(" ")], one] },
  { name: "folded words", steps: [["flatMap", (l: string) => l.split(" ").map(w => w.toUpperCase())], one] },
  {
    name: "matching lines",
    steps: [
      ["filter", (l: string) => l.includes("ab")],
      ["map", () => ["matches", 1]],
    ],
  },
  { name: "matches that are next to each other", steps: [["filter", (l: string) => l.includes("ba")], one] },
  {
    name: "one match among conditions",
    steps: [["filter", (l: string) => l.endsWith("b") && (l.includes("é") || true) && l.includes("b ")], one],
  },
  { name: "any text at all", steps: [["filter", (l: string) => l.includes("")], one] },
  { name: "captured text", steps: [["filter", (l: string) => l.includes(word) || !l.startsWith("x")], one] },
  { name: "ends", steps: [["filter", (l: string) => l.endsWith("é") && l !== "é"], one] },
  {
    name: "by value",
    steps: [
      ["keyBy", (l: string) => l],
      ["mapValues", () => 1],
    ],
  },
  {
    name: "a function with a body",
    steps: [
      [
        "map",
        function pair(l: string) {
          return [l, l.length]
        },
      ],
    ],
  },
  { name: "greatest", steps: [["map", (l: string) => [l, -0]]], merge: (a: number, b: number) => a * 2 - b },
  { name: "sum", steps: [["map", (l: string) => [l, 0.1, "more"]]], merge: sum as F },
  {
    name: "two a line",
    steps: [
      [
        "flatMap",
        (l: string) => [
          [l, 1],
          ["lines", 2.5],
        ],
      ],
    ],
  },
  { name: "no number", steps: [["map", (l: string) => [l, l.length / 0 - l.length / 0]]] },
  {
    name: "pairs taken apart",
    steps: [
      ["map", (l: string) => [l, 3]],
      ["filter", ([, n]: [string, number]) => n % 2 === 1],
      ["map", ([k, n]: [string, number]) => [k, n + 1]],
    ],
  },
]

/** Programs that are not, and what is said of them. */
const asFunctions: readonly (Program & { readonly why: RegExp })[] = [
  { name: "a regular expression", steps: [["flatMap", (l: string) => l.split(/a/)], one], why: /regular expression/ },
  { name: "a global", steps: [["map", (l: string) => [l, Number.parseInt(l, 16)]]], why: /parseInt with a base/ },
  { name: "each character", steps: [["flatMap", (l: string) => l.split("")], one], why: /split/ },
  { name: "half a character", steps: [["filter", (l: string) => l.includes("\ud83d")], one], why: /half a character/ },
  { name: "text as value", steps: [["map", (l: string) => [l, l]]], why: /text/ },
  { name: "a captured object", steps: [["map", (l: string) => [l, kept.n]]], why: /captured kept/ },
  { name: "an element beyond", steps: [["map", (l: string) => [l]]], why: /pair/ },
  { name: "a clock", steps: [["map", (l: string) => [l, Date.now()]]], why: /Date/ },
]
const kept = { n: 1 }

const piece = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "ab",
      "a",
      "",
      " ",
      "  ",
      "abc",
      "x",
      ",",
      "A",
      "\t",
      "\v",
      "\u00a0",
      "\ufeff",
      "é",
      "É",
      "ß",
      "😀",
      "İ",
      "\0",
      // Longer than what a probe compares at once, and alike but for their middles.
      "longer than eight",
      "longer, as eight ",
      "longer than right",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
)
const line = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(""))
const asciiLine = fc
  .array(fc.constantFrom("ab", "b", "longer-than-eight", "longer,than,eight", " ", "  ", "Abc", "x", ",", "\t"), { maxLength: 20 })
  .map(pieces => pieces.join(""))
/** Blocks of text; now and then half a character, or no text at all, comes among them. */
const row = fc.oneof({ weight: 60, arbitrary: line }, { weight: 1, arbitrary: fc.constantFrom("\ud83d", "a \udc00 b") })
const blocks = fc.oneof(
  fc.array(fc.array(row, { maxLength: 12 }), { minLength: 1, maxLength: 3 }),
  fc.array(fc.array(asciiLine, { maxLength: 30 }), { minLength: 1, maxLength: 3 }),
)

for (const program of compiled) {
  test(`${program.name}: compiled`, () => {
    const plan = planOf(program)
    assert.ok("kernel" in plan, "refusal" in plan ? plan.refusal.why : "")
    fc.assert(
      fc.property(blocks, fc.constantFrom(1, 2, 7), (rows, partitions) => {
        const [fast, slow] = [outputs(program, rows, partitions, true), outputs(program, rows, partitions, false)]
        assert.equal(fast.outputs[0]!.sectionRows, slow.outputs[0]!.sectionRows)
        assert.equal(Buffer.compare(fast.outputs[0]!.bytes, slow.outputs[0]!.bytes), 0)
        assert.equal({ ...fast, outputs: [] }, { ...slow, outputs: [] })
      }),
      { numRuns: 60 },
    )
  })
}

test("what is not understood, and why", () => {
  for (const program of asFunctions) {
    const plan = planOf(program)
    assert.ok("refusal" in plan, program.name)
    assert.match((plan as { refusal: { why: string } }).refusal.why, program.why)
  }
})

test("functions that no expression is made of", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["async l => l", /async/],
    ["function* (l) { yield l }", /generator/],
    ["l => { for (;;) {} }", /statements/],
    ["l => { const n = m, m = l; return n }", /captured m/],
    ["l => { if (l) return 1 }", /returns nothing/],
    ["l => l?.url", /\?\./],
    ["(l = 1) => l", /default/],
    ["l => this", /this/],
    ["l => l[l]", /computes/],
    ["(...l) => l", /rest/],
    ["l => tag`${l}`", /text/],
    ["l => l in l", /in/],
    ["l => [...l]", /spreads/],
    ["l => undefined", /undefined/],
    ["function f(l) { return f }", /f/],
  ]
  for (const [source, why] of refused) {
    assert.throws(
      () => readFunction({ source, captured: [] }),
      (error: Error) => error instanceof NotUnderstood && why.test(error.message),
      source,
    )
  }
})

/** What reduce task `partition` stores of these sections. */
function stored(regions: readonly Uint8Array[], partition: number, merge: F, compile: boolean) {
  const memory = new SharedArrayBuffer(regions.reduce((n, region) => n + region.length, 64))
  let at = 0
  const parts = regions.map(region => {
    new Uint8Array(memory).set(region, at)
    const { offset, length } = sectionOf(region, partition)
    at += region.length
    return { offset: at - region.length + offset, length }
  })
  const f = link(merge)
  const runner = new TaskRunner(memory, { compiled: compile })
  for (const ref of refs.values()) runner.addAsset(ref.hash, encodeFunction(ref))
  const aggregate = { kind: "combine", create: { kind: "builtin", name: "identity" }, merge: f, combine: f, mapSide: true } as const
  const root: RddNode = {
    kind: "shuffled",
    parent: { kind: "cut", partitions: 2, hashed: null, versions: 0 },
    partitions: 3,
    aggregate,
    id: "x:in",
  }
  const stage: StageSpec = {
    output: "x",
    root: { kind: "within", stream: "lines", interval: { from: 0, to: 1000 }, parent: root },
    partitions: 3,
    write: { kind: "store" },
    interval: null,
    stream: "lines",
    label: "merged",
  }
  return runner.run({ stage, partition, attempt: 0, inputs: [{ ref: { kind: "shuffle", output: "x:in", partition }, parts }] })
}

const merges: readonly F[] = [sum as F, (a: number, b: number) => a * 0.5 + b, (a: unknown, b: unknown) => String(a) + String(b)]

test("what reduce tasks store: pairs of text and number merged by bytes, all others by their functions", () => {
  const key = fc.oneof({ weight: 40, arbitrary: piece }, { weight: 1, arbitrary: fc.constantFrom<unknown>("\ud83d", 1, null, ["a", 1]) })
  const value = fc.oneof(
    { weight: 40, arbitrary: fc.double() },
    { weight: 1, arbitrary: fc.constantFrom<unknown>("text", null, undefined, 5n) },
  )
  const pairs = fc.oneof(fc.array(fc.tuple(piece, fc.double()), { maxLength: 40 }), fc.array(fc.tuple(key, value), { maxLength: 20 }))
  let merged = 0
  fc.assert(
    fc.property(
      fc.array(pairs, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...merges),
      fc.constantFrom(0, 1, 2),
      (maps, merge, partition) => {
        const regions = maps.map(rows => writeRegion([[], [], []].map((_, p) => section(rows.filter(([k]) => partitionOf(k, 3) === p)))))
        const [fast, slow] = [true, false].map(compile => {
          try {
            return stored(regions, partition, merge, compile)
          } catch (error) {
            return String(error)
          }
        })
        if (typeof fast === "string" || typeof slow === "string") assert.is(fast, slow)
        else {
          assert.equal(Buffer.compare(fast!.outputs[0]!.bytes, slow!.outputs[0]!.bytes), 0)
          assert.equal({ ...fast!, outputs: fast!.outputs[0]!.rows }, { ...slow!, outputs: slow!.outputs[0]!.rows })
          merged += fast!.outputs[0]!.rows
        }
      },
    ),
    { numRuns: 400 },
  )
  assert.ok(merged > 300)
})

const section = (rows: readonly unknown[]) => (rows.length === 0 ? new Uint8Array(0) : encodeRows(rows))

test("thousands of keys, in tables that grow", () => {
  const rows = Array.from({ length: 30 }, (_, i) => Array.from({ length: 400 }, (_, j) => `k${(i * 7919 + j * 31) % 9001} é${j} w`))
  const program = compiled[0]!
  const [fast, slow] = [outputs(program, rows, 5, true), outputs(program, rows, 5, false)]
  assert.equal(Buffer.compare(fast.outputs[0]!.bytes, slow.outputs[0]!.bytes), 0)
})

test("a row that is longer than the kernel of pieces takes", () => {
  const rows = [["a b", `${"ab ".repeat(30_000)}a`], ["b a"]]
  const [fast, slow] = [outputs(compiled[0]!, rows, 2, true), outputs(compiled[0]!, rows, 2, false)]
  assert.equal(Buffer.compare(fast.outputs[0]!.bytes, slow.outputs[0]!.bytes), 0)
})

test.run()
