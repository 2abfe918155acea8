/** What functions print on the workers, at the prompt. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientSession } from "../../cluster/client/session.js"
import { LogTail } from "../../shell/host/log-tail.js"

const test = suite("log lines at the prompt")

test("broken lines are told once, not by each stream that reads them nor each time; what functions print always is", async () => {
  const said = (stream: string, text: string, time: number) => ({ stream: `ann/${stream}`, text, time, repeated: 1, level: "warn" })
  const turns = [
    [said("byClient", "set aside, cannot be read: x", 1), said("perIp", "set aside, cannot be read: x", 1), said("perIp", "hello", 2)],
    [said("byClient", "set aside, cannot be read: y", 3), said("perIp", "set aside, cannot be read: y", 3), said("other", "no", 3)],
    [said("perIp", "hello", 4)],
  ]
  const shown: string[] = []
  const logs = async function* () {
    yield* turns.shift() ?? []
  }
  const session = { clock: { now: () => 0 }, logs } as unknown as ClientSession
  // The tail alone keeps no process up.
  const awake = setInterval(() => {}, 1_000)
  await new Promise<void>(resolve => {
    const tail = new LogTail(session, lines => {
      shown.push(...lines.map(({ text }) => text.trim()))
      if (turns.length > 0) return
      tail.close()
      resolve()
    })
    tail.follow(["byClient", "perIp"])
  })
  clearInterval(awake)
  assert.equal(shown, [
    "byClient: set aside, cannot be read: x; byClient.aside has them, .streams counts them",
    "perIp: hello",
    "perIp: hello",
  ])
})

test("a record that was printed over several lines is one line, no wider than the screen", async () => {
  const text = "{\n  ip: '198.51.100.5',\n  user: null,\n  agent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101'\n}"
  const logs = async function* () {
    yield { stream: "ann/perIp", text, time: 1, repeated: 1, level: "log" }
  }
  const awake = setInterval(() => {}, 1_000)
  const shown = await new Promise<readonly string[]>(resolve => {
    const session = { clock: { now: () => 0 }, logs } as unknown as ClientSession
    const said = (lines: readonly { readonly text: string }[]) => {
      tail.close()
      resolve(lines.map(line => line.text))
    }
    const tail: LogTail = new LogTail(session, said, () => 60)
    tail.follow(["perIp"])
  })
  clearInterval(awake)
  assert.equal(shown, ["  perIp: { ip: '198.51.100.5', user: null, agent: 'Mozilla…"])
})

test.run()
