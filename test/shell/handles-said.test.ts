/** What a shell says of handles: of which times an RDD is, how a number an interval went of late, under which name others see a panel. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

const test = suite<{ session: Awaited<ReturnType<typeof simulate>>; host: ShellHost; say(cell: string): Promise<string> }>("shell/handles")

test.before.each(async context => {
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
  await host.runCell('const words = readStream("words", "1s")')
  await host.runCell("const counts = words.map(w => [w, 1]).runningReduce((a, b) => a + b)")
  Object.assign(context, {
    session,
    host,
    async say(cell: string) {
      said.length = 0
      await host.runCell(cell)
      return said.join("\n")
    },
  })
})

test.after.each(async ({ host, session }) => {
  await host.close()
  await session.close()
})

const times: readonly [rdd: string, times: string][] = [
  ['words.slice("2001-01-01", "2001-01-02")', "fixed to 2001-01-01 00:00:00–2001-01-02 00:00:00"],
  ['words.slice("-5m", "-1m").map(w => [w, 1])', "from -5m to -1m at each question"],
  ['words.last("5m")', "from -5m to the newest at each question"],
  ["counts.latest()", "the newest at each question"],
  ['counts.at("2001-01-01")', "fixed to 2001-01-01 00:00:00"],
  ['counts.latest().join(counts.at("2001-01-01"))', "the newest at each question · fixed to 2001-01-01 00:00:00"],
]

test("a declared RDD says of which times it is", async ({ say }) => {
  for (const [rdd, expected] of times) assert.is(await say(`const a = ${rdd}`), `a   rdd · ${expected}`, rdd)
  assert.is(await say("const a = parallelize([1])"), "a   rdd")
})

test("a stream of one number an interval says how it went of late", async ({ session, say }) => {
  for (const n of [1, 3, 2]) {
    session.feed("words", Array(n).fill("a"))
    await session.advance("1s")
  }
  await session.advance("1s")
  const [, line] = (await say("words.count()")).split("\n")
  assert.match(line ?? "", /^ {2}0 {3}\S+ {3}last \d+ intervals: 0 – 3$/)
  const [, pairs] = (await say("counts")).split("\n")
  assert.is(pairs, "  a   6")
})

test("a panel that is called something is shared under that name, unless its stream has one", async ({ say }) => {
  await say(".watch counts.top(2) as best")
  assert.match(await say(".share"), /stream\("\S+\/best"\)/)
  await say(".watch counts as mine")
  assert.match(await say(".share"), /stream\("\S+\/counts"\)/)
})

test(".plot draws handles, .last shows of one what was shown of it", async ({ session, say }) => {
  for (const n of [1, 3, 2]) {
    session.feed("words", Array(n).fill("a"))
    await session.advance("1s")
  }
  await session.advance("1s")
  assert.match(await say(".plot counts"), /^ {2}a {2}6 {2}█+$/)
  const line = await say(".plot words.count()")
  assert.match(line, /^\s*3 /, line)
  assert.match(line, /00:00:00/, line)
  assert.match(await say('.plot counts.slice("-1m")'), /1 /)
  assert.match(await say(".plot words"), /words is neither numbers nor pairs with a number/)
  await say("counts.latest()")
  assert.match(await say(".last"), /^ {2}a {3}6\n/)
  assert.match(await say(".plot"), /^ {2}a {2}6 {2}█+$/)
})

test(".streams shows what has a name or runs, and counts the steps between", async ({ say }) => {
  await say("const pages = words.filter(w => w !== '').map(w => [w, 2])")
  await say("pages.runningReduce((a, b) => a + b)")
  const text = await say(".streams")
  assert.match(text, /\/pages /)
  assert.match(text, /\/runningReduce@cell/)
  assert.not.match(text, /filter@/)
  assert.match(text, /… 2 steps without a name, made when asked for; streams\(\) has them/)
})

test.run()
