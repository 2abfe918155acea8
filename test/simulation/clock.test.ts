import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"

const test = suite("clock steps")
const hourMs = 3_600_000

for (const [node, steps] of [
  ["master", [3 * hourMs]],
  ["master", [-3 * hourMs]],
  ["master", [26 * hourMs, -26 * hourMs]],
  ["master", [-2 * hourMs, 5 * hourMs]],
  ["w1", [3 * hourMs, -6 * hourMs]],
] as const) {
  test(`${node}'s clock is set by ${steps.map(ms => ms / hourMs).join(", then ")} h: nothing is lost, time does not go back, what is empty costs nothing`, async () => {
    const s = await simulate({ workers: 2, seed: 21 })
    const views = s.readStream("views", "1s")
    const ones = views.map((line): [string, number] => [line, 1])
    const counts = ones.runningReduce(sum).named("counts")
    ones.reduceByWindow("3s", sum).named("windowed")
    await s.flush()
    let fed = 0
    let through = 0
    const ends: number[] = []
    await s.onCompleted(counts, end => void ends.push(end))
    const some = async () => {
      for (let i = 0; i < 3; i++) {
        s.feed("views", ["a", "b", `k${fed}`])
        fed += 1
        await s.advance("1s")
      }
      // Behind by the slower running of a clock that is ahead.
      await s.advance("3s")
      const { reaches, lagMs } = await counts.info()
      assert.ok(lagMs < 5_000, `${lagMs} ms behind, back to ${reaches}`)
      assert.is(await counts.get("a"), fed)
    }
    await some()
    for (const ms of steps) {
      s.jump(node, ms)
      await some()
    }
    for (const end of ends) {
      assert.ok(end >= through, "time went back")
      through = end
    }
    const jobs = await s.jobs({ stream: "counts", last: "30d" })
    assert.ok(jobs.length < 60, `${jobs.length} jobs`)
    const windows = await s.jobs({ stream: "windowed", last: "30d" })
    assert.ok(windows.length < 60, `${windows.length} jobs of the window`)
    assert.equal((await s.status()).held, [])
    await s.close()
  })
}

test.run()
