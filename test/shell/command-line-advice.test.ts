/** What to do is told in words of the shell where the shell tells it too: on a command line it is a command. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { onCommandLine } from "../../shell/cli/errors.js"

const said: readonly [string | undefined, string | undefined][] = [
  [undefined, undefined],
  [".streams", "rivulet streams"],
  [".why counts; .log counts -f", "rivulet why counts; rivulet logs counts -f"],
  ["demo/counts, demo/errors; await streams() looks again", "demo/counts, demo/errors; rivulet streams looks again"],
  ['counts.latest(), or counts.at("21:05").top(5)', 'counts.latest(), or counts.at("21:05").top(5)'],
  ["run cells.streams.ts, or ./x.jobs", "run cells.streams.ts, or ./x.jobs"],
  [".explain counts", ".explain counts"],
]
for (const [advice, expected] of said) test(`${advice}`, () => assert.is(onCommandLine(advice), expected))

test.run()
