/** The language service's thread: it dies and is started again with what it knew, and is left alone when it dies at everything. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { LanguageClient, type LanguageThread } from "../../../shell/language/client.js"
import type { FromLanguage, Question, ToLanguage } from "../../../shell/language/messages.js"

/** Threads that do what they are told: each message to them is kept, answers and deaths are the test's. */
function threads() {
  const started: FakeThread[] = []
  class FakeThread implements LanguageThread {
    readonly got: ToLanguage[] = []
    terminated = false
    private readonly listeners: { event: string; listener: (message: FromLanguage) => void }[] = []
    postMessage(message: ToLanguage): void {
      this.got.push(message)
    }
    on(event: string, listener: (message: FromLanguage) => void): void {
      this.listeners.push({ event, listener })
    }
    async terminate(): Promise<void> {
      this.terminated = true
      this.die()
    }
    emit(event: string, message: FromLanguage = { kind: "ready" }): void {
      for (const one of this.listeners) if (one.event === event) one.listener(message)
    }
    die(): void {
      this.emit("error")
      this.emit("exit")
    }
    answer(value: Extract<FromLanguage, { kind: "answer" }>["value"], nth = 0): void {
      const asks = this.got.filter((one): one is Extract<ToLanguage, { kind: "ask" }> => one.kind === "ask")
      this.emit("message", { kind: "answer", id: asks[nth]!.id, value })
    }
    asked(): Question["kind"][] {
      return this.got.flatMap(one => (one.kind === "ask" ? [one.question.kind] : []))
    }
  }
  const client = new LanguageClient(() => {
    const thread = new FakeThread()
    started.push(thread)
    return thread
  })
  return { client, started }
}

const finding = { at: 0, end: 1, message: "x" }
const declaration = { name: "n", text: "export declare const n: number", open: false }

test("what is asked and declared before it starts is asked when it does; completion waits for nobody", async () => {
  const { client, started } = threads()
  assert.is(await client.complete("a", 1), null)
  const checked = client.check("a")
  client.setLive({ views: "X" })
  client.start()
  client.start()
  assert.is(started.length, 1)
  assert.equal(
    started[0]!.got.map(({ kind }) => kind),
    ["live", "ask"],
  )
  assert.is(await client.complete("a", 1), null)
  started[0]!.emit("message")
  assert.ok(client.ready)
  started[0]!.answer([finding])
  assert.equal(await checked, [finding])
})

test("after a death it knows what it knew; a check is asked once more, a completion is not", async () => {
  const { client, started } = threads()
  client.start()
  const [first] = started
  first!.emit("message")
  const declared = client.declare({ text: "const n = 1", present: ["n"] })
  first!.answer([declaration])
  await declared
  assert.ok(client.isTyped("n"))
  client.setLive({ views: "X" })
  client.setLive({ views: "X" })
  assert.is(first!.got.filter(({ kind }) => kind === "live").length, 1)
  const completed = client.complete("n.", 2)
  const checked = client.check("n.x")
  first!.die()
  assert.is(await completed, null)
  assert.is(started.length, 2)
  assert.not.ok(client.ready)
  const second = started[1]!
  assert.equal(second.got.slice(0, 2), [
    { kind: "restore", declarations: [declaration] },
    { kind: "live", names: { views: "X" } },
  ])
  assert.equal(second.asked(), ["check"])
  second.die()
  assert.equal(await checked, [], "what it dies of twice is not asked a third time")
})

test("a thread that dies without ever answering is left alone; closed, it is ended", async () => {
  const dying = threads()
  dying.client.start()
  for (const thread of dying.started) thread.die()
  assert.is(dying.started.length, 3)
  assert.equal(await dying.client.check("a"), [])
  const { client, started } = threads()
  client.start()
  const checked = client.check("a")
  await client.close()
  assert.equal([await checked, started[0]!.terminated, started.length], [[], true, 1])
  client.start()
  assert.is(started.length, 1)
})

test("the real thread answers, dies and answers again", async () => {
  // Its thread keeps no process alive.
  const alive = setInterval(() => {}, 1_000)
  const client = new LanguageClient()
  client.start()
  client.setLive({ views: "Rivulet.InputDStream<Rivulet.AccessLog>" })
  const message = async () => (await client.check("views.map(v => v.staus)")).map(one => one.message)
  assert.equal(await message(), ["staus is not a field of views: status?"])
  assert.ok(client.ready)
  assert.equal(
    (await client.complete("views.map(v => v.st", 19))?.items.map(({ text }) => text),
    ["status"],
  )
  await client.close()
  clearInterval(alive)
})

test.run()
