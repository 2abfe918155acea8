import { fork } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { WorkerProcessOptions } from "../../cluster/worker/main.js"

const test = suite("a worker's process")

function worker(options: WorkerProcessOptions) {
  const entry = fileURLToPath(new URL("./children/worker.ts", import.meta.url))
  const child = fork(entry, [JSON.stringify({ cores: 1, memoryBytes: 2 ** 20, ...options })], {
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

test("without a master it says so and waits; a signal ends it with the signal's code", async () => {
  const master = `tcp://127.0.0.1:${await freePort()}`
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    const { child, said, ended } = worker({ master, name: "w9" })
    await said(/no master answers at tcp:\/\/127\.0\.0\.1:\d+: trying again/)
    child.kill(signal)
    assert.is((await ended).code, code)
  }
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
