import { execFileSync } from "node:child_process"
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { reserveBlockMemory } from "../../cluster/adapters/block-memory.js"
import { listFiles, readRange, writeParts, writeWhole } from "../../cluster/adapters/file-disk.js"
import { ReadMemory } from "../../cluster/adapters/read-memory.js"

const test = suite<{ directory: string }>("file disk")
test.before.each(async context => {
  context.directory = await mkdtemp(join(tmpdir(), "rivulet-disk-"))
})
test.after.each(async context => {
  await rm(context.directory, { recursive: true, force: true })
})

test("reads ranges, cut at the file's end", async ({ directory }) => {
  const path = join(directory, "a.log")
  await writeFile(path, "0123456789")
  const ranges: [number, number, string][] = [
    [0, 10, "0123456789"],
    [3, 5, "34"],
    [8, 4_000_000, "89"],
    [10, 20, ""],
    [50, 60, ""],
    [0, 0, ""],
  ]
  for (const [from, to, expected] of ranges) {
    const bytes = await readRange(path, from, to)
    assert.is(Buffer.from(bytes).toString(), expected)
  }
})

test("more ranges at once than the process may open files: all are read", async ({ directory }) => {
  const path = join(directory, "a.blocks")
  await writeFile(path, "0123456789")
  const module = new URL("../../cluster/adapters/file-disk.js", import.meta.url).href
  const script = `
    import { openSync } from "node:fs"
    const { readRange } = await import(${JSON.stringify(module)})
    const wanted = Array.from({ length: 3000 }, (_, i) => readRange(${JSON.stringify(path)}, i % 10, (i % 10) + 1))
    const read = await Promise.all(wanted)
    console.log(read.every((bytes, i) => Buffer.from(bytes).toString() === String(i % 10)))`
  const said = execFileSync("sh", ["-c", `ulimit -n 200; exec "$0" "$@"`, process.execPath, "--input-type=module", "-e", script], {
    encoding: "utf8",
    stdio: "pipe",
  })
  assert.is(said.trim(), "true")
})

test("what an executor gets lies in shared memory, and that is used again once it is given back, for what is about as large", () => {
  const memory = new ReadMemory()
  const first = memory.take("a", 1_000_000)
  assert.instance(first.buffer, SharedArrayBuffer)
  assert.is.not(memory.take("b", 1_000_000).buffer, first.buffer, "it is lent")
  memory.giveBack("a")
  memory.giveBack("a")
  assert.is.not(memory.take("small", 10_000).buffer, first.buffer)
  const again = memory.take("c", 900_000)
  assert.equal([again.buffer === first.buffer, again.byteLength], [true, 900_000])
  assert.is.not(memory.take("d", 900_000).buffer, first.buffer, "it came back once")
})

test("of memory that came back no more is kept than was said, the last first", () => {
  const memory = new ReadMemory(2 * 2 ** 20)
  const lent = ["a", "b", "c"].map(request => memory.take(request, 2 ** 20).buffer)
  for (const request of ["a", "b", "c"]) memory.giveBack(request)
  const again = ["d", "e", "f"].map(request => lent.indexOf(memory.take(request, 2 ** 20).buffer))
  assert.equal(again, [2, 1, -1])
})

test("whole pages past the system's memory, and what is none as usual", async ({ directory }) => {
  const bytes = new Uint8Array(reserveBlockMemory(2 ** 20).buffer).map((_, i) => i % 251)
  const memory = new Uint8Array(reserveBlockMemory(2 ** 20).buffer)
  memory.set(bytes)
  const path = join(directory, "some.blocks")
  // What was refused once is not tried again.
  for (const begin of [0, 64, 0]) {
    const parts = [memory.subarray(begin, begin + 8_192), memory.subarray(begin + 400_000 - (400_000 % 4_096), begin + 409_600)]
    await writeParts(path, parts, true)
    assert.ok(Buffer.concat(parts).equals(await readFile(path)))
  }
  const nowhere = join(directory, "none", "some.blocks")
  assert.match(String(await writeParts(nowhere, [memory.subarray(0, 4_096)], true).catch(String)), /cannot write .*none.*: no such file/)
})

test("what was listed is read, or it is said what became of it", async ({ directory }) => {
  const path = join(directory, "a.log")
  await writeFile(path, "one\ntwo\n")
  const [pinned] = await listFiles([path])
  const read = async () => Buffer.from(await readRange(path, 0, 8, { pinned })).toString()
  assert.is(await read(), "one\ntwo\n")
  await appendFile(path, "three\n")
  assert.is(await read(), "one\ntwo\n", "a log that has grown still has what was listed")
  const failure = async () => read().then(() => "read", String)
  await writeFile(path, "one\nTWO\nthree\n")
  assert.match(await failure(), /cannot read .*a\.log: it has changed since it was listed: it was of .* with 8 bytes, and is of .* with 14/)
  await writeFile(path, "one\n")
  assert.match(await failure(), /cannot read .*a\.log: it has changed since it was listed: it had 8 bytes then and has 4 now/)
  await writeFile(path, "one\ntwO\n")
  await utimes(path, new Date(0), new Date(5000))
  assert.match(await failure(), /1970-01-01T00:00:05/)
  await rm(path)
  assert.match(await failure(), /no such file/)
})

test("a pipe is no file to be read twice", async ({ directory }) => {
  const path = join(directory, "pipe")
  execFileSync("mkfifo", [path])
  assert.match(await listFiles([path]).then(String, String), /pipe is no file that can be read twice/)
})

test("what an input archived is no text: it is said how it is read", async ({ directory }) => {
  const root = join(directory, "views")
  const hour = join(root, "1s.combined", "2026-11-21", "13")
  await mkdir(hour, { recursive: true })
  const file = join(hour, "2026-11-21T13-05-01.000Z-0of2-1234.block")
  await writeFile(file, "RVB1")
  for (const path of [root, file, join(root, "**", "*.block")])
    assert.match(
      await listFiles([path]).then(() => "listed", String),
      new RegExp(`${path.replaceAll("*", "\\*")} is what an input archived: stream\\("archive:${root}"\\)`),
    )
})

test("lists paths and patterns once, in order, and says which names none", async ({ directory }) => {
  await mkdir(join(directory, "logs", "deep"), { recursive: true })
  for (const name of ["b.log", "a.log", "c.txt", "deep/d.log", "odd[1].log"]) await writeFile(join(directory, "logs", name), name)
  const at = (name: string) => join(directory, "logs", name)
  const lists: [string[], string[]][] = [
    [[at("*.log")], ["a.log", "b.log", "odd[1].log"]],
    [
      [at("b.log"), at("*.log")],
      ["a.log", "b.log", "odd[1].log"],
    ],
    [[at("**/*.log")], ["a.log", "b.log", "deep/d.log", "odd[1].log"]],
    [
      [at("{a,b}.log"), at("c.txt")],
      ["a.log", "b.log", "c.txt"],
    ],
    [[at("odd[1].log")], ["odd[1].log"]],
  ]
  for (const [paths, expected] of lists) {
    const files = await listFiles(paths)
    assert.equal(
      files.map(file => file.path),
      expected.map(at),
    )
    assert.ok(files.every(file => file.sizeBytes === file.path.slice(at("/").length).length && file.modifiedMs > 0))
  }
  for (const [path, reason] of [
    [at("none.log"), /none\.log: no such file/],
    [at("*.gz"), /no file matches .*\*\.gz/],
    [at("deep"), /deep is a directory/],
  ] as const)
    await listFiles([path]).then(
      () => assert.unreachable(),
      error => assert.match(error.message, reason),
    )
})

test("writes whole files, over what was there, leaving nothing else", async ({ directory }) => {
  const path = join(directory, "out", "1", "part-0.ndjson")
  await writeWhole(path, Buffer.from("one\n"))
  await writeWhole(path, new Uint8Array(new SharedArrayBuffer(3)).fill(65))
  assert.is(await readFile(path, "utf8"), "AAA")
  assert.equal(await readdir(join(directory, "out", "1")), ["part-0.ndjson"])
})

test("errors name the path", async ({ directory }) => {
  const file = join(directory, "file")
  await writeFile(file, "x")
  const attempts: (readonly [() => Promise<unknown>, RegExp])[] = [
    [() => readRange(join(directory, "gone"), 0, 1), /cannot read .*gone: no such file/],
    [() => readRange(directory, 0, 1), /cannot read .*: it is a directory/],
    [() => writeWhole(join(file, "below"), Buffer.from("x")), /cannot write .*below: /],
    [() => writeWhole(join(file, "below", "far"), Buffer.from("x")), /cannot write .*far: a part of the path is no directory/],
    ...(process.platform === "linux"
      ? [[() => writeWhole("/proc/none/there/x", Buffer.from("x")), /cannot write .*x: \/proc\/none cannot be made there/] as const]
      : []),
  ]
  for (const [attempt, reason] of attempts)
    await attempt().then(
      () => assert.unreachable(),
      error => assert.match(error.message, reason),
    )
})

test("dir/**: all files in a directory, however deep, without those being written; a directory that is not there is named", async ({
  directory,
}) => {
  await writeWhole(join(directory, "a/b/one"), Buffer.from("1"))
  await writeWhole(join(directory, "two"), Buffer.from("22"))
  await writeWhole(join(directory, "a/.three.tmp"), Buffer.from("3"))
  const files = await listFiles([`${directory}/**`])
  assert.equal(
    files.map(({ path, sizeBytes }) => [path, sizeBytes]),
    [
      [join(directory, "a/b/one"), 1],
      [join(directory, "two"), 2],
    ],
  )
  const missing = await listFiles([`${directory}/c/**`]).catch((error: Error) => error.message)
  assert.match(String(missing), /cannot list .*\/c\/: no such file/)
})

test.run()
