/** Who asks a thread hears from it, however it ends. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { RivuletError } from "../../engine/errors.js"
import { modulePath } from "../../scripts/places.js"
import { askThread } from "../../shell/program/own-thread.js"

const ask = (told: string) => askThread(modulePath("test/shell/children/answering"), told)
const failure = (told: string) =>
  ask(told).then(
    value => new RivuletError(`it answered ${value}`),
    (error: RivuletError) => error,
  )

test("what the thread makes", async () => {
  assert.equal(await ask("well"), ["well"])
})

test("what it refuses, with the exit code and what to do", async () => {
  const error = await failure("refuse")
  assert.instance(error, RivuletError)
  assert.equal([error.message, error.code, error.try], ["no such thing", 4, "another"])
})

test("what it fails with", async () => {
  const error = await failure("fail")
  assert.equal([error.name, error.message], ["TypeError", "it broke"])
})

test("a thread that ends without an answer", async () => {
  const error = await failure("end")
  assert.instance(error, RivuletError)
  assert.match(error.message, /ended \(3\) without an answer/)
})

test.run()
