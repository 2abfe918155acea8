/** What a shell promises when something goes wrong, each by its number (docs/testing.md), against a cluster of real processes. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { type Embedded, startEmbedded } from "../../cluster/embedded.js"
import { moduleArguments, root } from "../../scripts/places.js"
import { type Feed, openFeed, openShell, type TestShell } from "./checks-kit.js"

const test = suite("checks: failing")
let cluster: Embedded
let shell: TestShell
let feed: Feed

test.before(async () => {
  cluster = await startEmbedded({ workers: 2, cores: 1, memoryBytes: 64 * 2 ** 20 })
  shell = await openShell(cluster)
  await shell.run('const events = readStream("events", "200ms", { format: "json" })')
  feed = await openFeed(cluster, "events")
})
test.after(async () => {
  await feed.close()
  await shell.close()
  await cluster.stop()
})

const event = (user: string, cookie: string | undefined = `id=${user}`) => JSON.stringify({ user, ...(cookie && { cookie }) })

test("27, 28, 29: one bad record holds one stream only; the error names line, record, interval, field; fixed, its totals are those of a fix from the start", async () => {
  await shell.run('const byCookie = events.map(e => [e.cookie.split("=")[1], 1]).runningReduce(sum)')
  await shell.run('const fixedFromStart = events.flatMap(e => e.cookie ? [[e.cookie.split("=")[1], 1]] : []).runningReduce(sum)')
  await shell.run("const byUser = events.map(e => [e.user, 1]).runningReduce(sum)")
  await feed.send([event("a"), event("b"), event("a")])
  await shell.until('byCookie.get("a")', said => said.includes("  2\n"))
  await feed.send([event("c"), JSON.stringify({ user: "bad" }), event("a")])
  const held = await shell.until(".why byCookie", said => said.includes("held since"))
  assert.match(held, /byCookie · held since \d\d:\d\d/)
  assert.match(held, /reading 'split'/)
  assert.match(held, /1 │ const byCookie = events\.map\(e => \[e\.cookie\.split/)
  assert.match(held, /e\.cookie is undefined/)
  assert.match(held, /record +\{ user: "bad" \}/)
  assert.match(held, /where +map · \d\d:\d\d:\d\d\S* partition \d+ on w[12] · the same on w[12]: it is the data/)
  await debugged()
  // Others go on.
  await feed.send([event("a"), event("d")])
  await shell.until('byUser.get("d")', said => said.includes("  1\n"))
  await shell.until('byUser.get("a")', said => said.includes("  4\n"))
  const streams = await shell.run(".streams")
  assert.match(streams, /byCookie +state .* held/)
  assert.match(streams, /byUser +state .* running/)
  const better = 'events.flatMap(e => e.cookie ? [[e.cookie.split("=")[1], 1]] : []).runningReduce(sum)'
  const tried = await shell.run(`.edit byCookie ${better}`)
  assert.match(tried, /~ ann\/byCookie {2}v1 .* → v2 .* {2}keeps its state\n/)
  assert.match(tried, /tried on \d+ intervals, \S+–\S+: what goes into it\n {4}[1-9] the same · 0 only before · 0 only after\n/)
  assert.match(tried, /before: throws in 1 of them, first \S+: Cannot read properties of undefined \(reading 'split'\)\n/)
  assert.match(tried, /\n {4}after: none fails\n/)
  assert.match(await shell.run(".streams"), /byCookie +state .* held/, "nothing has changed")
  assert.match(await shell.run(".adopt byCookie"), /~ ann\/byCookie .*\n +runs from /)
  await shell.until('byCookie.get("a")', said => said.includes("  4\n"))
  const ask = "JSON.stringify((await STREAM.latest().collect()).sort())"
  const total = (await shell.run(ask.replace("STREAM", "fixedFromStart"))).split("\n")[0]
  assert.is((await shell.run(ask.replace("STREAM", "byCookie"))).split("\n")[0], total)
})

test("a function that fails further up: what is held names the stream to mend, and the plan says that it goes on", async () => {
  await shell.run('const cookies = events.map(e => [e.cookie.split("=")[1] ?? "none", 1])')
  await shell.run("const perCookie = cookies.runningReduce(sum)")
  await feed.send([JSON.stringify({ user: "bad" })])
  const held = await shell.until(".why perCookie", said => said.includes("held since"))
  assert.match(held, /try +\.edit cookies /)
  await shell.run(".edit cookies events.map(e => [e.cookie ?? '', 1])")
  const adopted = await shell.run(".adopt cookies")
  assert.match(adopted, /~ ann\/cookies .*\n {2}= ann\/perCookie {2}unchanged, goes on from where it is held\n +runs from /)
  // The bad record of the test before is kept, and counted, too.
  await shell.until('perCookie.get("")', said => said.startsWith("  2\n"))
})

/** The partition that fails is made again in a process of its own, which a debugger stops at the record; others have the bytes they had. */
async function debugged(): Promise<void> {
  const again = await shell.run(".recompute byUser")
  assert.match(again, /ann\/byUser@\d\d:\d\d:\d\d\S*\/0 {3}/)
  assert.match(again, /[1-4] of 4 the same · 0 differ/)
  assert.match(again, /same bytes: \d+, sha256 [0-9a-f]{12} · held by w[12]/)
  const [held] = (await shell.host.session.streams()).filter(({ name }) => name === "byCookie")
  const directory = mkdtempSync(join(tmpdir(), "rivulet-only-"))
  const program = join(directory, "ann.ts")
  writeFileSync(program, "")
  const only = `byCookie@${new Date(held!.held!.at).toISOString()}/0`
  const args = [...moduleArguments("shell/cli/main"), "run", program, "-m", cluster.address, "--only", only, "--inspect", "0"]
  const run = spawn(process.execPath, args, { cwd: root })
  const ran = heard(run)
  const [, address] = await ran.until(/node inspect (\S+),/)
  assert.match(ran.said(), /ann\/byCookie@.*\/0 · \d+ calls of its functions · call \d+ throws Cannot read properties of undefined/)
  const node = spawn(process.execPath, ["inspect", address!], { cwd: root })
  const inspected = heard(node)
  await inspected.until(/break in/)
  node.stdin.write("step\n")
  await inspected.until(/break in[\s\S]*break in/)
  node.stdin.write("step\n")
  await inspected.until(/break in rivulet-function:[\s\S]*e\.cookie\.split/)
  node.stdin.write("exec JSON.stringify(e)\n")
  await inspected.until(/\{"user":"bad"\}/)
  node.stdin.write("cont\n")
  await ran.until(/record +\{ user: "bad" \}/)
  // A process waits for its debugger to go.
  node.kill()
  assert.is(await ran.ended, 1)
  rmSync(directory, { recursive: true })
}

function heard(child: ChildProcessWithoutNullStreams) {
  let said = ""
  const waiting = new Set<() => void>()
  const hear = (chunk: Buffer) => {
    said += chunk.toString()
    for (const look of waiting) look()
  }
  child.stdout.on("data", hear)
  child.stderr.on("data", hear)
  const ended = new Promise<number | null>(resolve => child.once("close", resolve))
  const until = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(said)
        if (found === null) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      void ended.then(() => reject(new Error(`it has ended without ${pattern}: ${said}`)))
      look()
    })
  return { said: () => said, until, ended }
}

/** Sent, and asked back: the interval that they are in is over, so that each has some. */
async function sealed(lines: readonly string[]): Promise<void> {
  const count = async () => Number(/ *([\d ]+)\n/.exec(await shell.run('events.last("10m").count()'))![1]!.replaceAll(" ", ""))
  const before = await count()
  await feed.send(lines)
  while ((await count()) < before + lines.length) {}
}

test("30: .why names the planted hot key, where it is and what to try", async () => {
  // Some 15 ms for the key: what costs an interval less than 4 is nothing to name.
  await shell.run(`const visits = events.map(e => [e.user, 1]).groupByKey(4).mapValues(ones => {
    let work = 0
    for (const one of ones) for (let i = 0; i < 100000; i++) work += one
    return work
  }).persist()`)
  const lines = Array.from({ length: 400 }, (_, i) => event(i % 5 < 2 ? "-" : `u${i % 97}`))
  const why = await shell.until(
    ".why visits",
    said => /^ {2}\d .*one key holds/m.test(said),
    () => sealed(lines),
  )
  const [, share, partition, slowest, others] =
    /\d +\d+ % +one key holds (\d+) % of the shuffle: "-"\n.*partition (\d+): (\d+(?:\.\d+)?) m?s, others (\d+(?:\.\d+)?) m?s/.exec(why) ??
    []
  assert.ok(Number(share) >= 35 && Number(share) <= 45, `40 of 100 records have the key: ${why}`)
  assert.ok(partition !== undefined && slowest !== undefined && others !== undefined, why)
  assert.match(why, /try +reduceByKey/)
  await shell.run(".stop visits")
})

test("30: .why names a task that does not end, what it is of and where it runs, and what to try; a stream that is late says when it will not be", async () => {
  await shell.run('const ones = events.map(e => { while (e.user === "forever"); return [e.user, 1] })')
  await shell.run("const forever = ones.runningReduce(sum)")
  await feed.send([event("a"), event("b")])
  await shell.until('forever.get("b")', said => said.includes("  1\n"))
  await feed.send([event("forever")])
  const why = await shell.until(".why forever", said => said.includes("has run for"))
  const [, partition, place] =
    /\d+ % +a task of ann\/forever@(\d\d:\d\d:\d\d\S*\/\d+) has run for [\d.]+ s on (w[12]) \(others took [\d.]+ m?s\)\n/.exec(why) ?? []
  assert.ok(place !== undefined, why)
  assert.match(why, /once it has computed for 30.00 s .* it is ended, tried once on another worker, and the stream held/)
  assert.match(why, new RegExp(`--only forever@${partition} --inspect`))
  assert.match(why, /try +\.edit forever/)
  assert.match(await shell.run(".why ones"), /a task of ann\/forever@\S+ has run for/)
  await shell.run(".stop forever")
  assert.not.match(await shell.run(".streams"), /forever/)

  await shell.run(`const late = events.map(e => {
    let n = 0
    for (let i = 0; i < 3e8; i++) n += i
    return [e.user, n > 0 ? 1 : 0]
  }).runningReduce(sum)`)
  const behind = await shell.until(
    ".why late",
    said => said.includes("catching up: "),
    () => sealed([event("a")]),
  )
  assert.match(behind, /catching up: \d+ intervals behind, (none ended of late|[\d.]+ a second)/)
  assert.match(behind, /try +\.jobs late/)
  await shell.run(".stop late")
})

test("lines that are not of their format: .streams says how many a stream has set aside, .why where they are", async () => {
  await shell.run("const users = events.map(e => [e.user, 1]).runningReduce(sum)")
  await feed.send([event("a"), "no JSON", event("a"), "neither {"])
  await shell.until(".streams", said => /set aside, as <stream>\.aside has it: .*ann\/users 2 \([\d.]+\/s\)/.test(said))
  assert.match(await shell.run(".why"), /ann\/events: 2 set aside, [\d.]+ a second · events\.aside/)
  await shell.run(".stop users")
})

test("31: .why names the planted slow worker", async () => {
  await shell.run(`const work = events.map(e => [e.user, 1]).groupByKey(8).mapValues(ones => {
    let work = 0
    for (const one of ones) for (let i = 0; i < 4000; i++) work += one
    return work
  }).persist()`)
  assert.match(await shell.run('slow("w2", 8)'), /w2: its tasks take 8 × as long/)
  const lines = Array.from({ length: 600 }, (_, i) => event(`u${i % 211}`))
  const why = await shell.until(
    ".why work",
    said => /^ {2}\d .*w2 is slow/m.test(said),
    () => sealed(lines),
  )
  assert.match(why, /\d +\d+ % +w2 is slow: tasks take \d+\.\d × what they take elsewhere/)
  assert.match(await shell.run(".workers"), /w2 +SLOW/)
  await shell.run(".chaos slow w2 1")
  await shell.run(".stop work")
})

test("32: console.log in map is seen in .log, and in the shell that defined it", async () => {
  await shell.run(
    "const noisy = events.map(e => { if (e.user === 'loud') console.log('saw', e.user); return [e.user, 1] }).runningReduce(sum)",
  )
  await feed.send([event("loud")])
  const log = await shell.until(".log noisy", said => said.includes("saw loud"))
  assert.match(log, /\d\d:\d\d:\d\d.* ann\/noisy w[12] +saw loud/)
  // As it came, beside what was asked for.
  await shell.until("1", () => shell.printed().split(/^(?!> ).*saw loud/m).length > 2)
})

test("33: a captured socket is refused at the definition", async () => {
  await shell.run('const { Socket } = await import("node:net")')
  await shell.run("const cache = { client: new Socket() }")
  const said = await shell.run("const known = events.filter(e => cache.client.readable)")
  assert.match(said, /cache\.client is a Socket/)
  assert.match(said, /captured|filter/)
})

test("34: an async function is refused at the definition", async () => {
  assert.match(await shell.run("events.map(async e => e)"), /cannot be async/)
})

test.run()
