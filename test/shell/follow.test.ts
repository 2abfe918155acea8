/** A followed file: each line is in the stream once, though the sender is killed again and again and the file's writer rotates it. */
import { type ChildProcess, spawn } from "node:child_process"
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  watch,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type ClientSession, connect } from "../../cluster/client/session.js"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import type { DStream } from "../../engine/fluent/types.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { follow as followHere } from "../../shell/follow/follow.js"
import { type FileIdentity, Position } from "../../shell/follow/position.js"
import { PositionFile } from "../../shell/follow/position-file.js"
import { rowsOnce } from "../cluster/rows-kit.js"

const test = suite("send --follow")
const directory = mkdtempSync(join(tmpdir(), "rivulet-follow-"))
const at = (name: string) => join(directory, name)
let cluster: Embedded
let session: ClientSession

const file = (ino: number, headBytes = 256): FileIdentity => ({ ino, headBytes, head: `${ino}` })

test("a position is known again from what was remembered of it, and from that in few words", () => {
  const position = new Position()
  position.meet("c1", "f-1")
  let text = position.text
  const assertKnown = () => {
    for (const again of [Position.of(text), Position.of(position.text), Position.of(`${text}{"kind":"ran`)])
      assert.equal([again.session, again.reading, again.unacked], [position.session, position.reading, position.unacked])
  }
  const steps: (() => string)[] = [
    () => position.opens(file(1, 0)),
    () => position.grows(file(1, 40)) + position.sends(40).text,
    () => position.sends(10).text,
    () => position.acked(1),
    () => position.opens(file(2)),
    () => position.sends(7).text,
    () => position.acked(1),
    () => position.acked(3),
    () => position.sends(3).text,
    () => position.opens(file(2, 300)),
    () => position.sends(5).text,
  ]
  for (const step of steps) {
    text += step()
    assertKnown()
  }
  assert.equal(position.unacked, [
    { seq: 4, file: file(2), from: 7, to: 10 },
    { seq: 5, file: file(2, 300), from: 0, to: 5 },
  ])
  assert.equal(position.meet("c1", "f-2"), false)
  assert.equal(position.meet("c2", "f-2"), true)
  assert.equal(
    position.unacked.map(({ seq }) => seq),
    [1, 2],
  )
  assert.equal([position.session, position.sends(1).range.seq], ["f-2", 3])
})

test("what was remembered is on disk, though acknowledgements come meanwhile and all is written anew again and again", async () => {
  const { positions, position } = await PositionFile.open({ master: "m", stream: "s", path: at("x") })
  position.meet("c1", "f-1")
  await positions.rewrite(position)
  await positions.remember(position.opens(file(1)), position)
  for (let batch = 1; batch <= 6000; batch++) {
    const { range, text } = position.sends(10)
    const remembered = positions.remember(text, position)
    positions.note(position.acked(batch - 1 - (batch % 7)))
    await remembered
    if (batch % 50 > 0) continue
    const again = Position.of(readFileSync(positions.path, "utf8"))
    assert.equal([again.reading?.at, again.unacked.at(-1)], [range.to, range])
  }
  assert.ok(readFileSync(positions.path).length < 300_000)
  await positions.close()
  appendFileSync(positions.path, "{}x\n")
  const error = await PositionFile.open({ master: "m", stream: "s", path: at("x") }).catch(one => one)
  assert.match(error.message, /is damaged/)
})

interface Follower {
  readonly child: ChildProcess
  /** When it has said so on stderr. */
  said(pattern: RegExp): Promise<string>
  /** Its exit code, or the signal. */
  readonly ended: Promise<number | string>
}

function follow(name: string, path: string): Follower {
  const child = spawn(process.execPath, [...moduleArguments("shell/cli/main"), "send", name, "--follow", path], {
    cwd: root,
    env: { ...process.env, RIVULET_MASTER: cluster.address, HOME: directory, XDG_STATE_HOME: at("state") },
    stdio: ["ignore", "ignore", "pipe"],
  })
  let err = ""
  let look = () => {}
  child.stderr!.on("data", chunk => {
    err += String(chunk)
    look()
  })
  const ended = new Promise<number | string>(resolve => child.once("close", (code, signal) => resolve(code ?? signal!)))
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      look = () => {
        if (pattern.test(err)) resolve(err)
      }
      void ended.then(code => reject(new Error(`ended (${code}): ${err}`)))
      look()
    })
  return { child, said, ended }
}

const states = at("state/rivulet/follow")
const stateOf = (name: string) => join(states, readdirSync(states).find(one => one.startsWith(`${name}-`) && one.endsWith(".jsonl"))!)

/** That batches have arrived is noted without haste: here nothing of it was noted since the start. */
function forgetAcks(): void {
  const entries = readFileSync(stateOf("log"), "utf8").split("\n")
  const kept = entries.filter((entry, i) => i < 2 || !entry.includes('"acked"'))
  assert.ok(kept.length < entries.length)
  writeFileSync(stateOf("log"), kept.join("\n"))
}

/** Resolves in the middle of things: a batch is remembered, and it is not known to have arrived. */
function aboutToSend(): Promise<void> {
  const path = stateOf("log")
  return new Promise(resolve => {
    const look = () => {
      if (Position.of(readFileSync(path, "utf8")).unacked.length === 0) return
      watching.close()
      resolve()
    }
    const watching = watch(states, look)
    look()
  })
}

/** A stream, and its lines in order once there are so many. */
async function stream(name: string) {
  const handle: DStream<string> = session.readStream(name, "1s")
  session.name(handle, name)
  await session.flush()
  return (n: number) => rowsOnce(session, handle, n)
}

test.before(async () => {
  process.env.XDG_STATE_HOME = at("state")
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  session = await connect(cluster.address, { user: "u", program: "p" })
})
test.after(async () => {
  await session.close()
  await cluster.stop()
  rmSync(directory, { recursive: true, force: true })
})

test("killed again and again while lines come, over rotations: each line once, and in order", async () => {
  const lines = await stream("log")
  const path = at("app.log")
  // Long enough to be several batches at a time.
  const padding = "x".repeat(2000)
  let written = 0
  const write = (count: number) => {
    const from = written
    written += count
    appendFileSync(path, Array.from({ length: count }, (_, i) => `line ${from + i} ${padding}\n`).join(""))
  }
  write(5)
  for (let round = 0; round < 6; round++) {
    const { child, said, ended } = follow("log", path)
    write(2000)
    await said(/log follows/)
    if (round % 2 === 0) await aboutToSend()
    else await lines(written - 100)
    child.kill("SIGKILL")
    assert.is(await ended, "SIGKILL")
    if (round % 2 === 1) forgetAcks()
    if (round === 1) renameSync(path, `${path}.1`)
    if (round === 3) {
      renameSync(`${path}.1`, `${path}.2`)
      renameSync(path, `${path}.1`)
    }
    write(100)
  }
  const last = follow("log", path)
  const found = await lines(written)
  assert.is(found.length, written)
  assert.equal(
    found.find((line, i) => line !== `line ${i} ${padding}`),
    undefined,
  )
  // Rotated while it is followed: what is still written to the old file is not left out.
  renameSync(path, `${path}.1`)
  appendFileSync(`${path}.1`, "late\nno newline")
  writeFileSync(path, "next\n")
  assert.equal((await lines(written + 3)).slice(written), ["late", "no newline", "next"])
  // Cut and written anew.
  truncateSync(path)
  appendFileSync(path, "a\n")
  assert.equal((await lines(written + 4)).at(-1), "a")
  last.child.kill("SIGINT")
  assert.is(await last.ended, 130)
  assert.match(await last.said(/lines acked/).catch(error => String(error)), /lines acked of/)
})

/** Followed in this process: before each look that follows one in vain the next step is taken. Gives what a person was told. */
async function steps(name: string, path: string, steps: Iterator<void>): Promise<string[]> {
  const { positions, position } = await PositionFile.open({ master: cluster.address, stream: name, path })
  const stopping = new AbortController()
  const said: string[] = []
  const pause = async () => {
    if (steps.next().done) stopping.abort()
  }
  const say = (text: string) => said.push(text)
  await followHere({ session, fresh: `f-${name}`, stream: name, path, position, positions, say, pause, signal: stopping.signal })
  await positions.close()
  return said
}

function* looks(count: number): Generator<void> {
  for (let look = 0; look < count; look++) yield
}

test("a file whose writer has begun another is read on for a while, however long nothing was written before", async () => {
  const lines = await stream("idle")
  const path = at("idle.log")
  writeFileSync(path, "one\n")
  // What is called nearly so is none of it.
  mkdirSync(`${path}.d`)
  await steps(
    "idle",
    path,
    (function* () {
      yield* looks(50)
      renameSync(path, `${path}.1`)
      writeFileSync(path, "two\n")
      writeFileSync(`${path}.errors`, "an error\n")
      yield* looks(10)
      appendFileSync(`${path}.1`, "late\n")
      yield* looks(10)
      appendFileSync(`${path}.errors`, "another\n")
      yield* looks(60)
    })(),
  )
  assert.equal(await lines(3), ["one", "late", "two"])
})

test("a file that was cut and is longer than before by the next look is read from its beginning", async () => {
  const lines = await stream("cut")
  const path = at("cut.log")
  writeFileSync(path, "one\n")
  const said = await steps(
    "cut",
    path,
    (function* () {
      yield* looks(1)
      writeFileSync(path, "another\nand more\n")
      yield* looks(3)
    })(),
  )
  assert.equal(await lines(3), ["one", "another", "and more"])
  assert.match(said.join(), /was cut/)
})

test("a line of 8 MiB is a record, whatever its end", async () => {
  const lines = await stream("long")
  const path = at("long.log")
  writeFileSync(path, `${"x".repeat(8 * 2 ** 20)}\r\nshort\r\n\0\n\n`)
  await steps("long", path, looks(2))
  const found = await lines(4)
  assert.equal(
    found.map(({ length }) => length),
    [8 * 2 ** 20, 5, 1, 0],
  )
})

test("a file that is not there yet is waited for; followed twice, or with files, it is refused", async () => {
  const lines = await stream("later")
  const path = at("later.log")
  const first = follow("later", path)
  await first.said(/later follows .*\nthere is no \S+later\.log yet: waiting for it\n/)
  const second = follow("later", path)
  assert.is(await second.ended, 2)
  assert.match(await second.said(/./).catch(error => String(error)), /is followed by process \d+ already/)
  writeFileSync(path, `${"x".repeat(9 * 2 ** 20)}\nshort\n`)
  assert.equal(await lines(1), ["short"])
  first.child.kill("SIGINT")
  assert.is(await first.ended, 130)
})

test.run()
