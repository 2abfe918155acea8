/** How many processes read old records: by how much there is of them, as far as that is known. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { batchSize } from "../../shell/cli/batch-size.js"

const test = suite("the size of a batch's cluster")
const directory = mkdtempSync(join(tmpdir(), "rivulet-size-"))
test.after(() => rmSync(directory, { recursive: true, force: true }))

const mib = 2 ** 20
/** With nothing in it but what is at its beginning. */
function file(name: string, sizeBytes: number, head: Uint8Array = new Uint8Array(0)): string {
  const path = join(directory, name)
  writeFileSync(path, head)
  truncateSync(path, sizeBytes)
  return path
}

test("one process for what fits into memory, unpacked, and is made again if it dies; else one for each worker", () => {
  const [small, half] = [file("small.log", 100 * mib), file("half.log", 257 * mib)]
  const packed = file("packed.log.gz", 40 * mib, gzipSync("a line\n"))
  const one = (workers: number) => ({ workers: 1, cores: workers, memoryBytes: workers * 512 * mib, batch: true, keepsLineage: true })
  const several = (workers: number) => ({ workers, cores: 1, batch: true })
  for (const [workers, files, expected] of [
    [2, [small], one(2)],
    [1, [small], one(1)],
    [2, [half], one(2)],
    [1, [half], several(1)],
    [2, [half, half], several(2)],
    [4, [half, half], one(4)],
    [2, [packed], several(2)],
    [4, [packed], one(4)],
    [5, [small], several(5)],
    [2, null, several(2)],
  ] as const)
    assert.equal(batchSize(workers, undefined, files, false), expected, `${workers} ${files}`)
  assert.equal(batchSize(2, undefined, [small], true), several(2), "saved")
  assert.equal(batchSize(2, mib, [small], false), { ...several(2), memoryBytes: mib, frugal: true }, "memory")
})

test.run()
