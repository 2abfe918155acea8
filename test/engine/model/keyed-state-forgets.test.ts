/** Random versions of a keyed state, forgotten as they go, beside plain maps of every version. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { Random } from "../../../cluster/testing/random.js"
import type { StateRow } from "../../../engine/state/delta.js"
import { KeyedState } from "../../../engine/state/keyed-state.js"

const values: readonly unknown[] = [
  0,
  -0,
  1.5,
  Number.NaN,
  2 ** 53,
  null,
  undefined,
  "x",
  "a text that is longer than twelve",
  true,
  [1, 2],
  { a: 1 },
]

/** What is there in order of birth: a key that went and comes back is at the end. */
type Plain = Map<string, { readonly value: unknown; readonly auxiliary: unknown; readonly from: number }>

function all(state: KeyedState, at: number): unknown[] {
  const rows: unknown[] = []
  state.forEach(at, (key, value, row) => rows.push([key, value, state.auxiliary(row), state.from(row)]))
  return rows
}

const plainRows = (plain: Plain) => [...plain].map(([key, { value, auxiliary, from }]) => [key, value, auxiliary, from])

for (const [name, keys, numbers, steps] of [
  ["few keys of any values", 7, false, 400],
  ["numbers, more rows than a page holds", 300, true, 120],
  ["mixed values, more rows than a page holds", 300, false, 120],
  ["keys that come once", 1_000_000, true, 200],
] as const)
  test(`versions of a state: ${name}`, () => {
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed)
      const state = new KeyedState()
      const versions = new Map<number, Plain>()
      let now: Plain = new Map()
      let floor = -Infinity
      for (let interval = 1; interval <= steps; interval++) {
        now = new Map(now)
        const delta: StateRow[] = []
        for (const key of new Set(Array.from({ length: random.integer(0, Math.min(keys, 60)) }, () => `k${random.integer(0, keys)}`))) {
          if (random.integer(0, 3) === 0) {
            delta.push([key, null, -1, null] as unknown as StateRow)
            now.delete(key)
            continue
          }
          const value = numbers ? random.integer(0, 1000) / 4 : values[random.integer(0, values.length)]
          const auxiliary = random.integer(0, 20) === 0 && !numbers ? "beside" : numbers ? interval : null
          delta.push([key, value, 0, auxiliary] as unknown as StateRow)
          now.set(key, { value, auxiliary, from: interval })
        }
        state.apply(delta, interval, false)
        versions.set(interval, now)
        if (random.integer(0, 3) === 0) {
          floor = interval - random.integer(0, 15)
          state.forget(floor)
        }
        const at = interval - random.integer(0, 12)
        if (at < Math.max(floor, 1) || !state.reaches(at)) continue
        const plain = versions.get(at)!
        assert.equal(all(state, at), plainRows(plain), `seed ${seed}, version ${at} at ${interval}`)
        assert.is(state.count(at), plain.size)
        for (let i = 0; i < 5; i++) {
          const key = `k${random.integer(0, Math.min(keys, 400))}`
          const row = state.find(key, at)
          assert.equal(row < 0 ? undefined : [state.value(row)], plain.has(key) ? [plain.get(key)!.value] : undefined)
        }
        const since = Math.max(floor, 1, at - 5)
        if (!state.reaches(since)) continue
        const changed = new Map<unknown, unknown>()
        state.changed(since, at, (key, before, after) => {
          changed.set(key, [before < 0 ? null : [state.value(before)], after < 0 ? null : [state.value(after)]])
        })
        const was = versions.get(since)!
        for (const [key, { from, value }] of plain) {
          if (from > since)
            assert.equal(changed.get(key), [was.has(key) ? [was.get(key)!.value] : null, [value]], `${key} in (${since}, ${at}]`)
        }
      }
      assert.ok(state.size < 2 * ((versions.get(floor)?.size ?? 0) + 60 * (steps - floor)) + 64, `${state.size} rows are held`)
    }
  })

test.run()
