import { execFileSync } from "node:child_process"
import { connect as connectTcp, createServer } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { reserveBlockMemory } from "../../cluster/adapters/block-memory.js"
import { someoneListens } from "../../cluster/adapters/probe.js"
import type { NodeId } from "../../cluster/ports.js"
import { isLoopback, parseAddress } from "../../cluster/security.js"
import { ZeromqTransport } from "../../cluster/transport/zeromq.js"
import { RivuletError } from "../../engine/errors.js"

/** A transport whose messages and losses can be waited for, one by one. */
async function node(name: NodeId, bind?: string) {
  const transport = bind === undefined ? ZeromqTransport.open({ node: name }) : (await ZeromqTransport.listen(bind)).open({ node: name })
  const inbox: { from: NodeId; frames: string[]; bytes: readonly Uint8Array[] }[] = []
  const losses: NodeId[] = []
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  transport.onReceived((from, frames) => {
    inbox.push({ from, frames: frames.map(frame => Buffer.from(frame).toString("latin1", 0, 100)), bytes: frames })
    wake()
  })
  transport.onLost(peer => {
    losses.push(peer)
    wake()
  })
  const until = (what: () => boolean) =>
    new Promise<void>(resolve => {
      const look = () => {
        if (!what()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return {
    transport,
    losses,
    inbox,
    until,
    next: async () => {
      await until(() => inbox.length > 0)
      return inbox.shift()!
    },
  }
}

/** Run apart, where few files may be open: what it prints when it has connected although there was no room for a socket. */
const shortOfFiles = (module: string) => `
  import { closeSync, openSync } from "node:fs"
  const { ZeromqTransport } = await import(${JSON.stringify(module)})
  const b = (await ZeromqTransport.listen("tcp://127.0.0.1:0")).open({ node: "b#1" })
  const held = []
  const a = ZeromqTransport.open({
    node: "a#1",
    say: text => {
      console.log(text.replace(/127.*: /, ""))
      while (held.length > 0) closeSync(held.pop())
    },
  })
  const reached = new Promise(resolve => a.onReached(resolve))
  try {
    for (;;) held.push(openSync("/dev/null"))
  } catch {}
  a.connect("b#1", b.address)
  console.log("reached", await reached)
  await a.close()
  await b.close()`

/** Sends again and again, as the channel does, until the other side has it. */
async function sendUntil(send: () => void, arrived: Promise<unknown>) {
  const timer = setInterval(send, 20)
  send()
  await arrived
  clearInterval(timer)
}

const text = (value: string) => Buffer.from(value)

test("a connection that is thought to lead nowhere is made anew, and what was known of the old one does not end it", async () => {
  const a = await node("a#1", "tcp://127.0.0.1:0")
  const b = await node("b#1", "tcp://127.0.0.1:0")
  a.transport.connect("b#1", b.transport.address!)
  a.transport.send("b#1", [text("1")])
  assert.equal((await b.next()).frames, ["1"])
  const links = (a.transport as unknown as { links: Map<string, { state: string }> }).links
  const before = links.get("b")!
  // Its handshake was never heard of.
  before.state = "down"
  a.transport.renew("b#1")
  assert.is.not(links.get("b"), before)
  await sendUntil(() => a.transport.send("b#1", [text("2")]), b.next())
  a.transport.renew("c#1")
  await Promise.all([a.transport.close(), b.transport.close()])
})

test("a listener answers who came, by name; frames arrive as they were", async () => {
  const master = await node("master#1", "tcp://127.0.0.1:0")
  const client = await node("c-1#1")
  client.transport.connect("master", master.transport.address!)
  const memory = reserveBlockMemory(4 * 1024 * 1024)
  const big = new Uint8Array(memory.buffer, 4_096, 3_000_000).fill(7)
  client.transport.send("master", [text("hello"), big, new Uint8Array(0)])
  const got = await master.next()
  assert.is(got.from, "c-1")
  assert.equal(
    got.bytes.map(frame => frame.byteLength),
    [5, 3_000_000, 0],
  )
  assert.ok(got.bytes[1]!.every(byte => byte === 7))
  master.transport.send("c-1#1", [text("welcome")])
  const answer = await client.next()
  assert.equal([answer.from, answer.frames], ["master", ["welcome"]])
  // the incarnation that answered is reached by the same way
  client.transport.send("master#1", [text("again")])
  assert.equal((await master.next()).frames, ["again"])
  await Promise.all([client.transport.close(), master.transport.close()])
})

test("two listeners reach each other, each by the Dealer it opened", async () => {
  const a = await node("w1#1", "tcp://127.0.0.1:0")
  const b = await node("w2#1", "tcp://127.0.0.1:0")
  a.transport.connect("w2#1", b.transport.address!)
  b.transport.connect("w1#1", a.transport.address!)
  for (let i = 0; i < 500; i++) {
    a.transport.send("w2#1", [text(`a${i}`)])
    b.transport.send("w1#1", [text(`b${i}`)])
  }
  await a.until(() => a.inbox.length === 500)
  await b.until(() => b.inbox.length === 500)
  assert.equal(
    a.inbox.map(message => message.frames[0]),
    Array.from({ length: 500 }, (_, i) => `b${i}`),
  )
  assert.ok(b.inbox.every(message => message.from === "w1"))
  await Promise.all([a.transport.close(), b.transport.close()])
})

test("a broken connection is noticed, and used again once the node is back; to whichever incarnation is there", async () => {
  const first = await node("w1#1", "tcp://127.0.0.1:0")
  const address = first.transport.address!
  const other = await node("m#1")
  other.transport.connect("w1#1", address)
  other.transport.send("w1#1", [text("one")])
  await first.next()
  await first.transport.close()
  await other.until(() => other.losses.length === 1)
  other.transport.send("w1#1", [text("lost")])
  const second = await node("w1#2", address)
  await sendUntil(
    () => other.transport.send("w1#1", [text("two")]),
    second.until(() => second.inbox.length > 0),
  )
  assert.is(second.inbox[0]!.frames[0], "two")
  second.transport.send("m#1", [text("new here")])
  assert.is((await other.next()).from, "w1")
  assert.equal(other.losses, ["w1"])
  // giving up the earlier incarnation does not cut the later one off
  other.transport.connect("w1#2", address)
  other.transport.disconnect("w1#1")
  other.transport.send("w1#2", [text("three")])
  await second.until(() => second.inbox.some(message => message.frames[0] === "three"))
  other.transport.disconnect("w1#2")
  other.transport.send("w1#2", [text("four")])
  assert.is(other.transport.dropped > 0, true)
  await Promise.all([other.transport.close(), second.transport.close()])
})

test("a node that was never there is lost once, not at every attempt", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise(resolve => server.once("listening", resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  const a = await node("a#1")
  a.transport.connect("b#1", `tcp://127.0.0.1:${port}`)
  await a.until(() => a.losses.length === 1)
  const b = await node("b#1", `tcp://127.0.0.1:${port}`)
  await sendUntil(
    () => a.transport.send("b#1", [text("x")]),
    b.until(() => b.inbox.length > 0),
  )
  assert.equal(a.losses, ["b"])
  await Promise.all([a.transport.close(), b.transport.close()])
})

test("who came to a listener and is gone is lost, by name; who is still there is not, and hears nothing of it", async () => {
  const master = await node("master#1", "tcp://127.0.0.1:0")
  const nodes = await Promise.all([1, 2, 3].map(i => node(`w${i}#1`)))
  for (const { transport } of nodes) {
    transport.connect("master", master.transport.address!)
    transport.send("master", [text("hello")])
  }
  await master.until(() => master.inbox.length === 3)
  for (let i = 0; i < 3; i++) {
    await nodes[i]!.transport.close()
    await master.until(() => master.losses.length === i + 1)
  }
  assert.equal(master.losses, ["w1", "w2", "w3"])
  assert.equal([nodes[1]!.inbox, nodes[2]!.inbox], [[], []])
  await master.transport.close()
})

test("whether anybody listens is known at once", async () => {
  const a = await node("a#1", "tcp://127.0.0.1:0")
  const { address } = a.transport
  assert.is(await someoneListens(address!), true)
  await a.transport.close()
  // ZeroMQ closes in a thread of its own, a moment later.
  let listens = await someoneListens(address!)
  while (listens === true) listens = await someoneListens(address!)
  assert.is(listens, false)
})

test("what cannot be sent is dropped and counted, and nothing throws", async () => {
  const a = await node("a#1", "tcp://127.0.0.1:0")
  a.transport.send("nobody#1", [text("x")])
  for (const address of ["", "tcp://", "nonsense://x", "tcp://no such host:1", "tcp://127.0.0.1:99999"]) a.transport.connect("b#1", address)
  a.transport.disconnect("b#1")
  a.transport.connect("a#1", a.transport.address!)
  const b = await node("b#1")
  b.transport.send("a#1", [text("no way there")])
  assert.is(b.transport.dropped, 1)
  b.transport.connect("a#1", a.transport.address!)
  b.transport.send("a#1", [text("still here")])
  assert.is((await a.next()).frames[0], "still here")
  assert.is(a.transport.dropped, 1)
  await Promise.all([a.transport.close(), b.transport.close()])
  a.transport.send("b#1", [text("after close")])
})

test("garbage on the port does no harm", async () => {
  const a = await node("a#1", "tcp://127.0.0.1:0")
  const { port } = parseAddress(a.transport.address!)
  const greeting = Buffer.concat([Buffer.from("ff00000000000000017f0300", "hex"), text("NULL".padEnd(20, "\0")), Buffer.alloc(32)])
  const junk = [
    text("GET / HTTP/1.1\r\n\r\n"),
    Buffer.alloc(100_000, 0xff),
    greeting,
    // a greeting, then a command of 4 GiB
    Buffer.concat([greeting, Buffer.from("06ffffffffffffffff", "hex"), Buffer.alloc(1_000)]),
  ]
  for (const bytes of junk) {
    await new Promise<void>(resolve => {
      const socket = connectTcp(port, "127.0.0.1", () => socket.end(bytes))
      socket.on("error", () => resolve())
      socket.on("close", () => resolve())
      socket.resume()
    })
  }
  const b = await node("b#1")
  b.transport.connect("a#1", a.transport.address!)
  b.transport.send("a#1", [text("fine")])
  assert.is((await a.next()).frames[0], "fine")
  await Promise.all([a.transport.close(), b.transport.close()])
})

test("addresses that others can reach are refused, taken ones named, each with what to do", async () => {
  const loopback: [string, boolean][] = [
    ["tcp://127.0.0.1:7077", true],
    ["127.8.9.10:1", true],
    ["tcp://[::1]:7077", true],
    ["localhost:7077", true],
    ["ipc:///tmp/x", true],
    ["tcp://0.0.0.0:7077", false],
    ["tcp://*:7077", false],
    ["tcp://[::]:7077", false],
    ["tcp://10.0.0.1:7077", false],
    ["tcp://127.0.0.1.evil.com:7077", false],
    ["tcp://[::ffff:10.0.0.1]:7077", false],
  ]
  for (const [address, expected] of loopback) assert.is(isLoopback(parseAddress(address)), expected, address)

  const refusal = async (bind: string) => {
    try {
      await ZeromqTransport.listen(bind)
    } catch (error) {
      assert.instance(error, RivuletError)
      return error as RivuletError
    }
    throw new Error(`${bind} was not refused`)
  }
  const open = await refusal("tcp://0.0.0.0:7077")
  assert.match(open.message, /needs keys/)
  assert.match(open.try!, /ssh -N -L 7077/)
  const a = await node("a#1", "tcp://127.0.0.1:0")
  const taken = await refusal(a.transport.address!)
  assert.match(taken.message, /in use/)
  assert.is(taken.code, 2)
  assert.is((await refusal("nonsense")).code, 2)
  await a.transport.close()
})

test("a node that cannot open a socket, as too many files are open, connects once it can", () => {
  const script = shortOfFiles(new URL("../../cluster/transport/zeromq.js", import.meta.url).href)
  const said = execFileSync("sh", ["-c", `ulimit -n 120; exec "$0" "$@"`, process.execPath, "--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  })
  assert.equal(said.trim().split("\n"), ["cannot connect to b#1 at tcp://Too many open file descriptors", "reached b"])
})

test.run()
