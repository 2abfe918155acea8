/** Functions and data of questions come and go: what was not used for long is dropped, and asked for again. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import { Bench, minute, result, stage, task } from "./bench.js"

const test = suite("worker/assets")

const calling = (hash: string) => stage({ root: { kind: "map", parent: { kind: "empty" }, f: { kind: "function", hash } } })

/** A task that calls one function, from launch to report. */
function use(w: Bench, hash: string): void {
  w.launch([task(`t-${hash}-${w.nowMs}`)], [calling(hash)])
  if (w.sent("assetRequest").length > 0) w.receive("master#1", { kind: "asset", assets: [{ hash, bytes: new Uint8Array(8) }] })
  const [submit] = w.command("submit")
  assert.ok(submit, `${hash} is here`)
  w.step({ kind: "taskDone", task: submit.task, executor: submit.executor, result: result(), ms: 1 })
}

test("a few stay for ever; of many, those that were used last", () => {
  const w = new Bench({ config: { masterTimeoutMs: 60 * minute } }).join([])
  for (let i = 0; i < 200; i++) use(w, `h${i}`)
  w.pass(30 * minute)
  assert.equal(w.command("dropAssets"), [])
  for (let i = 200; i < 400; i++) use(w, `h${i}`)
  assert.equal(w.command("dropAssets"), [])
  w.pass(minute)
  const { hashes } = w.command("dropAssets")[0]!
  assert.is(hashes.length, 400 - 256)
  assert.equal([hashes.includes("h0"), hashes.includes("h143"), hashes.includes("h144")], [true, true, false])
  use(w, "h250")
  assert.equal(w.sent("assetRequest"), [])
  w.launch([task("again")], [calling("h0")])
  assert.equal(w.only("assetRequest").hashes, ["h0"])
})

test("data goes to the task that reads it, and to no executor else", () => {
  const w = new Bench({ config: { masterTimeoutMs: 60 * minute } }).join([])
  w.launch([task("t", { inputs: [{ ref: { kind: "asset", hash: "d" }, parts: [] }] })], [stage()])
  w.receive("master#1", { kind: "asset", assets: [{ hash: "d", bytes: Uint8Array.of(1, 2, 3) }] })
  assert.equal(w.command("asset"), [])
  const [part] = w.command("submit")[0]!.run.inputs[0]!.parts
  assert.equal(part?.bytes, Uint8Array.of(1, 2, 3))
  use(w, "f")
})

test.run()
