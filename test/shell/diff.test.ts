/** `rivulet diff` of a saved run and a live master: what only one side can speak of, and names that several programs have. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { RivuletError } from "../../engine/errors.js"
import { noteSavedRun, openTarget } from "../../shell/cli/compare.js"
import { diff } from "../../shell/cli/diff.js"
import { compareSides } from "../../shell/cli/interval-diff.js"
import { lineOf } from "../../shell/cli/interval-lines.js"

const test = suite("diff")
const directory = mkdtempSync(join(tmpdir(), "rivulet-diff-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))

function saved(name: string, seconds: readonly number[], through?: number): string {
  const path = join(directory, name)
  mkdirSync(path)
  const lines = seconds.map(second => lineOf("counts", { from: second * 1000, to: second * 1000 + 1000 }, [String(second)]))
  writeFileSync(join(path, "counts.ndjson"), lines.join(""))
  noteSavedRun(path, { partitions: 2, versions: [], ...(through === undefined ? {} : { through: { counts: through } }) })
  return path
}

const failure = async (run: () => Promise<void>) => {
  const { write } = process.stdout
  process.stdout.write = ((_text: string, done?: () => void) => {
    done?.()
    return true
  }) as typeof write
  try {
    await run()
    return null
  } catch (error) {
    return [(error as RivuletError).code, (error as RivuletError).message]
  } finally {
    process.stdout.write = write
  }
}

test("a run that ended says nothing of what comes after its end; one that has noted none is asked about all", async () => {
  const longer = saved("longer", [0, 1, 2, 3, 4], 5000)
  for (const [name, through, expected] of [
    ["ended", 3000, [3, 0, 2]],
    ["unknown", undefined, [3, 2, 0]],
  ] as const) {
    const [a, b] = [
      await openTarget({ kind: "saved", directory: saved(name, [0, 1, 2], through) }, null),
      await openTarget({ kind: "saved", directory: longer }, null),
    ]
    const { same, differ, leftOut } = await compareSides((await a.side("counts"))!, (await b.side("counts"))!)
    assert.equal([same, differ, leftOut], expected, name)
  }
})

test("when all is left out nothing was compared: exit 1; two empty runs are the same", async () => {
  const [early, late] = [saved("early", [0, 1, 2], 3000), saved("late", [10, 11], 12_000)]
  assert.equal(await failure(() => diff(early, late, {})), [1, "nothing was compared: of 5 intervals only one side can speak"])
  assert.is(await failure(() => diff(saved("empty", []), saved("empty too", []), {})), null)
})

test("a name that two programs of a master have is an error that says both; in full it is compared", async () => {
  const path = saved("named", [0])
  const cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 64 * 2 ** 20 })
  const sessions = await Promise.all(["a", "b"].map(program => connect(cluster.address, { user: "ann", program })))
  try {
    for (const [i, session] of sessions.entries()) {
      session
        .readStream(`lines${i}`, "1s")
        .named("lines")
        .map(line => line)
        .persist()
        .named("counts")
      await session.flush()
    }
    const master = cluster.address
    assert.equal(await failure(() => diff(path, master, {})), [2, `${master}: counts is in 2 programs: a/counts, b/counts`])
    assert.equal(await failure(() => diff(join(path, "counts"), `${master}:counts`, {})), [
      2,
      `${master}:counts: counts is in 2 programs: a/counts, b/counts`,
    ])
    assert.equal(await failure(() => diff(join(path, "counts"), `${master}:a/counts`, {})), [
      1,
      "nothing was compared: of 1 intervals only one side can speak",
    ])
  } finally {
    for (const session of sessions) await session.close()
    await cluster.stop()
  }
})

test.run()
