/** Functions that use installed packages, and functions that capture much: what travels, once, and what is refused. */

import swc from "@swc/core"
import { dequal } from "dequal"
import stringWidth from "string-width"
import stripAnsi from "strip-ansi"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import * as zmq from "zeromq"
import { Packages } from "../../cluster/client/packages/packages.js"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import { asksTheTime, captureFunction, linkFunction } from "../../engine/capture/capture.js"
import { decodeFunction } from "../../engine/capture/codec.js"
import { compileFunction } from "../../engine/capture/compile.js"
import { mostBytes, partBytes } from "../../engine/capture/parts.js"
import type { RivuletError } from "../../engine/errors.js"

const test = suite("packages and parts")
const modules = new Packages()
const env = { intervalStart: 0, seed: "s", log: () => {} }

/** As it comes out of the assets that travel. */
function travelled<F extends (...args: never[]) => unknown>(f: F): { there: F; hashes: string[]; sizes: number[] } {
  const { assets } = linkFunction(f, { operator: "map", modules })
  const bytes = new Map(assets.map(asset => [asset.hash, asset.bytes]))
  const ref = decodeFunction(assets[0]!.bytes, hash => bytes.get(hash)!)
  assert.is(ref.hash, assets[0]!.hash)
  const there = compileFunction(ref, env) as F
  return { there, hashes: assets.map(({ hash }) => hash), sizes: assets.map(asset => asset.bytes.byteLength) }
}

const texts = ["", "abc", "名前", "\u001b[31mred\u001b[39m", "👩‍👩‍👦"]

test("an ES module and what it imports", () => {
  const { there, hashes } = travelled((text: string) => [stringWidth(text), stripAnsi(text)] as const)
  for (const text of texts) assert.equal(there(text), [stringWidth(text), stripAnsi(text)])
  assert.is(hashes.length, 2, "the packages' files are a part of their own")
})

test("a package's function may be the operator's own", () => {
  const { there } = travelled(stringWidth as (text: string) => number)
  assert.is(there("名前"), 4)
})

test("a CommonJS module, through a helper of one's own", () => {
  const same = (a: unknown, b: unknown) => dequal(a, b)
  const { there } = travelled((v: unknown) => same(v, [1, { a: 2 }]))
  assert.is(there([1, { a: 2 }]), true)
  assert.is(there([1, { a: 3 }]), false)
})

test("functions that use the same packages share the part", () => {
  const a = travelled((text: string) => stringWidth(text))
  const b = travelled((text: string) => stringWidth(text) + 1)
  assert.not.equal(a.hashes[0], b.hashes[0])
  assert.is(a.hashes[1], b.hashes[1])
})

test("native packages are refused where they are used, by name", () => {
  const cases: [Function, RegExp][] = [
    [() => new zmq.Request(), /zmq\.Request comes from zeromq, a native module/],
    [(code: string) => swc.transformSync(code), /comes from @swc\/core[-\w]*, a native module/],
  ]
  for (const [f, message] of cases) {
    try {
      captureFunction(f, { operator: "map", modules })
      assert.unreachable("not refused")
    } catch (error) {
      assert.match((error as RivuletError).message, message)
      assert.is((error as RivuletError).code, 2)
      assert.match((error as RivuletError).try ?? "", /foreachRDD/)
    }
  }
})

test("a large value is a part, shared by the functions that capture it", () => {
  const names = new Map(Array.from({ length: 5_000 }, (_, i) => [`10.0.0.${i}`, { name: `host-${i}`, tags: [i, `t${i}`] }]))
  const bytes = new Uint8Array(partBytes).map((_, i) => i)
  const limit = 3
  const a = travelled((ip: string) => names.get(ip)?.name ?? limit)
  const b = travelled((ip: string) => [names.get(ip)!.tags, bytes[5], limit] as const)
  assert.is(a.there("10.0.0.7"), "host-7")
  assert.is(a.there("?") as unknown, 3)
  assert.equal(b.there("10.0.0.7"), [[7, "t7"], 5, 3])
  assert.is(a.hashes.length, 2)
  assert.is(b.hashes.length, 3)
  assert.ok(b.hashes.includes(a.hashes[1]!), "the table is one part for both")
  assert.ok(a.sizes[0]! < 1_000, `${a.sizes[0]} bytes are left`)
})

test("values that share an object stay one object", () => {
  const shared = { n: 0, text: "x".repeat(partBytes) }
  const left = { shared }
  const right = [shared]
  const { there, hashes } = travelled(() => {
    left.shared.n++
    return right[0]!.n
  })
  assert.is(there(), 1)
  assert.is(hashes.length, 2)
})

test("too much is refused with its size and what to do", () => {
  const table = new Uint8Array(mostBytes + 1024)
  assert.throws(
    () => captureFunction(() => table.length, { operator: "map" }),
    (error: RivuletError) =>
      /the function of map captures 32\.0 MB, over the limit of 32\.0 MB: table alone is 32\.0 MB/.test(error.message) &&
      /parallelize/.test(error.try ?? ""),
  )
  const text = "x".repeat(mostBytes)
  assert.throws(() => captureFunction(() => text.length, { operator: "map" }), /: text alone is 32\.0 MB/)
})

test("who asks for the time is known", () => {
  const asks = (f: Function) => asksTheTime(captureFunction(f, { operator: "map" }))
  const stamp = () => new Date()
  assert.ok(asks(() => Date.now()))
  assert.ok(asks(() => new Date().toISOString()))
  assert.ok(asks(() => stamp()))
  assert.not(asks((n: number) => new Date(n)))
  assert.not(asks(() => "new Date"))
})

test("time does not pass in a task", () => {
  const { there } = travelled(() => [performance.now(), performance.timeOrigin, Date.now()])
  assert.equal(there(), [0, 0, 0])
})

test("on a cluster: packages and tables in streams, in questions and in foreachRDD", async () => {
  const s = await simulate({ workers: 2 })
  const table = new Map(Array.from({ length: 4_000 }, (_, i) => [i, `value number ${i}`]))
  const lines = s.readStream("lines", "1s")
  const widths = lines
    .map(text => [stringWidth(text), 1])
    .filter(([width]) => table.has(width))
    .runningReduce(sum)
  const now = lines.map(() => Date.now())
  const again = lines.map(() => Date.now() + 1).persist()
  const told = (await s.flush()).concat(now.persist() && (await s.flush()))
  assert.is(told.flatMap(({ notes }) => notes).length, 1, "said once a session")
  assert.ok(again)
  s.feed("lines", ["ab", "名", "c"])
  await s.advance("1s")
  assert.equal((await widths.latest().collect()).sort(), [
    [1, 1],
    [2, 2],
  ])
  assert.equal(
    await lines
      .latest()
      .map(text => table.get(stringWidth(text)))
      .collect(),
    ["value number 2", "value number 2", "value number 1"],
  )
  await s.close()
})

test.run()
