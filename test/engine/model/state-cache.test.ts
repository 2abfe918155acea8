/** What a state cache was left with must not show: however a chain was cut, versions read as they are. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Random } from "../../../cluster/testing/random.js"
import { Block, encodeRows } from "../../../engine/block/block.js"
import type { StateRow } from "../../../engine/state/delta.js"
import { type ChainBlock, StateCache } from "../../../engine/state/state-cache.js"

const test = suite("state cache")

const block = (interval: number, base: boolean, rows: StateRow[]): ChainBlock => ({
  interval,
  base,
  open: () => Block.of(encodeRows(rows)),
})
/** Key `a` in 0, `b` in 10, `c` in 20; at 30 a base; `d` in 40. */
const chain = [
  block(0, false, [["a", 1]]),
  block(10, false, [["b", 1]]),
  block(20, false, [["c", 1]]),
  block(30, true, [
    ["a", 2, 0, null],
    ["b", 1, 20, null],
    ["c", 1, 10, null],
  ]),
  block(40, false, [["d", 1]]),
]
const rowsAt = (cache: StateCache, at: number, blocks: readonly ChainBlock[]): unknown[] => {
  const rows: unknown[] = []
  cache.read({ kind: "state", stream: "s", partition: 0, at }, blocks).forEach(at, (key, value) => rows.push([key, value]))
  return rows
}
const whole = [
  ["a", 2],
  ["b", 1],
  ["c", 1],
  ["d", 1],
]

for (const [left, title] of [
  [0, "nothing"],
  [1, "the first version"],
  [2, "two versions"],
  [3, "all before the base"],
  [4, "the base"],
] as const) {
  test(`a chain that begins with a base is read whole after ${title}`, () => {
    const cache = new StateCache()
    if (left > 0) rowsAt(cache, chain[left - 1]!.interval, chain.slice(0, left))
    assert.equal(rowsAt(cache, 40, chain.slice(3)), whole)
  })
}

test("a chain that begins before what is cached carries it on", () => {
  const cache = new StateCache()
  rowsAt(cache, 10, chain.slice(0, 2))
  assert.equal(rowsAt(cache, 40, chain), whole)
  assert.equal(rowsAt(cache, 10, chain.slice(0, 2)), [
    ["a", 1],
    ["b", 1],
  ])
})

/** Sixteen keys; each version writes four of them and removes one. Every tenth is a base. */
function longChain(versions: number): ChainBlock[] {
  const blocks: ChainBlock[] = []
  const now = new Map<string, readonly [value: number, from: number]>()
  for (let at = 1; at <= versions; at++) {
    const gone = `k${(at * 5) % 16}`
    now.delete(gone)
    const keys = [1, 2, 3, 4].map(n => `k${(at * 5 + n) % 16}`)
    for (const key of keys) now.set(key, [at, at])
    if (at % 10 === 0)
      blocks.push(
        block(at, true, [...[...now].map(([key, [value, from]]): StateRow => [key, value, at - from, null]), [gone, null, -1, null]]),
      )
    else blocks.push(block(at, false, [...keys.map((key): StateRow => [key, at, 0, null]), [gone, null, -1, null]]))
  }
  return blocks
}
const reachOf = (blocks: readonly ChainBlock[], from: number, at: number) => {
  const through = blocks.filter(({ interval }) => interval <= at)
  return through.slice(
    Math.max(
      0,
      through.findLastIndex(({ base, interval }) => base && interval <= from),
    ),
  )
}

test("a frugal cache reads any versions in any order as one that keeps everything", () => {
  const blocks = longChain(120)
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed)
    const frugal = new StateCache(true)
    let newest = 1
    for (let task = 0; task < 60; task++) {
      newest = Math.min(120, newest + random.integer(0, 5))
      // A task reads the newest version, or a few of those before.
      const ats = random.integer(0, 3) > 0 ? [newest] : [0, 1, 2].map(() => random.integer(1, newest + 1))
      const reads = ats.map(at => {
        const since = random.integer(0, 2) === 0 ? at : Math.max(1, at - random.integer(0, 12))
        const chain = reachOf(blocks, since, at)
        const state = frugal.read({ kind: "state", stream: "s", partition: 0, at, since }, chain)
        return { at, since, chain, state }
      })
      // All that it has read it reads on, whichever came last.
      for (const { at, since, chain, state } of reads)
        for (const version of [since, at]) {
          const found: [unknown, unknown][] = []
          state.forEach(version, (key, value) => found.push([key, value]))
          const fresh: [unknown, unknown][] = []
          new StateCache().rebuild(since, chain).forEach(version, (key, value) => fresh.push([key, value]))
          assert.equal(new Map(found), new Map(fresh), `seed ${seed}, version ${version}`)
        }
      frugal.settle()
    }
  }
})

for (const [frugal, behind, most] of [
  [true, 0, 80],
  [true, 30, 330],
  [false, 0, 3_000],
] as const)
  test(`what ${frugal ? "a frugal" : "any other"} cache holds of a state that is read ${behind} versions back`, () => {
    const blocks = longChain(500)
    const cache = new StateCache(frugal)
    let rows = 0
    for (let at = 1; at <= 500; at++) {
      const since = Math.max(1, at - behind)
      // As a task is given it: from the base on that the version before needs.
      const chain = reachOf(blocks, Math.min(since, at - 1), at)
      const state = cache.read({ kind: "state", stream: "s", partition: 0, at, since }, chain)
      cache.settle()
      if (at > 250) rows = Math.max(rows, state.size)
    }
    assert.ok(rows <= most, `${rows} rows`)
    if (!frugal) assert.ok(rows > 2_000, `${rows} rows`)
  })

test.run()
