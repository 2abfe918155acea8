/** What an unnamed state that `.watch` has begun outlives: its panel while somebody holds it, and no longer. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

const watch = '.watch words.map(w => [w, 1]).reduceByWindow("5s", (a, b) => a + b)'

/** What runs without a name after these cells, and what `.undo` can call back then. */
async function after(cells: readonly string[]) {
  const session = await simulate({ workers: 1 })
  const said: string[] = []
  const host = new ShellHost({
    session,
    tz: "UTC",
    columns: 100,
    embedded: false,
    emit: event => {
      if (event.kind === "print") said.push(...event.lines.map(({ text }) => text))
    },
  })
  host.start()
  try {
    for (const cell of ['const words = readStream("words", "1s")', ...cells])
      assert.ok(await host.runCell(cell), `${cell}\n${said.join("\n")}`)
    await host.settled()
    const states = (await session.streams()).filter(({ kind }) => kind === "state").map(({ name }) => name.replace(/@.*/, ""))
    return { states, said }
  } finally {
    await host.close()
    await session.close()
  }
}

for (const [what, cells, states] of [
  ["its panel shows it", [watch, "1"], ["reduceByWindow"]],
  ["`_` is it", [watch, ".unwatch"], ["reduceByWindow"]],
  ["its panel is closed, and `_` another", [watch, "1", ".unwatch"], []],
  ["`_` is another after its panel was closed", [watch, ".unwatch", "1"], []],
  ["another panel has its place", [`${watch} as one`, ".watch words as one", "1"], []],
  ["a variable is it", [watch, "const kept = [_]", ".unwatch", "1"], ["reduceByWindow"]],
  ["a question of it is kept", [watch, "const kept = _.latest()", ".unwatch", "1"], ["reduceByWindow"]],
  ["another panel is made of it", [watch, ".watch _.top(1) as most", ".unwatch", ".watch words", "1"], []],
  [
    "one panel of two is closed",
    [watch, ".watch _.top(1) as most", "1", '.unwatch words.map(w => [w, 1]).reduceByWindow("5s", (a, b) => a + b)'],
    ["reduceByWindow"],
  ],
  ["it has a name by now", [watch, "const fives = _", ".unwatch", "1"], ["fives"]],
  ["it was there before", [watch.replace(".watch ", ""), ".watch _", "1", ".unwatch", "1"], ["reduceByWindow"]],
] as const)
  test(`an unnamed state that runs for a panel: ${what}`, async () => {
    assert.equal((await after(cells)).states, states)
  })

test("what ends with its panel is not what .undo calls back", async () => {
  const { states } = await after([
    "const fives = words.map(w => [w, 1]).runningReduce((a, b) => a + b)",
    watch,
    ".stop fives",
    "1",
    ".unwatch",
    ".undo",
  ])
  assert.equal(states, ["fives"])
})

test.run()
