/** Sources that workers read, by real processes: sockets, HTTP, directories, and files that are not what they should be. */
import { once } from "node:events"
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer as createHttpServer, type ServerResponse } from "node:http"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { DStream } from "../../engine/fluent/types.js"
import { nextInterval, rowsOnce } from "./rows-kit.js"

const test = suite("sources of real processes")
const directory = mkdtempSync(join(tmpdir(), "rivulet-sources-"))
let cluster: Embedded
let session: ClientSession
let streams = 0

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  session = await connect(cluster.address, { user: "u", program: "p" })
})
test.after(async () => {
  await session.close()
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

async function reading(source: string, options: object = {}): Promise<DStream<string>> {
  const handle = session.readStream(source, "1s", options as never) as unknown as DStream<string>
  session.name(handle, `s${++streams}`)
  await session.flush()
  return handle
}

const rows = (handle: DStream<string>, n: number) => rowsOnce(session, handle, n)

test("tcp: lines, a connection that is closed within one, a new connection", async () => {
  const server = createServer()
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const connected = () => once(server, "connection").then(([socket]) => socket as Socket)
  const first = connected()
  const handle = await reading(`tcp://127.0.0.1:${port}`)
  const socket = await first
  const again = connected()
  socket.write("one\r\ntwo\nthr")
  socket.end("ee")
  const second = await again
  second.write(`four\n${"x".repeat(9 * 2 ** 20)}\nfive\n`)
  assert.equal(await rows(handle, 5), ["one", "two", "three", "four", "five"])
  const aside = await rows(handle.aside.map(({ record, error }) => `${record.length} ${error}`) as DStream<string>, 1)
  assert.equal(aside, ["4096 the line is longer than 8 MiB"])
  second.destroy()
  server.close()
  await handle.stop()
})

test("http: an answer without an end, one with a length (read once), events, one elsewhere and packed, and ones that refuse", async () => {
  let open: ServerResponse | null = null
  let asked = 0
  const server = createHttpServer((request, response) => {
    if (request.url === "/stream") {
      response.write('{"n":1}\n{"n":')
      open = response
    } else if (request.url === "/whole") {
      asked++
      response.setHeader("content-length", 8)
      response.end("a\nb\nc\nd\r")
    } else if (request.url === "/events") {
      response.setHeader("content-type", "text/event-stream")
      response.write('event: x\ndata: {"e":1}\n\n: note\ndata: {"e":2}\n\n')
    } else if (request.url === "/moved") {
      response.writeHead(307, { location: "/packed?x" }).end("elsewhere\n")
    } else if (request.url === "/packed?x") {
      const bytes = gzipSync("p\nq")
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bytes.length }).end(bytes)
    } else if (request.url === "/round") {
      response.writeHead(302, { location: "/round" }).end()
    } else {
      response.statusCode = 503
      response.end("no")
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const stream = await reading(at("/stream"), { format: "json" } as never)
  const whole = await reading(at("/whole"))
  const events = await reading(at("/events"))
  const moved = await reading(at("/moved"))
  const round = await reading(at("/round"))
  const refusing = await reading(at("/no"))
  assert.equal(await rows(stream, 1), [{ n: 1 }] as never)
  ;(open as ServerResponse | null)?.write("2}\n")
  assert.equal(await rows(stream, 2), [{ n: 1 }, { n: 2 }] as never)
  assert.equal(await rows(whole, 4), ["a", "b", "c", "d\r"])
  assert.equal(await rows(events, 2), ['{"e":1}', '{"e":2}'])
  assert.equal(await rows(moved, 2), ["p", "q"])
  const logs = await session.host.request({ kind: "logs", stream: null, sinceMs: 0 })
  assert.ok(logs.some(({ line }) => /\/no: it answers 503 .*it is tried again/.test(line.text)))
  assert.ok(logs.some(({ line }) => /\/round: it answers 302 Found; it is tried again/.test(line.text)))
  await nextInterval(session, whole)
  assert.is(asked, 1)
  for (const handle of [stream, whole, events, moved, round, refusing]) await handle.stop()
  server.closeAllConnections()
  server.close()
})

test("http: an answer that breaks off is gone on with where it was, if the server can; else it is read again; events after the last one", async () => {
  const asked: string[] = []
  const whole = Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join("")
  const server = createHttpServer(({ url, headers }, response) => {
    asked.push([url, headers.range, headers["if-range"], headers["last-event-id"]].filter(Boolean).join(" "))
    const first = asked.filter(one => one.startsWith(url as string)).length === 1
    if (url === "/events") {
      response.setHeader("content-type", "text/event-stream")
      response.write(first ? "id: 7\ndata: a\n\nid: 8\ndata: b\n" : "data: b\n\n")
      if (first) setTimeout(() => response.destroy(), 50)
      return
    }
    const from = url === "/kept" && headers["if-range"] === '"v1"' ? Number(/\d+/.exec(headers.range ?? "0")?.[0]) : 0
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": whole.length - from,
      ...(url === "/kept" && { etag: '"v1"' }),
      ...(from > 0 && { "content-range": `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    })
    if (!first) response.end(whole.slice(from))
    else response.write(whole.slice(0, 1005), () => setTimeout(() => response.destroy(), 50))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const kept = await reading(at("/kept"))
  const again = await reading(at("/again"))
  const events = await reading(at("/events"))
  const lines = whole.trimEnd().split("\n")
  const before = whole.slice(0, 1005).split("\n").slice(0, -1)
  assert.equal(await rows(kept, lines.length), lines)
  assert.equal(await rows(again, lines.length + before.length), [...before, ...lines])
  assert.equal(await rows(events, 2), ["a", "b"])
  const offset = before.join("\n").length + 1
  assert.equal(asked.sort(), ["/again", "/again", "/events", "/events 7", "/kept", `/kept bytes=${offset}- "v1"`])
  for (const handle of [kept, again, events]) await handle.stop()
  server.closeAllConnections()
  server.close()
})

test("a directory: files that are there, files that come, once each; half-written ones when they are whole", async () => {
  const inbox = join(directory, "in")
  mkdirSync(inbox)
  writeFileSync(join(inbox, "1.log"), "a\nb\n")
  writeFileSync(join(inbox, ".hidden"), "no\n")
  const handle = await reading(`file:${inbox}/`)
  assert.equal(await rows(handle, 2), ["a", "b"])
  writeFileSync(join(inbox, "2.log"), "c")
  appendFileSync(join(inbox, "2.log"), "\nd")
  assert.equal(await rows(handle, 4), ["a", "b", "c", "d"])
  await handle.stop()
})

/** What becomes of an input: its rows when it ends, or why it is held. */
async function end(handle: DStream<string>): Promise<string> {
  for (;;) {
    const entry = (await session.host.request({ kind: "catalog" })).find(({ definition }) => definition.name === handle.name)
    if (entry?.held !== undefined) return entry.held.failure.message
    // It may be held between the two questions: then this one says so.
    const found = await handle
      .slice(0, "now")
      .collect()
      .then(
        rows => rows.join("|"),
        (error: Error) => error.message,
      )
    if (found !== "") return found
    await new Promise<void>(resolve => {
      session.calls.call({ kind: "tick" }).then(
        () => resolve(),
        () => resolve(),
      )
    })
  }
}

const files: readonly [what: string, path: (name: string) => string, says: RegExp][] = [
  ["nothing there", name => join(directory, name), /cannot read .*: no such file \(paths are read on the workers\)/],
  ["a pattern that matches nothing", name => join(directory, `${name}*.log`), /no file matches/],
  ["a directory", () => directory, /is a directory: name its files, as .*\/\*/],
  ["a directory that is not there", name => `${join(directory, name)}/none.log`, /no such file/],
]
for (const [what, path, says] of files) {
  test(`file: ${what}`, async () => {
    const handle = await reading(`file:${path(`gone${streams}`)}`)
    assert.match(await end(handle), says)
    await handle.stop()
  })
}

test("file: CRLF, no final newline, broken UTF-8, a line of 50 MB: exact lines, and what is left out is in its aside", async () => {
  const path = join(directory, "odd.log")
  writeFileSync(
    path,
    Buffer.concat([
      Buffer.from("one\r\ntwo\n"),
      Buffer.alloc(50 * 2 ** 20, "x"),
      Buffer.from("\nthree\n"),
      Buffer.of(0xff, 10),
      Buffer.from("last"),
    ]),
  )
  const handle = await reading(`file:${path}`)
  assert.equal(await rows(handle, 5), ["one", "two", "three", "\ufffd", "last"])
  const aside = await handle.aside.take(5)
  assert.equal(
    aside.map(({ record, reason, error }) => [record.length, reason, error]),
    [[4096, "parse", "the line is longer than 8 MiB"]],
  )
  await handle.stop()
})

test.run()
