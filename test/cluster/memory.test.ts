/** More than memory holds, on real processes: it goes to disk, senders wait, nothing is lost. */

import { readFileSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"

const test = suite("memory and disk")

const mebibyte = 2 ** 20
const lineBytes = 128
/** 128 KiB of lines, each different. */
const chunkLines = 1_024
const chunk = (from: number) =>
  Buffer.from(Array.from({ length: chunkLines }, (_, i) => `${`line ${from + i} `.padEnd(lineBytes - 1, "x")}\n`).join(""))

const residentBytes = (pid: number) => Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]) * 1024

test("several times what memory holds: what is received is all counted, memory stays below its cap, questions read the disk", async () => {
  const cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 16 * mebibyte })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const lines = session.readStream("lines", "500ms")
  session.name(lines, "lines")
  const counted = lines.map((): [string, number] => ["all", 1]).runningReduce((a, b) => a + b)
  session.name(counted, "counted")
  await session.flush()
  const base = new Map([...cluster.processes()].map(([name, pid]) => [name, residentBytes(pid)]))

  const sender = await openSender(session, "lines")
  const chunks = 320
  for (let i = 0; i < chunks; i++) await sender.write(chunk(i * chunkLines))
  await sender.close()
  assert.is(sender.counters().acked, chunks * chunkLines)
  await new Promise<void>((resolve, reject) => {
    const look = async () => ((await counted.get("all")) === chunks * chunkLines ? resolve() : undefined)
    session.onCompleted(counted, () => void look().catch(reject)).catch(reject)
  })

  const workers = await session.workers()
  for (const { name, bytes, cap, spilled } of workers) {
    assert.ok(bytes <= cap, `${name}: ${bytes} of ${cap}`)
    assert.ok(spilled > 12 * mebibyte, `${name} has ${spilled} bytes on disk`)
  }
  // 40 MB were received, twice: none of it is in any process's memory but what the cap allows, and what threads need.
  for (const [name, pid] of cluster.processes())
    assert.ok(residentBytes(pid) - base.get(name)! < 400 * mebibyte, `${name} grew by ${residentBytes(pid) - base.get(name)!}`)
  const first = (await session.streams()).find(({ name }) => name === "lines")!
  const { value, stamp } = await lines.slice(first.reaches, Date.now()).count().stamped()
  assert.is(value, chunks * chunkLines)
  assert.ok(stamp.from.includes("disk"))
  await session.close()
  await cluster.stop()
})

test("more than is computed, with a disk that is used up too: the sender waits, and each line that it sent is counted once", async () => {
  const diskBytes = 16 * mebibyte
  const cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * mebibyte, diskBytes })
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const lines = session.readStream("lines", "500ms")
  session.name(lines, "lines")
  // How many, and the sum of their numbers. It takes about ten times as long as to receive them.
  const counted = lines
    .map((line): [string, [number, number]] => {
      let work = 0
      for (let i = 0; i < 20_000; i++) work += i & 1
      return ["all", [work / 10_000, Number(line.split(" ")[1])]]
    })
    .runningReduce(([n, sum], [m, more]): [number, number] => [n + m, sum + more])
  session.name(counted, "counted")
  await session.flush()
  const base = new Map([...cluster.processes()].map(([name, pid]) => [name, residentBytes(pid)]))

  // Memory above the mark and both disks hold 70 MB of it, twice.
  const chunks = 1_200
  const longer = (chunk: Buffer) => Buffer.from(chunk.toString("latin1").replaceAll("\n", `${"y".repeat(896)}\n`), "latin1")
  const sender = await openSender(session, "lines")
  let under = 0
  for (let i = 0; i < chunks; i++) {
    await sender.write(longer(chunk(i * chunkLines).subarray(0, (lineBytes * chunkLines) / 8)))
    under = Math.max(under, (i + 1) * 128 * 1_024 - sender.counters().ackedBytes)
  }
  await sender.close()
  const n = (chunks * chunkLines) / 8
  assert.is(sender.counters().acked, n)
  assert.ok(under < 80 * mebibyte, `${under} bytes were written and not yet acked`)
  await new Promise<void>((resolve, reject) => {
    const look = async () => ((await counted.get("all"))?.[0] === n ? resolve() : undefined)
    session.onCompleted(counted, () => void look().catch(reject)).catch(reject)
  })
  const numbers = Array.from({ length: chunks }, (_, i) => Array.from({ length: chunkLines / 8 }, (_, j) => i * chunkLines + j))
  assert.equal(await counted.get("all"), [n, numbers.flat().reduce((a, b) => a + b, 0)])
  const since = (await session.streams()).find(({ name }) => name === "lines")!
  assert.ok(since.reaches > since.since, "the oldest input went")
  const gone = await lines
    .slice(since.since, since.since + 500)
    .count()
    .then(
      n => `${n} lines`,
      (error: Error & { code: number }) => `${error.code} ${error.message}`,
    )
  assert.match(gone, /^5 lines reaches back to \d{4}-\S+: \d{4}-\S+ is no longer retained$/)
  for (const { name, bytes, cap, spilled } of await session.workers()) {
    assert.ok(bytes <= cap, `${name}: ${bytes} of ${cap}`)
    assert.ok(spilled <= diskBytes, `${name}: ${spilled}`)
  }
  for (const [name, pid] of cluster.processes())
    assert.ok(residentBytes(pid) - base.get(name)! < 400 * mebibyte, `${name} grew by ${residentBytes(pid) - base.get(name)!}`)
  await session.close()
  await cluster.stop()
})

test.run()
