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

test("one process for what is soon read again if it dies, unpacked; else one for each worker", () => {
  const [small, half] = [file("small.log", 100 * mib), file("half.log", 4097 * mib)]
  const packed = file("packed.log.gz", 513 * mib, gzipSync("a line\n"))
  const one = (workers: number) => ({ workers: 1, cores: workers, memoryBytes: workers * 512 * mib, batch: true, keepsLineage: true })
  const several = (workers: number) => ({ workers, cores: 1, memoryBytes: 512 * mib, batch: true })
  for (const [workers, files, expected] of [
    [2, [small], one(2)],
    [1, [small], one(1)],
    [2, [half], one(2)],
    [1, [half], one(1)],
    [2, [half, half], several(2)],
    [4, [half, half], several(4)],
    [2, [packed], several(2)],
    [4, [packed, small], several(4)],
    [5, [small], several(5)],
    [2, null, several(2)],
  ] as const)
    assert.equal(batchSize(workers, undefined, files), expected, `${workers} ${files}`)
  // What is left of it when all processes have what they need beside blocks.
  assert.equal(batchSize(2, 1024 * mib, [small]), { ...one(2), memoryBytes: 264 * mib, frugal: true })
  assert.equal(batchSize(2, 1024 * mib, null), { ...several(2), memoryBytes: 62 * mib, frugal: true })
  assert.throws(() => batchSize(2, 700 * mib, [small]), /--memory 700M is too little for 2 workers/)
})

test.run()
