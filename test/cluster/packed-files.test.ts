/** Compressed files read in pieces: every range is that of what they unpack to, in order or not; what is no whole file is said. */
import { execFileSync } from "node:child_process"
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { listFiles } from "../../cluster/adapters/file-disk.js"
import { PackedFiles } from "../../cluster/adapters/packed-files.js"
import { Random } from "../../cluster/testing/random.js"
import type { PinnedFile } from "../../engine/input/file-split.js"

const test = suite("packed files")
const directory = mkdtempSync(join(tmpdir(), "rivulet-packed-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))

const random = new Random(7)
const plain = Buffer.from(Array.from({ length: 120_000 }, (_, i) => `${i} ${random.integer(0, 1e9)}\n`).join(""))
const gzip = join(directory, "a.log.gz")
const members = join(directory, "two")
const zstd = join(directory, "a.zst")
writeFileSync(gzip, gzipSync(plain))
writeFileSync(members, Buffer.concat([gzipSync(plain.subarray(0, 700_001)), gzipSync(plain.subarray(700_001))]))
writeFileSync(join(directory, "plain"), plain)
const hasZstd = (() => {
  try {
    execFileSync("zstd", ["-q", "-f", join(directory, "plain"), "-o", zstd])
    return true
  } catch {
    return false
  }
})()

for (const [name, path, packing] of [
  ["gzip", gzip, "gzip"],
  ["gzip of two members, without a suffix", members, "gzip"],
  ...(hasZstd ? ([["zstd", zstd, "zstd"]] as const) : []),
] as const)
  test(`${name}: pieces in order, overlapping, at once, from further back`, async () => {
    const files = new PackedFiles()
    const [listed] = await listFiles([path])
    assert.is(listed?.packed, packing)
    const read = (from: number, to: number) => files.read(path, packing, from, to, { pinned: listed })
    const step = 300_000
    const pieces = await Promise.all(
      Array.from({ length: Math.ceil(plain.length / step) + 1 }, (_, i) => read(Math.max(0, i * step - 1), (i + 1) * step + 5_000)),
    )
    for (const [i, { bytes }] of pieces.entries())
      assert.ok(plain.subarray(Math.max(0, i * step - 1), (i + 1) * step + 5_000).equals(bytes), `piece ${i}`)
    assert.is(pieces.at(-1)?.unpacked.plainBytes, plain.length)
    assert.is(pieces[0]?.unpacked.plainBytes, undefined)
    const packed = pieces.map(({ unpacked }) => unpacked.packedBytes)
    assert.equal(
      packed,
      [...packed].sort((a, b) => a - b),
    )
    assert.is(packed.at(-1), listed?.sizeBytes)
    for (let i = 0; i < 12; i++) {
      const from = random.integer(0, plain.length)
      const to = from + random.integer(1, 400_000)
      assert.ok(plain.subarray(from, to).equals((await read(from, to)).bytes), `[${from}, ${to})`)
    }
    files.close()
  })

const wrong = async (path: string, pinned?: PinnedFile): Promise<string> => {
  const files = new PackedFiles()
  const error = await files.read(path, "gzip", 0, 10e6, { pinned }).catch((reason: Error) => reason)
  files.close()
  return (error as Error).message
}

test("a file that is cut off, damaged or changed since is an error that says so", async () => {
  const cut = join(directory, "cut.gz")
  const whole = gzipSync(plain)
  writeFileSync(cut, whole.subarray(0, whole.length - 5_000))
  assert.match(await wrong(cut), /cannot read .*cut\.gz: it ends in the middle/)
  const damaged = Buffer.from(whole)
  damaged.fill(0xff, 100_000, 100_100)
  writeFileSync(cut, damaged)
  assert.match(await wrong(cut), /cut\.gz: it cannot be unpacked/)
  const [listed] = await listFiles([gzip])
  writeFileSync(gzip, gzipSync(plain.subarray(1)))
  assert.match(await wrong(gzip, listed), /it has changed since it was listed/)
  appendFileSync(gzip, "")
  assert.match(await wrong(join(directory, "none.gz")), /none\.gz: no such file/)
})

test.run()
