import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { modulePath } from "../../../scripts/places.js"
import { interruptThread } from "../../../shell/evaluator/interrupt.js"

const test = suite("interrupting a thread")

interface Message {
  readonly kind: "ready" | "looping" | "value" | "error" | "console"
  readonly value?: unknown
  readonly message?: string
  readonly text?: string
}

class Thread {
  readonly worker = new Worker(modulePath("test/shell/evaluator/interrupt-thread"))
  readonly printed: string[] = []
  readonly #queue: Message[] = []
  #wake: () => void = () => {}

  constructor() {
    this.worker.on("message", (message: Message) => {
      if (message.kind === "console") this.printed.push(message.text ?? "")
      else this.#queue.push(message)
      this.#wake()
    })
    this.worker.on("exit", () => this.#queue.push({ kind: "error", message: "the thread ended" }))
  }

  async next(): Promise<Message> {
    while (this.#queue.length === 0)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    return this.#queue.shift()!
  }

  async cell(text: string): Promise<unknown> {
    this.worker.postMessage(text)
    const { kind, value, message } = await this.next()
    return kind === "value" ? value : message
  }
}

const loops: [name: string, cell: string][] = [
  ["a loop", "kept = 2; looping(); for (;;) {}"],
  ["a loop in a function of an earlier cell", "kept = 2; forever()"],
  ["a loop that allocates", "kept = 2; looping(); for (let text = '';;) { text = 'x'.repeat(10) }"],
  ["a loop that catches all", "kept = 2; looping(); for (;;) { try { for (;;) {} } catch {} finally {} }"],
  ["a regular expression that backtracks", "kept = 2; looping(); /^(a+)+$/.test('a'.repeat(60) + 'b')"],
]

test("variables stay, and the thread goes on", async () => {
  const thread = new Thread()
  assert.is((await thread.next()).kind, "ready")
  await thread.cell("function forever() { looping(); while (true) {} }")
  for (const [name, loop] of loops) {
    await thread.cell("let kept = 1")
    thread.worker.postMessage(loop)
    assert.is((await thread.next()).kind, "looping", name)
    assert.is(await interruptThread(thread.worker), true, name)
    assert.equal(await thread.next(), { kind: "error", message: "interrupted" }, name)
    assert.is(await thread.cell("kept"), 2, name)
  }
  await thread.worker.terminate()
})

test("a loop after an await is interrupted too", async () => {
  const thread = new Thread()
  await thread.next()
  await thread.cell("let kept = 1")
  thread.worker.postMessage("kept = 2; await null; looping(); for (;;) {}")
  assert.is((await thread.next()).kind, "looping")
  // As the screen does it: the thread is asked first, and answers when the loop has been ended.
  thread.worker.postMessage("interrupt")
  assert.is(await interruptThread(thread.worker), true)
  assert.equal(await thread.next(), { kind: "error", message: "interrupted" })
  assert.is(await thread.cell("kept"), 2)
  await thread.worker.terminate()
})

test("what a cell leaves behind and fails later is printed, and ends nothing", async () => {
  const thread = new Thread()
  await thread.next()
  assert.is(await thread.cell("void Promise.reject(new Error('floating')); 1"), 1)
  assert.is(await thread.cell("void setImmediate(() => { throw new Error('later') }); 2"), 2)
  assert.is(await thread.cell("await new Promise(resolve => setImmediate(() => setImmediate(resolve))); 3"), 3)
  assert.equal(thread.printed, ["Uncaught (in promise) Error: floating", "Uncaught Error: later"])
  const ended = once(thread.worker, "exit")
  await thread.worker.terminate()
  await ended
})

test.run()
