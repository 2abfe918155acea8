import { suite } from "uvu"
import * as assert from "uvu/assert"
import { FunctionLinks } from "../../cluster/testing/check/links.js"
import { runScenario } from "../../cluster/testing/check/scenario.js"
import { MemoryPool } from "../../cluster/testing/memory.js"

const test = suite("sweep")

const shared = { links: new FunctionLinks(), memories: new MemoryPool() }

/** Found wrong once, whatever it was: kept. */
const foundBefore = [
  20, 23, 58, 63, 232, 282, 475, 583, 614, 748, 751, 766, 821, 829, 916, 1017, 1592, 417_640, 418_121, 50_431, 90_003_621, 83_441_500,
]
const seeds = [...Array.from({ length: 20 }, (_, i) => 10_001 + i), ...foundBefore]

for (const seed of seeds) {
  test(`seed ${seed}: every interval as plain arrays say, twice the same`, () => {
    const once = runScenario(seed, shared)
    assert.is(once.failure, null, `npm run simulate -- --seeds 1 --from ${seed} --trace\n${once.failure}`)
    assert.is(runScenario(seed, shared).hash, once.hash, "two runs of a seed differ")
  })
}

test.run()
