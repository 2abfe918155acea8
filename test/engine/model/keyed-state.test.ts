/** Keyed state against a plain list of versions, with bases, forgetting and readers that begin anywhere in the chain. */

import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { deltaRows, type StateRow } from "../../../engine/state/delta.js"
import { KeyedState } from "../../../engine/state/keyed-state.js"

const step = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.option(fc.integer({ min: 0, max: 5 }), { nil: null }), { maxKeys: 4 })

interface Link {
  readonly interval: number
  readonly base: boolean
  readonly rows: readonly StateRow[]
}

/** Writes a chain; every version as a plain map in the order of births. */
function write(steps: readonly Record<string, number | null>[], baseEvery: number) {
  const state = new KeyedState()
  const chain: Link[] = []
  const versions: Map<string, number>[] = []
  let now = new Map<string, number>()
  for (const [i, changes] of steps.entries()) {
    now = new Map(now)
    const rows = deltaRows(
      Object.entries(changes)
        .filter(([key, value]) => value !== null || now.has(key))
        .map(([key, value]) => ({ key, state: value, auxiliary: null, gone: value === null })),
    )
    for (const [key, value] of Object.entries(changes)) value === null ? now.delete(key) : now.set(key, value)
    versions.push(now)
    if (rows.length === 0) continue
    state.apply(rows, i * 10, false)
    const base = i % baseEvery === baseEvery - 1
    if (base) state.rebased(now.size)
    chain.push({ interval: i * 10, base, rows: base ? state.base() : rows })
  }
  return { state, chain, versions }
}

const rowsAt = (state: KeyedState, at: number) => {
  const rows: [unknown, unknown][] = []
  state.forEach(at, (key, value) => rows.push([key, value]))
  return rows
}

function sameAs(state: KeyedState, reference: KeyedState, versions: readonly Map<string, number>[], from: number): void {
  for (const [i, version] of versions.entries()) {
    const at = i * 10
    if (at < from) continue
    // Values against plain maps, order against the writer, who saw everything.
    assert.equal(new Map(rowsAt(state, at) as [string, number][]), version)
    assert.equal(rowsAt(state, at), rowsAt(reference, at))
    assert.is(state.count(at), version.size)
    for (const key of ["a", "b", "c", "d"]) {
      const row = state.find(key, at)
      assert.is(row < 0 ? undefined : state.value(row), version.get(key))
    }
    for (let since = from; since <= at; since += 10) {
      const [changed, expected]: [unknown[], unknown[]] = [[], []]
      state.changed(since, at, (key, before, after) =>
        changed.push([key, before < 0 ? undefined : state.value(before), after < 0 ? undefined : state.value(after)]),
      )
      reference.changed(since, at, (key, before, after) =>
        expected.push([key, before < 0 ? undefined : reference.value(before), after < 0 ? undefined : reference.value(after)]),
      )
      assert.equal(changed, expected)
      for (const [key, before, after] of changed as [string, number?, number?][])
        assert.equal([before, after], [versions[since / 10]!.get(key), version.get(key)])
      assert.equal(
        state.writtenIn(since, at).map(row => state.keyOf(row)),
        reference.writtenIn(since, at).map(row => reference.keyOf(row)),
      )
    }
    assert.equal(state.chain(at), reference.chain(at))
  }
}

test("whoever begins at any base reads what the writer reads, in the same order", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), fc.integer({ min: 2, max: 5 }), (steps, baseEvery) => {
      const { state, chain, versions } = write(steps, baseEvery)
      sameAs(state, state, versions, 0)
      for (const [begin, first] of chain.entries()) {
        if (begin > 0 && !first.base) continue
        const reader = new KeyedState()
        for (const { rows, interval, base } of chain.slice(begin)) reader.apply(rows, interval, base)
        sameAs(reader, state, versions, first.base ? first.interval : 0)
        if (first.base) assert.not(reader.reaches(first.interval - 1))
      }
    }),
    { numRuns: 300, seed: 11 },
  )
})

test("forgetting changes nothing that can still be read", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), fc.nat({ max: 11 }), (steps, at) => {
      const { state, versions, chain } = write(steps, 100)
      const whole = new KeyedState()
      for (const { rows, interval, base } of chain) whole.apply(rows, interval, base)
      const before = Math.min(at, steps.length - 1) * 10
      state.forget(before)
      sameAs(state, whole, versions, before)
    }),
    { numRuns: 300, seed: 12 },
  )
})

test("forgetting lets go of rows", () => {
  const state = new KeyedState()
  for (let i = 0; i < 100; i++) state.apply([["a", i]], i, false)
  state.forget(90)
  assert.is(state.size, 10)
  assert.not(state.reaches(89))
  assert.ok(state.reaches(90))
})

test("history over several lives of a key", () => {
  const state = new KeyedState()
  for (const [i, rows] of ([[["a", 1]], [["b", 1]], [["a", null, -1, null]], [["a", 2]]] as StateRow[][]).entries())
    state.apply(rows, i, false)
  const history = (since: number, at: number) => {
    const found: unknown[] = []
    state.history("a", since, at, (from, row) => found.push([from, row < 0 ? undefined : state.value(row)]))
    return found
  }
  assert.equal(history(0, 3), [
    [0, 1],
    [2, undefined],
    [3, 2],
  ])
  assert.equal(history(1, 2), [
    [0, 1],
    [2, undefined],
  ])
  assert.equal(history(2, 3), [[3, 2]])
})

test.run()
