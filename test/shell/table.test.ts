/** Who gives way where a table is too wide for its place. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { table } from "../../shell/view/table.js"

test("the widest columns are cut, each as much as another of its width", () => {
  const row = { name: "page-views/counts-of-a-day", state: "running", until: "2026-11-24 10:23:10.997", n: 7 }
  const { lines } = table([row, row], { width: 60, maxRows: 9, indent: 0 })
  const [, name = "", until = ""] = /^(\S+) +running +(\S+ \S+) +7$/.exec(lines[1]!) ?? []
  assert.ok(name.endsWith("…") && until.endsWith("…") && Math.abs(name.length - until.length) <= 1, lines.join("\n"))
  assert.ok(lines.every(line => line.length <= 60))
})

test.run()
