/** Streams that come at their own pace are one text in order of time, and nothing is held that could be written. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { MergedLines } from "../../shell/cli/batch-sinks.js"

const test = suite("batch sinks")

test("merged by start, then by the order of the streams, as soon as it is known that nothing comes before", async () => {
  let written = ""
  const merged = new MergedLines(["a", "b"], async text => {
    written += text
  })
  const line = (name: string, from: number) => merged.line(name, { from, line: `${name}${from} `, rows: 1 })
  const flushed = async () => {
    await merged.flush()
    return written
  }
  await line("b", 1)
  assert.is(await flushed(), "", "a may still have something at 1")
  await merged.through("a", 1)
  assert.is(await flushed(), "")
  await line("a", 1)
  assert.is(await flushed(), "a1 b1 ")
  await line("a", 2)
  await line("a", 6)
  assert.is(await flushed(), "a1 b1 a2 ", "b is past 1: a comes first at 2")
  await merged.through("b", 4)
  await line("b", 4)
  assert.is(await flushed(), "a1 b1 a2 b4 ")
  await merged.through("b", Number.POSITIVE_INFINITY)
  assert.is(await flushed(), "a1 b1 a2 b4 a6 ")
})

test("a stream far ahead of the others waits for them", async () => {
  const merged = new MergedLines(["a", "b"], async () => {})
  const big = "x".repeat(5 << 20)
  await merged.line("b", { from: 1, line: big, rows: 1 })
  let over = false
  const second = merged.line("b", { from: 2, line: big, rows: 1 }).then(() => {
    over = true
  })
  await merged.through("a", 1)
  assert.not(over)
  await merged.through("a", 2)
  await second
  assert.ok(over)
})

test.run()
