import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { MasterProcessOptions } from "../../cluster/master/main.js"
import type { WorkerProcessOptions } from "../../cluster/worker/main.js"
import { freePort } from "../../scripts/free-port.js"
import { modulePath } from "../../scripts/places.js"

const test = suite("a worker's process")

const worker = (options: WorkerProcessOptions) => node("worker", { cores: 1, memoryBytes: 2 ** 20, ...options })

function node(role: "master" | "worker", options: MasterProcessOptions | WorkerProcessOptions) {
  const entry = modulePath(`test/cluster/children/${role}`)
  const child = fork(entry, [JSON.stringify(options)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  })
  let words = ""
  const said = (what: RegExp) =>
    new Promise<void>(resolve => {
      const look = () => {
        if (what.test(words)) resolve()
      }
      child.stderr!.on("data", look)
      look()
    })
  child.stderr!.on("data", chunk => {
    words += String(chunk)
  })
  const ended = once(child, "close").then(([code]) => ({ code: code as number, words }))
  return { child, said, ended }
}

test("without a master it says so and waits; a signal ends it with the signal's code", async () => {
  const master = `tcp://127.0.0.1:${await freePort()}`
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const) {
    const { child, said, ended } = worker({ master, name: "w9" })
    await said(/no master answers at tcp:\/\/127\.0\.0\.1:\d+: trying again/)
    child.kill(signal)
    assert.is((await ended).code, code)
  }
})

test("a master ends by a signal with the signal's code, and can be started again at once, there and with its journal; a second one cannot", async () => {
  const dir = await mkdtemp(join(tmpdir(), "rivulet-test-"))
  const bind = `tcp://127.0.0.1:${await freePort()}`
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
    ["SIGKILL", null],
  ] as const) {
    const { child, said, ended } = node("master", { bind, dir })
    await said(/master of rivulet at/)
    if (signal === "SIGTERM") {
      const [port, journal] = await Promise.all([
        node("master", { bind, dir: join(dir, "other") }).ended,
        node("master", { bind: "tcp://127.0.0.1:0", dir }).ended,
      ])
      assert.match(port.words, /is in use by another process/)
      assert.match(journal.words, /another master runs there/)
      assert.equal([port.code, journal.code], [2, 2])
    }
    child.kill(signal)
    assert.is((await ended).code, code)
  }
  await rm(dir, { recursive: true })
})

test("what cannot be is refused with code 2, naming it", async () => {
  const master = "tcp://127.0.0.1:7077"
  const refusals: [WorkerProcessOptions, RegExp][] = [
    [{ master: "nonsense" }, /"nonsense" is no address/],
    [{ master, name: "w 9" }, /"w 9" is no name/],
    [{ master, memoryBytes: 5 * 2 ** 30 }, /block memory of 5368709120 bytes/],
    [{ master, bind: "tcp://0.0.0.0:0" }, /needs keys/],
    [{ master, dir: "/dev/null/none" }, /\/dev\/null\/none cannot be made/],
    [{ master, dir: "/proc/none/here" }, /\/proc\/none\/here cannot be made/],
  ]
  const ends = await Promise.all(refusals.map(([options]) => worker(options).ended))
  ends.forEach(({ code, words }, i) => {
    assert.match(words, refusals[i]![1])
    assert.is(code, 2)
  })
})

test.run()
