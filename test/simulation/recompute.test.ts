/** A partition made once more by whoever asks, from what the workers hold: byte for byte what the cluster made. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { compareWithKept, fetchRecipe, followRecipe } from "../../cluster/client/recipe.js"
import { type Simulation, simulate } from "../../cluster/testing/index.js"
import { Block } from "../../engine/block/block.js"
import { TaskError } from "../../engine/task-error.js"

const test = suite("recompute")
const start = Date.UTC(2026, 0, 1)

async function again(s: Simulation, stream: string, at: number | null, partition: number) {
  const fetched = await fetchRecipe(s, stream, at, partition)
  const output = followRecipe(fetched)
  return { fetched, output, compared: compareWithKept(fetched, output) }
}

test("every interval and partition of states and kept streams has the same bytes, whoever has died meanwhile", async () => {
  const s = await simulate({ workers: 3 })
  const views = s.readStream<{ url: string; ms: number }>("views", "1s", { format: "json" }).named("views")
  const pairs = views.map(v => [v.url, v.ms] as [string, number])
  pairs.runningReduce((a, b) => a + b).named("totals")
  pairs
    .reduceByWindow(
      "3s",
      (a, b) => a + b,
      (a, b) => a - b,
    )
    .named("recent")
  pairs
    .groupByKey()
    .mapValues(all => all.join(" "))
    .persist()
    .named("lists")
  pairs
    .track(
      (_key, ms): number[] => [ms],
      (_key, state, ms) => [...state, ms],
      "2s",
    )
    .named("sessions")
  await s.flush()
  for (let second = 0; second < 6; second++) {
    s.feed(
      "views",
      Array.from({ length: 40 }, (_, i) => JSON.stringify({ url: `/${(i * (second + 3)) % 17}`, ms: i / 7 + second })),
    )
    await s.advance("1s")
    if (second === 3) s.kill("w2")
  }
  await s.advance("3s")
  let same = 0
  for (const stream of ["totals", "recent", "lists", "sessions"])
    for (let second = 0; second < 6; second++)
      for (let partition = 0; partition < 4; partition++) {
        const { compared, fetched } = await again(s, stream, start + second * 1000, partition)
        assert.is.not(compared.kind, "differs", `${stream} ${second} ${partition}: ${JSON.stringify(compared)}`)
        if (compared.kind === "same") same++
        assert.is(fetched.recipe.partitions, 4)
      }
  assert.ok(same > 80, `${same} of 96 compared`)
  await s.close()
})

test("a recipe keeps nothing: it is made, and there is nothing to compare; a byte that differs is said", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream("views", "1s").named("views")
  views.map(v => v.length).named("lengths")
  views
    .map(v => [v, 1] as [string, number])
    .runningReduce((a, b) => a + b)
    .named("counts")
  await s.flush()
  s.feed("views", ["a", "bb", "ccc"])
  await s.advance("1s")
  const { output, compared } = await again(s, "lengths", null, 0)
  assert.equal(compared, { kind: "nothing", empty: false })
  assert.equal(Block.of(output.bytes).toArray(), [1, 2, 3])

  const partition = (await Promise.all([0, 1, 2, 3].map(p => again(s, "counts", null, p)))).findIndex(one => one.compared.kind === "same")
  const { fetched, output: made } = await again(s, "counts", null, partition)
  const other = made.bytes.slice()
  other[other.length - 1]! ^= 1
  const { kind, at } = compareWithKept(fetched, { ...made, bytes: other }) as Extract<
    ReturnType<typeof compareWithKept>,
    { kind: "differs" }
  >
  assert.equal([kind, at], ["differs", other.length - 1])
  await s.close()
})

test("of a held stream the interval that fails is made, and fails at the same record; what cannot be asked is said", async () => {
  const s = await simulate({ workers: 2 })
  const views = s.readStream<{ cookie?: string }>("views", "1s", { format: "json" }).named("views")
  const events = views.map(v => [v.cookie!.split("=")[1]!, 1] as [string, number]).named("events")
  events.runningReduce((a, b) => a + b).named("sessions")
  await s.flush()
  s.feed("views", ['{"cookie":"id=1"}'])
  await s.advance("1s")
  s.feed("views", ['{"cookie":"id=1"}', "{}"])
  await s.advance("2s")
  const [failed] = (await s.streams()).filter(({ state }) => state === "held")
  assert.is(failed?.held?.at, start + 1000)
  for (const stream of ["sessions", "events"]) {
    const fails = await Promise.all(
      [0, 1, 2, 3].map(async partition => {
        try {
          await again(s, stream, start + 1000, partition)
          return ""
        } catch (error) {
          return error instanceof TaskError ? `${error.failure.operator} ${error.failure.record}` : (error as Error).message
        }
      }),
    )
    assert.ok(fails.includes("map {}"), `${stream}: ${fails}`)
  }
  const said = async (stream: string, at: number | null, partition: number) =>
    fetchRecipe(s, stream, at, partition).then(
      () => "",
      (error: Error) => error.message,
    )
  assert.match(await said("sessions", start, 9), /sessions has partitions 0 to 3 then, none 9/)
  assert.match(await said("sessions", start + 9_000, 0), /has finished intervals up to 2026-01-01T00:00:01.000Z, not that of/)
  assert.match(await said("nobody", null, 0), /no stream nobody/)
  await s.close()
})

test.run()
