/** `.chaos kill`: when the worker is back, a state is made again and compared. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

const test = suite("shell/chaos-check")

test("a state is compared by its bytes when who was killed has joined again", async () => {
  const session = await simulate({ workers: 2 })
  const said: string[] = []
  let check = (_: string): void => {}
  const checked = new Promise<string>(resolve => {
    check = resolve
  })
  const killed: string[] = []
  const host = new ShellHost({
    session,
    tz: "UTC",
    columns: 100,
    embedded: true,
    emit: event => {
      if (event.kind === "chaos") killed.push(event.order.worker)
      if (event.kind === "print") for (const { text } of event.lines) text.includes("checked:") ? check(text) : said.push(text)
    },
  })
  host.start()
  await host.runCell('const words = readStream("words", "1s")')
  await host.runCell("const counts = words.map(w => [w, 1]).runningReduce((a, b) => a + b)")
  await host.runCell("words.map(w => [w, 1]).runningReduce((a, b) => a + b)")
  session.feed("words", ["a", "b", "a"])
  await session.advance("2s")
  await host.runCell(".chaos kill w2")
  assert.equal(killed, ["w2"])
  assert.ok(said.includes("● w2 killed; it starts again"))
  session.kill("w2")
  session.restart("w2")
  await session.advance("3s")
  assert.match(await checked, /^● checked: counts at [\d:]+ made again from its lineage: the same bytes \(\d partitions?\)$/)
  await host.close()
  await session.close()
})

test.run()
