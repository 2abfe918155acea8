/** What people send by accident: each by a real process to a real cluster, with a clear message or the exact lines, and nothing else disturbed. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { DStream } from "../../engine/fluent/types.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { rowsOnce } from "../cluster/rows-kit.js"

const test = suite("rivulet send")
const directory = mkdtempSync(join(tmpdir(), "rivulet-send-"))
const at = (name: string) => join(directory, name)
let cluster: Embedded
let session: ClientSession
let streams = 0

interface Ran {
  readonly code: number | null
  readonly err: string
}

function send(
  args: readonly string[],
  input: Uint8Array | string = "",
  during: (child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Ran> {
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), "send", ...args], {
    cwd: root,
    env: { ...process.env, RIVULET_MASTER: cluster.address, HOME: directory },
    stdio: ["pipe", "pipe", "pipe"],
  })
  let err = ""
  child.stderr?.on("data", chunk => {
    err += String(chunk)
  })
  child.stdin?.on("error", () => {})
  child.stdin?.end(input)
  during(child)
  return new Promise(resolve => child.once("close", code => resolve({ code, err })))
}

/** A stream of its own, and its lines, or what is in its aside, once there are so many. */
async function stream(options: object = {}) {
  const name = `lines${++streams}`
  const handle: DStream<string> = session.readStream(name, "1s", options as never)
  session.name(handle, name)
  await session.flush()
  const { aside } = handle
  return { name, lines: (n: number) => rowsOnce(session, handle, n), aside: (n: number) => rowsOnce(session, handle, n, aside) }
}

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  session = await connect(cluster.address, { user: "u", program: "p" })
})
test.after(async () => {
  await session.close()
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

const longLine = "x".repeat(50 * 1024 * 1024)
const files: readonly [what: string, bytes: string | Uint8Array, lines: string[], says: RegExp][] = [
  ["nothing", "", [], /^0 lines acked of 0 sent/],
  ["CRLF", "one\r\ntwo\r\n\r\nthree\r\n", ["one", "two", "", "three"], /^4 lines acked of 4/],
  ["no final newline", "one\ntwo", ["one", "two"], /^2 lines acked of 2/],
  ["a last carriage return without a newline", "one\r\ntwo\r", ["one", "two\r"], /^2 lines acked of 2/],
  [
    "broken UTF-8",
    Uint8Array.of(97, 0xff, 98, 10, 0xe2, 0x82, 10, 99, 10),
    ["a\ufffdb", "\ufffd", "c"],
    /2 lines were not UTF-8: broken bytes became U\+FFFD/,
  ],
  ["binary", Uint8Array.from({ length: 512 }, (_, i) => i & 255), [], /3 lines acked of 3[\s\S]*lines were not UTF-8/],
  [
    "a line of 50 MB",
    `before\n${longLine}\nafter\n`,
    ["before", "after"],
    /2 lines acked of 2[\s\S]*1 lines were longer than 8 MiB and are set aside/,
  ],
]

test("a line that is too long for any record, of an input whose records have a time of their own", async () => {
  const timed = await stream({ format: "json", timestamp: (v: { at: number }) => v.at })
  const ran = await send([timed.name], `${longLine}\n`)
  assert.match(ran.err, /^0 lines acked of 0 sent[\s\S]*1 lines were longer/)
  assert.equal(
    (await timed.aside(1)).map(({ record, reason }) => [record.length, reason]),
    [[4096, "parse"]],
  )
  const entry = (await session.host.request({ kind: "catalog" })).find(({ definition }) => definition.name === timed.name)
  assert.is(entry?.aside, 1)
})

for (const [what, bytes, expected, says] of files) {
  test(`a file of ${what}, sent and read by textFile`, async () => {
    const { name, lines, aside } = await stream()
    writeFileSync(at("file"), bytes)
    const ran = await send([name, at("file")])
    assert.is(ran.code, 0, ran.err)
    assert.match(ran.err, says)
    if (expected.length > 0) assert.equal(await lines(expected.length), expected)
    if (/aside/.test(says.source))
      assert.equal(
        (await aside(1)).map(({ record, reason, error }) => [record, reason, error]),
        [[longLine.slice(0, 4096), "parse", "the line is longer than 8 MiB"]],
      )
    const read = await session.textFile(at("file")).collect()
    if (what === "binary") assert.is(read.length, 3)
    else assert.equal(read, expected)
  })
}

test("a pipe that ends within a line; two files of which the first lacks its newline", async () => {
  const { name, lines } = await stream()
  assert.match((await send([name], "one\ntw")).err, /^2 lines acked of 2/)
  writeFileSync(at("a"), "three\nfour")
  writeFileSync(at("b"), "five\n")
  assert.match((await send([name, at("a"), at("b")])).err, /^3 lines acked of 3/)
  assert.equal(await lines(5), ["one", "tw", "three", "four", "five"])
})

test("a file that is cut while it is read: what there was is sent, and it is said", async () => {
  const { name, lines } = await stream()
  const line = `${"y".repeat(99)}\n`
  writeFileSync(at("cut"), line.repeat(400_000))
  const ran = await send([name, at("cut"), "--rate", "20000", "-o", "ndjson"], "", child =>
    child.stderr?.once("data", () => truncateSync(at("cut"), 1000)),
  )
  assert.is(ran.code, 1, ran.err)
  assert.match(ran.err, /cut was cut while it was read: it had 40[,. ]?000[,. ]?000 bytes, [\d,. ]+ were read: [\d,. ]+ lines are acked/)
  const acked = Number(/([\d,. ]+) lines are acked/.exec(ran.err)![1]!.replace(/\D/g, ""))
  assert.ok(acked > 0 && (await lines(acked)).every(row => row === line.trim()), "no line is half there")
})

test("a file that breaks off with an error: which, and how much of all is there; the files after it are sent", async () => {
  const { name, lines } = await stream()
  writeFileSync(at("whole"), "after\n")
  const ran = await send([name, "/proc/self/mem", at("whole")])
  assert.is(ran.code, 1, ran.err)
  assert.match(ran.err, /\/proc\/self\/mem cannot be read: EIO.*: 1 lines are acked, the rest is not sent/)
  assert.equal(await lines(1), ["after"])
})

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const)
  test(`${signal} while it sends: exit ${code}, and what was acked is there`, async () => {
    const { name, lines } = await stream()
    writeFileSync(at("slow"), "slow\n".repeat(10_000))
    let acked = 0
    const ran = await send([name, at("slow"), "--rate", "100", "-o", "ndjson"], "", child =>
      child.stderr?.on("data", chunk => {
        acked = Math.max(acked, ...[...String(chunk).matchAll(/"acked":(\d+)/g)].map(([, n]) => Number(n)))
        if (acked > 0) child.kill(signal)
      }),
    )
    assert.is(ran.code, code, ran.err)
    assert.not.match(ran.err, /\n {4}at /, "no stack")
    assert.ok((await lines(acked)).length < 10_000)
  })

const refusals: readonly [what: string, args: () => string[], code: number, says: RegExp][] = [
  ["a file that is not there", () => ["views", at("gone.log")], 2, /no such file: .*gone\.log/],
  ["a directory", () => ["views", directory], 2, /is a directory[\s\S]*try: rivulet send <stream> .*\/\*/],
  ["no stream", () => [], 2, /missing required argument 'stream'/],
  ["an empty name", () => [""], 2, /"" is no stream's name/],
  ["a name with a blank", () => ["a b"], 2, /"a b" is no stream's name/],
  ["a very long name with odd characters", () => [`${"ü".repeat(5000)}`], 2, /is no stream's name/],
  ["a rate of nothing", () => ["views", "--rate", "0"], 2, /--rate/],
  ["a rate of words", () => ["views", "--rate", "fast"], 2, /--rate/],
  ["an option that is none", () => ["views", "--nope"], 2, /unknown option '--nope'/],
  ["a stream that nobody defines", () => ["nobody", "--no-wait"], 5, /nobody has defined nobody[\s\S]*readStream\("nobody", "1s"\)/],
]

for (const [what, args, code, says] of refusals) {
  test(`refused: ${what}`, async () => {
    const ran = await send(args())
    assert.match(ran.err, says)
    assert.is(ran.code, code)
    assert.not.match(ran.err, /\n {4}at /, "no stack")
  })
}

test("nothing that was wrong has disturbed the cluster", async () => {
  const { name, lines } = await stream()
  assert.is((await send([name], "fine\n")).code, 0)
  assert.equal(await lines(1), ["fine"])
  assert.equal(
    (await session.workers()).map(({ state }) => state),
    ["up", "up"],
  )
})

test.run()
