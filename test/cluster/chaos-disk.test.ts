/** A full disk under real processes: the limit on a file's size is what the kernel has for it. */
import { execFileSync } from "node:child_process"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { StateDStream } from "../../engine/fluent/types.js"

const test = suite("a full disk")

const limit = (pid: number, bytes: string) => execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}`])

test("while the journal cannot be written, what only asks is answered; what was sent meanwhile is counted once it can", async () => {
  const cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const lines = session.readStream("lines", "1s")
  session.name(lines, "lines")
  const counts = lines.map((): [string, number] => ["all", 1]).runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  const sender = await openSender(session, "lines")
  let sent = 0
  const send = async (n: number) => {
    await sender.write(Buffer.from("line\n".repeat(n)))
    await sender.flush()
    sent += n
  }
  const counted = () =>
    new Promise<void>((resolve, reject) => {
      const subscription = session.onCompleted(counts, async () => {
        if ((await counts.get("all")) !== sent) return
        resolve()
        await (await subscription).stop()
      })
      subscription.catch(reject)
    })
  await send(100)
  await counted()

  const { pid, release } = { pid: cluster.processes().get("master")!, release: () => limit(pid, "unlimited:unlimited") }
  limit(pid, "1:unlimited")
  await send(100)
  const other: ClientSession = await connect(cluster.address, { user: "v" })
  while (!(await other.status()).warnings.some(text => /journal/.test(text))) await new Promise(resolve => setTimeout(resolve, 100))
  assert.is((await other.workers()).length, 2)
  assert.is(await (other.stream("p/counts") as unknown as StateDStream<string, number>).get("all"), 100)
  // What is defined waits, and is there when it can be.
  const late = other
    .stream("p/lines")
    .map(line => [line, 2] as [string, number])
    .runningReduce((a, b) => a + b)
  other.name(late, "late")
  const defined = other.flush()
  await other.status()
  release()
  await defined
  await send(100)
  await counted()
  assert.is(cluster.processes().get("master"), pid, "the master lived through it")
  await other.close()
  await sender.close()
  await session.close()
  await cluster.stop()
})

test.run()
