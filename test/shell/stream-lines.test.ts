/** Streams as the shell names them: what an output in passing is ended by, which one a wrong name may have meant, since when programs run. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Defined } from "../../cluster/client/session.js"
import type { StreamInfo } from "../../engine/fluent/types.js"
import { findStream } from "../../shell/host/find-stream.js"
import { definitionLine, programLines } from "../../shell/host/stream-lines.js"

const context = { tz: "UTC", nowMs: Date.parse("2026-11-23T10:00:00Z") }

function defined(name: string, kind: string): Defined {
  return { name, kind, interval: "1s", since: context.nowMs, captures: [], notes: [], persist: false } as unknown as Defined
}

test("an output without a name says how it is ended; one with a name has said it", () => {
  const line = (name: string, kind: string) => definitionLine(defined(name, kind), context)
  assert.is(line("foreachRDD@cell:3:1", "output"), "foreachRDD@cell:3:1   output · 1s · from 10:00:00 · .stop foreachRDD@cell:3:1 ends it")
  assert.is(line("alerts", "output"), "alerts   output · 1s · from 10:00:00")
  assert.is(line("map@cell:3:1", "records"), "map@cell:3:1   records · 1s · on demand")
})

function info(name: string, since = context.nowMs): StreamInfo {
  return { name, program: "ann", owner: "ann", kind: "state", state: "running", since } as unknown as StreamInfo
}

test("of a name that is not there the error says which may have been meant", () => {
  const all = [info("views"), info("counts"), info("foreachRDD@cell:3:1"), info("foreachRDD@cell:4:1"), info("coutns@cell:5:1")]
  const advice = (name: string) => {
    try {
      return findStream(all, name).name
    } catch (error) {
      return (error as { readonly try?: string }).try
    }
  }
  assert.is(advice("foreachRDD"), "foreachRDD@cell:3:1, foreachRDD@cell:4:1")
  assert.is(advice("coutns"), "coutns@cell:5:1")
  assert.is(advice("veiws"), "views")
  assert.is(advice("nothing"), ".streams")
  assert.is(advice(""), ".streams")
})

test("a program over old logs began at no time that means anything", () => {
  const [line] = programLines([info("counts", 0)], context)
  assert.is(line!.text, "  ann          ann      counts°")
  assert.match(programLines([info("counts")], context)[0]!.text, /since 10:00:00$/)
})

test.run()
