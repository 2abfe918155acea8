/** The pace at which lines are sent: by their own times, on a clock of the test's. */
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { parseSpeed, Replayed } from "../../shell/cli/send-lines.js"

const test = suite("send --speed")

/** What was sent when, in ms since the start. */
async function replayed(pieces: readonly string[], speed: number, field?: string): Promise<{ sent: [number, string][]; untimed: number }> {
  let nowMs = 5_000
  const sent: [number, string][] = []
  const source = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece)
  })()
  const replay = new Replayed(speed, field, {
    nowMs: () => nowMs,
    sleep: async ms => {
      nowMs += ms
    },
  })
  await replay.pump(source, async chunk => {
    sent.push([nowMs - 5_000, Buffer.from(chunk).toString()])
  })
  return { sent, untimed: replay.untimed }
}

const json = (second: number, n: number) => `{"at":"2026-11-14T21:00:${String(second).padStart(2, "0")}Z","n":${n}}\n`
const log = (second: number) =>
  `83.149.9.216 - - [17/May/2015:10:05:${String(second).padStart(2, "0")} +0000] "GET /a HTTP/1.1" 200 5 "-" "x"\n`

test("each line as much later as it came, so many times as fast; those of one moment together, cut anywhere", async () => {
  const text = json(0, 1) + json(0, 2) + json(10, 3) + json(30, 4)
  const expected: [number, string][] = [
    [0, json(0, 1) + json(0, 2)],
    [1_000, json(10, 3)],
    [3_000, json(30, 4)],
  ]
  assert.equal((await replayed([text], 10, "at")).sent, expected)
  const lineByLine = (sent: readonly [number, string][]) => sent.flatMap(([ms, lines]) => lines.split(/(?<=\n)/).map(line => [ms, line]))
  const cut = await replayed([text.slice(0, 50), text.slice(50, 120), text.slice(120)], 10, "at")
  assert.equal(lineByLine(cut.sent), lineByLine(expected))
})

test("an access log has its time by itself; csv by the name in its first line, which goes at once", async () => {
  assert.equal((await replayed([log(0) + log(2)], 1)).sent, [
    [0, log(0)],
    [2_000, log(2)],
  ])
  assert.equal((await replayed(["id,when\n1,2026-11-14 21:00\n2,2026-11-14 21:01\n"], 60, "when")).sent, [
    [0, "id,when\n1,2026-11-14 21:00\n"],
    [1_000, "2,2026-11-14 21:01\n"],
  ])
})

test("older lines, lines without a time and a last one without an end wait for nothing", async () => {
  const text = `${json(10, 1)}not json\n${json(5, 2)}${json(12, 3).trimEnd()}`
  assert.equal(await replayed([text], 1, "at"), {
    sent: [
      [0, `${json(10, 1)}not json\n${json(5, 2)}`],
      [2_000, json(12, 3).trimEnd()],
    ],
    untimed: 1,
  })
})

test("what has no time is said at its first line, and so is a speed that is none", async () => {
  const failure = async (text: string, field?: string) =>
    replayed([text], 1, field).then(
      () => "",
      (error: Error) => error.message,
    )
  assert.match(await failure("one\n"), /which field of the lines is their time\?/)
  assert.match(await failure(json(0, 1), "when"), /--timestamp when: the first line has no time of that name: \{"at"/)
  assert.equal([parseSpeed("10x"), parseSpeed("0.5")], [10, 0.5])
  for (const wrong of ["fast", "0x", "-1", ""]) assert.throws(() => parseSpeed(wrong), /not a number of times/)
})

test.run()
