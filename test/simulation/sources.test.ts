/** Sources that workers read: directories, connections; readers that die, masters that restart. */
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { max, sum } from "../../engine/builtins.js"

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
  // Nor is what is added to it; each is said, and once.
  s.files.set("/in/b.log", Buffer.concat([s.files.get("/in/b.log")!, Buffer.from("more\n")]))
  await s.advance("9s")
  s.files.set("/in/b.log", Buffer.concat([s.files.get("/in/b.log")!, Buffer.from("and more\n")]))
  await s.advance("9s")
  assert.equal(await all(), Object.values(files).flat().sort())
  const said: string[] = []
  for await (const { text } of s.logs({ stream: "lines", last: "1h" })) said.push(text)
  assert.equal(said, [
    "/in/a.log is another file than was read: it had 80 bytes and has 8; what is new in it is not read: write it to a file of another name",
    "/in/b.log is another file than was read: it had 440 bytes and has 445; what is new in it is not read: write it to a file of another name",
  ])
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
  assert.throws(() => s.readStream("x", "1s", { fromat: "json" } as never), /an input has no option fromat/)
  assert.throws(() => s.readStream("x", "1s", { format: "csv", separator: ";" } as never), /an input has no option separator/)
  assert.throws(() => s.readHistory("/x", "1s", { timestamp: () => 0, disroder: "1m" } as never), /an input has no option disroder/)
  assert.throws(() => s.readStream("x", "1s", { format: "csv", header: ["a", "a"] } as never), /"a" twice/)
  await s.close()
})

test("the names of csv columns in the files' first line", async () => {
  const s = await simulate({ workers: 2 })
  const text = (rows: readonly string[]) => Buffer.from(rows.map(row => `${row}\n`).join(""))
  s.files.set("/in/a.csv", text(['id,at,"the name"', "1,2026-01-01 00:00:00,ann", "2,2026-01-01 00:00:01,bob"]))
  s.files.set("/in/b.csv", text(['id,at,"the name"', "3,2026-01-01 00:00:01,eve", "4,2026-01-01 00:00:02,joe"]))
  const settings = { format: "csv", header: true, timestamp: (v: Record<string, string>) => v.at! } as const
  const views = s.readHistory("/in", "1s", settings)
  assert.equal(
    await views
      .at("2026-01-01 00:00:01")
      .map(v => [v.id, v["the name"]])
      .collect(),
    [
      ["2", "bob"],
      ["3", "eve"],
    ],
  )
  assert.is(await views.aside.slice(0, "now").count(), 2, "the lines with the names are no records")
  s.files.set("/packed/a.csv", new Uint8Array(gzipSync(text(["k,n", "a,1"]))))
  const packed = s.readStream("file:/packed/a.csv", "1s", { format: "csv", header: true })
  await s.flush()
  await s.drained()
  assert.equal(await packed.slice(0, "now").collect(), [{ k: "a", n: "1" }])
  s.files.set("/in/c.csv", text(["k,n", "a,1"]))
  for (const [make, says] of [
    [() => s.readHistory("/in", "1s", settings), /c\.csv does not begin with the names that .*a\.csv begins with/],
    [() => s.readStream("file:/none/", "1s", { format: "csv", header: true }), /no file \/none\/ with a first line yet/],
    [() => s.readStream("pushed", "1s", { format: "csv", header: true }), /what clients send has no first line/],
  ] as const) {
    make()
    let message = ""
    await s.flush().catch(error => {
      message = error.message
    })
    assert.match(message, says)
  }
  await s.close()
})

test("what is counted of old records begins with the first of them, not in 1970; a warm start is there from then on", async () => {
  const s = await simulate({ workers: 2 })
  const line = (second: number) => `${JSON.stringify({ t: startMs + second * 1000 })}\n`
  s.files.set("/log", Buffer.from(line(1) + line(3) + line(9)))
  const old = s.readHistory<{ t: number }>("/log", "1s", { format: "json", timestamp: v => v.t })
  const counts = old.count().persist().named("counts")
  const known = s.parallelize([["k", 7]] as [string, number][])
  const tracked = old
    .map(({ t }): [string, number] => ["t", t])
    .track(
      () => 1,
      (_, n) => n + 1,
      "3s",
      { initial: known },
    )
  const called = old.map((): [string, number] => ["t", 1]).updateStateByKey((vs, n = 0) => n + vs.length, { initial: known })
  const windowed = old.map(({ t }): [string, number] => ["t", t]).reduceByWindow("6s", max, undefined, "3s")
  old.count().save("/out/counts")
  await s.flush()
  await s.drained()
  const values = async (of: { at(time: number): { collect(): Promise<unknown[]> } }) =>
    Promise.all([0, 1, 2, 3, 4].map(second => of.at(startMs + second * 1000).collect()))
  assert.equal(await values(counts), [[], [1], [0], [1], [0]])
  const sizes = async (of: { at(time: number): { count(): Promise<number> } }) =>
    Promise.all([0, 1, 3, 4, 6].map(second => of.at(startMs + second * 1000).count()))
  assert.equal(await sizes(tracked), [0, 2, 2, 1, 0])
  assert.equal(await sizes(called), [0, 2, 2, 2, 2])
  assert.equal(
    await Promise.all([0, 3, 6].map(second => windowed.at(startMs + second * 1000).collect())),
    [1, 3, 3].map(second => [["t", startMs + second * 1000]]),
    "the first slide begins before the first record",
  )
  // Drained is the end of the longest step: the slide that holds the last record ends 3 s after it began.
  assert.is([...s.files.keys()].filter(path => path.startsWith("/out/counts")).length, 11)
  await s.close()
})

test("old logs that are not there are no empty ones: who asks is told", async () => {
  const s = await simulate({ workers: 1 })
  const old = s.readHistory("/nowhere", "1s", { timestamp: line => line })
  await s.flush()
  for (let i = 0; i < 2; i++) {
    const asked = old
      .slice("2026-01-01", "2026-01-02")
      .count()
      .then(String, (error: Error) => error.message)
    await s.advance("2s")
    assert.match(await asked, /^readHistory@.* is held: no such file: \/nowhere/)
  }
  await s.close()
})

test("old logs that are broken in the middle are no shorter ones: what was read is answered, what lies behind it is an error, and read when it is there", async () => {
  const s = await simulate({ workers: 2 })
  // Hardly packed: the pieces before the break are whole.
  const pad = (n: number) => Array.from({ length: 70 }, (_, i) => (((n * 7919 + i * 104729) * 2654435761) >>> 0).toString(36)).join("")
  const lines = Array.from({ length: 20_000 }, (_, n) => `${JSON.stringify({ t: startMs + n * 10, pad: pad(n) })}\n`)
  const whole = gzipSync(lines.join(""))
  s.files.set("/log.gz", whole.subarray(0, Math.floor(whole.length * 0.8)))
  const old = s.readHistory<{ t: number }>("/log.gz", "1s", { format: "json", timestamp: line => line.t })
  const counts = old.map((): [string, number] => ["lines", 1]).runningReduce(sum)
  const first = old.slice("2026-01-01", "2026-01-01 00:00:04").map((): [string, number] => ["a", 100])
  const all = old.slice("2026-01-01").map((): [string, number] => ["a", 100])
  const [early, late] = ["early", "late"].map((name, n) =>
    s
      .readStream(name, "1s")
      .map((word): [string, number] => [word, n])
      .leftOuterJoin([first, all][n]!.reduceByKey(sum))
      .persist(),
  )
  for (const name of ["early", "late"]) s.feed(name, ["a"])
  await s.advance("3s")
  const told = (asked: Promise<unknown>) => asked.then(JSON.stringify as (value: unknown) => string, (error: Error) => error.message)
  const says = /^readHistory@.* is held, read through 2026-01-01T00:0\d:\d\d\.000Z: cannot read \/log\.gz: unexpected end of file/
  const range = ["2026-01-01", "2026-01-01 00:00:05"] as const
  for (const asked of [
    old.slice("2026-01-01").count(),
    old.slice("2026-01-01", "2026-01-02").count(),
    old.last("10s").count(),
    counts.get("lines"),
    counts.get("lines", "2026-01-01 00:03:19"),
    late!.slice(...range).collect(),
  ])
    assert.match(await told(asked), says)
  assert.is(await told(old.slice(...range).count()), "500")
  assert.is(await told(counts.get("lines", "2026-01-01 00:00:04")), "500")
  assert.is(await told(early!.slice(...range).collect()), '[["a",[0,40000]]]')

  s.files.set("/log.gz", whole)
  await old.resume()
  await s.advance("60s")
  assert.is(await told(old.slice("2026-01-01").count()), "20000")
  assert.is(await told(counts.get("lines")), "20000")
  assert.is(await told(late!.slice(...range).collect()), '[["a",[1,2000000]]]')
  await s.close()
})

test.run()
