/** Keys: which connections come in over real sockets, what the others hear, and the files that hold them. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { allowKey, allowListGate, createKey, listAllowed, readKey } from "../../cluster/adapters/key-files.js"
import { parseAddress } from "../../cluster/security.js"
import { Callers } from "../../cluster/transport/callers.js"
import { type Admission, readRoutingId, routingIdFor } from "../../cluster/transport/credentials.js"
import { fromZ85, newKeyPair, toZ85 } from "../../cluster/transport/curve.js"
import { ZeromqTransport } from "../../cluster/transport/zeromq.js"

const home = mkdtempSync(join(tmpdir(), "rivulet-keys-"))
process.env.XDG_CONFIG_HOME = home
test.after(() => rmSync(home, { recursive: true, force: true }))

/** What comes of a client that says a word to a node with keys: the word arrives, or the client hears why not. */
async function knock(how: { allowed: boolean; key: "right" | "wrong" | "none" }): Promise<string> {
  const [server, client] = [newKeyPair(), newKeyPair()]
  const listening = await ZeromqTransport.listen("tcp://127.0.0.1:0", {
    pair: server,
    gate: key => (how.allowed && key === client.publicKey ? { label: "me", readOnly: false } : null),
  })
  const node = listening.open({ node: "master#1" })
  const address = parseAddress(node.address!)
  assert.is(address.key, server.publicKey)
  const shown = { right: `#${server.publicKey}`, wrong: `#${client.publicKey}`, none: "" }[how.key]
  return new Promise<string>(resolve => {
    const caller = ZeromqTransport.open({
      node: "c-1#1",
      curve: { pair: client, gate: () => null },
      onRefused: (_peer, reason, attempt) =>
        end(`${reason} | ${attempt}`.replaceAll(client.publicKey, "<mine>").replace(/tcp:\S+?(?=#)/, "<it>")),
    })
    const end = (outcome: string) => void Promise.all([caller.close(), node.close()]).then(() => resolve(outcome))
    node.onReceived((from, frames) => end(`${from}: ${Buffer.from(frames[0]!).toString()}`))
    caller.connect("master", `tcp://127.0.0.1:${address.port}${shown}`)
    caller.send("master", [Buffer.from("word")])
  })
}

const cases: [how: Parameters<typeof knock>[0], outcome: string][] = [
  [{ allowed: true, key: "right" }, "c-1: word"],
  [{ allowed: false, key: "right" }, "its list of allowed keys has not <mine> | on its machine: rivulet keys allow <mine>"],
  [{ allowed: true, key: "wrong" }, "it has another key | ask for its address again"],
  [{ allowed: true, key: "none" }, "it listens with a key | <it>#<its public key>"],
]
for (const [how, outcome] of cases) test(`a node with keys: ${JSON.stringify(how)}`, async () => assert.is(await knock(how), outcome))

test("an address with a key cannot be reached without one of one's own", async () => {
  const refusals: string[] = []
  const caller = ZeromqTransport.open({ node: "c-1#1", onRefused: (_peer, reason) => refusals.push(reason) })
  caller.connect("master", `tcp://127.0.0.1:9#${newKeyPair().publicKey}`)
  await caller.close()
  assert.match(refusals[0]!, /reached with a key/)
})

test("a node that listens beyond this machine needs keys, and is told how to make them", async () => {
  try {
    await ZeromqTransport.listen("tcp://0.0.0.0:0")
    assert.unreachable("it listens")
  } catch (error) {
    assert.match((error as { try: string }).try, /rivulet keys new/)
  }
  const listening = await ZeromqTransport.listen("tcp://0.0.0.0:0", { pair: newKeyPair(), gate: () => null })
  assert.is.not(parseAddress(listening.address).host, "0.0.0.0")
  await listening.open({ node: "master#1" }).close()
})

test("a routing id is worth something from whoever has its key alone", () => {
  const [node, ann, bob] = [newKeyPair(), newKeyPair(), newKeyPair()]
  const id = routingIdFor("c-1", ann, node.publicKey)
  assert.equal(readRoutingId(id, node), { name: "c-1", publicKey: ann.publicKey })
  assert.is(readRoutingId(id.replace("c-1", "c-2"), node), null, "another name")
  assert.is(readRoutingId(id.replace(ann.publicKey, bob.publicKey), node), null, "another's key")
  assert.is(readRoutingId(id, bob), null, "another node")
  assert.is(readRoutingId(`c-1|${"A".repeat(43)}|${"A".repeat(43)}`, node), null, "no key at all")
  assert.is(readRoutingId("c-1", node), null)
})

test("who speaks: by key, as the list is by now; a reader cannot be called as another is", () => {
  const [node, ann, bob] = [newKeyPair(), newKeyPair(), newKeyPair()]
  const list = new Map<string, Admission>([
    [ann.publicKey, { label: "ann", readOnly: false }],
    [bob.publicKey, { label: "bob", readOnly: true }],
  ])
  const callers = new Callers({ pair: node, gate: key => list.get(key) ?? null })
  const idOf = (name: string, pair: typeof ann) => routingIdFor(name, pair, node.publicKey)
  const says = (id: string, nowMs: number) => {
    const caller = callers.callerOf(Buffer.from(id), nowMs, name => name === "w1")
    return caller && `${caller.name} ${caller.readOnly}`
  }
  assert.is(says(idOf("c-1", ann), 0), "c-1 false")
  assert.is(says(idOf("c-2", bob), 0), "c-2 true")
  assert.is(callers.idOf("c-2"), idOf("c-2", bob), "where answers to it go")
  assert.is(says(idOf("c-1", bob), 0), null, "ann's name")
  assert.is(says(idOf("w1", bob), 0), null, "a worker's")
  assert.is(callers.idOf("c-1"), idOf("c-1", ann))
  assert.is(says(idOf("w2", node), 0), "w2 false", "the cluster's own key")
  list.set(bob.publicKey, { label: "bob", readOnly: false })
  list.delete(ann.publicKey)
  assert.is(says(idOf("c-2", bob), 500), "c-2 false")
  assert.is(says(idOf("c-1", ann), 500), null, "off the list")
  assert.is(new Callers(undefined).callerOf(Buffer.from("c-1"), 0, () => false)?.name, "c-1", "without keys a name is enough")
})

test("Z85 and back", () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 200) & 255)).toString("base64url")
  assert.is(fromZ85(toZ85(bytes)), bytes)
  // RFC 32's own example.
  assert.is(toZ85(Buffer.from("864fd26fb559f75b", "hex").toString("base64url")), "HelloWorld")
})

test("a public key can be typed behind a command: none begins like an option", () => {
  assert.equal(
    Array.from({ length: 1_000 }, () => newKeyPair().publicKey).filter(key => key.startsWith("-")),
    [],
  )
})

test("key files: made once, not readable by others, refused otherwise", () => {
  const { publicKey, path } = createKey("a")
  assert.is(readKey("a").publicKey, publicKey)
  assert.throws(() => createKey("a"), /already/)
  assert.throws(() => createKey("../a"), /no name/)
  assert.throws(() => readKey("b"), /no key b/)
  chmodSync(path, 0o644)
  assert.throws(() => readKey("a"), /can be read by others/)
})

test("the allow list is read anew when it changes; lines that are no key are passed over", () => {
  const gate = allowListGate()
  const { publicKey } = newKeyPair()
  assert.is(gate(publicKey), null)
  allowKey(publicKey, "ann of ops")
  assert.is(gate(publicKey)?.label, "ann of ops")
  assert.throws(() => allowKey("short", "bob"), /no public key/)
  assert.equal(listAllowed(), [{ publicKey, label: "ann of ops", readOnly: false }])
  allowKey(publicKey, "ann of ops", true)
  assert.is(gate(publicKey)?.readOnly, true, "the last line of a key holds")
  allowKey(publicKey, "read-onlyish")
  assert.equal(gate(publicKey), { publicKey, label: "read-onlyish", readOnly: false })
})

test.run()
