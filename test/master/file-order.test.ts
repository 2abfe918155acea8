/**
 * Random files with splits of random times, read in any order, the reader restarted at any moment: what is taken when, which
 * records are late and what each interval holds follow from the files alone, and every record is somewhere once.
 */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { FileOrder, type FilePosition, type SourceFile, type SplitName } from "../../cluster/master/file-order.js"
import { Random } from "../../cluster/testing/random.js"

const test = suite("file order")
const splitBytes = 10
const disorder = 20

/** Of each split its records' times. */
type Split = readonly number[]

interface Log {
  readonly file: SourceFile
  readonly splits: readonly Split[]
}

function logs(random: Random): Log[] {
  const files = Array.from({ length: random.integer(1, 6) }, (_, n): Log => {
    let at = random.integer(0, 400)
    const splits = Array.from({ length: random.integer(1, 8) }, () =>
      Array.from({ length: random.integer(0, 4) }, () => {
        at += random.integer(0, 30)
        return Math.max(0, at - (random.chance(0.2) ? random.integer(0, 60) : 0))
      }),
    )
    const begins = Math.min(...(splits[0] ?? []))
    const packed = random.chance(0.5) ? { packed: "gzip" as const } : {}
    const file = { path: `f${n}`, sizeBytes: splits.length * splitBytes, modifiedMs: 0, ...packed }
    return { file: Number.isFinite(begins) ? { ...file, begins: Math.floor(begins / 10) * 10 } : file, splits }
  })
  const from = ({ file }: Log) => file.begins ?? -1
  return files.sort((a, b) => from(a) - from(b))
}

interface Run {
  readonly taken: string[]
  readonly late: Map<string, number>
  /** Of each interval of 10 its records, as they are in its seal. */
  readonly sealed: Map<number, string[]>
  readonly jumps: number
}

/** `chaos`: in which order reads end, and whether the reader is restarted from the newest seal. */
function run(all: readonly Log[], chaos: Random, restarts: boolean): Run {
  const files = all.map(({ file }) => file)
  type At = { begun: number; positions: readonly FilePosition[]; newest: number }
  const about = { splitBytes, merged: true }
  let journaled: At = { begun: 0, positions: [], newest: Number.NEGATIVE_INFINITY }
  let order = new FileOrder<Split>(files, 0, about, journaled)
  const taken: string[] = []
  const late = new Map<string, number>()
  const sealed = new Map<number, string[]>()
  let through = 0
  let waiting: (SplitName & { interval: number; name: string })[] = []
  let reading: SplitName[] = []
  let jumps = 0
  for (let step = 0; step < 10_000; step++) {
    reading.push(...order.toRead(3))
    if (reading.length > 0) {
      const [one] = reading.splice(chaos.integer(0, reading.length), 1) as [SplitName]
      const { splits, file } = all[one.file] as Log
      const ended = one.split >= splits.length - 1
      const unpacked = { packedBytes: 1, ...(ended && { plainBytes: splits.length * splitBytes }) }
      order.read(one, splits[one.split] ?? [], file.packed === undefined ? undefined : unpacked)
    }
    for (let next = order.take(); next !== null; next = order.take()) {
      const { file, split, done, newest } = next
      taken.push(`${file}.${split}`)
      const open = Math.max(0, Math.floor((newest - disorder) / 10) * 10)
      let blocks = 0
      for (const [i, time] of done.entries()) {
        const name = `${file}.${split}.${i}@${time}`
        const own = Math.floor(time / 10) * 10
        if (own < open) late.set(name, open)
        else if (own >= through) {
          waiting.push({ file, split, interval: own, name })
          blocks += 1
        }
      }
      order.saw(next, Math.max(Number.NEGATIVE_INFINITY, ...done), blocks)
    }
    const end = order.allTaken ? Number.POSITIVE_INFINITY : Math.floor((order.passed - disorder) / 10) * 10
    for (const interval of [...new Set(waiting.map(one => one.interval))].sort((a, b) => a - b)) {
      if (interval + 10 > end) break
      const own = waiting.filter(one => one.interval === interval).sort((a, b) => a.file - b.file || a.split - b.split)
      waiting = waiting.filter(one => one.interval !== interval)
      for (const one of own) order.sealed(one)
      assert.not(sealed.has(interval), "an interval is sealed once")
      sealed.set(
        interval,
        own.map(({ name }) => name),
      )
    }
    if (end !== Number.POSITIVE_INFINITY) through = Math.max(through, end)
    journaled = { begun: order.begun, positions: order.positions, newest: order.newest }
    if (order.allTaken && waiting.length === 0) return { taken, late, sealed, jumps }
    if (restarts && chaos.chance(0.05)) {
      jumps += 1
      order = new FileOrder<Split>(files, 0, about, structuredClone(journaled))
      waiting = []
      reading = []
    }
  }
  throw new Error("it does not come to its end")
}

test("what is taken, late and in each interval is the same in whatever order reads end", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const all = logs(new Random(seed))
    const first = run(all, new Random(seed + 1), false)
    const second = run(all, new Random(seed + 2), false)
    assert.equal(second, first, `seed ${seed}`)
    const records = all.flatMap(({ splits }, f) => splits.flatMap((split, s) => split.map((time, i) => `${f}.${s}.${i}@${time}`)))
    assert.equal(
      [...first.sealed.values()]
        .flat()
        .concat([...first.late.keys()])
        .sort(),
      records.sort(),
      `seed ${seed}`,
    )
  }
})

test("a restart changes neither what is late nor what an interval holds", () => {
  let jumps = 0
  for (let seed = 1; seed <= 300; seed++) {
    const all = logs(new Random(seed))
    const smooth = run(all, new Random(seed + 1), false)
    const rough = run(all, new Random(seed + 3), true)
    jumps += rough.jumps
    assert.equal(
      [...rough.sealed].sort(([a], [b]) => a - b),
      [...smooth.sealed].sort(([a], [b]) => a - b),
      `seed ${seed}`,
    )
    assert.equal([...rough.late].sort(), [...smooth.late].sort(), `seed ${seed}`)
  }
  assert.ok(jumps > 50, `${jumps} restarts`)
})

test("several machines' logs of the same time: nothing is late because another was read first", () => {
  const machine = (n: number): Log => ({
    file: { path: `m${n}`, sizeBytes: 60, modifiedMs: 0, begins: 0 },
    splits: Array.from({ length: 6 }, (_, s) => [s * 100 + n, s * 100 + 50 + n]),
  })
  const { late, taken } = run([machine(1), machine(2), machine(3)], new Random(1), false)
  assert.is(late.size, 0)
  assert.equal(
    taken.slice(0, 6).map(name => name.split(".")[1]),
    ["0", "0", "0", "1", "1", "1"],
  )
})

test.run()
