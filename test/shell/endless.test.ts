/** A stream whose function does not end for some record: what the shell says of it, and that another can be tried in its place. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { openFeed, openShell } from "./checks-kit.js"

const test = suite("endless")
let cluster: Embedded

test.before(async () => {
  cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 64 * 2 ** 20, taskTimeoutMs: 1_500 })
})
test.after(() => cluster.stop())

test("what is known of it is said before its records are asked for; .edit tries the new one, and asks the present one once", async () => {
  const shell = await openShell(cluster)
  await shell.run('const events = readStream("events", "200ms", { format: "text" })')
  const feed = await openFeed(cluster, "events")
  await feed.send(["a", "b", "forever"])
  await shell.until("events.last('1m').count()", said => said.includes("  3\n"))
  await shell.run('const stuck = events.map(line => { while (line === "forever"); return line })')
  const about = await shell.run("stuck?")
  assert.match(about, /stuck[\s\S]*did not end with one record within 0\.5 s/)
  const tried = await shell.run(".edit stuck events.map(line => line)")
  assert.match(tried, /before: did not end with one record within 0\.5 s and was stopped\n {4}after: 3 records, none of them fails\n/)
  assert.match(tried, /\.adopt stuck puts it in place/)
  await feed.close()
  await shell.close()
})

test.run()
