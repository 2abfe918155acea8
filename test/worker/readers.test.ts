/** A source at which nobody listens: said once, then counted; and tried less and less often. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Readers, type ReadersParts } from "../../cluster/worker/readers.js"

test("a source that cannot be opened says so once, then as often as the tries have doubled, and how many they were when it is there", () => {
  let nowMs = 0
  const said: string[] = []
  const opened: { readonly source: string; readonly atMs: number }[] = []
  const parts = {
    clock: {
      get monotonicMs() {
        return nowMs
      },
    },
    outbox: {
      push: ({ kind, source = "" }: { kind: string; source?: string }) => kind === "openSource" && opened.push({ source, atMs: nowMs }),
      say: (_: string, text: string) => said.push(text),
    },
    master: { joined: true, post: () => {} },
    receive: () => {},
  }
  const readers = new Readers(parts as unknown as ReadersParts)
  const read = { session: "s", url: "tcp://127.0.0.1:9" }
  readers.onInputs([{ stream: "lines", receiver: "lines", read }] as never)
  const tries = (n: number, why: string) => {
    for (let i = 0; i < n; i++) {
      nowMs = Math.max(nowMs, readers.deadlineMs)
      readers.onTime(nowMs)
      readers.onClosed(opened.at(-1)!.source, why, false)
    }
  }
  tries(20, "connect ECONNREFUSED 127.0.0.1:9")
  assert.equal(said, [
    "tcp://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9; it is tried again, at least every 15 s",
    "tcp://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9, 8 times so far",
    "tcp://127.0.0.1:9: connect ECONNREFUSED 127.0.0.1:9, 16 times so far",
  ])
  assert.is(opened.at(-1)!.atMs - opened.at(-2)!.atMs, 15_000)
  tries(1, "no connection within 10 s")
  assert.match(said.at(-1)!, /no connection within 10 s; it is tried again/, "what is new is said")
  nowMs = readers.deadlineMs
  readers.onTime(nowMs)
  readers.onOpened({ kind: "sourceOpened", source: opened.at(-1)!.source, events: false, from: 0, validator: null })
  assert.is(said.at(-1), "reading tcp://127.0.0.1:9")
})

test.run()
