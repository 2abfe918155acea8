/** What is of a session and stays in its process: a function that captures it is refused where it is defined, by name, way and remedy. */

import { suite } from "uvu"
import * as assert from "uvu/assert"
import * as rivulet from "../../cluster/client/index.js"
import { simulate } from "../../cluster/testing/index.js"
import { sum } from "../../engine/builtins.js"
import { CaptureError } from "../../engine/capture/refusal.js"
import { sessionGlobals } from "../../shell/host/globals.js"

const test = suite("functions that capture parts of a session")

const s = await simulate({ workers: 1 })
const { textFile, readStream, parallelize, clock, close } = s
const { textFile: typed, diff } = sessionGlobals(s) as { textFile: typeof textFile; diff: typeof rivulet.diff }
const views = readStream("views", "1s")
const pairs = views.map(v => [v, 1])
const counts = pairs.runningReduce(sum)
const rdd = parallelize([1, 2])
const versions = counts.slice("-5s")
const answer = rdd.count()
const partial = rdd.partial({ within: "1s" })
const watching = s.watch(counts.count())
const output = counts.print()
const tools = { lookUp: { file: textFile } }
const helper = (v: string) => textFile(v)
await s.flush()

const stays = "which stays in this process"
const join = /^call it before, outside of the function, and join with the stream or RDD that it gives; or capture plain data of it$/
const handle = "is a stream or RDD, and a function on the workers gets records"
const table: readonly (readonly [name: string, f: (v: string) => unknown, message: string, remedy: RegExp])[] = [
  ["a verb", v => textFile(v), `textFile is the session's textFile, ${stays}`, join],
  ["a verb as a cell has it", v => typed(v), `typed is the session's textFile, ${stays}`, join],
  ["a verb of the library", v => rivulet.textFile(v), `rivulet.textFile is the session's textFile, ${stays}`, join],
  ["readStream", v => readStream(v, "1s"), `readStream is the session's readStream, ${stays}`, join],
  ["parallelize", v => parallelize([v]), `parallelize is the session's parallelize, ${stays}`, join],
  ["close", () => close(), `close is the session's close, ${stays}`, join],
  ["the clock", () => clock.now(), `clock is the session's clock, ${stays}`, /^Date\.now\(\)/],
  ["the library's clock", () => rivulet.clock.now(), `rivulet.clock is the session's clock, ${stays}`, /^Date\.now\(\)/],
  ["connect", v => rivulet.connect(v), `rivulet.connect is rivulet's connect, ${stays}`, join],
  ["diff", () => diff(counts.at("-2s"), counts.latest()), `diff is rivulet's diff of two RDDs, ${stays}`, join],
  ["the session", v => s.textFile(v), `s is the session, ${stays}`, join],
  ["a method of it", v => s.flush().then(() => v), `s is the session, ${stays}`, join],
  ["deep in an object", v => tools.lookUp.file(v), `tools.lookUp.file is the session's textFile, ${stays}`, join],
  ["through a helper", v => helper(v), `helper → textFile is the session's textFile, ${stays}`, join],
  ["a stream", () => views, `views ${handle}`, /join/],
  ["a state", v => counts.get(v), `counts ${handle}`, /join/],
  ["an output", () => output, `output ${handle}`, /join/],
  ["an RDD", () => rdd.count(), `rdd ${handle}`, /join/],
  ["versions", () => versions.count(), `versions ${handle}`, /join/],
  ["an answer", () => answer, "answer is a Promise", /^await it before/],
  ["a question with a time", () => partial.count(), `partial is a PartialRDD, ${stays}`, join],
  ["a watch", () => watching.stop(), `watching is a watch, ${stays}`, join],
]

function refused(define: () => unknown): CaptureError {
  let error: unknown
  try {
    define()
  } catch (caught) {
    error = caught
  }
  assert.instance(error, CaptureError)
  return error as CaptureError
}

const headline = "this function cannot be sent to the workers: "

for (const [name, f, message, remedy] of table) {
  test(name, () => {
    const error = refused(() => views.map(v => [v, f] as unknown as string))
    // Through `f`, and by itself.
    assert.ok(error.headline.startsWith(`${headline}f → `), error.headline)
    const { headline: said, try: hint, path, variable } = refused(() => views.map(f as (v: string) => string))
    assert.is(said, `${headline}${message}`)
    assert.match(hint ?? "", remedy)
    assert.ok(variable !== null && path.startsWith(variable), path)
  })
}

test("the operator's function itself", () => {
  const error = refused(() => views.map(textFile as unknown as (v: string) => string))
  assert.is(error.message, `${headline}it is the session's textFile, ${stays}`)
})

test("a body on a worker's driver has streams and RDDs, and no session", () => {
  assert.ok(counts.foreachRDD(async () => void (await rdd.count())))
  const error = refused(() => counts.foreachRDD(async () => void (await textFile("x").count())))
  assert.is(error.headline, `${headline}textFile is the session's textFile, ${stays}`)
  assert.is(error.try, "call it before, and capture the stream or RDD that it gives")
})

test("transform's function runs here: it may use the session", async () => {
  const joined = pairs.transform(one => one.join(parallelize([["a", "known"]] as [string, string][])))
  s.feed("views", ["a", "b"])
  await s.advance("1s")
  assert.equal(await joined.take(5), [["a", [1, "known"]]])
})

test.after(async () => {
  await answer
  await s.close()
})

test.run()
