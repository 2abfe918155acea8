/** A benchmark's other engines: what their programs say is counted, and results are compared whatever their order. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { rivalsNamed } from "../../scripts/bench/rivals/against.js"
import { checksumOf, countOf } from "../../scripts/bench/rivals/checksum.js"
import { type Look, race, warmHalf } from "../../scripts/bench/rivals/race.js"

const test = suite("benchmarks beside other engines")

test("a checksum is of counts, in any order, and that of a sum is the sum of those", () => {
  const counts = [
    ["the", 3],
    ["münchen", 70_000],
    ["", 2],
  ] as const
  assert.is(checksumOf(counts), checksumOf([...counts].reverse()))
  for (const other of [[["the", 4]], [["teh", 3]], []] as const) assert.is.not(checksumOf([["the", 3]]), checksumOf(other))
  const [a, b] = [countOf(["x", "y", "x"]), countOf(["y", "z"])]
  assert.is(checksumOf(countOf(["x", "y", "x", "y", "z"])), (checksumOf(a) + checksumOf(b)) >>> 0)
})

test("figures are of the second half of the input, as far as it is known where that begins", () => {
  const look = (records: number, atMs: number, cpuSeconds: number) => ({ records, atMs, cpuSeconds })
  const cases: readonly [readonly Look[], perSecond: number, perCpuSecond: number][] = [
    [[look(0, 0, 9), look(1_000, 2_000, 19)], 500, 100],
    [[look(100, 0, 9), look(400, 1_000, 10), look(500, 2_000, 12), look(600, 7_000, 13), look(1_000, 12_000, 17)], 50, 100],
    [[look(700, 1_000, 1), look(1_000, 2_000, 4)], 300, 100],
  ]
  for (const [looks, recordsPerSecond, recordsPerCpuSecond] of cases)
    assert.equal(warmHalf(looks), { recordsPerSecond, recordsPerCpuSecond })
})

test("what a program says is counted, and it is let go when it was looked at", async () => {
  const lines = ["ready", "records\t0", "records\t1000", "result\tb\t2", "result\ta\t1", "end"]
  const stays = `console.log(${JSON.stringify(lines.join("\n"))}); process.stdin.resume().on("end", () => process.exit(0))`
  const { checksum, peakBytes } = await race({ command: process.execPath, args: ["-e", stays] })
  assert.is(checksum, checksumOf(Object.entries({ a: 1, b: 2 })))
  assert.ok(peakBytes > 0)
})

test("a program that ends early, says nothing, or is not there is an error that says so", async () => {
  const dies = { command: process.execPath, args: ["-e", "console.log('records\\t1'); console.error('no disk'); process.exitCode = 3"] }
  const errors = [dies, { command: "/no/such/program", args: [] }].map(program =>
    race(program).then(String, error => error.message as string),
  )
  assert.match((await errors[0])!, /ended with 3:\nno disk/)
  assert.match((await errors[1])!, /ENOENT/)
})

test("engines are named; one that there is not is an error with those that there are", () => {
  assert.equal(
    rivalsNamed("spark,duckdb").map(({ name }) => name),
    ["spark", "duckdb"],
  )
  assert.throws(() => rivalsNamed("spark,storm"), /no engine storm .*\ntry: spark, flink, duckdb, polars/)
})

test.run()
