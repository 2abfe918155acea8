import { suite } from "uvu"
import * as assert from "uvu/assert"
import { seldom } from "../../shell/plain/progress.js"

const test = suite("plain shell: progress")

test("a line after a second, then every ten; of the next question anew", () => {
  const said: string[] = []
  const told = seldom(text => said.push(text))
  for (const [elapsedMs, done] of [
    [300, 0],
    [1_100, 2],
    [5_000, 4],
    [11_200, 6],
    [12_000, 7],
    [400, 0],
    [1_500, 1],
  ] as const)
    told({ elapsedMs, done, of: 8, longest: { worker: "w1", ms: 100 } })
  assert.equal(said, ["2 of 8 tasks · 1 s · about 3 s more", "6 of 8 tasks · 11 s · about 4 s more", "1 of 8 tasks · 2 s"])
})

test.run()
