import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { listFiles, readRange, writeWhole } from "../../cluster/adapters/file-disk.js"

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
    assert.instance(bytes.buffer, SharedArrayBuffer)
  }
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

test.run()
