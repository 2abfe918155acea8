/** Sessions over a scripted cluster: what is sent when, names, attaching, what RDDs are pinned to, senders. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { MessageChannel } from "node:worker_threads"
import { gzipSync } from "node:zlib"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ClientCall, ClientPush } from "../../cluster/client/call.js"
import { AnswerError, type CallAnswer, type CallOptions, type ClientCalls } from "../../cluster/client/calls.js"
import type { ClientSession } from "../../cluster/client/client-session.js"
import { createSession, type SessionOptions } from "../../cluster/client/create-session.js"
import { localLines, localRows } from "../../cluster/client/local-files.js"
import { PortCalls, serveCalls } from "../../cluster/client/port-calls.js"
import { openSender } from "../../cluster/client/send.js"
import type { CatalogEntry, Request } from "../../cluster/protocol.js"
import { Block, encodeRows } from "../../engine/block/block.js"
import { parquetFile } from "../../engine/block/parquet-file.js"
import { sum } from "../../engine/builtins.js"
import type { StreamDefinition } from "../../engine/definition.js"
import { RivuletError } from "../../engine/errors.js"
import type { RddNode } from "../../engine/rdd.js"
import { nowMs } from "./fake-host.js"

type Body<K extends Request["kind"]> = Extract<Request, { readonly kind: K }>

/** A master that accepts everything, keeps a catalog, and answers questions with `rows`. */
class ScriptedCluster implements ClientCalls {
  readonly calls: ClientCall[] = []
  readonly requests: Request[] = []
  readonly blocks: Uint8Array[] = []
  catalog: CatalogEntry[] = []
  rows: unknown[] = []
  intervals = { from: 0, to: 0 }
  files: { path: string; sizeBytes: number; modifiedMs: number }[] = []
  refuse: RivuletError | null = null
  /** Functions that it has let go of. */
  lacks: readonly string[] = []
  closed = false
  #handlers = new Set<(push: ClientPush) => void>()

  async call(call: ClientCall, { payload, signal }: CallOptions = {}): Promise<CallAnswer> {
    this.calls.push(call)
    if (signal?.aborted) throw new RivuletError("cancelled", { code: 130 })
    const none = { payload: [] }
    switch (call.kind) {
      case "connect":
        return { value: { readOnly: false }, ...none }
      case "request":
        this.requests.push(call.body)
        return { value: this.#answer(call.body), ...none }
      case "query": {
        this.requests.push(call.body)
        this.#miss(call.body)
        const stamp = {
          intervals: this.intervals,
          asOf: this.intervals.to,
          partitions: [1, 1],
          recomputed: 0,
          from: ["memory"],
          bytesMoved: 0,
        }
        return { value: { rows: this.rows.length, bytes: 0, stamp, ms: 1 }, payload: [encodeRows(this.rows)] }
      }
      case "send":
        this.blocks.push(payload![0]!)
        return { value: { sent: 0, acked: 0 }, ...none }
      default:
        return { value: null, ...none }
    }
  }
  #miss(body: Request): void {
    const lacking = "kept" in body ? (body.kept ?? []).filter(hash => this.lacks.includes(hash)) : []
    if (lacking.length > 0) throw new AnswerError({ message: "gone", code: 5, lacking })
  }
  #answer(body: Request): unknown {
    this.#miss(body)
    if (this.refuse && body.kind === "define") throw this.refuse
    switch (body.kind) {
      case "openSession":
        return { session: "s1" }
      case "status":
        return {
          workers: [
            { cores: 3, state: "up" },
            { cores: 2, state: "up" },
            { cores: 9, state: "lost" },
          ],
        }
      case "catalog":
        return this.catalog
      case "define":
        return { accepted: body.definitions.map(definition => this.#accept(definition)) }
      case "files":
        return { files: this.files }
      case "receivers":
        return { stream: this.catalog.length > 0 ? "i" : null, workers: [] }
      case "subscribe":
        return { through: 5000 }
      case "stop":
        return { stopped: body.streams }
      default:
        return null
    }
  }
  #accept(definition: StreamDefinition) {
    const input = definition.node.kind === "input" && definition.node.source.kind === "receiver"
    const same = input ? this.catalog.find(entry => entry.definition.name === definition.name)?.definition : undefined
    if (same === undefined) this.catalog.push(entryOf(definition))
    return { asked: definition.id, definition: same ?? definition, since: 4000 }
  }
  onPush(handler: (push: ClientPush) => void): () => void {
    this.#handlers.add(handler)
    return () => this.#handlers.delete(handler)
  }
  push(push: ClientPush): void {
    for (const handler of this.#handlers) handler(push)
  }
  now(): number {
    return nowMs
  }
  async close(): Promise<void> {
    this.closed = true
  }
  of<K extends Request["kind"]>(kind: K): Body<K>[] {
    return this.requests.filter((body): body is Body<K> => body.kind === kind)
  }
}

function entryOf(definition: StreamDefinition): CatalogEntry {
  return {
    definition,
    state: "running",
    sinceMs: 4000,
    reachesMs: 4000,
    throughMs: 5000,
    lagMs: 0,
    bytes: 0,
    perSecond: 0,
    aside: 0,
    asidePerSecond: 0,
  }
}

function theirs(name: string, program = "demo", kind: StreamDefinition["kind"] = "input"): CatalogEntry {
  const input = {
    kind: "input",
    source: { kind: "receiver", name },
    format: { kind: "text" },
    timestamp: null,
    disorderMs: 0,
    onBadRecord: "setAside",
  } as const
  return entryOf({
    id: `x.${program}.${name}`,
    version: 1,
    program,
    name,
    named: true,
    owner: "dev",
    kind,
    intervalMs: 1000,
    from: "earliest",
    node: input,
    rememberMs: null,
    persist: false,
    source: "",
  })
}

async function open(
  cluster = new ScriptedCluster(),
  more: Partial<SessionOptions> = {},
): Promise<{ cluster: ScriptedCluster; session: ClientSession }> {
  const session = await createSession(cluster, { user: "sre", textOf: () => undefined, resolvePath: path => `/abs/${path}`, ...more })
  return { cluster, session }
}

const names = (definitions: readonly StreamDefinition[]) => definitions.map(({ name }) => name.replace(/:\d+$/, ""))
const leafOf = (body: Body<"query">): RddNode => {
  let node: RddNode = body.rdd
  while ("parent" in node) node = node.parent
  return node
}

test("opens: connect, session, catalog; two partitions a living core", async () => {
  const { cluster, session } = await open()
  assert.equal(
    cluster.calls.map(call => (call.kind === "request" ? call.body.kind : call.kind)),
    ["connect", "openSession", "status", "catalog"],
  )
  assert.equal([session.id, session.host.partitions, session.tz], ["s1", 10, "UTC"])
})

test("inputs, states, outputs are sent with what they are made of; a recipe when it has a name, or inside a question", async () => {
  const { cluster, session } = await open()
  const views = session.readStream("views", "1s")
  const words = views.flatMap(l => l.split(" "))
  const errors = views.filter(l => l.includes("error"))
  words.map(w => [w, 1]).runningReduce(sum)
  assert.is(session.drafts(), 5)
  const defined = await session.flush()
  assert.equal(names(cluster.of("define")[0]!.definitions), [
    "views",
    "flatMap@session.test.ts",
    "map@session.test.ts",
    "runningReduce@session.test.ts",
  ])
  assert.equal(
    defined.map(({ kind, named, since }) => [kind, named, since]),
    [
      ["input", true, 4000],
      ["records", false, 4000],
      ["records", false, 4000],
      ["state", false, 4000],
    ],
  )
  assert.is(cluster.of("define")[0]!.assets.length, 2)
  assert.equal(await session.flush(), [])
  await errors.take(1)
  assert.is(cluster.of("define").length, 1)
  const question = cluster.of("query")[0]!
  assert.equal(names(question.definitions), ["filter@session.test.ts"])
  assert.is(question.assets.length, 1)
  assert.is(session.name(errors, "errors"), true)
  await session.flush()
  assert.equal(names(cluster.of("define")[1]!.definitions), ["errors"])
  assert.is(session.drafts(), 0)
})

test("an output is named by the operator that the user wrote", async () => {
  const { session, cluster } = await open()
  const views = session.readStream("views", "1s")
  views.print()
  views.foreachRDD(async rdd => void (await rdd.count()))
  await session.flush()
  assert.equal(names(cluster.of("define")[0]!.definitions), ["views", "print@session.test.ts", "foreachRDD@session.test.ts"])
})

test("functions that the master keeps are not sent again, and are when it has let go of them", async () => {
  const { session, cluster } = await open()
  const long = session
    .readStream("views", "1s")
    .filter(line => line.length > 10)
    .named("long")
  await session.flush()
  const { hash } = cluster.of("define")[0]!.assets[0]!
  const sent = (of: Body<"query" | "define">) => [of.assets.map(asset => asset.hash), of.kept]
  const same = long.filter(line => line.length > 10)
  await same.take(1)
  assert.equal(cluster.of("query").map(sent), [[[], [hash]]])
  cluster.lacks = [hash]
  await same.take(1)
  session.name(same, "longer")
  await session.flush()
  assert.equal(cluster.of("query").slice(1).map(sent), [
    [[], [hash]],
    [[hash], []],
  ])
  assert.equal(cluster.of("define").slice(1).map(sent), [[[hash], []]])
  await same.take(1)
  assert.equal(sent(cluster.of("query").at(-1)!)[0], [], "it has it now")
  await session.close()
})

test("the echo tells what a stream's own functions captured", async () => {
  const { session } = await open()
  const limit = 5
  const ignored = 7
  await session
    .parallelize([1])
    .filter(n => n > ignored)
    .count()
  session
    .readStream("views", "1s")
    .filter(l => l.length > limit)
    .named("long")
  const defined = await session.flush()
  assert.equal(
    defined.map(({ name, captures }) => [name, captures]),
    [
      ["views", []],
      ["long", ["limit = 5"]],
    ],
  )
})

test("a name that comes after the definition was sent is a rename; a second name and others' streams are left alone", async () => {
  const cluster = new ScriptedCluster()
  cluster.catalog = [theirs("views")]
  const { session } = await open(cluster)
  const views = session.stream("views")
  assert.is(session.name(views, "v"), false)
  const counts = views.map(v => [v as string, 1]).runningReduce(sum)
  await session.flush()
  assert.is(session.name(counts, "counts"), true)
  assert.is(session.name(counts, "again"), false)
  await session.flush()
  assert.equal(
    cluster.of("rename").map(({ name }) => name),
    ["counts"],
  )
  assert.is(counts.name, "counts")
  counts.named("totals")
  await session.flush()
  assert.equal(
    cluster.of("rename").map(({ name, takes = false }) => [name, takes]),
    [
      ["counts", true],
      ["totals", false],
    ],
  )
})

test("the newer stream takes a name, the older one is name~1", async () => {
  const { session } = await open()
  const views = session.readStream("views", "1s")
  const first = views.count().named("hot")
  const second = views.distinct().named("hot")
  assert.equal([first.name, second.name], ["hot~1", "hot"])
})

test("a receiver that exists: same settings attach, others are an error that names both", async () => {
  const cluster = new ScriptedCluster()
  cluster.catalog = [theirs("views")]
  const { session } = await open(cluster)
  const views = session.readStream("views", "1s")
  assert.is(views.program, "demo")
  assert.is(session.drafts(), 0)
  assert.throws(() => session.readStream("views", "5s"), /views is 1s of "text" \(demo\/views, dev's\), not 5s of "text"/)
  assert.throws(() => session.readStream("views", "1s", { format: "json" }), /not 1s of "json"/)
})

test("a receiver that somebody defined meanwhile: the handles go on with theirs", async () => {
  const { cluster, session } = await open()
  const views = session.readStream("views", "1s")
  const later = views.latest()
  cluster.catalog = [theirs("views")]
  cluster.rows = [7]
  assert.is(await later.count(), 7)
  const leaf = leafOf(cluster.of("query")[0]!)
  assert.is(leaf.kind === "slice" && leaf.stream, "x.demo.views")
  assert.equal([views.program, views.name], ["demo", "views"])
})

test("what is asked once is the same when asked again: relative times are settled by the first answer", async () => {
  const { cluster, session } = await open()
  const last = session.readStream("views", "1s").last("5m")
  cluster.intervals = { from: 100_000, to: 400_000 }
  await last.count()
  await last.filter(l => l !== "").count()
  const [first, second] = cluster.of("query").map(leafOf)
  assert.equal([first!.kind === "slice" && first!.from, first!.kind === "slice" && first!.to], [-300_000, Infinity])
  assert.equal([second!.kind === "slice" && second!.from, second!.kind === "slice" && second!.to], [100_000, 400_000])
})

test("textFile asks for the files when it is first used, and pins them in splits", async () => {
  const { cluster, session } = await open()
  const lines = session.textFile("*.log")
  assert.is(cluster.of("files").length, 0)
  const mb = 1024 * 1024
  cluster.files = [
    { path: "/abs/b.log", sizeBytes: 5 * mb, modifiedMs: 1 },
    { path: "/abs/a.log", sizeBytes: 10, modifiedMs: 2 },
  ]
  await lines.count()
  await lines.filter(l => l !== "").count()
  assert.equal(
    cluster.of("files").map(({ paths }) => paths),
    [["/abs/*.log"]],
  )
  const leaf = leafOf(cluster.of("query")[1]!)
  assert.equal(leaf.kind === "textFile" && leaf.splits.map(({ path, from, to }) => [path, from, to]), [
    ["/abs/a.log", 0, 10],
    ["/abs/b.log", 0, 4 * mb],
    ["/abs/b.log", 4 * mb, 5 * mb],
  ])
  cluster.files = []
  await session
    .textFile("none")
    .count()
    .then(
      () => assert.unreachable(),
      error => assert.match(error.message, /no file \/abs\/none/),
    )
  assert.throws(() => session.textFile("x.bz2"), /x\.bz2 is not there yet/)
})

test("local: files are read here, line by line, and sent along", async () => {
  const directory = mkdtempSync(join(tmpdir(), "rivulet-local-"))
  try {
    writeFileSync(join(directory, "b.log"), "three\r\n\nfive")
    writeFileSync(join(directory, "a.log.gz"), gzipSync("one\ntwo\n"))
    writeFileSync(join(directory, "c.log"), "")
    const read = (path: string, partitions = 1) => localLines(path, partitions).map(({ bytes }) => Block.of(bytes).toArray())
    assert.equal(read(`${directory}/*.log*`), [
      ["one", "two"],
      ["three", "", "five"],
    ])
    assert.throws(() => read(directory), /is a directory/)
    writeFileSync(join(directory, "many.log"), "a line of some length\n".repeat(1000))
    assert.is(read(join(directory, "many.log"), 4).flat().length, 1000)
    assert.ok(read(join(directory, "many.log"), 4).length >= 4)
    // A file of no blocks on the disk, yet of that size.
    writeFileSync(join(directory, "big.log"), "x")
    truncateSync(join(directory, "big.log"), 257 << 20)
    assert.throws(() => read(join(directory, "big.log")), /more than the 256 MB/)
    writeFileSync(join(directory, "wide.log"), Buffer.alloc(9 << 20, "x"))
    assert.throws(() => read(join(directory, "wide.log")), /longer than 8 MiB/)
    writeFileSync(join(directory, "rows.parquet"), parquetFile([{ a: 1 }, { a: 2 }]))
    assert.equal(localRows(join(directory, "*.parquet")), [{ a: 1 }, { a: 2 }])
    assert.throws(() => localRows(join(directory, "b.log")), /b\.log cannot be read as Parquet/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  const { session } = await open()
  assert.throws(() => session.textFile("local:nowhere.log"), /there is no file \/abs\/nowhere\.log on this machine/)
  const history = (of: ClientSession) => of.readHistory("local:x.log", "1s", { timestamp: () => 0 })
  assert.throws(() => history(session), /local:x\.log is of this machine, and an input is read by workers/)
  const { session: here } = await open(undefined, { workersHere: true })
  history(here)
  here.readStream("local:~/y.log", "1s")
  assert.equal(
    here.host.definitions.all().map(({ node }) => node.kind === "input" && node.source),
    [
      { kind: "file", paths: ["/abs/x.log"] },
      { kind: "file", paths: [`/abs/${homedir()}/y.log`] },
    ],
  )
})

test("parallelize cuts in order, and sends its data along", async () => {
  const { cluster, session } = await open()
  await session.parallelize([1, 2, 3, 4, 5], 2).collect()
  const [question] = cluster.of("query")
  assert.equal(
    question!.assets.map(({ bytes }) => Block.of(bytes).toArray()),
    [
      [1, 2],
      [3, 4, 5],
    ],
  )
  assert.is(session.parallelize([]) !== undefined, true)
  assert.throws(() => session.parallelize([1], 0), /0 is not a number of partitions/)
})

test("what the master refuses is not sent again; whoever uses it is told why", async () => {
  const { cluster, session } = await open()
  const views = session.readStream("views", "1s")
  cluster.refuse = new RivuletError("no", { code: 4 })
  await session.flush().then(
    () => assert.unreachable(),
    error => assert.is(error.message, "no"),
  )
  cluster.refuse = null
  assert.equal(await session.flush(), [])
  await views
    .latest()
    .count()
    .then(
      () => assert.unreachable(),
      error => assert.match(error.message, /views was refused: no/),
    )
})

test("stream(name): short, full, in two programs, unknown", async () => {
  const cluster = new ScriptedCluster()
  cluster.catalog = [theirs("views"), theirs("views", "shop"), theirs("orders", "shop"), theirs("counts", "shop", "state")]
  const { session } = await open(cluster)
  assert.is(session.stream("shop/views").program, "shop")
  assert.is(session.stream("orders").name, "orders")
  assert.throws(() => session.stream("views"), /views is in 2 programs: demo\/views, shop\/views/)
  assert.throws(() => session.stream("nope"), /no stream nope/)
  assert.throws(() => session.state("orders"), /orders is a stream of records, no state/)
  assert.equal([...(await session.bindAll()).keys()], ["orders", "counts"])
})

test("times as text are in the session's zone; `now` and `-5m` stay relative", async () => {
  const { session } = await open()
  session.setZone("Europe/Berlin")
  const { host } = session
  assert.equal(host.time("-5m"), -300_000)
  assert.equal(host.time("now"), Infinity)
  assert.equal(host.time("21:05"), Date.UTC(2026, 10, 21, 20, 5))
  assert.throws(() => host.time("yesterday"), /yesterday/)
  assert.throws(() => host.time(-1), /before 1970/)
})

test("settings that are not there are errors that say what to do", async () => {
  const { session } = await open()
  assert.throws(() => session.readStream("kafka:topic", "1s"), /kafka/)
  assert.throws(() => session.readStream("v", "1s", { slack: "1s" }), /slack goes with timestamp/)
  assert.throws(() => session.readStream("v", "0s"), /too short/)
  assert.throws(() => session.readStream("a b", "1s"), /"a b" is no receiver's name/)
})

test("a watch asks at once and at each finished interval, until it is content", async () => {
  const { cluster, session } = await open()
  const seen: unknown[] = []
  session.onWatched(({ value, error }) => seen.push(error ?? value))
  const counts = session
    .readStream("views", "1s")
    .map(v => [v, 1])
    .runningReduce(sum)
    .named("counts")
  cluster.rows = [1]
  const watch = session.watch(() => counts.latest().count(), { until: n => n > 2 })
  await settle()
  cluster.rows = [2]
  cluster.push({ kind: "completed", stream: "s1.3", through: 6000 })
  cluster.push({ kind: "completed", stream: "other", through: 9000 })
  await settle()
  cluster.rows = [3]
  cluster.push({ kind: "completed", stream: "s1.3", through: 7000 })
  await settle()
  cluster.push({ kind: "completed", stream: "s1.3", through: 8000 })
  await settle()
  assert.equal(seen, [1, 2, 3])
  assert.is(cluster.of("unsubscribe").length, 1)
  await watch.stop()
})

test("a callback that fails is shown and called no more; one under way when the session closes troubles nobody", async () => {
  const { cluster, session } = await open()
  const shown: unknown[] = []
  session.onWatched(({ error }) => shown.push(error?.message))
  const unhandled: unknown[] = []
  const hear = (error: unknown) => unhandled.push(error)
  process.on("unhandledRejection", hear)
  const views = session.readStream("views", "1s").named("views")
  let calls = 0
  await session.onCompleted(views, () => {
    calls++
    throw new Error("no")
  })
  let fail: (error: Error) => void = () => {}
  await session.onCompleted(views, () => new Promise<void>((_, reject) => (fail = reject)))
  for (const through of [6000, 7000]) {
    cluster.push({ kind: "completed", stream: "s1.1", through })
    await settle()
  }
  assert.equal([calls, shown], [1, ["no"]])
  await session.close()
  fail(new Error("the session is closed"))
  await settle()
  process.off("unhandledRejection", hear)
  assert.equal([shown, unhandled], [["no"], []])
})

test("a sender packs lines, keeps an unfinished one back, and ends with all of it", async () => {
  const cluster = new ScriptedCluster()
  cluster.catalog = [theirs("views")]
  const { session } = await open(cluster)
  const sender = await openSender(session, "demo/views")
  const lines = () => cluster.blocks.map(block => Block.of(block).toArray())
  await sender.write(Buffer.from("a\nb"))
  await sender.flush()
  assert.equal(lines(), [["a"]])
  await sender.write(Buffer.from("b"))
  await sender.write(Buffer.from("b\nc"))
  await sender.flush()
  assert.equal(lines(), [["a"], ["bbb"]])
  await sender.endOfFile()
  await sender.write(Buffer.from(`${"x".repeat(70_000)}`))
  await sender.write(Buffer.from("y\nz"))
  await sender.close()
  assert.equal(
    lines()
      .slice(2)
      .flat()
      .map(line => (line as string).length),
    [1, 70_001, 1],
  )
  await sender.write(Buffer.from("q")).then(
    () => assert.unreachable(),
    error => assert.match(error.message, /closed/),
  )
})

test("a sender to what nobody has defined waits, or does not", async () => {
  const { session } = await open()
  let waiting = 0
  await openSender(session, "views", { onWaiting: () => waiting++ })
  assert.is(waiting, 1)
  await openSender(session, "views", { wait: false }).then(
    () => assert.unreachable(),
    error => assert.equal([error.code, error.message], [5, "nobody has defined views"]),
  )
})

test("the same session over a port", async () => {
  const cluster = new ScriptedCluster()
  const { port1, port2 } = new MessageChannel()
  serveCalls(port1, cluster)
  const calls = new PortCalls(port2, () => nowMs)
  const session = await createSession(calls, { user: "sre" })
  cluster.rows = [["/a", 3]]
  const counts = session
    .readStream("views", "1s")
    .map(v => [v, 1])
    .runningReduce(sum)
  assert.is(await counts.get("/a"), 3)
  cluster.refuse = new RivuletError("no", { code: 4, try: "ask" })
  session.readStream("more", "1s")
  await session.flush().then(
    () => assert.unreachable(),
    error => assert.equal([error.message, error.code, error.try], ["no", 4, "ask"]),
  )
  await session.close()
  await calls.call({ kind: "tick" }).then(
    () => assert.unreachable(),
    error => assert.match(error.message, /closed/),
  )
  assert.is(cluster.closed, false)
})

test("close tells the master and ends the connection, once", async () => {
  const { cluster, session } = await open()
  await Promise.all([session.close(), session.close(), session.stopped()])
  assert.is(cluster.calls.filter(({ kind }) => kind === "close").length, 1)
  assert.is(cluster.closed, true)
})

function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(() => setImmediate(resolve))))
}

test.run()
