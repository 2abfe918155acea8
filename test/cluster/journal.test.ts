import { execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { LevelJournal } from "../../cluster/adapters/level-journal.js"
import { RivuletError } from "../../engine/errors.js"
import { moduleArguments, modulePath } from "../../scripts/places.js"

const test = suite<{ directory: string }>("level journal")
test.before.each(async context => {
  context.directory = await mkdtemp(join(tmpdir(), "rivulet-journal-"))
})
test.after.each(async context => {
  await rm(context.directory, { recursive: true, force: true })
})

async function contents(journal: LevelJournal): Promise<[number, string][]> {
  const all: [number, string][] = []
  for await (const { sequence, record } of journal.read()) all.push([sequence, Buffer.from(record).toString()])
  return all
}

test("appends in order, refuses what is taken and what would leave a gap", async ({ directory }) => {
  const journal = await LevelJournal.open(directory)
  const steps: [number, string][] = [
    [9, "appended"],
    [10, "appended"],
    [10, "conflict"],
    [9, "conflict"],
    [11, "appended"],
  ]
  for (const [sequence, expected] of steps) assert.is(await journal.append(sequence, Buffer.from(`r${sequence}`)), expected)
  await journal.append(13, Buffer.from("gap")).then(
    () => assert.unreachable(),
    error => assert.match(error.message, /missing/),
  )
  await journal.close()
  const again = await LevelJournal.open(directory)
  assert.equal(await contents(again), [
    [9, "r9"],
    [10, "r10"],
    [11, "r11"],
  ])
  assert.is(await again.append(11, Buffer.from("x")), "conflict")
  assert.is(await again.append(12, Buffer.from("r12")), "appended")
  await again.close()
})

test("a compacted record takes the place of all before it", async ({ directory }) => {
  const journal = await LevelJournal.open(directory)
  await Promise.all(Array.from({ length: 200 }, (_, i) => journal.append(i + 1, Buffer.from(`r${i + 1}`))))
  await journal.compact(198, Buffer.from("all of it"))
  assert.equal(await contents(journal), [
    [198, "all of it"],
    [199, "r199"],
    [200, "r200"],
  ])
  await journal.close()
  const again = await LevelJournal.open(directory)
  assert.is(await again.append(198, Buffer.from("x")), "conflict")
  await again.compact(200, Buffer.from("all"))
  assert.is(await again.append(201, Buffer.from("r201")), "appended")
  assert.equal(await contents(again), [
    [200, "all"],
    [201, "r201"],
  ])
  await again.close()
})

test("one process at a time", async ({ directory }) => {
  const journal = await LevelJournal.open(directory)
  await LevelJournal.open(directory).then(
    () => assert.unreachable(),
    error => {
      assert.instance(error, RivuletError)
      assert.is(error.code, 2)
      assert.match(error.message, /another master/)
    },
  )
  await journal.close()
})

test("a full disk fails what comes, and takes nothing that was or will be appended", async ({ directory }) => {
  const child = moduleArguments("test/cluster/children/full-journal")
  let told: { appended: number; failures: number }
  try {
    // The limit of a file's size stands in for the disk's.
    told = JSON.parse(
      execFileSync("bash", ["-c", 'ulimit -S -f 150; exec "$0" "$@"', process.execPath, ...child, directory], {
        encoding: "utf8",
      }),
    )
  } catch (error) {
    if (/prlimit.*ENOENT|bash.*ENOENT/.test(String(error))) return
    throw error
  }
  assert.is(told.appended, 40)
  assert.ok(told.failures >= 3, `${told.failures}`)
  const journal = await LevelJournal.open(directory)
  const all = await contents(journal)
  assert.equal(
    all.map(([sequence]) => sequence),
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
  await journal.close()
})

test("what was appended is there after SIGKILL", async ({ directory }) => {
  const child = fork(modulePath("test/cluster/children/journal-writer"), [directory])
  let safe = 0
  await new Promise<void>(resolve => {
    child.on("message", sequence => {
      safe = sequence as number
      if (safe >= 60) {
        child.kill("SIGKILL")
        resolve()
      }
    })
  })
  await once(child, "exit")
  const journal = await LevelJournal.open(directory)
  const all = await contents(journal)
  assert.ok(all.length >= safe)
  all.forEach(([sequence, record], i) => {
    assert.equal([sequence, record], [i + 1, `record ${i + 1}`])
  })
  assert.is(await journal.append(all.length + 1, Buffer.from("on")), "appended")
  await journal.close()
})

test.run()
