/** Names of archived files say what they are; bytes that are not those that were written are refused. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { sealsOfArchive } from "../../../cluster/master/archive-seals.js"
import { encodeRows } from "../../../engine/block/block.js"
import { archiveDirectory, archivedPart, archivedSplit, archiveKind, archivePath, readArchived } from "../../../engine/input/archive.js"

const test = suite("archive files")
const at = Date.UTC(2026, 10, 21, 13, 5, 1)
const path = (interval: number, part: number, of: number, rows = 2) => archivePath("/data/views/1s.text", { interval, part, of, rows })

test("a name says the interval, the part and its records", () => {
  assert.is(archiveDirectory("/data/views/", { intervalMs: 1000, format: "combined" }), "/data/views/1s.combined")
  assert.equal(archiveKind("1s.combined"), { intervalMs: 1000, format: "combined" })
  for (const name of ["1s", "1s.parquet", "x.text", "2026-11-21"]) assert.is(archiveKind(name), null)
  assert.is(path(at, 0, 2), "/data/views/1s.text/2026-11-21/13/2026-11-21T13-05-01.000Z-0of2-2.block")
  assert.equal(archivedPart(path(at + 250, 1, 3, 7)), { interval: at + 250, part: 1, of: 3, rows: 7 })
  for (const name of ["/a.block", "/2026-11-21T13-05-01.000Z-0of2.block", "/.2026-11-21T13-05-01.000Z-0of2-2.block.x.tmp"])
    assert.is(archivedPart(name), null)
})

test("an archived file's records come back; a damaged file is named", () => {
  const bytes = encodeRows(["a", "b"])
  const [output] = readArchived(archivedSplit(path(at, 0, 1)), bytes)
  assert.equal([output!.rows, output!.interval], [2, at])
  const flipped = bytes.slice()
  flipped[flipped.length - 1]! ^= 1
  for (const bad of [flipped, bytes.subarray(0, 70), encodeRows(["a"])])
    assert.throws(() => readArchived(archivedSplit(path(at, 0, 1)), bad), /the archived file \/data\/views\/.*-0of1-2\.block is damaged: /)
})

const listings: readonly [
  what: string,
  paths: string[],
  seals: number | RegExp,
  range?: { from?: number; to?: number },
  unfinished?: RegExp,
][] = [
  ["whole intervals, others' files beside them", [path(at, 1, 2), path(at, 0, 2), path(at + 5000, 0, 1), "/data/views/1s.text/README"], 2],
  ["a part that is missing", [path(at, 0, 2), path(at + 1000, 0, 1)], /part 1 of 2 of the interval 2026-11-21T13:05:01\.000Z is missing/],
  ["one that is not asked for", [path(at, 0, 2), path(at + 1000, 0, 1), path(at + 2000, 0, 1)], 1, { from: at + 1000, to: at + 2000 }],
  [
    "the newest is being written",
    [path(at, 0, 1), path(at + 1000, 1, 2), path(at + 2000, 0, 2)],
    1,
    {},
    /part 0 of 2 of the interval 2026-11-21T13:05:02/,
  ],
  ["the only one is being written", [path(at, 0, 2)], /part 1 of 2/],
  ["parts that contradict each other", [path(at, 0, 2), path(at, 0, 1)], /its interval has 2 parts/],
  ["two of a part", [path(at, 0, 1), path(at, 0, 1, 3)], /another file is the same part/],
  ["another interval", [path(at + 250, 0, 1)], /of no interval of 1000 ms/],
  ["nothing", [], 0],
]
for (const [what, paths, expected, range, unfinished] of listings)
  test(`listing: ${what}`, () => {
    const files = paths.map(file => ({ path: file, sizeBytes: 10 }))
    const found = sealsOfArchive("s.1", 1000, files, range)
    if (expected instanceof RegExp) return assert.match(found as string, expected)
    if (typeof found === "string") return assert.unreachable(found)
    assert.is(found.seals.length, expected)
    if (unfinished === undefined) assert.is(found.unfinished, null)
    else assert.match(found.unfinished ?? "", unfinished)
    if (expected === 2)
      assert.equal(
        found.seals[0]!.groups.map(group => group.length),
        [1, 1],
      )
  })

test.run()
