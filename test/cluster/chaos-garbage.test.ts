/** Whatever comes to a port of a master or worker, they go on, and their logs stay short and readable. */
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { connect as connectTcp } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Dealer } from "zeromq"
import { openSender } from "../../cluster/client/send.js"
import { connect } from "../../cluster/client/session.js"
import { encodeMessage, encodePacket } from "../../cluster/codec.js"
import { startEmbedded } from "../../cluster/embedded.js"
import { protocolVersion } from "../../cluster/protocol.js"
import { parseAddress } from "../../cluster/security.js"
import { Random } from "../../cluster/testing/random.js"

const test = suite("garbage")
const text = (value: string) => Buffer.from(value)
const random = new Random(20_261_121)
const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => random.integer(0, 256)))

/** ZMTP 3.1 with the NULL mechanism, as far as what follows is taken for traffic of a Dealer with that name. */
const greeting = Buffer.concat([Buffer.from("ff00000000000000017f0300", "hex"), text("NULL".padEnd(20, "\0")), Buffer.alloc(32)])
const property = (name: string, value: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(value.length)
  return Buffer.concat([Buffer.of(name.length), text(name), length, value])
}
const ready = (socket: string, identity: Buffer) => {
  const body = Buffer.concat([Buffer.of(5), text("READY"), property("Socket-Type", text(socket)), property("Identity", identity)])
  return Buffer.concat([
    Buffer.of(body.length > 255 ? 6 : 4),
    ...(body.length > 255 ? [long(body.length)] : [Buffer.of(body.length)]),
    body,
  ])
}
function long(bytes: number | bigint): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(bytes))
  return length
}
const dealer = (name: string) => Buffer.concat([greeting, ready("DEALER", text(name))])
/** Flag bits: 1 more, 2 long, 4 command. */
const frame = (flags: number, body: Buffer) => Buffer.concat([Buffer.of(flags), Buffer.of(body.length), body])

const raw: [string, Buffer[]][] = [
  ["nothing", []],
  ["HTTP", [text("GET / HTTP/1.1\r\nhost: x\r\n\r\n")]],
  ["TLS", [Buffer.from("16030100f5010000f10303", "hex"), noise(240)]],
  ["noise", Array.from({ length: 8 }, () => noise(random.integer(1, 3_000)))],
  ["ones", [Buffer.alloc(100_000, 0xff)]],
  ["zeros", [Buffer.alloc(100_000)]],
  ["half a greeting", [greeting.subarray(0, 11)]],
  ["ZMTP 1.0", [Buffer.of(1, 0), frame(0, text("x"))]],
  ["ZMTP 2.0", [Buffer.from("ff00000000000000017f01", "hex"), Buffer.of(5), frame(0, text("w1")), frame(0, noise(90))]],
  ["an unknown mechanism", [Buffer.from("ff00000000000000017f0300", "hex"), text("PLAIN".padEnd(20, "\0")), Buffer.alloc(32), noise(60)]],
  ["no READY", [greeting, frame(4, noise(40)), frame(0, noise(40))]],
  ["a READY of noise", [greeting, frame(4, Buffer.concat([Buffer.of(5), text("READY"), noise(60)]))]],
  ["another kind of socket", [greeting, ready("PUB", text("p"))]],
  ["a name of 255 bytes", [dealer("n".repeat(255)), frame(0, noise(50))]],
  ["a name of 300 bytes", [dealer("n".repeat(300)), frame(0, noise(50))]],
  ["a frame of 2^62 bytes", [dealer("g1"), Buffer.of(2), long(2n ** 62n), noise(1_000)]],
  ["a frame that is longer than what comes", [dealer("g2"), Buffer.of(2), long(1_000_000), noise(1_000)]],
  ["a command of 2^63 bytes", [dealer("g3"), Buffer.of(6), long(2n ** 63n), noise(1_000)]],
  ["commands", [dealer("g4"), ...Array.from({ length: 50 }, () => frame(4, noise(random.integer(0, 200))))]],
  [
    "PING and PONG without end",
    [dealer("g5"), ...Array.from({ length: 50 }, () => frame(4, Buffer.concat([Buffer.of(4), text("PING"), noise(10)])))],
  ],
  ["SUBSCRIBE", [dealer("g6"), frame(4, Buffer.concat([Buffer.of(9), text("SUBSCRIBE"), noise(10)]))]],
  ["bad flags", [dealer("g7"), frame(0xf8, noise(20)), frame(0xff, noise(20))]],
  ["parts without end", [dealer("g8"), ...Array.from({ length: 2_000 }, () => frame(1, noise(3)))]],
  ["messages of noise", [dealer("g9"), ...Array.from({ length: 500 }, () => frame(0, noise(random.integer(0, 200))))]],
]

function pour(port: number, bytes: readonly Buffer[]): Promise<void> {
  return new Promise(resolve => {
    const socket = connectTcp(port, "127.0.0.1", () => {
      for (const piece of bytes) socket.write(piece)
      socket.end()
    })
    socket.setTimeout(200, () => socket.destroy())
    socket.on("error", () => {})
    socket.on("close", () => resolve())
    socket.resume()
  })
}

/** Frames of this protocol, and nearly so. */
function nearly(to: string): (Buffer | Uint8Array)[][] {
  const packet = (from: string, message: Uint8Array, payload: Uint8Array[] = []) =>
    encodePacket({ kind: "datagram", from, to, fromLink: 0, toLink: 0, seq: 0, ack: 0, sacks: [], body: { message, payload } })
  const whole = packet("g#1", encodeMessage({ kind: "bye" }).message)[0]!
  const foreign = Buffer.from(whole)
  foreign[1] = protocolVersion + 1
  const messages = [[foreign], [whole, noise(100), noise(3)]] as (Buffer | Uint8Array)[][]
  for (let i = 0; i < 200; i++) {
    const bent = Buffer.from(whole)
    for (let n = random.integer(1, 4); n > 0; n--) bent[random.integer(0, bent.length)] = random.integer(0, 256)
    messages.push([bent], [bent.subarray(0, random.integer(0, bent.length))])
    messages.push(packet(`g${i}\n\u001b[31m#1`, noise(random.integer(1, 200))))
    messages.push(packet(`g${i}#1`, Buffer.concat([Buffer.of(i % 3), noise(random.integer(1, 400))])))
    messages.push(
      packet(`g${i}#1`, encodeMessage({ kind: "batch", session: "s", stream: "lines", seq: i, lowestUnacked: 0 }).message, [noise(300)]),
    )
    messages.push(Array.from({ length: random.integer(1, 6) }, () => noise(random.integer(0, 60))))
  }
  messages.push(Array.from({ length: 3_000 }, () => noise(1)))
  messages.push([Buffer.alloc(8 * 2 ** 20, 0x52)])
  return messages
}

test("nothing that comes to the ports of master and worker ends them, or fills their logs", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rivulet-test-"))
  const cluster = await startEmbedded({ workers: 1, cores: 1, memoryBytes: 64 * 2 ** 20, dir: directory })
  const before = cluster.processes()
  const session = await connect(cluster.address, { user: "u", program: "p" })
  const lines = session.readStream("lines", "1s")
  session.name(lines, "lines")
  const counts = lines.map((line): [string, number] => [line, 1]).runningReduce((a, b) => a + b)
  session.name(counts, "counts")
  await session.flush()
  const sender = await openSender(session, "lines")
  const nodes: [string, string][] = [
    ["master", cluster.address],
    ["w1", (await session.workers())[0]!.address],
  ]
  for (const [name, address] of nodes) {
    const { port } = parseAddress(address)
    await Promise.all(raw.map(([, bytes]) => pour(port, bytes)))
    const socket = new Dealer({ routingId: "g", linger: 500, sendHighWaterMark: 0 })
    socket.connect(address)
    for (const message of nearly(name)) await socket.send(message)
    socket.close()
    await sender.write(text("line\n"))
    await sender.flush()
  }
  await sender.close()
  await new Promise<void>((resolve, reject) => {
    session.onCompleted(counts, async () => ((await counts.get("line")) === 2 ? resolve() : null)).catch(reject)
  })
  assert.equal(cluster.processes(), before)
  const { workers } = await session.status()
  assert.ok(workers[0]!.dropped > 100, "dropped frames are counted")
  await session.close()
  await cluster.stop()
  for (const [name] of nodes) {
    const log = await readFile(join(directory, `${name}.log`), "utf8")
    assert.ok(log.split("\n").length < 60, `${name} said ${log.split("\n").length} lines`)
    assert.not.match(log, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufffd]/)
    assert.match(log, /dropped a frame/)
  }
  await rm(directory, { recursive: true })
})

test.run()
