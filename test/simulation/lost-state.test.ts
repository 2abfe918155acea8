/** State that more workers took with them than there were copies: what cannot be had is said, and never something else in its place. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/simulate.js"

const test = suite("lost state")
const workers = ["w1", "w2", "w3"]

/** How many keys a state of old logs has, or why that is not known, when the workers have died, and the master, too, if it is `again`. */
async function afterDeaths(victims: readonly string[], again: boolean): Promise<unknown> {
  const session = await simulate({ workers: 3, partitions: 1 })
  // A new key each second, so that the chain begins anew now and then.
  const lines = Array.from({ length: 60 }, (_, i) => JSON.stringify({ key: `k${i}`, t: i * 1000 }))
  session.files.set("/log/a.ndjson", Buffer.from(lines.join("\n")))
  const old = session.readHistory<{ key: string; t: number }>("/log", "1s", { format: "json", timestamp: line => line.t })
  const counts = old
    .map(line => [line.key, 1] as [string, number])
    .runningReduce((a, b) => a + b)
    .remember("2s")
  session.name(counts, "counts")
  await session.flush()
  await session.drained()
  assert.is(await counts.latest().count(), 60)
  await session.advance("5s")
  if (again) {
    session.kill("master")
    session.restart("master")
  }
  for (const worker of victims) session.kill(worker)
  const answer = await counts
    .latest()
    .count()
    .catch(error => error.message as string)
  await session.close()
  return answer
}

for (const again of [false, true])
  test(`a state of which all copies are lost is as it was, or is said to be lost: never made of what is left${again ? ", by a master that came back" : ""}`, async () => {
    const answers: unknown[] = []
    for (const [i, first] of workers.entries())
      for (const other of workers.slice(i + 1)) answers.push(await afterDeaths([first, other], again))
    for (const answer of answers)
      if (answer !== 60) assert.match(String(answer), /^counts of 1970-01-01T00:00:\d\d\.000Z is lost: no worker has a copy, and /)
    // Of the pairs one held the state, and at least one did not.
    assert.ok(answers.includes(60) && answers.some(answer => answer !== 60), answers.join(", "))
  })

test.run()
