/** Streams that come at their own pace are one text in order of time, and nothing is held that could be written. */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../engine/errors.js"
import { CountedLines, MergedLines, SavedLines } from "../../shell/cli/batch-sinks.js"

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

test("--save on a disk that is full: the error names the stream, says why and what to do", async () => {
  // A file to which no byte can be written, as on a full disk: of Linux.
  if (!existsSync("/dev/full")) return
  const directory = mkdtempSync(join(tmpdir(), "rivulet-full-"))
  try {
    symlinkSync("/dev/full", join(directory, "counts.ndjson"))
    const saved = await SavedLines.open(directory, ["counts"], false)
    const failure = await saved.line("counts", { from: 0, line: "{}\n", rows: 1 }).catch((error: unknown) => error)
    assert.instance(failure, RivuletError)
    const { message, code, try: advice } = failure as RivuletError
    assert.match(message, /^--save: counts cannot be written: ENOSPC: no space left on device/)
    assert.equal([code, advice], [1, "make room, then the same command with --resume"])
    await saved.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test("the counts at the end stand below each other, and one interval is one", async () => {
  const counted = new CountedLines(["counts", "ones"], false)
  for (let i = 0; i < 12; i++) await counted.line("counts", { rows: 2 } as never)
  await counted.line("ones", { rows: 1 } as never)
  assert.is(counted.text(), "counts   12 intervals with rows, 24 rows\nones      1 interval  with rows, 1 row\n")
})

test.run()
