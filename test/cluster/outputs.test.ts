/** Outputs on real processes: what `foreachRDD` and `save` make of a live stream, while workers are killed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { tableFromIPC } from "apache-arrow"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { ClientSession } from "../../cluster/client/client-session.js"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { CatalogEntry } from "../../cluster/protocol.js"
import { sum } from "../../engine/builtins.js"
import { root } from "../../scripts/places.js"

const test = suite<{ cluster: Embedded; session: ClientSession; directory: string }>("outputs on processes")

test.before(async context => {
  context.directory = mkdtempSync(join(tmpdir(), "rivulet-outputs-"))
  context.cluster = await startEmbedded({ workers: 3 })
  context.session = await connect(context.cluster.address, { user: "me", partitions: 3 })
})

test.after(async ({ session, cluster, directory }) => {
  await session?.close()
  await cluster?.stop()
  rmSync(directory, { recursive: true })
})

async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const entryOf = async (session: ClientSession, name: string): Promise<CatalogEntry> =>
  (await session.host.request({ kind: "catalog" })).find(({ definition }) => definition.name === name)!

async function printed(session: ClientSession, stream: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { text } of session.logs({ stream })) lines.push(text)
  return lines
}

test("every record of a live stream is printed and saved once, though the worker that does it is killed", async context => {
  const { session, cluster, directory } = context
  const lines = session.readStream("lines", "200ms")
  const dir = join(directory, "lines")
  // Relative to where the user is, which is not where the workers are.
  lines.save(relative(process.cwd(), dir)).named("saved")
  lines.foreachRDD(async (rdd, { from }) => console.log(`${from} ${await rdd.count()}`), { name: "told" })
  await session.flush()
  const sender = await openSender(session, "lines")
  let sent = 0
  const send = async () => {
    await sender.write(Buffer.from(`${sent++}\n`))
    await sender.flush()
  }
  let sending = true
  const stream = (async () => {
    while (sending) {
      await send()
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  })()
  const worker = await until(async () => {
    for await (const { worker: name } of session.logs({ stream: "told" })) return name
  })
  await cluster.kill(worker)
  const before = (await entryOf(session, "told")).throughMs
  await until(async () => ((await entryOf(session, "told")).throughMs > before + 2_000 ? true : undefined))
  sending = false
  await stream
  await sender.close()
  const last = await until(async () => {
    const total = await lines
      .slice("-10m", "now")
      .count()
      .catch(() => 0)
    return total === sent ? (await entryOf(session, "lines")).throughMs : undefined
  })
  for (const name of ["told", "saved"]) await until(async () => ((await entryOf(session, name)).throughMs >= last ? true : undefined))

  const files = readdirSync(dir).filter(name => !name.startsWith("."))
  const rows = files.flatMap(name =>
    readFileSync(join(dir, name), "utf8")
      .split("\n")
      .filter(Boolean)
      .map(row => Number(JSON.parse(row))),
  )
  assert.equal(
    rows.sort((a, b) => a - b),
    Array.from({ length: sent }, (_, i) => i),
  )
  // At least once: of an interval that was driven twice both say the same.
  const counts = new Map((await printed(session, "told")).map(line => line.split(" ").map(Number) as [number, number]))
  assert.is(
    [...counts.values()].reduce((sum, n) => sum + n, 0),
    sent,
  )
  for (const name of ["told", "saved"]) assert.is((await entryOf(session, name)).state, "running")
})

test("an output whose body throws, or that cannot write, is held with what a person needs; others go on", async ({
  session,
  directory,
}) => {
  const words = session.readStream("words", "200ms")
  const at = join(directory, "a-file")
  writeFileSync(at, "")
  words.foreachRDD(
    async rdd => {
      if ((await rdd.count()) > 0) throw new TypeError("no such table")
    },
    { name: "throws" },
  )
  words.foreachRDD(async rdd => void (await rdd.collect({ max: 1 })), { name: "asks" })
  words.save(join(at, "below")).named("nowhere")
  words.foreachRDD(() => new Promise(() => {}), { name: "hangs" })
  words.print(1).named("prints")
  await session.flush()
  const sender = await openSender(session, "words")
  for (const word of ["one", "two", "three"]) await sender.write(Buffer.from(`${word}\n`))
  await sender.close()
  const held = async (name: string) => until(async () => (await entryOf(session, name)).held?.failure)

  const thrown = await held("throws")
  assert.equal([thrown.kind, thrown.errorName, thrown.message], ["user", "TypeError", "no such table"])
  assert.match(thrown.origin!.text, /words.foreachRDD/)
  const asks = await held("asks")
  assert.match(`${asks.message}, try ${asks.try}`, /3 rows.*try .*top\(n\)/)
  assert.match((await held("nowhere")).message, /cannot write .*a-file\/below\/.*ndjson: a part of the path is no directory/)
  await until(async () => ((await printed(session, "prints")).includes("one") ? true : undefined))
  // A body that waits for ever is one only until its stream is stopped.
  assert.is((await entryOf(session, "hangs")).held, undefined)
  await session.stream("hangs").stop()
  assert.is(await entryOf(session, "hangs"), undefined)
})

test("an RDD is saved as Parquet, and read again, here and there", async ({ session, directory }) => {
  const rows = Array.from({ length: 300 }, (_, i) => ({ url: `/é${i % 7}`, n: i / 2, at: new Date(i), tags: i % 3 ? ["a", `b${i}`] : [] }))
  const saved = await session.parallelize(rows, 2).save(join(directory, "parquet"), { format: "parquet" })
  assert.is(saved.rows, 300)
  assert.equal(await session.parquetFile(join(directory, "parquet", "*.parquet")).collect(), rows)
  assert.equal(await session.parquetFile(`local:${join(directory, "parquet")}/*.parquet`).collect(), rows)
  // As DuckDB writes them: row groups, dictionaries, gzip.
  const fixtures = join(root, "test/engine/data/fixtures")
  const types = session.parquetFile<{ id: bigint; price: number; l: bigint[] | null }>(join(fixtures, "types.parquet"))
  assert.is(await types.count(), 200)
  assert.equal(await types.filter(({ l }) => l === null).count(), 50)
  assert.is(await types.map(({ price }) => price).reduce(sum), (199 * 200 * 1.25) / 2)
})

test("lines of a file beside the client travel with the question, several to a message", async ({ session, directory }) => {
  const line = "a line that is about a hundred bytes long, so that many of them are more than one message holds, number "
  writeFileSync(join(directory, "local.log"), Array.from({ length: 150_000 }, (_, i) => `${line}${i}\n`).join(""))
  const lines = session.textFile(`local:${join(directory, "local.log")}`)
  assert.is(await lines.count(), 150_000)
  assert.is(await lines.map(l => Number(l.slice(l.lastIndexOf(" ")))).reduce(sum), (149_999 * 150_000) / 2)
})

test("an RDD is saved as an Arrow file, which the library reads", async ({ session, directory }) => {
  const rows = [
    { url: "/a", n: 1 },
    { url: "/b", n: 2 },
  ]
  const saved = await session.parallelize(rows, 1).save(join(directory, "arrow"), { format: "arrow" })
  assert.equal(saved, { files: [join(directory, "arrow", "0000.arrow")], rows: 2 })
  const table = tableFromIPC(readFileSync(saved.files[0]!))
  assert.equal(
    [...table].map(row => row.toJSON()),
    rows,
  )
})

test.run()
