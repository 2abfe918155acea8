/** Fields that no record has, found in a cell. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { fieldReads, unknownField } from "../../shell/host/unknown-fields.js"

const fields = ["ip", "url", "status"].map(name => ({ name, type: "string", nullable: false, sample: "" }))
const says = (cell: string, of = fields) => fieldReads(cell).flatMap(read => unknownField(cell, read, of).map(({ text }) => text))

const cases: readonly [cell: string, lines: readonly string[]][] = [
  ["views.map(v => v.ip)", []],
  [
    "views.map(v => v.ipp)",
    ["  1 │ views.map(v => v.ipp)", "    │                  ^ no field ipp in the newest records of views. Did you mean ip?"],
  ],
  [
    "views\n  .filter(v => v.statsu >= 500)",
    [
      "  2 │   .filter(v => v.statsu >= 500)",
      "    │                  ^ no field statsu in the newest records of views. Did you mean status?",
    ],
  ],
  [
    "views.map(v => v.nowhere)",
    [
      "  1 │ views.map(v => v.nowhere)",
      "    │                  ^ no field nowhere in the newest records of views. They have ip, url, status",
    ],
  ],
  ["views.map(v => [v.url.length, v.toString()])", []],
  ["views.map(v => [v.url, 1]).filter(p => p.nope)", []],
  ["views.map(v => other.nope)", []],
]
for (const [cell, lines] of cases) test(cell, () => assert.equal(says(cell), lines))

test("of text, of tuples and of what is not known nothing is said", () => {
  const named = (...names: string[]) => names.map(name => ({ name, type: "string", nullable: false, sample: "" }))
  for (const known of [[], named("value"), named("_1", "_2")]) assert.equal(says("lines.map(l => l.nope)", known), [])
})

test.run()
