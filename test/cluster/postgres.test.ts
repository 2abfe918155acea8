/** `save` to a table of a real server, while workers are killed. Skipped where none is installed. */

import { execFileSync, spawn } from "node:child_process"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { freePort } from "../../scripts/free-port.js"

const test = suite("save to PostgreSQL")

const can = (() => {
  try {
    execFileSync("which", ["initdb", "postgres"], { stdio: "ignore" })
    return import.meta.resolve("pg") !== ""
  } catch {
    return false
  }
})()
const installed = can ? test : test.skip

/** A server does not run as root. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

/** An empty server on a free port; `stop` ends it and takes its files away. */
async function startServer() {
  const who = owner()
  const directory = mkdtempSync(join(tmpdir(), "rivulet-postgres-"))
  if (who.uid !== undefined) chownSync(directory, who.uid, who.gid!)
  const data = join(directory, "data")
  const port = await freePort()
  execFileSync("initdb", ["-D", data, "-A", "trust", "-U", "me", "--no-sync"], { ...who, cwd: directory, stdio: "ignore" })
  const server = spawn(
    "postgres",
    ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", directory, "-c", "fsync=off"],
    {
      ...who,
      cwd: directory,
      stdio: ["ignore", "ignore", "pipe"],
    },
  )
  const ended = new Promise<void>(resolve => server.once("exit", () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let words = ""
    server.stderr.on("data", chunk => {
      words += String(chunk)
      if (words.includes("ready to accept connections")) resolve()
    })
    server.once("exit", () => reject(new Error(words)))
  })
  return {
    url: `postgres://me@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill("SIGINT")
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

installed("each key has its newest row and each record is there once, though workers are killed", async () => {
  const server = await startServer()
  const { default: pg } = await import("pg")
  const database = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 5_000 })
  await database.connect()
  const cluster = await startEmbedded({ workers: 3, memoryBytes: 32 * 2 ** 20 })
  const session = await connect(cluster.address, { user: "me", partitions: 3 })
  const lines = session.readStream("lines", "500ms")
  const counts = lines.map((line): [string, number] => [line.split(" ")[0]!, 1]).runningReduce((a, b) => a + b)
  counts.save(`${server.url}/counts`, { key: ([word]) => word }).named("countsSaved")
  lines.save(`${server.url}/lines`).named("linesSaved")
  await session.flush()
  const sender = await openSender(session, "lines")
  const rounds = 4
  const each = 50
  const rowsOf = async (table: string) => {
    const { rows } = await database.query(`select count(*)::int as n from "${table}"`, []).catch(() => ({ rows: [{ n: 0 }] }))
    return rows[0]!.n as number
  }
  /** Resolves when a question to the server, asked at the end of each interval, is answered with yes. */
  const until = async (holds: () => Promise<boolean>) => {
    let stop = () => {}
    await new Promise<void>((resolve, reject) => {
      const subscription = session.onCompleted(counts, () => void holds().then(held => (held ? resolve() : undefined), reject))
      subscription.catch(reject)
      stop = () => void subscription.then(one => one.stop())
    })
    stop()
  }
  for (let round = 0; round < rounds; round++) {
    await sender.write(Buffer.from(Array.from({ length: each }, (_, i) => `w${i % 7} ${round * each + i}\n`).join("")))
    await sender.flush()
    if (round === 1 || round === 3) {
      // Else it would be a second failure at once.
      await until(async () => !(await session.status()).warnings.some(text => /one copy/.test(text)))
      await cluster.kill(`w${round}`)
    }
    await until(async () => (await rowsOf("lines")) >= (round + 1) * each)
  }
  await sender.close()
  const total = rounds * each
  const should = Array.from({ length: 7 }, (_, k) => [
    `w${k}`,
    Array.from({ length: total }, (_, i) => (i % each) % 7).filter(n => n === k).length,
  ])
  await until(async () => (await database.query("select sum((value->>1)::int)::int as n from counts", [])).rows[0]!.n === total)
  const { rows: saved } = await database.query(`select key #>> '{}' as key, value from counts order by key`, [])
  assert.equal(
    saved.map(({ key, value }) => [key, value]),
    should.map(([key, n]) => [key, [key, n]]),
  )
  const { rows: records } = await database.query(`select value #>> '{}' as line from lines`, [])
  assert.is(records.length, total)
  assert.is(new Set(records.map(({ line }) => line)).size, total)
  await session.close()
  await cluster.stop()
  await database.end()
  await server.stop()
})

test.run()
