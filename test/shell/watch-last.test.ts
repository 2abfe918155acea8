/** `.watch` alone: the panel is called what it shows. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

test("a panel of the last expression has its text as title and in the line of code", async () => {
  const session = await simulate({ workers: 1 })
  const said: string[] = []
  let panels: readonly string[] = []
  const host = new ShellHost({
    session,
    tz: "UTC",
    columns: 100,
    embedded: false,
    emit: event => {
      if (event.kind === "print") said.push(...event.lines.map(({ text }) => text))
      if (event.kind === "panels") panels = event.panels.map(({ title }) => title)
    },
  })
  host.start()
  try {
    await host.runCell('const counts = readStream("words", "1s").map(w => [w, 1]).runningReduce((a, b) => a + b)')
    await host.runCell("counts.top(3)")
    await host.runCell(".watch")
    assert.equal(panels, ["counts.top(3)"])
    assert.match(said.at(-1)!, /watch\(counts\.top\(3\)\)/)
    await host.runCell(".unwatch counts.top(3)")
    assert.equal(panels, [])
    await host.runCell(".watch counts.top(4)")
    await host.runCell(".watch")
    assert.equal(panels, ["counts.top(4)"])
  } finally {
    await host.close()
    await session.close()
  }
})

test.run()
