/** A question ends with who asked it, however that ends: its tasks are let go, and nobody else notices. */

import { fork } from "node:child_process"
import { once } from "node:events"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import type { WorkerStatus } from "../../cluster/protocol.js"
import { modulePath } from "../../scripts/places.js"

const test = suite("leases of questions")

const child = modulePath("test/cluster/children/asker")

/** Looks at the workers until they are as wanted. */
async function until(session: ClientSession, wanted: (running: number) => boolean): Promise<void> {
  for (;;) {
    const workers = (await session.host.request({ kind: "workers" })) as readonly WorkerStatus[]
    if (wanted(workers.reduce((sum, { running }) => sum + running, 0))) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

for (const end of ["SIGKILL", "SIGINT", "cancel"] as const) {
  test(`a question that would run for ever ends with its asker: ${end}`, async () => {
    const cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 16 * 2 ** 20, taskTimeoutMs: 3_600_000 })
    const session = await connect(cluster.address, { user: "u", program: "p" })
    const lines = session.readStream("lines", "1s")
    session.name(lines, "lines")
    await session.flush()
    const sender = await openSender(session, "lines")
    await sender.write(Buffer.from("a\nb\n"))
    await sender.close()
    for (let seen = 0; seen < 2; ) seen = await lines.last("1m").count()

    const asker = fork(child, [cluster.address])
    await once(asker, "message")
    await until(session, running => running > 0)
    if (end === "cancel") asker.send("cancel")
    else asker.kill(end)
    // Its own time is not up for an hour: nothing else can end it.
    await until(session, running => running === 0)
    assert.is(await lines.last("1m").count(), 2)
    if (end === "cancel") asker.kill()
    await session.close()
    await cluster.stop()
  })
}

test.run()
