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

test("columns that can be spared are left out, in their order, before a name is cut", () => {
  const row = { name: "page-views/counts-of-a-day", kind: "state", owner: "ann", "back to": "10:23:10.997", keys: 1234 }
  const spare = ["back to", "owner", "nothing"]
  const titles = (width: number) => table([row], { width, maxRows: 9, indent: 0, spare }).lines[0]!.split(/ {3,}/)
  assert.equal(titles(80), ["name", "kind", "owner", "back to", "keys"])
  assert.equal(titles(60), ["name", "kind", "owner", "keys"])
  assert.equal(titles(45), ["name", "kind", "keys"])
  const { lines } = table([row], { width: 30, maxRows: 9, indent: 0, spare })
  assert.match(lines[1]!, /^page-views\S*… {3}state {3}1 ?234$/)
})

test.run()
