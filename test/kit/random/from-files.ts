/** Random programs over files of records by their own times: the same as of all records, whoever dies while they are read. */

import fc from "fast-check"
import { simulate } from "../../../cluster/testing/index.js"
import { check } from "./asked.js"
import { arrivals, byInterval, eventsOf, spanMs, startMs, values } from "./events.js"
import { build, steps } from "./programs.js"
import { property } from "./property.js"

export const fromFiles = property(
  "files",
  fc.asyncProperty(arrivals, arrivals, steps, fc.integer({ min: 1, max: 3 }), async (a, b, program, workers) => {
    const s = await simulate({ workers })
    const fed = { a: eventsOf("a", a).flat(), b: eventsOf("b", b).flat() }
    // What ends a file is later than all: it closes the intervals before it.
    const end = { id: "end", t: startMs + spanMs, v: "end" }
    for (const [name, events] of Object.entries(fed)) {
      const lines = [{ id: "begin", t: startMs, v: "begin" }, ...events, end].map(e => `${JSON.stringify(e)}\n`)
      s.files.set(`/logs/${name}.ndjson`, Buffer.from(lines.join("")))
    }
    const [, as] = values(s, "file:/logs/a.ndjson", 2000, "a")
    const [, bs] = values(s, "file:/logs/b.ndjson", 0, "b")
    const all = { a: byInterval(fed.a), b: byInterval(fed.b) }
    for (const rows of Object.values(all)) rows[0]!.unshift("begin")
    const streams = build(program, s, { a: as, b: bs }, all)
    await s.flush()
    await s.drained()
    await check(s, streams)
    await s.close()
  }),
)
