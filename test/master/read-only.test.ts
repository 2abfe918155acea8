/** A client that said it only reads is held to it by the master: what changes anything is refused, and functions that are not understood. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Request, Response } from "../../cluster/protocol.js"
import { linkFunction } from "../../engine/capture/capture.js"
import type { RddNode } from "../../engine/rdd.js"
import { counts, definition, Harness, input } from "./harness.js"

const test = suite("master: read-only clients")
const reader = "r1#1"

function cluster(readOnly = true): Harness {
  const h = new Harness()
  h.join(1)
  h.from("c1#1", { kind: "hello", role: "client", user: "ann", version: "1", runtime: "node" })
  h.ask({ kind: "openSession", user: "ann", program: "ann", as: "sa" }, "c1#1")
  h.ask(
    { kind: "define", session: "sa", definitions: [definition("views", input()), definition("counts", counts("views"))], assets: [] },
    "c1#1",
  )
  h.from(reader, { kind: "hello", role: "client", user: "bob", version: "1", runtime: "node", readOnly })
  h.ask({ kind: "openSession", user: "bob", program: "bob", as: "sb" }, reader)
  return h
}

let queries = 0
function question(f: (row: never) => unknown, more: Partial<Extract<Request, { kind: "query" }>> = {}): Request {
  const { link, assets } = linkFunction(f, { operator: "filter" })
  const rdd = { kind: "filter", parent: { kind: "empty" }, f: link } as unknown as RddNode
  return { kind: "query", query: `q${++queries}`, session: "sb", rdd, definitions: [], assets, timeoutMs: null, ...more }
}

const refusal = (response: Response | null) => (response?.ok === false && response.code === 4 ? response.message : null)
const asked = (h: Harness, body: Request) => refusal(h.ask(body, reader))

test("what changes the cluster is refused; what looks at it is answered", () => {
  const h = cluster()
  const force = { by: "bob", force: true }
  const changes: Request[] = [
    { kind: "define", session: "sb", definitions: [definition("mine", input())], assets: [] },
    { kind: "stop", streams: ["ann/counts"], cascade: false, ...force },
    { kind: "rename", stream: "counts", name: "other", by: "ann", force: false },
    { kind: "keep", streams: ["ann/counts"], ...force },
    { kind: "resume", stream: "ann/counts", skip: null, ...force },
    { kind: "undo", streams: ["ann/counts"], ...force },
    { kind: "receivers", receiver: "views" },
    { kind: "files", paths: ["/etc/passwd"] },
    { kind: "shutdown" },
  ]
  for (const body of changes) assert.match(asked(h, body) ?? "", /^you are attached read-only: /, body.kind)
  for (const kind of ["catalog", "status", "workers"] as const) assert.is(h.ask({ kind }, reader)?.ok, true)
})

test("a key that is admitted to read is held to it, whatever its hello says, and for as long as the list says so", () => {
  const h = cluster(false)
  const stop: Request = { kind: "stop", streams: ["counts"], cascade: false, by: "ann", force: true }
  const byKey = (id: number, readOnly: boolean) => {
    h.step({ kind: "received", from: reader, message: { kind: "request", id, body: stop }, payload: [], ...(readOnly && { readOnly }) })
    return h.response(id, reader)
  }
  assert.is(refusal(byKey(901, true)), "your key may only read: stop is not reading")
  assert.is(byKey(902, false)?.ok, true)
})

test("a function is understood, or refused with its text and what of it is not", () => {
  const h = cluster()
  const limit = 500
  const seen = new Set(["/a"])
  for (const f of [(v: { status: number }) => v.status >= limit, (v: { url: string }) => v.url.startsWith("/a")])
    assert.is(asked(h, question(f)), null, String(f))
  const beyond: [(v: never) => unknown, RegExp][] = [
    [(v: { url: string }) => seen.has(v.url), /seen\.has\(v\.url\) uses the captured seen/],
    [() => (globalThis as unknown as { process: { exit(): void } }).process.exit(), /process\.exit\(\) .*uses globalThis/],
    [(v: { url?: string }) => v.url?.length, /uses \?\./],
  ]
  for (const [f, says] of beyond) assert.match(asked(h, question(f)) ?? "", says)
})

test("a function that did not come with the question, files, and save are refused", () => {
  const h = cluster()
  assert.match(
    asked(
      h,
      question((v: number) => v > 1, { assets: [] }),
    ) ?? "",
    /did not come with the question/,
  )
  const textFile = { kind: "textFile", id: "t", splits: [] } as unknown as RddNode
  assert.match(
    asked(
      h,
      question((v: number) => v > 1, { rdd: textFile, assets: [] }),
    ) ?? "",
    /files is more than reading streams/,
  )
  assert.match(
    asked(
      h,
      question((v: number) => v > 1, { save: { to: "/tmp/x", format: "csv" } }),
    ) ?? "",
    /save writes files/,
  )
})

test("who did not say so asks whatever he likes", () => {
  const h = cluster(false)
  const seen = new Set(["/a"])
  assert.is(
    asked(
      h,
      question((v: { url: string }) => seen.has(v.url)),
    ),
    null,
  )
})

test.run()
