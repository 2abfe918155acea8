/** Sources that workers read: directories, connections; readers that die, masters that restart. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"

const test = suite("sources")

const startMs = Date.UTC(2026, 0, 1)

test("a directory's new files, each exactly once, whoever is restarted", async () => {
  const s = await simulate({ workers: 3 })
  const lines = s.readStream("file:/in/", "1s")
  s.name(lines, "lines")
  await s.flush()
  const all = async () => (await lines.slice(startMs, "now").collect()).sort()
  await s.advance("5s")
  assert.equal(await all(), [])
  const files: Record<string, string[]> = {}
  const put = (name: string, n: number) => {
    files[name] = Array.from({ length: n }, (_, i) => `${name} ${i}`)
    s.files.set(`/in/${name}`, Buffer.from(`${files[name].join("\n")}\n`))
  }
  put("b.log", 50)
  put("a.log", 10)
  await s.advance("7s")
  assert.equal(await all(), Object.values(files).flat().sort())
  s.kill("master")
  put("c.log", 20)
  await s.advance("2s")
  s.restart("master")
  await s.advance("4s")
  s.kill("w1")
  put("d.log", 5)
  await s.advance("12s")
  assert.equal(await all(), Object.values(files).flat().sort())
  // What has been read is not read again because it is written again.
  s.files.set("/in/a.log", Buffer.from("changed\n"))
  await s.advance("9s")
  assert.equal(await all(), Object.values(files).flat().sort())
  await s.close()
})

test("lines from a connection: reconnected when it breaks, read by another worker when its reader dies", async () => {
  const s = await simulate({ workers: 3 })
  const url = "tcp://10.0.0.1:9999"
  const lines = s.readStream(url, "1s")
  s.name(lines, "lines")
  await s.flush()
  await s.advance("1s")
  assert.is(s.sources.readers(url), 1)
  const said: string[] = []
  let n = 0
  const say = (count: number) => {
    for (let i = 0; i < count; i++) said.push(`line ${n++}`)
    s.sources.say(url, `${said.slice(-count).join("\n")}\n`)
  }
  say(10)
  await s.advance("1s")
  s.sources.cut(url)
  await s.advance("3s")
  assert.is(s.sources.readers(url), 1)
  say(20)
  await s.advance("2s")
  const reader = (await s.workers()).map(({ name }) => name).find(name => s.sources.readBy(url, name))
  assert.ok(reader)
  s.kill(reader)
  await s.advance("12s")
  assert.is(s.sources.readers(url), 1)
  say(5)
  await s.advance("3s")
  assert.equal(await lines.slice(startMs, "now").collect(), said)
  s.kill("master")
  await s.advance("1s")
  s.restart("master")
  await s.advance("8s")
  assert.is(s.sources.readers(url), 1)
  say(5)
  await s.advance("5s")
  assert.equal((await lines.slice(startMs, "now").collect()).length, said.length)
  await lines.stop()
  await s.advance("2s")
  assert.is(s.sources.readers(url), 0, "who stops reading closes the connection")
  await s.close()
})

test("lines that could be records are said to look like it, once, where nobody has said a format", async () => {
  const s = await simulate({ workers: 2 })
  const hints = async () => {
    const logs = await s.host.request({ kind: "logs", stream: null, sinceMs: 0 })
    return logs.map(({ stream, line }) => `${stream}: ${line.text}`)
  }
  for (const [name, options] of [
    ["plain", {}],
    ["lines", {}],
    ["said", { format: "json" }],
  ] as const) {
    s.name(s.readStream(name, "1s", options as never), name)
  }
  await s.flush()
  s.feed("plain", ["a b", "c"])
  s.feed("lines", ['{"a":1}', '{"a":2}'])
  s.feed("said", ['{"a":1}'])
  await s.advance("1s")
  s.feed("lines", ['{"a":3}'])
  await s.advance("2s")
  assert.equal(await hints(), ['test/lines: looks like "json": add { format: "json" }'])
  await s.close()
})

test("csv with the names of its columns", async () => {
  const s = await simulate({ workers: 2 })
  const people = s.readStream<Record<string, string>>("people", "1s", { format: "csv", header: ["id", "name"] })
  s.name(people, "people")
  await s.flush()
  s.feed("people", ["id,name", "1,Ada", '2,"Grace, H."', "3"])
  await s.advance("2s")
  assert.equal(await people.slice(startMs, "now").collect(), [
    { id: "1", name: "Ada" },
    { id: "2", name: "Grace, H." },
  ])
  assert.equal(
    (await people.aside.take(9)).map(({ record, error }) => [record, error]),
    [
      ["id,name", "the header line"],
      ["3", "1 fields, the header has 2: name missing"],
    ],
  )
  assert.throws(() => s.readStream("x", "1s", { format: "json", header: ["a"] } as never), /a header goes with csv/)
  assert.throws(() => s.readStream("x", "1s", { format: "csv", header: ["a", "a"] } as never), /"a" twice/)
  await s.close()
})

test.run()
