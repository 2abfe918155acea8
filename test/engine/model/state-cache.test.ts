/** What a state cache was left with must not show: however a chain was cut, versions read as they are. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
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

test.run()
