/** A slice in which there is nothing: what the shell says of it is where the stream begins. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { simulate } from "../../cluster/testing/index.js"
import { ShellHost } from "../../shell/host/host.js"

for (const range of ['"2001-01-01", "2001-01-02"', '"2101-01-01", "2101-01-02"'])
  for (const action of ["", ".count()"])
    test(`counts.slice(${range})${action} is empty, and its stamp says where counts begins`, async () => {
      const session = await simulate({ workers: 1 })
      const said: string[] = []
      const host = new ShellHost({
        session,
        tz: "UTC",
        columns: 100,
        embedded: false,
        emit: event => {
          if (event.kind === "print") said.push(...event.lines.map(({ text }) => text))
        },
      })
      host.start()
      try {
        await host.runCell('const counts = readStream("words", "1s").map(w => [w, 1]).runningReduce((a, b) => a + b)')
        said.length = 0
        await host.runCell(`counts.slice(${range})${action}`)
        assert.is(said[0]?.trim(), "(no versions)")
        assert.match(said[1] ?? "", /of no interval from 2\d01-01-01 00:00:00 to 2\d01-01-02 00:00:00, the first begins \d/)
        assert.is(said.length, 2)
      } finally {
        await host.close()
        await session.close()
      }
    })

test.run()
