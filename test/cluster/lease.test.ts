/** A question ends with who asked it, however that ends: its tasks are let go, and nobody else notices. */

import { fork } from "node:child_process"
import { once } from "node:events"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { WorkerStatus } from "../../cluster/protocol.js"
import type { DStream } from "../../engine/fluent/types.js"
import { modulePath } from "../../scripts/places.js"

const test = suite<{ cluster: Embedded; session: ClientSession; lines: DStream<string> }>("leases of questions")

const child = modulePath("test/cluster/children/asker")

test.before(async context => {
  // A question's own time is not up for twenty minutes: nothing but its asker's end can end it.
  context.cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 16 * 2 ** 20, taskTimeoutMs: 3_600_000 })
  context.session = await connect(context.cluster.address, { user: "u", program: "p" })
  context.lines = context.session.readStream("lines", "1s")
  context.session.name(context.lines, "lines")
  await context.session.flush()
  const sender = await openSender(context.session, "lines")
  await sender.write(Buffer.from("a\nb\n"))
  await sender.close()
  for (let seen = 0; seen < 2; ) seen = await context.lines.last("1h").count()
})

test.after(async ({ session, cluster }) => {
  await session.close()
  await cluster.stop()
})

/** Looks at the workers until they are as wanted: nobody is told when a task begins. */
async function until(session: ClientSession, wanted: (running: number) => boolean): Promise<void> {
  for (;;) {
    const workers = (await session.host.request({ kind: "workers" })) as readonly WorkerStatus[]
    if (wanted(workers.reduce((sum, { running }) => sum + running, 0))) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

for (const end of ["SIGKILL", "SIGINT", "cancel", "close"] as const) {
  test(`a question that would run for ever ends with its asker: ${end}`, async ({ cluster, session, lines }) => {
    const asker = fork(child, [cluster.address])
    const ended = once(asker, "exit")
    await once(asker, "message")
    await until(session, running => running > 0)
    if (end === "cancel" || end === "close") asker.send(end)
    else asker.kill(end)
    await until(session, running => running === 0)
    assert.is(await lines.last("1h").count(), 2)
    asker.kill()
    await ended
  })
}

test.run()
