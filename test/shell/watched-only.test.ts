/** What an unnamed state that `.watch` or `watch(…)` has begun outlives: its panel while somebody holds it, and no longer. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

const watch = '.watch words.map(w => [w, 1]).reduceByWindow("5s", (a, b) => a + b)'
const call = watch.replace(".watch ", "watch(").concat(")")

/** What runs without a name after these cells, and what `.undo` can call back then. */
async function after(cells: readonly string[]) {
  const session = await simulate({ workers: 1 })
  const said: string[] = []
  let opened = () => {}
  const host = new ShellHost({
    session,
    tz: "UTC",
    columns: 100,
    embedded: false,
    promptColumns: 7,
    emit: event => {
      if (event.kind === "print") said.push(...event.lines.map(({ text }) => text))
      if (event.kind === "panels" && event.panels.length > 0) opened()
    },
  })
  host.start()
  try {
    for (const cell of ['const words = readStream("words", "1s")', ...cells]) {
      // `watch(…)` opens its panel when the cell is done.
      const open = new Promise<void>(resolve => {
        opened = resolve
      })
      assert.ok(await host.runCell(cell), `${cell}\n${said.join("\n")}`)
      if (cell.startsWith("watch(")) await open
    }
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
  ["watch(…) shows it", [call, "1"], ["reduceByWindow"]],
  ["the panel of watch(…) is closed", [call, "1", ".unwatch"], []],
  ["watch(…) is ended by its handle", [`const shown = ${call}`, "1", "await shown.stop()", "1"], []],
  ["what watch(…) shows was there before", [call.replace("watch(", "").slice(0, -1), "watch(_)", "1", ".unwatch"], ["reduceByWindow"]],
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
