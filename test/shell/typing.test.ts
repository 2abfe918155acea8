/** Values beside the fields at Tab: what was seen before is shown at once, and what comes late when it is there. Nobody waits for a stream. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/simulate.js"
import type { DStream } from "../../engine/fluent/types.js"
import type { Evaluator } from "../../shell/evaluator/evaluator.js"
import { LiveTypes } from "../../shell/host/live-types.js"
import { Typing } from "../../shell/host/typing.js"
import { LanguageClient, type LanguageThread } from "../../shell/language/client.js"
import type { FromLanguage, TypedCompletions } from "../../shell/language/messages.js"
import type { CompletionList } from "../../shell/session-types.js"

/** A cluster with a stream of views, and an evaluator in which `views` is it, as soon as `found` is. */
async function views(found: Promise<void> = Promise.resolve()) {
  const s = await simulate({ workers: 2 })
  const stream = s.readStream("views", "1s", { format: "json" }) as DStream<unknown>
  s.name(stream, "views")
  await s.flush()
  const viewed = async (status: number) => {
    s.feed("views", [JSON.stringify({ status })])
    await s.advance("1s")
  }
  await viewed(200)
  const evaluator: Partial<Evaluator> = {
    names: () => ["views"],
    peek: async name => {
      await found
      return name === "views" ? stream : undefined
    },
    complete: async (_, cursor) => ({ items: [], from: cursor, to: cursor }),
  }
  return { s, stream, viewed, evaluator: evaluator as Evaluator }
}

test("values seen before are given at once, whoever can answer, and asked for again", async () => {
  const { s, stream, viewed, evaluator } = await views()
  const live = new LiveTypes(s, evaluator, () => {})
  const status = async () => (await live.of("views", true)).map(({ name, sample }) => [name, sample])
  assert.equal(await status(), [["status", 200]])
  await viewed(404)
  assert.equal(await status(), [["status", 200]], "looked at a moment ago")
  await s.advance("10s")
  await viewed(500)
  assert.equal(await status(), [["status", 200]], "old, and asked again")
  assert.is((await stream.last("1m").collect()).length, 3)
  assert.equal(await status(), [["status", 500]])
  await s.advance("11s")
  s.kill("w1")
  s.kill("w2")
  assert.equal(await status(), [["status", 500]], "nobody is there who could answer")
  await s.close()
})

/** A language service that knows the fields of a view. */
function language(): LanguageClient {
  const fields: TypedCompletions = { items: [{ text: "status", type: "number", doc: "", isField: true }], from: 20, to: 20, only: true }
  let say: (message: FromLanguage) => void = () => {}
  const thread: LanguageThread = {
    postMessage: message => {
      if (message.kind === "ask") say({ kind: "answer", id: message.id, value: message.question.kind === "complete" ? fields : [] })
    },
    on: (event, listener) => {
      if (event === "message") say = listener as typeof say
    },
    terminate: async () => {},
  }
  const client = new LanguageClient(() => thread)
  client.start()
  say({ kind: "ready" })
  return client
}

const details = ({ items }: CompletionList) => items.map(({ text, detail }) => [text, detail])

test("the first values of a stream that come late are shown when they are there", async () => {
  let find = () => {}
  const found = new Promise<void>(resolve => {
    find = resolve
  })
  const { s, evaluator } = await views(found)
  // A shell's terminal keeps its process; timers of Tab do not.
  const terminal = setInterval(() => {}, 1000)
  let better: (list: CompletionList) => void = () => {}
  const improved = new Promise<CompletionList>(resolve => {
    better = resolve
  })
  const typing = new Typing({ session: s, evaluator, better: (_, list) => better(list), language: language() })
  const text = "views.filter(view => view."
  assert.equal(details(await typing.complete(text, text.length)), [["status", "number"]])
  find()
  assert.equal(details(await improved), [["status", "number  200"]])
  better = list => assert.unreachable(`shown again: ${details(list)}`)
  assert.equal(details(await typing.complete(text, text.length)), [["status", "number  200"]])
  clearInterval(terminal)
  await typing.close()
  await s.close()
})

test.run()
